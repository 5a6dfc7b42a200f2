"""What the readers of CIFAR-10 and CIFAR-100 share: their archives, and folders of images made of them."""

import tarfile
import zlib
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._labelled import LabelledFiles
from limbeck.datasets._plain_pickle import PlainPickle, as_uint8
from limbeck.datasets._sources import Stamp
from limbeck.errors import InputError, MediaError
from limbeck.media import ClipRecipe, RawClip, fitted

SIDE = 32
_VALUES = 3 * SIDE * SIDE
_LARGEST_BYTES = 2**28


class Labels(NamedTuple):
    """Where labels stand in the archives: the name of their list in pickles; in a record, its byte, of how many."""

    key: str
    byte: int
    of: int


class _Batch(NamedTuple):
    """Images, uint8 (image, 3, 32, 32), RGB, and the label of each."""

    images: npt.NDArray[np.uint8]
    labels: Sequence[int]


@dataclass(kw_only=True, eq=False)
class CIFAR(Dataset):
    """Images of one of the CIFAR collections, 32 x 32.

    Args:
        root: The folder of an archive's files, or the one it lies in; the archive itself, a ``.tar.gz``; or a folder of
            images.
    """

    licence: ClassVar[str] = "not stated by the authors, see homepage; a part of 80 Million Tiny Images"
    homepage: ClassVar[str] = "https://www.cs.toronto.edu/~kriz/cifar.html"
    citation: ClassVar[str] = """@techreport{krizhevsky2009learning,
  title = {Learning Multiple Layers of Features from Tiny Images},
  author = {Krizhevsky, Alex},
  institution = {University of Toronto},
  year = {2009}
}"""
    modalities: ClassVar[tuple[str, ...]] = ("image",)
    recipe: ClassVar[ClipRecipe] = ClipRecipe(image_size=SIDE, tracks=("image",))
    archive: ClassVar[str]
    parts: ClassVar[Mapping[str, str]]

    root: str | Path

    @property
    @abstractmethod
    def labels(self) -> Labels:
        """Where the labels stand."""

    def clips(self) -> Sequence[ClipRef]:
        """One clip an image, in the order of the archive, or of the files' names."""
        root = Path(self.root)
        if not (root.is_file() or root.is_dir()):
            raise InputError(f"{root} should be {self._expected}, but it does not exist. Check the path.")
        if not (files := self._files(root)):
            return self._from_folder(root)
        if lacking := [part for part in self.parts if part not in files]:
            raise InputError(
                f"{root} lacks {', '.join(lacking)} of {self.archive}; it has {', '.join(files)}. Unpack the archive "
                "again, whole."
            )
        return [
            ClipRef(id=f"{part}/{number:05d}", label=self.classes[label], split=split, image=files[part])
            for part, split in self.parts.items()
            for number, label in enumerate(self._batch(files[part], part).labels)
        ]

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        """The image as it is, or resized where the `recipe` asks for another size."""
        part, _, number = clip.id.partition("/")
        if clip.image is None or not number.isdecimal():
            return super().read(clip, recipe)
        if "audio" in recipe.tracks:
            raise MediaError("no_audio_track", "The images of CIFAR have no sound.")
        image = self._batch(clip.image, part).images[int(number)]
        return RawClip(None, fitted(image.transpose(1, 2, 0), recipe))

    @property
    def _expected(self) -> str:
        return (
            f"{self.archive} (the folder it unpacks to, python or binary version, or the .tar.gz), or a folder of "
            "images, train/CLASS/* and test/CLASS/*"
        )

    def _files(self, root: Path) -> dict[str, Path]:
        """The file that holds each part of the archive; empty where there is no archive."""
        if root.is_file():
            return dict.fromkeys(self.parts, root)
        folders = [root, *sorted(root.glob(f"{self.archive}-*"))]
        for folder in folders:
            named = {part: folder / f"{part}{ending}" for part in self.parts for ending in ("", ".bin")
                     if (folder / f"{part}{ending}").is_file()}  # fmt: skip
            if named:
                return named
        packed = next((path for path in folders if path.name.endswith(".tar.gz")), None)
        return dict.fromkeys(self.parts, packed) if packed else {}

    def _batch(self, path: Path, part: str) -> _Batch:
        return _read_batch(path, Stamp.of(path), part, self.labels, len(self.classes))

    def _from_folder(self, root: Path) -> Sequence[ClipRef]:
        found = LabelledFiles(source=root, layout="split/class", tracks=self.recipe.tracks).refs()
        if strangers := sorted({ref.label for ref in found} - set(self.classes)):
            raise InputError(
                f"{root} has the classes {', '.join(strangers)}, which {self.archive} does not have; its classes are "
                f"{', '.join(self.classes)}. For images of your own there is the dataset 'folder'."
            )
        return found


