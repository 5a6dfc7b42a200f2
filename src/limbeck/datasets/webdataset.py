"""WebDataset shards: tar archives in which files of one name but for its ending are one sample.

``0017.jpg``, ``0017.wav`` and ``0017.cls`` are a picture, a sound and a label; what a member is, its ending tells.
Members are read from where they lie in the archive: nothing is unpacked, and no sample need be read before another.

Source:   the format of https://github.com/webdataset/webdataset.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, final

from limbeck._text import portable
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._labelled import divided, found_tracks
from limbeck.datasets._labels import Label, class_names, in_order, label_of, named, why_unnamed
from limbeck.datasets._many import expanded, split_of, titles, without_one_split
from limbeck.datasets._window import Window, check_window, read_part
from limbeck.errors import InputError, MediaError
from limbeck.media import TRACKS, ClipRecipe, RawClip, Track, tar

# fmt: off
_PICTURES = frozenset(["jpg", "jpeg", "png", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm", "pnm", "jp2"])
_SOUNDS = frozenset(["wav", "flac", "mp3", "ogg", "oga", "opus", "m4a", "aac", "aif", "aiff", "au", "wma", "w64"])
_VIDEOS = frozenset(["mp4", "mkv", "webm", "avi", "mov", "mpg", "mpeg", "m4v", "ts", "flv", "wmv", "ogv", "3gp"])
# fmt: on
_KINDS: dict[Track, frozenset[str]] = {"audio": _SOUNDS, "image": _PICTURES}
_ARRAYS = frozenset(["npy", "npz", "pth", "pt", "pyd", "pkl", "pickle"])
_FIELDS = ("label", "class", "cls", "target")
_MOST_TEXT_BYTES = 2**16

_Sample = Mapping[str, str]
"""Names of the members of one sample, by what stands behind the first dot, in small letters."""


@final
class WebDataset(Dataset):
    """Samples in tar archives (shards), as WebDataset has them.

    The split is told by the name of a shard or of its folder (``train-000.tar``, ``val/000.tar``). Where no name tells
    of two, a part of every class is held out. A sample is rejected that has no label, is cut off, or has a file twice,
    also by names that differ in case alone.

    Args:
        root: A folder of shards, one shard, or a pattern: ``shards/train-{000..009}.tar``, ``shards/*.tar``.
        label: Where the label is: ``cls``, ``txt``, ``json`` (its field ``label`` or ``class``) or ``json.FIELD``; by
            default the first of these that a sample has.
        classes: Class names, in whose order labels that are numbers count: ``cat,dog``.
        audio: Ending of the sounds, where samples have several (``left.wav``).
        image: Ending of the pictures, likewise.
        test: Names of the splits that become ``"test"``, all others becoming ``"train"``.
        test_fraction: Part of every class to test on where no name tells a split, in (0, 1).
        seed: Draws which samples are held out.
        window: Which part of a recording longer than a clip is taken: ``"loudest"``, ``"middle"`` or ``"start"``.
    """

    title: ClassVar[str] = "Your own samples in WebDataset shards"
    licence: ClassVar[str] = "your own files: their owners' terms hold"
    citation: ClassVar[str] = ""

    def __init__(
        self,
        root: str | Path,
        *,
        label: str | None = None,
        classes: str | Sequence[str] | None = None,
        audio: str | None = None,
        image: str | None = None,
        test: str | int | Sequence[str | int] | None = None,
        test_fraction: float = 0.2,
        seed: int = 0,
        window: Window = "loudest",
    ) -> None:
        self.root, self.label, self.window = root, label, window
        self.endings: dict[Track, str | None] = {"audio": audio, "image": image}
        self.test, self.test_fraction, self.seed = test, test_fraction, seed
        self._names = class_names(classes)

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names that were given, or else the labels, in order."""
        return self._names or in_order(ref.label for ref in self.clips() if ref.refused is None)

    def clips(self) -> Sequence[ClipRef]:
        """One clip a sample, in the order of the shards and of what is in them; ``0.tar/0017`` is one's id."""
        check_window(self.window)
        return self._refs

    def usual_modalities(self) -> tuple[str, ...]:
        """What the first samples have."""
        return found_tracks(self.clips(), str(self.root))

    def content(self) -> str:
        """What of a sample is read."""
        return f"{self.window} {self.endings}"

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        """Decode the sound and the picture of one sample, or the part of its video that `window` says."""
        return read_part(clip.audio, clip.image, self.window, recipe)

    def __getstate__(self) -> dict[str, Any]:
        """Without the list of clips, which who reads them is told."""
        return {name: value for name, value in vars(self).items() if name != "_refs"}

    @cached_property
    def _refs(self) -> list[ClipRef]:
        shards = expanded(self.root, (".tar",), "shards (*.tar)")
        refs = [ref for shard, title in titles(shards) for ref in self._of_shard(shard, title)]
        return divided(
            without_one_split(refs),
            source=str(self.root),
            test=self.test,
            test_fraction=self.test_fraction,
            seed=self.seed,
        )

    def _of_shard(self, shard: Path, title: str) -> Iterator[ClipRef]:
        """The clips of a shard; what is wrong with the shard itself is one that is refused."""
        split = split_of(title)
        try:
            found = tar.index(shard)
        except MediaError as error:
            found = tar.Index(flaw=str(error))
        samples: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for name in found.members:
            folder, slash, file = name.rpartition("/")
            stem, dot, ending = file.partition(".")
            if dot:
                samples[f"{folder}{slash}{stem}"].append((ending.lower(), name))
        for key, members in samples.items():
            media, label, refused, sample = {}, None, None, dict(members)
            try:
                self._check_whole(shard, found, members)
                media = self._media(sample)
                label = self._label_of(shard, sample)
            except MediaError as error:
                refused = error.reason, error.detail
            label_name = named(label, self._names)
            if label_name is None and refused is None:
                refused = why_unnamed(label, self._names)
            yield ClipRef(
                id=f"{title}/{portable(key)}",
                label=label_name or "",
                split=split,
                audio=shard / media["audio"] if "audio" in media else None,
                image=shard / media["image"] if "image" in media else None,
                refused=refused,
            )
        if found.flaw:
            reason = "truncated_archive" if found.members else "not_an_archive"
            yield ClipRef(id=title, label="", split=split, audio=shard, image=shard, refused=(reason, found.flaw))

    def _check_whole(self, shard: Path, found: tar.Index, members: Sequence[tuple[str, str]]) -> None:
        sample = dict(members)
        for ending, name in members:
            if name in found.doubled:
                raise MediaError("doubled_name", f"{shard} has several members called {name}.")
            if (other := sample[ending]) != name:
                raise MediaError("doubled_name", f"{shard} has {name} and {other}: which is meant cannot be known.")
            if found.flaw and sum(found.members[name]) > shard.stat().st_size:
                raise MediaError("truncated_archive", f"{shard} ends within {name}.")

    def _media(self, sample: _Sample) -> dict[Track, str]:
        """The members that a sound and a picture are taken from; a video is both, unless there is a better one."""
        media: dict[Track, str] = {}
        for track in TRACKS:
            able = [e for e in sample if e.rpartition(".")[2] in _KINDS[track]]
            able = able or [e for e in sample if e.rpartition(".")[2] in _VIDEOS]
            if (said := self.endings[track]) is not None:
                able = [e for e in sample if e == said.lower().lstrip(".")]
                if not able:
                    raise MediaError("no_member", f"The sample has no .{said}, but .{', .'.join(sample)}.")
            if len(able) > 1:
                able = [e for e in able if "." not in e] if sum("." not in e for e in able) == 1 else able
            if len(able) > 1:
                raise MediaError(
                    "several_members",
                    f"The sample has .{' and .'.join(able)}; say with the option {track!r} which to take: "
                    f"{track}={able[0]}.",
                )
            if able:
                media[track] = sample[able[0]]
        if not media:
            told = f"The sample has no sound, picture or video, but .{', .'.join(sample)}."
            if any(e.rpartition(".")[2] in _ARRAYS for e in sample):
                told += " Arrays are not read from shards: store pictures as .png, sounds as .wav or .flac."
            raise MediaError("no_member", told)
        return media

    def _label_of(self, shard: Path, sample: _Sample) -> Label:
        kind, _, field = (self.label or next((e for e in _READERS if e in sample), "cls")).partition(".")
        if kind not in _READERS:
            raise InputError(f"The option 'label' should be cls, txt, json or json.FIELD, but is {self.label!r}.")
        if kind not in sample:
            raise MediaError("no_label", f"The sample has no label, .{kind}, but .{', .'.join(sample)}.")
        if tar.index(shard).members[sample[kind]].size > _MOST_TEXT_BYTES:
            raise MediaError("no_label", f"{sample[kind]} is too long for a label.")
        try:
            text = tar.content(shard, sample[kind]).decode("utf-8-sig")
            return _READERS[kind](text, field)
        except (ValueError, RecursionError) as error:
            raise MediaError("no_label", f"{sample[kind]} cannot be read as a label: {error}.") from error


def _of_cls(text: str, field: str) -> Label:
    word = text.strip()
    return int(word) if word.isascii() and word.removeprefix("-").isdecimal() else label_of(word)


def _of_json(text: str, field: str) -> Label:
    value = json.loads(text)
    if isinstance(value, dict):
        value = next((value[name] for name in ([field] if field else _FIELDS) if name in value), None)
    return label_of(value)


def _of_txt(text: str, field: str) -> Label:
    return label_of(text)


_READERS = {"cls": _of_cls, "json": _of_json, "txt": _of_txt}
