"""Items that programs hold, in torch datasets, sequences, arrays, Hugging Face datasets: their parts and labels."""

import hashlib
import sys
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import torch

from limbeck.datasets._columns import SPLIT, columns, split_told
from limbeck.datasets._labels import Label, label_of
from limbeck.errors import InputError, MediaError
from limbeck.media import Encoded, Track, probe, video_of

_LONGEST_PICTURE = 50
_RATES = ("rate_hz", "sampling_rate", "sample_rate")
_VIDEO: Literal["video"] = "video"
_LEAST_RATE_HZ = 1000
_DICTS = (dict, defaultdict, OrderedDict, Counter)
_CODED = frozenset(["array", "bytes", "path"])
_PIL_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB")


class Waveform(NamedTuple):
    """Decoded samples, (sample,), (channel, sample) or (sample, channel), and how many there are a second."""

    samples: npt.NDArray[Any]
    rate_hz: float


Part = npt.NDArray[Any] | Waveform | Path | Encoded
"""A picture, a sound, or what either is decoded from."""


Kind = Track | Literal["video"]
"""What a value is known to be, by the key it is under."""


class Keys(NamedTuple):
    """Under which keys an item that is a mapping has its parts."""

    audio: str
    image: str
    label: str


@dataclass(frozen=True)
class Rows:
    """Columns of arrays, or of anything with a length, as items that are mappings."""

    columns: Mapping[str, Any]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {name: column[index] for name, column in self.columns.items()}


