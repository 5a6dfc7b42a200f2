"""A folder of images for each class, ``CLASS/*.jpg``, as RDED and SRe2L write them, or anyone (`image_folder`).

Folders are classes: by name where names are given, or by number (``00000``), else in the order of their names.

Source:   `synthesize/main.py` and `validation/utils.py` of LINs-lab/RDED.
Differs from the paper: RDED's images hold 2 x 2 crops, whose order is shuffled in training, and networks learn a
          teacher's labels of them; here they are images with hard labels, or, with ``factor``, mosaics.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import final

import torch
from pydantic import Field

from limbeck.distilled import DistilledSet
from limbeck.errors import InputError, MediaError
from limbeck.imports._contract import Given, Import
from limbeck.imports._published import IMAGE, IMAGENET, finished, written
from limbeck.imports._source import Source
from limbeck.media import ClipRecipe, RawClip, files_below, probe, read_frame
from limbeck.modalities import bound

_TRIED = 5
_MOST_NAMED = 3


@final
class ImageFolder(Import):
    """Images as files, each a sample or a mosaic of several.

    Attributes:
        image_size: Pixels a side that images are brought to; by default those of the dataset it is like, else of the
            first image.
        factor: Samples a side that each image holds; 1 takes it as one.
    """

    image_size: int | None = Field(None, ge=8, le=4096)
    factor: int = Field(1, ge=1, le=8)

    @classmethod
    def recognises(cls, source: Source) -> bool:
        files = _images(source) if source.path.is_dir() else []
        return any(_size(file) for file in files[:_TRIED])

    def read(self, source: Source, given: Given) -> DistilledSet:
        files = _images(source) if source.path.is_dir() else []
        if not (native := next(filter(None, map(_size, files)), None)):
            raise InputError(f"{source.path} holds no images in folders of classes, CLASS/*.jpg say.")
        recipe = ClipRecipe(tracks=(IMAGE,), image_size=self.image_size or max(8, *native))
        if given.like is not None:
            recipe = given.like.recipe
        if self.image_size not in (None, recipe.image_size):
            raise InputError(
                f"image_size is {self.image_size}, but the dataset that the set is like has {recipe.image_size} "
                "pixels; leave image_size out."
            )
        scale = given.scale or IMAGENET
        kind = bound([IMAGE], recipe)[IMAGE]
        folders = sorted({file.parent.name for file in files})
        classes, of = _classes(folders, given)
        rows, labels, rejected = [], [], []
        for file in files:
            try:
                frame, _ = read_frame(file, recipe=recipe)
            except MediaError as error:
                rejected.append(f"{file.parent.name}/{file.name} is left out: {error}")
                continue
            rows.append(kind.to_network(torch.from_numpy(kind.array(RawClip(None, frame))), scale))
            labels.append(of[file.parent.name])
        size = recipe.image_size
        whose = "as given" if given.scale else "that of ImageNet, as in RDED"
        notes = [
            f"Images are {size} x {size} pixels; the first is {native[0]} x {native[1]} in its file.",
            f"The scale of images is {whose}: {written(scale)}.",
            *rejected[:_MOST_NAMED],
            *([f"... and {len(rejected) - _MOST_NAMED} more are left out."] if len(rejected) > _MOST_NAMED else []),
        ]
        if given.classes or given.like:
            notes.append(
                f"Folders are classes: {', '.join(f'{f} {classes[of[f]]!r}' for f in folders[:_MOST_NAMED])}, ..."
            )
        return finished(
            self, source, given, files=files, tensors={IMAGE: torch.stack(rows)}, labels=torch.tensor(labels),
            scales={IMAGE: scale}, notes=notes, hold="plain" if self.factor == 1 else f"mosaic:{self.factor}",
            classes=classes, count=len(classes), recipe=recipe, facts={"sees_labels": True},
        )  # fmt: skip


def _images(source: Source) -> list[Path]:
    """Files that could be images, where all lie in folders of classes; else none."""
    found = files_below(source.path)
    return [file for _, file in found] if all(name.count("/") == 1 for name, _ in found) else []


def _size(file: Path) -> tuple[int, int] | None:
    """Height and width of an image in pixels; None where the file is none."""
    try:
        info = probe(file)
    except MediaError:
        return None
    return (info.height, info.width) if info.height and info.width and info.sound_seconds is None else None


def _classes(folders: Sequence[str], given: Given) -> tuple[tuple[str, ...], dict[str, int]]:
    """Class names, and the label of each folder."""
    names = given.classes or (given.like.classes if given.like else tuple(folders))
    if {*folders} <= {*names}:
        return names, {folder: names.index(folder) for folder in folders}
    if all(folder.isdecimal() and int(folder) < len(names) for folder in folders):
        return names, {folder: int(folder) for folder in folders}
    written = {name.casefold(): label for label, name in enumerate(names)}
    if all(folder.casefold() in written for folder in folders):
        return names, {folder: written[folder.casefold()] for folder in folders}
    if len(folders) != len(names) or any(folder.casefold() in written for folder in folders):
        raise InputError(
            f"There are {len(folders)} folders, {', '.join(folders[:_TRIED])} ..., for {len(names)} classes, and they "
            "bear neither their names nor their numbers. Rename the folders."
        )
    return names, {folder: label for label, folder in enumerate(folders)}
