"""Miniatures of CIFAR's archives, byte for byte in the form of the official ones."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]


def images(labels: Sequence[int], seed: int = 0) -> Images:
    """Noise in a colour of each label's own, uint8 (image, 3, 32, 32)."""
    draw = np.random.default_rng(seed)
    colours = np.stack([[40 + 37 * c % 180, 40 + 71 * c % 180, 40 + 113 * c % 180] for c in labels])
    return (colours[:, :, None, None] + draw.integers(0, 30, (len(labels), 3, 32, 32))).astype(np.uint8)


def python2(value: Any) -> bytes:
    """A pickle as Python 2 wrote it (protocol 2), with its texts as plain strings."""
    return b"\x80\x02" + _pickled(value) + b"."


def _pickled(value: Any) -> bytes:
    if value is None:
        return b"N"
    if isinstance(value, bool):
        return b"\x88" if value else b"\x89"
    if isinstance(value, int):
        return b"K" + bytes([value]) if 0 <= value < 256 else b"J" + struct.pack("<i", value)
    if isinstance(value, str):
        return _pickled(value.encode())
    if isinstance(value, bytes):
        return b"U" + bytes([len(value)]) + value if len(value) < 256 else b"T" + struct.pack("<i", len(value)) + value
    if isinstance(value, list):
        return b"](" + b"".join(map(_pickled, value)) + b"e"
    if isinstance(value, tuple):
        return b"(" + b"".join(map(_pickled, value)) + b"t"
    if isinstance(value, Mapping):
        return b"}(" + b"".join(_pickled(part) for pair in value.items() for part in pair) + b"u"
    return _array(value)


def _array(value: npt.NDArray[Any]) -> bytes:
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + _pickled((0,)) + _pickled("b") + b"\x87R"
    kind = b"cnumpy\ndtype\n" + _pickled(value.dtype.str.lstrip("|<")) + _pickled(0) + _pickled(1) + b"\x87R"
    kind += _pickled((3, "|", None, None, None, -1, -1, 0)) + b"b"
    state = b"(" + _pickled(1) + _pickled(value.shape) + kind + _pickled(False) + _pickled(value.tobytes()) + b"t"
    return empty + state + b"b"


def python_batch(pixels: Images, labels: Mapping[str, Sequence[int]]) -> bytes:
    """A file of the python version, with each list of labels under its name."""
    names = [f"image_s_{i:06d}.png" for i in range(len(pixels))]
    lists = {name: [int(x) for x in values] for name, values in labels.items()}
    return python2({"batch_label": "a batch"} | lists | {"data": pixels.reshape(len(pixels), -1), "filenames": names})


def binary_batch(pixels: Images, labels: Sequence[Sequence[int]]) -> bytes:
    """A file of the binary version; of each image one label or several."""
    return b"".join(bytes(x) + image.tobytes() for x, image in zip(labels, pixels, strict=True))


PARTS_10 = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")


def cifar10(root: Path, kind: str = "py", rounds: int = 1) -> tuple[Path, dict[str, tuple[Images, list[int]]]]:
    """The folder of an archive, with `rounds` images of each class in every batch, and what is in the batches."""
    folder = root / f"cifar-10-batches-{kind}"
    folder.mkdir(parents=True)
    content = {}
    for seed, part in enumerate(PARTS_10):
        labels = np.random.default_rng(seed).permutation(np.arange(10).repeat(rounds)).tolist()
        content[part] = images(labels, seed), labels
        if kind == "py":
            (folder / part).write_bytes(python_batch(content[part][0], {"labels": labels}))
        else:
            (folder / f"{part}.bin").write_bytes(binary_batch(content[part][0], [[x] for x in labels]))
    if kind == "py":
        (folder / "batches.meta").write_bytes(python2({"num_cases_per_batch": 10_000, "num_vis": 3072}))
    (folder / "readme.html").write_text("<html></html>")
    return folder, content


def cifar100(root: Path, kind: str = "python") -> tuple[Path, dict[str, tuple[Images, list[int], list[int]]]]:
    """The folder of an archive, an image of each class in either part, and what is in the parts."""
    folder = root / f"cifar-100-{kind}"
    folder.mkdir(parents=True)
    content = {}
    for seed, part in enumerate(("train", "test")):
        fine = np.random.default_rng(seed).permutation(100).tolist()
        coarse = [x % 20 for x in fine]
        content[part] = images(fine, seed), fine, coarse
        if kind == "python":
            both = {"fine_labels": fine, "coarse_labels": coarse}
            (folder / part).write_bytes(python_batch(content[part][0], both))
        else:
            both_of = list(zip(coarse, fine, strict=True))
            (folder / f"{part}.bin").write_bytes(binary_batch(content[part][0], both_of))
    return folder, content


def packed(folder: Path, archive: Path) -> Path:
    """The archive that unpacks to a folder, as it is fetched."""
    with tarfile.open(archive, "w:gz") as tar:
        for file in sorted(folder.iterdir()):
            info = tarfile.TarInfo(f"{folder.name}/{file.name}")
            info.size = file.stat().st_size
            tar.addfile(info, io.BytesIO(file.read_bytes()))
    return archive
