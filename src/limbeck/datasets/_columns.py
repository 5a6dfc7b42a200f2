"""Which columns of a table hold sounds, pictures and labels: by what Hugging Face says of them, or what they hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from limbeck.datasets._labels import label_of, named
from limbeck.datasets._listing import probed
from limbeck.errors import InputError
from limbeck.media import TRACKS, MediaInfo, Track
from limbeck.media.table import Table

LABEL, SPLIT = "label", "split"
_MEDIA: dict[str, tuple[Track, ...]] = {"Audio": ("audio",), "Image": ("image",), "Video": ("audio", "image")}
_LISTS = ("list", "sequence", "largelist")
_AS_ARRAYS = 'limbeck.prepare({{"audio": data["{}"], "label": data["label"]}}, rate_hz=16000, out=...)'
_LOOKED_AT = 8

Features = Mapping[str, Any]
"""What Hugging Face writes down of columns, by name: ``{"image": {"_type": "Image"}, ...}``."""


@dataclass(frozen=True)
class Columns:
    """Names of columns.

    Attributes:
        media: The column of each track; one of videos is that of both.
        label: The column of labels.
        classes: Class names in the order of their numbers, where the labels are such numbers; else empty.
        split: The column of splits, where there is one.
        splits: Their names in the order of their numbers, likewise.
    """

    media: dict[Track, str]
    label: str
    classes: tuple[str, ...]
    split: str | None
    splits: tuple[str, ...]


def columns(features: Features, *, audio: str | None, image: str | None, label: str | None, told: str) -> Columns:
    """The columns that an option names, or else the one of each kind there is; messages begin with what is `told`.

    A column `audio` or `image` may be one of videos. Labels are the only column of the type ClassLabel, or the one
    called ``label``.

    Raises:
        InputError: A name is not there, or there are several columns to choose from, or none.
    """
    there = ", ".join(f"{name} ({kind_of(about)})" for name, about in features.items())
    for option, name in (("audio", audio), ("image", image), ("label", label)):
        if name is not None and name not in features:
            raise InputError(f"{told}: the option {option!r} names the column {name!r}, but there are: {there}.")
    said: dict[Track, str | None] = {"audio": audio, "image": image}
    media: dict[Track, str] = {}
    for track in TRACKS:
        able = [name for name, about in features.items() if track in _MEDIA.get(kind_of(about), ())]
        exact = [name for name in able if len(_MEDIA[kind_of(features[name])]) == 1] or able
        if (chosen := said[track]) is None and len(exact) > 1:
            raise InputError(
                f"{told} has several columns to take {track} from: {', '.join(exact)}. Name one with the option "
                f"{track!r}: {track}={exact[0]}."
            )
        if chosen or exact:
            media[track] = chosen or exact[0]
    if not media:
        lists = [name for name, about in features.items() if kind_of(about).lower() in _LISTS]
        way = f" Numbers in lists are taken as arrays: {_AS_ARRAYS.format(lists[0])}." if lists else ""
        raise InputError(
            f"{told} has no column of sounds, pictures or videos; it has: {there}. Name the one with the bytes of "
            f"files by the option 'audio' or 'image'.{way}"
        )
    if label is None:
        numbered = [name for name, about in features.items() if kind_of(about) == "ClassLabel"]
        label = LABEL if LABEL in features else numbered[0] if len(numbered) == 1 else None
    if label is None:
        raise InputError(f"{told} has no column of labels that is known; it has: {there}. Name it: label=COLUMN.")
    split = SPLIT if SPLIT in features and SPLIT not in (label, *media.values()) else None
    return Columns(media, label, _names(features[label]), split, _names(features[split]) if split else ())


def split_told(value: Any, names: Sequence[str] = ()) -> str:
    """The split that a cell says, maybe as the number of one of its `names`; empty where it says none."""
    return named(label_of(value), names) or ""


def _names(about: Any) -> tuple[str, ...]:
    names = about.get("names") if kind_of(about) == "ClassLabel" else None
    return tuple(map(str, names or ()))


def kind_of(about: Any) -> str:
    """What a column holds, in a word."""
    if not isinstance(about, Mapping):
        return "list"
    return str(about.get("dtype") if about.get("_type") == "Value" else about.get("_type", "struct"))


def features_of(found: Table) -> Features:
    """What Hugging Face wrote down of a table's columns; else what the first cells of those that hold bytes are."""
    return found.features or {name: _guessed(found, name) for name in found.schema.names}


def _guessed(found: Table, name: str) -> Mapping[str, str]:
    import pyarrow as pa

    kind = found.schema.field(name).type
    is_struct = pa.types.is_struct(kind) and "bytes" in {kind.field(i).name for i in range(kind.num_fields)}
    if is_struct or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        infos = (probed(found.path / str(row) / name) for row in range(min(found.rows, _LOOKED_AT)))
        if info := next(filter(None, infos), None):
            return {"_type": _media_type(info)}
    return {"_type": "Value", "dtype": str(kind)}


def _media_type(info: MediaInfo) -> str:
    return "Audio" if not info.has_picture else "Video" if info.has_audio else "Image"
