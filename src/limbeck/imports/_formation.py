"""Multi-formation, as IDC and NCFM hold images: several small ones in the room of one, in pixel values from 0 to 1."""

import re
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports._contract import Given, Import
from limbeck.imports._published import (
    CIFAR,
    FASHION,
    IMAGE,
    IMAGENET,
    MNIST,
    SVHN,
    Known,
    class_labels,
    finished,
    image_scale,
    pictures,
)
from limbeck.imports._source import Source, told

KNOWN = {
    "cifar10": Known(CIFAR, 3, 32, 10),
    "cifar100": Known(CIFAR, 3, 32, 100),
    "svhn": Known(SVHN, 3, 32, 10),
    "mnist": Known(MNIST, 1, 28, 10),
    "fashion": Known(FASHION, 1, 28, 10),
    "tinyimagenet": Known(IMAGENET, 3, 64, 200),
    "imagenet": Known(IMAGENET, 3, 224, 0),
}
NCFM = r"data_(?:\d+|init)\.pth?"
"""Names of NCFM's files."""


def is_of_ncfm(file: Path) -> bool:
    """Whether a file with the content that both codes write has a name of NCFM's."""
    return re.fullmatch(NCFM, file.name) is not None


def is_pair(content: Any) -> bool:
    """Whether a file's content is ``[images, labels]``: (row, channel, height, width) and (row,)."""
    return (
        isinstance(content, list | tuple)
        and len(content) == 2
        and all(isinstance(x, Tensor) for x in content)
        and (content[0].ndim, content[1].ndim) == (4, 1)
    )


def read_pair(
    form: Import,
    source: Source,
    given: Given,
    file: Path,
    *,
    factor: int,
    dataset: str | None,
    known: Mapping[str, Known],
    notes: list[str],
) -> DistilledSet:
    """The set of a `file` with images and labels, cut by a `factor`, on the scale of one of the datasets `known`.

    It comes in a `form` from a `source`, with what is `given` beside; `notes` say what was assumed of it so far.
    """
    content = source.content(file)
    if not is_pair(content):
        raise InputError(f"{file} should hold a list of images and labels, two tensors, but holds {told(content)}.")
    pixels = pictures(content[0], file)
    labels, _, _ = class_labels(content[1], len(pixels), file)
    if not -1 <= float(pixels.median()) <= 2:
        raise InputError(
            f"{file} should hold pixel values from 0 to 1, but half of them are beyond {float(pixels.median()):.3g}. "
            "Is it a set of another form?"
        )
    scale, said = image_scale(content[0], int(labels.max()) + 1, source, given, known, dataset)
    notes = [*notes, f"{said} The file has pixel values, which are scaled so."]
    hold = "plain" if factor == 1 else f"mosaic:{factor}"
    if factor > 1 and pixels.shape[-1] % factor:
        stored = len(pixels)
        pixels, labels, hold = formed(pixels, factor), labels.repeat(factor**2), "plain"
        notes.append(
            f"{pixels.shape[-1]} pixels are no multiple of {factor}: the {stored} stored images were cut as that code "
            f"does, and are held as {len(pixels)}, so that stored bytes are counted {factor**2} times."
        )
    return finished(
        form, source, given, files=[file], tensors={IMAGE: scale.apply(pixels, 2)}, labels=labels,
        scales={IMAGE: scale}, notes=notes, hold=hold, facts={"sees_labels": True},
    )  # fmt: skip


def formed(pixels: Tensor, factor: int) -> Tensor:
    """Images cut into `factor` by `factor` pieces, each enlarged to the size of all: `decode_zoom` of that code.

    Of `pixels`, (row, channel, size, size), come (piece * row, channel, size, size), row by row of pieces; what the
    size lacks of a multiple is grey.

    Example:
        >>> formed(torch.arange(4.0).view(1, 1, 2, 2), 2)[:, 0, 0, 0]
        tensor([0., 1., 2., 3.])
    """
    size = pixels.shape[-1]
    lacking = factor - size % factor if size % factor else 0
    padded, piece = F.pad(pixels, (0, lacking, 0, lacking), value=0.5), ceil(size / factor)
    pieces = [
        padded[..., row * piece : (row + 1) * piece, column * piece : (column + 1) * piece]
        for row in range(factor)
        for column in range(factor)
    ]
    return F.interpolate(torch.cat(pieces), size=(size, size), mode="bilinear", align_corners=False)