@dataclass(frozen=True)
class Items:
    """Items of one split.

    Attributes:
        source: What has them: it has a length, and gives an item for each index below that.
        keys: Where the parts of an item are.
        labels: The labels of all, where they are known without reading the items.
        are_given: Whether `labels` take the place of those that the items have.
        classes: Class names in the order of their numbers, where the source says them.
        rate_hz: Samples a second of waveforms that come without.
        splits: The splits of all, where they are known without reading the items.
        say_splits: Whether the items say theirs each.
    """

    source: Any
    keys: Keys
    labels: Sequence[Any] | None
    are_given: bool
    classes: tuple[str, ...]
    rate_hz: float | None
    splits: Sequence[Any] | None = None
    say_splits: bool = False

    @classmethod
    def of(
        cls, source: Any, *, labels: Any, audio: str | None, image: str | None, label: str | None, rate_hz: float | None
    ) -> Self:
        """Items of whatever has some; options are as in `Samples`.

        Raises:
            InputError: It has no length or cannot be asked for any of its items; lengths differ; a key is not there.
        """
        keys = Keys(audio or "audio", image or "image", label or "label")
        known: Sequence[Any] | None = None
        splits: Sequence[Any] | None = None
        labels = by_place(labels)
        classes = getattr(source, "classes", None)
        if hasattr(source, "iloc") and hasattr(source, "columns"):  # a frame of pandas
            source = {str(name): source[name] for name in source.columns}
        if isinstance(source, Mapping):
            source, known = _rows(source, keys)
            splits = source.columns.get(SPLIT)
        elif is_huggingface(source):
            source, keys, known, classes, splits = _huggingface(source, audio, image, label, labels is not None)
        elif isinstance(source, str | bytes) or not _can_be_asked(source):
            raise InputError(
                f"Samples are read one by one, in any order, but a {type(source).__name__} cannot be asked for its "
                "item number 7. Give a map-style torch dataset, a list, or arrays with one row a clip; of a loader its "
                "dataset; of what can only be read from front to back a list of it."
            )
        count = len(source)
        if labels is not None and len(labels) != count:
            raise InputError(f"There are {len(labels)} labels for {count} items; each item needs one.")
        names = tuple(map(str, classes)) if isinstance(classes, Sequence) and not isinstance(classes, str) else ()
        splits = None if SPLIT in keys else splits
        found = cls(source, keys, known if labels is None else labels, labels is not None, names, rate_hz, splits)
        if not count:
            return found
        with suppress(Exception):  # whatever a user's dataset may raise
            first = None if splits is not None or SPLIT in keys else source[0]
            found = replace(found, say_splits=isinstance(first, Mapping) and SPLIT in first)
        if found.labels is not None:
            return found
        told = _told_labels(source)
        return replace(found, labels=told) if found._agree(told) else found

    def __len__(self) -> int:
        return len(self.source)

    def read(self, index: int) -> tuple[dict[Track, Part], Label]:
        """What an item has of each track, and its own label, if that can be one.

        Raises:
            MediaError: It is nothing that can be used.
        """
        sample, label = self._divided(self.source[index])
        return self._parts(sample), label_of(label)

    def label(self, index: int) -> Label:
        """An item's own label, if it has what can be one.

        Raises:
            MediaError: It is no item.
        """
        return label_of(self._divided(self.source[index])[1])

    def split(self, index: int) -> str:
        """The split that an item says; empty where it says none."""
        if self.splits is not None:
            return split_told(self.splits[index])
        item = self.source[index] if self.say_splits else None
        return split_told(item.get(SPLIT)) if isinstance(item, Mapping) else ""

    @property
    def are_divided(self) -> bool:
        """Whether the items, or columns beside them, say which split each is of."""
        return self.say_splits or self.splits is not None

    def is_cache(self, owner: Any, name: str) -> bool:
        """Whether a dict that the source, or a part of it, has as an attribute changes while items are asked for.

        One that is full does not; so it is emptied first, for as long as two items are asked for.
        """
        ends, attributes = (0, len(self) - 1), vars(owner)

        def ask() -> None:
            for index in ends:
                with suppress(Exception):  # whatever a user's dataset may raise, above all where its items are gone
                    self.source[index]

        whole = attributes[name]
        if type(whole) in _DICTS:  # what others do where they are emptied is not known
            attributes[name] = whole.copy()
            attributes[name].clear()
            try:
                ask()
                if attributes[name]:
                    return True
            finally:
                attributes[name] = whole
        before = digest_of(held(whole))
        ask()
        return attributes[name] is not whole or digest_of(held(whole)) != before

    def _divided(self, item: Any) -> tuple[Any, Any]:
        """A sample and its label."""
        if isinstance(item, Mapping):
            return item, item.get(self.keys.label)
        if not isinstance(item, tuple | list):
            return item, None
        if self.are_given and item:
            return item if _has_rate(item) else item[0], None
        if len(item) != 2:
            raise MediaError(
                "bad_item",
                f"An item should be (sample, label) or a mapping, but is a {type(item).__name__} of {len(item)}. Wrap "
                "the dataset in one that gives that.",
            )
        return item[0], item[1]

    def _parts(self, sample: Any) -> dict[Track, Part]:
        keys: dict[Track, str] = {"audio": self.keys.audio, "image": self.keys.image}
        if not isinstance(sample, Mapping) or (_CODED & sample.keys() and not {*keys.values(), _VIDEO} & sample.keys()):
            part = part_of(sample, self.rate_hz)
            return dict.fromkeys(tracks_of(part), part)
        rate = next((sample[key] for key in _RATES if key in sample), self.rate_hz)
        given = {track: sample.get(key) for track, key in keys.items()}
        found = {track: part_of(value, rate, track) for track, value in given.items() if value is not None}
        if (value := sample.get(_VIDEO)) is not None and found.keys() < keys.keys():
            video = part_of(value, rate, _VIDEO)
            shows: Sequence[Track] = ("image",) if isinstance(video, np.ndarray) else [*keys]  # arrays have no sound
            found = dict.fromkeys(shows, video) | found
        if not found:
            raise MediaError(
                "bad_item",
                f"The item has no {self.keys.audio!r} and no {self.keys.image!r}, but {', '.join(map(repr, sample))}. "
                "Say by the options 'audio' and 'image' what they are called.",
            )
        return found

    def _agree(self, labels: Sequence[Any] | None) -> bool:
        """Whether labels are those that the first and the last item have."""
        if labels is None:
            return False
        try:
            own = [self.label(i) for i in (0, len(self) - 1)]
            return None not in own and own == [label_of(labels[i]) for i in (0, len(self) - 1)]
        except Exception:  # whatever a user's dataset may raise
            return False


def is_huggingface(source: Any) -> bool:
    """Whether this is a ``datasets.Dataset``, which nothing is unless the package is loaded."""
    package = sys.modules.get("datasets")
    return package is not None and isinstance(source, package.Dataset)


def tracks_of(part: Part) -> tuple[Track, ...]:
    """The tracks that a part has.

    Raises:
        MediaError: It is to be decoded, and there is nothing that can be read.
    """
    if isinstance(part, Waveform | np.ndarray):
        return ("audio",) if isinstance(part, Waveform) else ("image",)
    return probe(part).tracks


def size_of(part: Part) -> tuple[int, int]:
    """Height and width of a picture in pixels; zeros of a video, whose frames are seldom wanted as large as they are.

    Raises:
        MediaError: It is to be decoded, and cannot be read.
    """
    if isinstance(part, np.ndarray):
        sides = part.shape[-3:]
        height, width = sides[1:] if len(sides) == 3 and sides[-1] not in (1, 3, 4) else sides[:2]
        return height, width
    if isinstance(part, Waveform):
        return 0, 0
    info = probe(part)
    return (0, 0) if info.duration_s is not None else (info.height or 0, info.width or 0)


