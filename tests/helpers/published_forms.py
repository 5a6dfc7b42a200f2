"""Small sets in the layouts of the code that published them, each with the set that is meant by it.

A function writes a form of its name into a folder and gives `limbeck.testing.Published`. Files are saved as that code
saves them: nested as there, with NumPy's numbers where it has them, on the names it gives them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tests.exports.conftest import small_set
from torch import Tensor

from limbeck import exports
from limbeck.distilled import DistilledSet
from limbeck.media import ClipRecipe
from limbeck.modalities import Batch, Scale, bound
from limbeck.parameterisations import parse
from limbeck.testing import Published

CIFAR = Scale(mean=(0.4914, 0.4822, 0.4465), std=(0.2023, 0.1994, 0.2010))
IMAGENET = Scale(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
AVDD = {"audio": Scale(mean=(0.0,), std=(1.0,)), "image": Scale(mean=(0.425, 0.396, 0.370), std=(0.229, 0.224, 0.221))}


def images(classes: int = 10, per_class: int = 2, *, size: int = 32, channels: int = 3, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(classes * per_class, channels, size, size, generator=draw)


def pixels(classes: int = 10, per_class: int = 2, *, size: int = 32, channels: int = 3, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.rand(classes * per_class, channels, size, size, generator=draw)


def labels(classes: int = 10, per_class: int = 2) -> Tensor:
    """As all of this code writes them."""
    return torch.tensor(np.array([np.ones(per_class) * i for i in range(classes)]), dtype=torch.long).view(-1)


def a_set(
    tensors: Batch,
    of: Tensor,
    scales: dict[str, Scale],
    *,
    classes: Sequence[str] = (),
    hold: str = "plain",
    recipe: ClipRecipe | None = None,
    soft: Tensor | None = None,
) -> DistilledSet:
    """The set made here of tensors in network scale."""
    recipe = recipe or ClipRecipe(tracks=("image",), image_size=tensors["image"].shape[-1])
    names = tuple(classes) or tuple(map(str, range(int(of.max()) + 1)))
    return DistilledSet(
        tensors=tensors, labels=of, classes=names, hold=parse(hold), modalities=bound(tensors, recipe), scales=scales,
        provenance={"method": "made here"}, soft_labels=soft,
    )  # fmt: skip


def dc(folder: Path) -> Published:
    """Two experiments of DM on CIFAR-10, and accuracies as NumPy's numbers."""
    folder.mkdir(parents=True)
    file = folder / "res_DM_CIFAR10_ConvNet_2ipc.pt"
    data = [[images(seed=seed), labels()] for seed in range(2)]
    torch.save({"data": data, "accs_all_exps": {"ConvNet": [np.float64(0.4881), np.float64(0.4902)]}}, file)
    return Published(file, {}, a_set({"image": data[0][0]}, labels(), {"image": CIFAR}))


def mtt(folder: Path) -> Published:
    """Three steps of MTT."""
    folder = folder / "logged_files" / "CIFAR10" / "dashing-run-7"
    folder.mkdir(parents=True)
    for seed, step in enumerate(("1000", "5000", "best")):
        torch.save(images(seed=seed), folder / f"images_{step}.pt")
        torch.save(labels(), folder / f"labels_{step}.pt")
    return Published(folder, {}, a_set({"image": images(seed=2)}, labels(), {"image": CIFAR}))


def idc(folder: Path) -> Published:
    """Four small images in each of IDC's."""
    folder.mkdir(parents=True)
    torch.save([pixels(), labels()], folder / "data.pt")
    meant = a_set({"image": CIFAR.apply(pixels(), 2)}, labels(), {"image": CIFAR}, hold="mosaic:2")
    return Published(folder / "data.pt", {}, meant)


def ncfm(folder: Path) -> Published:
    """Three steps of NCFM, the first before any."""
    folder = folder / "distilled_data"
    folder.mkdir(parents=True)
    for seed, step in enumerate(("init", "2000", "20000")):
        torch.save([pixels(seed=seed), labels()], folder / f"data_{step}.pt")
    meant = a_set({"image": CIFAR.apply(pixels(seed=2), 2)}, labels(), {"image": CIFAR}, hold="mosaic:2")
    return Published(folder, {}, meant)


def avdd(folder: Path) -> Published:
    """Two experiments, two steps of each, of three classes; images are small."""
    folder.mkdir(parents=True)
    found = {}
    for experiment in range(2):
        for step in (0, 5000):
            draw = torch.Generator().manual_seed(10 * experiment + step)
            found[experiment, step] = {
                "audio": torch.randn(6, 1, 128, 56, generator=draw) * 10 - 40,
                "image": torch.randn(6, 3, 16, 16, generator=draw),
            }
            torch.save(found[experiment, step]["audio"], folder / f"exp_{experiment}_audSyn_{step}.pt")
            torch.save(found[experiment, step]["image"], folder / f"exp_{experiment}_imgSyn_{step}.pt")
    names = ["barking", "bell", "church"]
    recipe = ClipRecipe(image_size=16)
    meant = a_set(found[0, 5000], labels(3), AVDD, classes=names, hold="mosaic:2", recipe=recipe)
    return Published(folder, {"classes": names}, meant)


def image_folder(folder: Path) -> Published:
    """Folders of PNG files with numbers for names, as RDED's."""
    draw = torch.Generator().manual_seed(0)
    made = torch.randint(0, 256, (6, 3, 16, 16), generator=draw, dtype=torch.uint8)
    for row, image in enumerate(made):
        file = folder / f"{row // 2:05d}" / f"class{row // 2:05d}_id{row % 2:05d}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(file)
    x = IMAGENET.apply(made.to(torch.float32) / 255, 2)
    names = ["00000", "00001", "00002"]
    return Published(folder, {}, a_set({"image": x}, labels(3), {"image": IMAGENET}, classes=names))


def exported(name: str, folder: Path) -> Published:
    """A mosaic with soft labels, exported."""
    made = small_set()
    soft = torch.rand(len(made), len(made.classes), generator=torch.Generator().manual_seed(0)).softmax(1)
    made = replace(made, soft_labels=soft)
    return Published(exports.load(name)().write(made, folder), {}, made)
