"""Train a localiser on prepared videos, or on what was distilled of them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from limbeck import _files
from limbeck.datasets import Prepared
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.media import ClipRecipe
from limbeck.spatial.localisers.contrastive import Contrastive, Settings, Training, train

NEEDS = ("audio", "image")


def learn(
    data: Sequence[str | Path],
    out: str | Path,
    *,
    steps: int = Training().steps,
    batch: int = Training().batch,
    seed: int = 0,
    tell: Callable[[int, float], None] | None = None,
) -> Contrastive:
    """Train a localiser and save it to a folder, ``config.json`` last.

    Args:
        data: Folders of prepared datasets, whose training clips are taken, or of distilled sets; with sound and
            pictures, prepared alike, their classes of the same names.
        out: Folder to write, which must not hold anything.
        steps: Of the optimiser.
        batch: Clips that are told from one another in a step.
        seed: Of everything, >= 0.
        tell: Called after each step with its number from 1 and its loss.

    Raises:
        InputError: The folder holds something; the data have no sound or no pictures, or do not go together.
    """
    _files.refuse_full(Path(out))
    if not data:
        raise InputError("A localiser learns from data, but none came; give a prepared dataset or a distilled set.")
    parts = [_pairs(Path(folder)) for folder in data]
    recipe, classes = parts[0].recipe, parts[0].classes
    for folder, part in zip(data, parts, strict=True):
        other = part.recipe
        if (other.mel, other.image_size, other.fit) != (recipe.mel, recipe.image_size, recipe.fit):
            raise InputError(f"{folder} was prepared in another way than {data[0]}; prepare both alike.")
        if part.classes != classes:
            raise InputError(f"{folder} has the classes {', '.join(part.classes)}, but {data[0]} {', '.join(classes)}.")
    pictures = torch.cat([part.pictures for part in parts])
    log_mels = torch.cat([part.log_mels for part in parts])
    labels = torch.cat([part.labels for part in parts])
    settings = Settings(image_size=recipe.image_size, mel=recipe.mel)
    training = Training(steps=steps, batch=batch)
    made = train(pictures, log_mels, labels, settings, training, seed=seed, tell=tell)
    made.save(Path(out))
    return made


class _Pairs(NamedTuple):
    """Pictures and log-mels that belong together, their labels, how they were prepared, and the classes."""

    pictures: Tensor
    log_mels: Tensor
    labels: Tensor
    recipe: ClipRecipe
    classes: tuple[str, ...]


def _pairs(folder: Path) -> _Pairs:
    if (folder / "data.safetensors").is_file():
        distilled = DistilledSet.load(folder)
        arrays, labels = distilled.arrays(distilled.samples()), distilled.targets.labels
        recipe, classes = distilled.recipe, distilled.targets.classes
    else:
        clips = Prepared.open(folder).clips("train")
        arrays, labels, recipe, classes = clips.arrays(), clips.labels, clips.recipe, clips.classes
    if lacking := [name for name in NEEDS if name not in arrays]:
        raise InputError(
            f"{folder} has no {' and no '.join(lacking)}, but a localiser learns from both; prepare it with "
            "--modality audio,image."
        )
    return _Pairs(arrays["image"], arrays["audio"], labels, recipe, classes)
