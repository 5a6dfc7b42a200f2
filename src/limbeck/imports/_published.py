"""What forms of other code share: tensors that are checked, the scales that code used, and a set made of them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from limbeck._discover import did_you_mean
from limbeck.datasets import Prepared
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError, UnknownNameError
from limbeck.imports._contract import Given, Import
from limbeck.imports._source import Source, told
from limbeck.media import ClipRecipe
from limbeck.modalities import Batch, Scale, bound
from limbeck.parameterisations import parse

IMAGE = "image"
"""What published sets are of, but for those of sound and image."""


class Known(NamedTuple):
    """A dataset as published code knows it: its scale, and channels, pixels a side and classes (0 where they differ).

    The first one of a table that fits a set is taken where nothing says which it is.
    """

    scale: Scale
    channels: int
    pixels: int
    classes: int


CIFAR = Scale(mean=(0.4914, 0.4822, 0.4465), std=(0.2023, 0.1994, 0.2010))
IMAGENET = Scale(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
SVHN = Scale(mean=(0.4377, 0.4438, 0.4728), std=(0.1980, 0.2010, 0.1970))
MNIST = Scale(mean=(0.1307,), std=(0.3081,))
FASHION = Scale(mean=(0.2861,), std=(0.3530,))


def pictures(content: Any, file: Path) -> Tensor:
    """Images that a `file` holds, checked: float32 (row, 3, size, size); grey ones get three equal channels.

    Raises:
        InputError: The `content` is no tensor of square images, holds none, or numbers that are not finite.
    """
    x = content.detach() if isinstance(content, Tensor) else None
    if x is None or x.ndim != 4 or not x.is_floating_point() or x.shape[1] not in (1, 3) or x.shape[2] != x.shape[3]:
        raise InputError(
            f"{file} should hold images as a tensor of floats (row, 1 or 3 channels, size, size), but holds "
            f"{told(content)}{'' if x is None else f' of {x.dtype}'}."
        )
    return finite(x.expand(-1, 3, -1, -1), file)


def finite(x: Tensor, file: Path) -> Tensor:
    """A tensor of a `file` as float32 of its own, `x`, that has rows and finite numbers alone; else `InputError`."""
    if not len(x):
        raise InputError(f"{file} holds no rows; a distilled set has at least one.")
    if bad := int((~torch.isfinite(x)).sum()):
        raise InputError(f"{file} holds {bad} numbers that are NaN or infinite; the set diverged, or is damaged.")
    return x.detach().to(torch.float32).contiguous()


def class_labels(content: Any, rows: int, file: Path) -> tuple[Tensor, Tensor | None, list[str]]:
    """Labels that a `file` holds, for so many `rows`: int64 (row,), soft ones (row, class) or None, and assumptions.

    Soft labels that are no probabilities are taken as logits, as in DATM's evaluation.

    Raises:
        InputError: The `content` is neither, or of another number of rows.
    """
    x = content.detach() if isinstance(content, Tensor) else None
    if x is None or x.ndim not in (1, 2) or (x.ndim == 1 and (x.is_floating_point() or x.is_complex())):
        raise InputError(
            f"{file} should hold labels, whole numbers (row,) or soft ones (row, class), but holds {told(content)}."
        )
    if len(x) != rows:
        raise InputError(f"{file} holds {len(x)} labels for {rows} images; the files are not of one set.")
    if x.ndim == 1:
        if wrong := [label for label in (int(x.min()), int(x.max())) if not 0 <= label < rows]:
            raise InputError(
                f"{file} holds the label {wrong[0]} for {rows} images; labels are 0, 1, 2, ..., and each has an image."
            )
        return x.to(torch.int64), None, []
    soft = finite(x.to(torch.float32), file)
    are_probabilities = bool((soft >= 0).all()) and bool(((soft.sum(1) - 1).abs() < 1e-3).all())
    note = "Soft labels are probabilities, as they are in the file; the class of a sample is the likeliest."
    if not are_probabilities:
        soft = soft.softmax(1)
        note = "Soft labels in the file are logits: their softmax is learnt; the class of a sample is the likeliest."
    return soft.argmax(1), soft, [note]


def image_scale(
    images: Tensor, classes: int, source: Source, given: Given, known: Mapping[str, Known], dataset: str | None
) -> tuple[Scale, str]:
    """The scale that `images`, (row, channel, size, size), of so many `classes` were seen on, and a sentence about it.

    It is the `given` one; or that of the `dataset`, one of those `known` to the form's code; or of the one that names
    of the `source` and its folders hold; or of the first one that fits by size.

    Raises:
        InputError: None is known, or the dataset is unknown.
    """
    if given.scale is not None:
        if len(given.scale.mean) not in (1, 3) or len(given.scale.std) not in (1, 3):
            raise InputError("mean and std have a number for each of three channels, or one for all.")
        if min(given.scale.std) <= 0:
            raise InputError(f"std is above 0 in each channel, but got {min(given.scale.std):g}.")
        return given.scale, f"The scale of images is as given: {written(given.scale)}."
    if dataset is not None:
        by_name = {name.lower(): name for name in known}
        if dataset.lower() not in by_name:
            raise UnknownNameError(
                f"This form's code knows no dataset {dataset!r}.{did_you_mean(dataset, [*known])} It knows "
                f"{', '.join(known)}. Give mean and std instead."
            )
        name = by_name[dataset.lower()]
        return known[
            name
        ].scale, f"The scale of images is that of {name} in this form's code: {written(known[name].scale)}."
    size = images.shape[-1]
    fitting = [name for name, one in known.items() if one.pixels in (0, size) and one.classes in (0, classes)]
    for part in reversed(source.path.parts):
        words = re.split(r"[^a-z0-9]+", part.lower())
        if named := next((name for name in fitting if name.lower() in words), None):
            scale = known[named].scale
            return (
                scale,
                f"The scale of images is that of {named} in this form's code, by the name {part!r}: {written(scale)}.",
            )
    if not (fitting := [name for name in fitting if known[name].pixels]):
        raise InputError(
            f"It is not known on which scale these images, {size} x {size}, of {classes} classes were seen. Give mean "
            f"and std (--mean, --std), or dataset (--set dataset=NAME): {', '.join(known)}."
        )
    scale, others = known[fitting[0]].scale, ", ".join(fitting[1:])
    told_others = f" (or is it {others}? Then give dataset)" if others else ""
    return scale, f"The scale of images is that of {fitting[0]}, assumed by their size{told_others}: {written(scale)}."


def imported(form: Import, source: Source, files: list[Path], notes: Sequence[str]) -> dict[str, Any]:
    """What provenance says of an import in a `form`: its settings, digests of the `files` of a `source`, `notes`."""
    return {
        "form": form.name,
        "from": source.path.name,
        "files": source.digests(files),
        "settings": form.to_json(),
        "notes": list(notes),
    }


def finished(
    form: Import,
    source: Source,
    given: Given,
    *,
    files: list[Path],
    tensors: Batch,
    labels: Tensor,
    scales: Mapping[str, Scale],
    notes: Sequence[str],
    hold: str = "plain",
    soft: Tensor | None = None,
    classes: Sequence[str] = (),
    count: int = 0,
    recipe: ClipRecipe | None = None,
    facts: Mapping[str, Any] | None = None,
) -> DistilledSet:
    """A set of published tensors, its rows in the order of classes, with what was assumed in its provenance.

    Args:
        form: The form it came in.
        source: The file or folder it came from.
        given: What is known beside.
        files: Files it was read from, whose digests are kept.
        tensors: Rows by modality, float32, in network scale of the code that made them.
        labels: int64, (row,).
        scales: What that network scale is, by modality.
        notes: What was assumed, in sentences.
        hold: How samples are held.
        soft: Class probabilities, float32 (row, class), of a set that is held `plain`.
        classes: Class names that the files say, in the order of labels; by default those that are `given`.
        count: Number of classes, where it is known beside the labels.
        recipe: How recordings would be decoded to such arrays; that of the dataset it is like by default.
        facts: More of the provenance: ``method``, ``sees_labels``, ...

    Raises:
        InputError: Number of classes, sizes or modalities do not fit what is given.
    """
    count = count or (int(labels.max()) + 1 if soft is None else soft.shape[1])
    own, notes = tuple(classes or given.classes), list(notes)
    if not own and given.like is not None:
        own = given.like.classes
        notes.append(f"Labels are taken to be in the order of the classes of {given.like.name}.")
    elif not own:
        own = tuple(map(str, range(count)))
        notes.append("The files do not name classes: they are called 0, 1, 2, ...")
    if len(own) != count or len(set(own)) < count:
        raise InputError(
            f"{source.path} has labels of {count} classes, but {len(set(own))} names: {', '.join(own)}. Give one name "
            "for each class, in the order of labels, or the dataset that the set stands for."
        )
    final = own
    if given.like is not None and own != (final := given.like.classes):
        if {*own} != {*final}:
            raise InputError(f"The classes are {list(own)}, but those of {given.like.place} are {list(final)}.")
        labels = torch.tensor([final.index(name) for name in own])[labels]
        soft = None if soft is None else soft[:, [own.index(name) for name in final]]
    order = torch.argsort(labels, stable=True)
    kinds = bound(tensors, _recipe(tensors, given.like, recipe))
    for name, x in tensors.items():
        if tuple(x.shape[1:]) != kinds[name].shape:
            like = "the recipe" if given.like is None else f"{given.like.place}"
            raise InputError(
                f"{name} of this set is {tuple(x.shape[1:])}, but by {like} it is {kinds[name].shape}. Prepare the "
                "dataset in the size of the set."
            )
    made = DistilledSet(
        tensors={name: tensors[name][order] for name in kinds},
        labels=labels[order],
        classes=final,
        hold=parse(hold),
        modalities=kinds,
        scales={name: scales[name] for name in kinds},
        provenance={},
        soft_labels=None if soft is None else soft[order],
    )
    about = {"method": f"{form.name} (imported)", **(facts or {})}
    if given.like is not None:
        clips = given.like.clips()
        notes.append(f"It is taken to be distilled from the training clips of {given.like.name}.")
        # By these, what it is compared with is chosen: as many real clips, of the same training split.
        about |= {"dataset": clips.name, "training_fingerprint": clips.fingerprint, "seed": 0}
        about |= {"settings": {"per_class": made.per_class, "sound": "raw"}}
    made.provenance.update(about | {"imported": imported(form, source, files, notes)})
    return made


def _recipe(tensors: Batch, like: Prepared | None, recipe: ClipRecipe | None) -> ClipRecipe:
    if like is not None:
        return like.recipe
    return recipe or ClipRecipe(tracks=(IMAGE,), image_size=max(8, tensors[IMAGE].shape[-1]))


def written(scale: Scale) -> str:
    """A scale in words."""
    mean, std = (", ".join(f"{x:g}" for x in values) for values in (scale.mean, scale.std))
    return f"mean {mean}, std {std}"