def part_of(value: Any, rate_hz: float | None, kind: Kind | None = None) -> Part:
    """What a value is, of a `kind` if that is known: a picture, a waveform of `rate_hz`, a file, or the bytes of one.

    A video in memory comes as (time, height, width, channel).

    Raises:
        MediaError: It is none of these.
    """
    if isinstance(value, str | Path):
        return Path(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return Encoded(bytes(value))
    if isinstance(value, Mapping):
        return _part_of_mapping(value, kind)
    if isinstance(value, tuple | list) and len(value) == 2 and np.ndim(value[1]) == 0 and np.ndim(value[0]) > 0:
        return Waveform(_array(value[0]), float(value[1]))
    if _is_pillow(value):
        return _rgb(value)
    array = _array(value)
    if kind == _VIDEO or (array.ndim == 4 and kind != "audio"):
        return video_of(array)
    if array.ndim == 3 and isinstance(value, torch.Tensor) and array.shape[0] in (1, 3, 4):
        array = array.transpose(1, 2, 0)
    if kind == "image" or (kind is None and not _could_be_sound(array)):
        return array
    if rate_hz is None:
        raise MediaError(
            "no_rate", "A waveform needs its rate: (waveform, rate) in place of it, or for all the option rate_hz."
        )
    return Waveform(array, float(rate_hz))


def _part_of_mapping(value: Mapping[str, Any], kind: Kind | None) -> Part:
    """What Hugging Face makes of a sound or a picture."""
    if "array" in value:
        return part_of(value["array"], next((value[key] for key in _RATES if key in value), None), kind)
    if value.get("bytes") is not None:
        return Encoded(bytes(value["bytes"]), str(value.get("path") or "the bytes"))
    if value.get("path"):
        return Path(value["path"])
    raise MediaError("bad_item", f"Neither a picture nor a sound is in a mapping of {', '.join(map(repr, value))}.")


def _has_rate(item: Sequence[Any]) -> bool:
    """Whether two things are a waveform and its rate, and not a sample and a label."""
    return len(item) == 2 and isinstance(item[1], int | float) and item[1] >= _LEAST_RATE_HZ and np.ndim(item[0]) < 3


def _could_be_sound(array: npt.NDArray[Any]) -> bool:
    """Whether an array is no picture: it has one axis, or is far too long for one."""
    if array.ndim != 2 or not array.size:
        return array.ndim == 1
    return array.dtype != np.uint8 and max(array.shape) > _LONGEST_PICTURE * min(array.shape)


def _is_pillow(value: Any) -> bool:
    """Whether this is a ``PIL.Image``, which nothing is unless the package is loaded."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(value, pillow.Image)


def _rgb(picture: Any) -> npt.NDArray[np.uint8]:
    if picture.mode not in _PIL_MODES:
        raise MediaError("bad_dtype", f"Pictures of 8 bits are read, but this one is of the mode {picture.mode!r}.")
    return np.asarray(picture.convert("RGB"))


def _array(value: Any) -> npt.NDArray[Any]:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return np.asarray(value.float() if value.dtype == torch.bfloat16 else value)
    if isinstance(value, list | tuple) and value and _is_pillow(value[0]):
        value = [_rgb(picture) if _is_pillow(picture) else picture for picture in value]
    try:
        array = np.asarray(value)
    except ValueError as error:  # lists of different lengths
        raise MediaError("bad_item", f"This is no array: {error}.") from error
    if array.dtype.hasobject or not array.ndim:
        raise MediaError("bad_item", f"Of the type {type(value).__name__} is no picture, no sound and no file.")
    return array


def by_place(column: Any) -> Any:
    """A column whose entries are asked for by their place; pandas asks by what its rows are called."""
    return column.to_numpy() if hasattr(column, "iloc") else column


def _rows(columns_: Mapping[str, Any], keys: Keys) -> tuple[Rows, Sequence[Any] | None]:
    """Arrays with one row a clip as items, and their labels."""
    columns_ = {name: by_place(column) for name, column in columns_.items()}
    lengths = {name: len(column) for name, column in columns_.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {n}" for name, n in lengths.items())
        raise InputError(f"Arrays have one row a clip, all equally many, but {told}.")
    return Rows(columns_), columns_.get(keys.label)


def _huggingface(
    source: Any, audio: str | None, image: str | None, label: str | None, has_labels: bool
) -> tuple[Any, Keys, Sequence[Any] | None, tuple[str, ...], Sequence[str] | None]:
    """A Hugging Face dataset with its recordings not decoded, where they are, its labels, class names, and splits."""
    features = source.features.to_dict()
    if has_labels and label is None:
        features |= {"label": {"_type": "Value", "dtype": "int64"}}
    found = columns(features, audio=audio, image=image, label=label, told="The Hugging Face dataset")
    wanted = list(dict.fromkeys([*found.media.values(), *([] if has_labels else [found.label])]))
    plain = source.with_format(None)
    splits = [split_told(value, found.splits) for value in plain[found.split]] if found.split else None
    source = plain.select_columns(wanted)
    for name in dict.fromkeys(found.media.values()):
        kind = type(source.features[name])
        if hasattr(source.features[name], "decode"):
            source = source.cast_column(name, kind(decode=False))
    keys = Keys(found.media.get("audio", "audio"), found.media.get("image", "image"), found.label)
    return source, keys, None if has_labels else list(source[found.label]), found.classes, splits


def _can_be_asked(source: Any) -> bool:
    iterates = isinstance(source, torch.utils.data.IterableDataset)
    return hasattr(type(source), "__getitem__") and hasattr(type(source), "__len__") and not iterates


def _told_labels(source: Any) -> Sequence[Any] | None:
    """Labels that a torch dataset tells beside its items, if it does."""
    found: Any = None
    if isinstance(source, torch.utils.data.Subset):
        inner = _told_labels(source.dataset)
        return None if inner is None else [inner[i] for i in source.indices]
    if isinstance(source, torch.utils.data.ConcatDataset):
        parts = [_told_labels(part) for part in source.datasets]
        return None if None in parts else [label for part in parts for label in part or ()]
    if isinstance(source, torch.utils.data.TensorDataset) and len(source.tensors) == 2:
        found = source.tensors[1]
    for name in ("targets", "labels"):
        found = getattr(source, name, None) if found is None else found
    is_whole = isinstance(found, Sequence | np.ndarray | torch.Tensor) and not isinstance(found, str)
    return found if is_whole and len(found) == len(source) else None


def held(
    thing: Any,
    is_cache: Callable[[Any, str], bool] = lambda owner, name: False,
    depth: int = 0,
    seen: frozenset[int] = frozenset(),
) -> Iterator[npt.NDArray[Any] | bytes]:
    """Everything that a source holds in memory: arrays as they are, encoded bytes, pixels, names in lists and dicts.

    What `is_cache` says to be one is left out, of dicts that are attributes.
    """
    if isinstance(thing, np.ndarray):
        if thing.dtype.hasobject:
            yield from held(list(thing.flat), is_cache, depth, seen)
        else:
            yield thing
    elif isinstance(thing, torch.Tensor):
        yield np.asarray(thing.detach().cpu().reshape(-1).view(torch.uint8)) if thing.numel() else np.zeros(0)
    elif isinstance(thing, bytes):
        yield thing
    elif isinstance(thing, str):
        if depth:
            yield thing.encode("utf-8", "surrogatepass")
    elif isinstance(thing, Path):
        stat = thing.stat() if thing.exists() else None
        yield f"{thing} {stat and (stat.st_size, stat.st_mtime_ns)}".encode("utf-8", "surrogatepass")
    elif isinstance(thing, list | tuple) and thing and all(isinstance(part, int | float) for part in thing):
        yield repr(thing).encode()
    elif isinstance(thing, Mapping):
        for column in zip(*sorted(thing.items(), key=lambda item: str(item[0])), strict=True):  # keys, then values
            yield from held(column, is_cache, depth, seen)
    elif isinstance(thing, list | tuple):
        for part in thing:
            yield from held(part, is_cache, depth + 1, seen)
    elif _is_pillow(thing):
        yield thing.tobytes()
    elif is_huggingface(thing):
        yield from _held_by_table(thing)
    elif _has_items_and_attributes(thing) and id(thing) not in seen:
        for name, part in list(vars(thing).items()):
            # Mappings of other kinds are open files, as often as not.
            if not isinstance(part, Mapping) or (isinstance(part, dict) and not (part and is_cache(thing, name))):
                yield from held(part, is_cache, depth, seen | {id(thing)})


def _has_items_and_attributes(thing: Any) -> bool:
    return hasattr(type(thing), "__getitem__") and isinstance(getattr(thing, "__dict__", None), dict)


def _held_by_table(source: Any) -> Iterator[npt.NDArray[Any] | bytes]:
    """The buffers of a Hugging Face dataset in memory; of one on disk the names and sizes of its files; which rows."""
    if (chosen := getattr(source, "_indices", None)) is not None:
        yield np.asarray(chosen.column(0))
    if files := [Path(file["filename"]) for file in source.cache_files]:
        yield from (f"{file.name} {file.stat().st_size}".encode() for file in files if file.exists())
        return
    for column in source.data.columns:
        for chunk in column.chunks:
            yield f"{chunk.offset} {len(chunk)}".encode()
            yield from (np.frombuffer(buffer, np.uint8) for buffer in chunk.buffers() if buffer is not None)


def digest_of(parts: Iterator[npt.NDArray[Any] | bytes]) -> str:
    """SHA-256 of arrays and bytes in their order."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, bytes):
            total.update(f"{len(part)} bytes".encode() + part)
        else:
            total.update(f"{part.dtype} {part.shape}".encode())
            total.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
    return total.hexdigest()