@lru_cache(maxsize=1)
def _read_batch(path: Path, _stamp: Stamp | None, part: str, labels: Labels, classes: int) -> _Batch:
    """A part of an archive; the clips of one lie beside each other, so that one is held at a time."""
    name, data = _packed(path, part) if path.name.endswith((".tar.gz", ".tgz")) else (path.name, _bytes_of(path))
    try:
        batch = (_from_records if name.endswith(".bin") else _from_pickle)(data, labels)
        if wrong := [x for x in batch.labels if type(x) is not int or not 0 <= x < classes]:
            raise ValueError(f"labels from 0 to {classes - 1} were expected, but {wrong[0]!r} came")
    except Exception as error:  # whatever a pickle may bring about
        raise InputError(
            f"{path}{'' if name == path.name else f' ({name})'} is no part of CIFAR as its authors published it: "
            f"{str(error).rstrip('.') or type(error).__name__}. Fetch the archive again, and unpack it anew."
        ) from error
    return batch


def _from_records(data: bytes, labels: Labels) -> _Batch:
    """A file of the binary version: the bytes of labels, then those of red, green and blue, row by row."""
    length = labels.of + _VALUES
    if not data or len(data) % length:
        raise ValueError(f"records of {length} bytes were expected, but it has {len(data)} bytes: it may be cut short")
    records = np.frombuffer(data, dtype=np.uint8).reshape(-1, length)
    return _Batch(_shaped(records[:, labels.of :]), records[:, labels.byte].tolist())


def _from_pickle(data: bytes, labels: Labels) -> _Batch:
    """A file of the python version: a pickled mapping with the images, (image, 3072), and lists of labels."""
    found = PlainPickle(data).load()
    if not isinstance(found, dict):
        raise ValueError(f"a mapping was expected, but {type(found).__name__} came")
    named = {key.decode("ascii") if isinstance(key, bytes) else key: value for key, value in found.items()}
    if lacking := [key for key in ("data", labels.key) if key not in named]:
        raise ValueError(f"it lacks {' and '.join(lacking)}; it has {', '.join(map(str, named))}")
    images, numbers = as_uint8(named["data"], _VALUES), named[labels.key]
    if not isinstance(numbers, list) or len(numbers) != len(images) or not len(images):
        raise ValueError(f"a label for each of {len(images)} images was expected")
    return _Batch(_shaped(images), numbers)


def _shaped(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return images.reshape(-1, 3, SIDE, SIDE)


def _bytes_of(path: Path) -> bytes:
    """The bytes of a file, unless it is too large to be a part of an archive."""
    if (size := path.stat().st_size) > _LARGEST_BYTES:
        raise InputError(f"{path} is no part of CIFAR: it is {size} bytes large. Give the archive, or its folder.")
    return path.read_bytes()


def _packed(path: Path, part: str) -> tuple[str, bytes]:
    """Name and bytes of a part in the archive as it is fetched, which is read from its beginning."""
    try:
        with tarfile.open(path, "r|gz") as archive:
            for member in archive:
                if member.isfile() and PurePosixPath(member.name).name in (part, f"{part}.bin"):
                    if member.size > _LARGEST_BYTES:
                        raise InputError(f"{path}: {member.name} claims to be {member.size} bytes large.")
                    file = archive.extractfile(member)
                    data = file.read() if file else b""
                    if len(data) != member.size:
                        raise EOFError("the file ends within it")
                    return member.name, data
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise InputError(f"{path} is damaged or cut short ({error}); {part} cannot be read. Fetch it again.") from error
    raise InputError(f"{path} holds no {part}. Fetch the archive again.")
