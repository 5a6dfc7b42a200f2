"""What forms that read Limbeck's own exports share: the description beside the samples, and the set they came from."""

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck import _files
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.exports import STORED
from limbeck.imports._contract import Given, Import
from limbeck.imports._published import imported
from limbeck.imports._source import Source
from limbeck.media import ClipRecipe
from limbeck.modalities import Modality, Scale, bound
from limbeck.parameterisations import parse


class Sample(NamedTuple):
    """One sample as it was exported: arrays by modality, label, class probabilities or None."""

    number: int
    arrays: dict[str, npt.NDArray[Any]]
    label: int
    soft: npt.NDArray[Any] | None


def is_export(source: Source, name: str, form: str) -> bool:
    """Whether a folder has an export's description, a file of that `name`, that says it is of a `form`."""
    file = source.path / name
    if not source.path.is_dir() or not file.is_file():
        return False
    config = _files.read_json(file)
    return isinstance(config, dict) and str(config.get("format", "")).rpartition("-")[0] == f"limbeck-{form}"


class Description:
    """What an export says of itself in a `file`.

    Raises:
        InputError: The file is damaged.
    """

    def __init__(self, file: Path) -> None:
        if not file.is_file():
            raise InputError(f"{file.parent} is no export: it has no {file.name}. Give the folder of one.")
        config = _files.read_json(file)
        try:
            self.classes = tuple(map(str, config["classes"]))
            self.scales = {name: Scale.from_json(scale) for name, scale in config["scales"].items()}
            self.modalities: dict[str, Modality] = bound(self.scales, ClipRecipe.from_json(config["recipe"]))
            self.provenance = dict(config["provenance"])
            self.hold, self.storage = str(config["hold"]), str(config["storage"])
            self.samples, self.soft = int(config["samples"]), config["labels"] == "soft"
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(f"{file} is damaged ({type(error).__name__}: {error}). Export the set again.") from error


def rebuilt(
    form: Import, source: Source, given: Given, about: Description, samples: Iterable[Sample], files: list[Path]
) -> DistilledSet:
    """The set whose `samples` were exported in a `form`, with what its description says `about` it.

    Where the export holds the stored set too, and its samples are those of it, it comes back as it was: held, stored
    and started alike. Else each sample is a row. The `source` is the export's folder, `files` those that were read.

    Raises:
        InputError: Samples are missing or damaged, or a scale or other classes are `given`.
    """
    if given.scale is not None or given.classes not in ((), about.classes):
        raise InputError("An export says its classes and scale itself; leave classes, mean and std out.")
    listed = sorted(samples, key=lambda sample: sample.number)
    if not listed:
        raise InputError(f"{source.path} holds no samples; export the set again.")
    if wrong := [sample for sample in listed if not 0 <= sample.label < len(about.classes)]:
        raise InputError(
            f"Sample {wrong[0].number} in {source.path} has the label {wrong[0].label}, but there are "
            f"{len(about.classes)} classes. Export the set again."
        )
    tensors = {name: torch.stack([_array(s, name, m, source) for s in listed]) for name, m in about.modalities.items()}
    labels = torch.tensor([sample.label for sample in listed])
    soft = None
    if about.soft:
        soft = torch.stack([_soft(sample, len(about.classes), source) for sample in listed])
    notes = []
    if len(listed) != about.samples:
        notes.append(f"The export says {about.samples} samples, but {len(listed)} are there, which are taken.")
    made = _as_stored(source, tensors, labels, soft)
    if made is None:
        if about.hold != "plain" or about.storage != "float32":
            notes.append(
                f"It was held as {about.hold} and stored as {about.storage}; here each sample is a row of float32."
            )
        order = torch.argsort(labels, stable=True)
        made = DistilledSet(
            tensors={name: x[order] for name, x in tensors.items()},
            labels=labels[order],
            classes=about.classes,
            hold=parse("plain"),
            modalities=about.modalities,
            scales=about.scales,
            provenance={},
            soft_labels=None if soft is None else soft[order],
        )
    made.provenance.clear()
    made.provenance.update(about.provenance | {"imported": imported(form, source, files, notes)})
    return made


def array_of(content: bytes, where: str) -> npt.NDArray[Any]:
    """The array of an ``.npy`` file's `content`; nothing is unpickled. `InputError` says `where` it is damaged."""
    try:
        found: npt.NDArray[Any] = np.lib.format.read_array(BytesIO(content), allow_pickle=False)
    except Exception as error:  # of a damaged header NumPy's reader makes whatever the tokenizer does
        raise InputError(f"{where} is damaged ({error}). Export the set again.") from error
    return found


def _as_stored(source: Source, tensors: dict[str, Tensor], labels: Tensor, soft: Tensor | None) -> DistilledSet | None:
    """The set that lies in the export as it is stored, if the exported samples are its samples."""
    if not (source.path / STORED).is_dir():
        return None
    made = DistilledSet.load(source.path / STORED)
    alike = {*made.modalities} == {*tensors} and torch.equal(made.targets.labels, labels)
    if not alike or (soft is None) != (made.soft_labels is None):
        return None
    if soft is not None and made.soft_labels is not None and not torch.equal(soft, made.soft_labels):
        return None
    seen = made.samples()
    # Processors round otherwise, and so may decode to other last bits than were exported.
    return made if all(torch.allclose(seen[name], x, rtol=1e-4, atol=1e-4) for name, x in tensors.items()) else None


def _array(sample: Sample, name: str, modality: Modality, source: Source) -> Tensor:
    found = sample.arrays.get(name)
    if found is None or found.dtype != np.float32 or found.shape != modality.shape or not np.isfinite(found).all():
        told = "is missing" if found is None else f"is {found.dtype} {found.shape}"
        raise InputError(
            f"{name} of sample {sample.number} in {source.path} {told}; finite float32 {modality.shape} was expected. "
            "Export the set again."
        )
    return torch.from_numpy(np.array(found))


def _soft(sample: Sample, classes: int, source: Source) -> Tensor:
    if sample.soft is None or sample.soft.shape != (classes,) or not np.isfinite(sample.soft).all():
        raise InputError(
            f"The soft label of sample {sample.number} in {source.path} is damaged or missing: {classes} probabilities "
            "were expected. Export the set again."
        )
    return torch.from_numpy(np.array(sample.soft, np.float32))
