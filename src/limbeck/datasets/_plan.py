"""What preparing a dataset comes to: which clips, cut into which shards and pieces of work; known again by its key."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

from limbeck import _code, _files
from limbeck._config import differences
from limbeck._locations import Location
from limbeck.datasets import _sources
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._decoding import Refused, Unit
from limbeck.datasets._listing import TRAIN, parse_names
from limbeck.datasets._prepared import FORMAT
from limbeck.datasets._sources import UNSTEADY, Digests, Sources, Stamp, files_of
from limbeck.errors import FingerprintError, InputError
from limbeck.media import TRACKS, ClipRecipe, holder
from limbeck.modalities import Modality, bound, completed

_SHARD_CLIPS = 256
_SHARD_BYTES = 64 * 2**20
_UNIT_CLIPS = 8
FILE_CLIPS = 32
"""Clips of one file that are decoded together, at most."""
_TOLD_NAMES = 3


@dataclass(frozen=True)
class Plan:
    """What will be decoded, how, and into which shards.

    `stamps` are what the clips' files looked like before any was decoded (None for one that is not there), `key` a
    digest of the clips, the files' sizes, the modalities and the recipe, equal on every machine.
    """

    dataset: Dataset
    clips: tuple[ClipRef, ...]
    classes: tuple[str, ...]
    recipe: ClipRecipe
    modalities: Mapping[str, Modality]
    stamps: Mapping[Path, Stamp | None]
    key: str

    @classmethod
    def of(cls, dataset: Dataset, recipe: ClipRecipe, modalities: str | Sequence[str] | None) -> "Plan":
        names = dataset.usual_modalities() if modalities is None else parse_names(modalities)
        recipe = completed(names, recipe)
        made = bound(names, recipe)
        clips = tuple(c.only(recipe.tracks) for c in dataset.clips_for(recipe))
        classes = tuple(dataset.classes)
        _check(dataset, clips, classes)
        stamps = {path: Stamp.of(path) for path in dict.fromkeys(p for c in clips for p in files_of(c))}
        sizes = {path: stamp and stamp.size for path, stamp in stamps.items()} | {None: None}
        files = [(c.audio and holder(c.audio), c.image and holder(c.image)) for c in clips]
        listed = [
            [c.id, c.label, c.split, c.start_s, c.length_s, sizes[audio], sizes[image]]
            for c, (audio, image) in zip(clips, files, strict=True)
        ]
        key = _files.digest(FORMAT, dataset.name, classes, [*made], recipe.to_json(), listed, dataset.content())
        return cls(dataset, clips, classes, recipe, made, stamps, key)

    @property
    def shards(self) -> int:
        return -(-len(self.clips) // self.shard_clips)

    @property
    def shard_clips(self) -> int:
        clip_bytes = sum(modality.stored_bytes for modality in self.modalities.values())
        return min(max(_SHARD_BYTES // clip_bytes, 1), _SHARD_CLIPS)

    def shard(self, index: int) -> "ShardPlan":
        positions = range(len(self.clips))[index * self.shard_clips : (index + 1) * self.shard_clips]
        clips = {position: self.clips[position].absolute() for position in positions}
        stamps = {path.absolute(): self.stamps[path] for p in positions for path in files_of(self.clips[p])}
        return ShardPlan(index, clips, {p: self.refused[p] for p in positions if p in self.refused}, stamps)

    @cached_property
    def sources(self) -> Sources:
        return Sources(self.clips)

    @cached_property
    def refused(self) -> dict[int, Refused]:
        """Clips that are refused unseen, by position."""
        return {
            position: Refused("bad_name", f"The name {self.sources.of(path)} is not UTF-8 text; rename the file.")
            for position, clip in enumerate(self.clips)
            for path in (clip.audio, clip.image)
            if path is not None and not self.sources.is_text(path)
        } | {position: Refused(*clip.refused) for position, clip in enumerate(self.clips) if clip.refused}

    def row(self, clip: ClipRef) -> dict[str, Any]:
        """What is written down about a clip in either table; each keeps the columns it has."""
        names = {track: self.sources.of(getattr(clip, track)) for track in TRACKS}
        files = dict.fromkeys(name for name in names.values() if name is not None)
        return vars(clip) | names | {"source": " + ".join(files) or None}

    def recordings(self, out: Location) -> dict[str, Any]:
        """What is written down to find the recordings again from the prepared folder; from an address nothing leads."""
        return {_sources.NOTE: None if out.is_remote else _sources.note(self.dataset, self.sources.root, out.folder)}

    def identity(self) -> dict[str, Any]:
        """What tells one plan from another, for people and for `check`."""
        return {
            "plan": self.key,
            "name": self.dataset.name,
            "modalities": [*self.modalities],
            "recipe": self.recipe.to_json(),
            "code": _code.of(self.dataset, self.modalities),
        }

    def check(self, found: dict[str, Any], out: Location) -> None:
        """Refuse a folder that was begun with another plan, or by other code."""
        mine = self.identity()
        other = _code.differences(found.get("code", {}), mine["code"])
        if found.get("plan") == self.key and not other:
            return
        if found.get("plan") == self.key:
            what = f"clips read by other code than is installed now ({'; '.join(other)})"
        elif found.get("name") != mine["name"]:
            what = f"the dataset {found.get('name')!r}, not {mine['name']!r}"
        elif found.get("modalities") != mine["modalities"]:
            what = f"clips prepared as {' and '.join(found.get('modalities', ['an older version did']))}"
        elif found.get("recipe") != mine["recipe"]:
            what = (
                f"clips made with other settings ({', '.join(differences(found.get('recipe') or {}, mine['recipe']))})"
            )
        else:
            what = "other clips of this dataset: its list of clips or its files have changed since"
        raise FingerprintError(f"{out} holds {what}. Choose another output folder, or delete this one to prepare anew.")

    def check_files(self, entries: Sequence[Mapping[str, Any]], out: Location) -> None:
        """Refuse clips whose recordings hold other bytes than when they were decoded."""
        ref, memory = {c.id: files_of(c) for c in self.clips}, Digests.kept_in(out.folder)
        changed = {
            str(self.sources.of(path)): None
            for entry in entries
            for path, then, now in zip(ref[entry["id"]], entry["files"], memory.of(ref[entry["id"]]), strict=True)
            if then != now
        }
        if changed:
            some = ", ".join([*[*changed][:_TOLD_NAMES], *(["..."] if len(changed) > _TOLD_NAMES else [])])
            raise FingerprintError(
                f"{out} was prepared from other recordings: {len(changed)} changed since ({some}). "
                "Delete this folder to prepare anew, or choose another."
            )


@dataclass(frozen=True)
class ShardPlan:
    """A shard of a plan, complete in itself: its files are found from any folder.

    Attributes:
        index: Which one it is.
        clips: Its clips by their position in the dataset.
        refused: Those that are refused unseen, by position.
        stamps: What its files looked like when the plan was made.
    """

    index: int
    clips: Mapping[int, ClipRef]
    refused: Mapping[int, Refused]
    stamps: Mapping[Path, Stamp | None]

    def units(self) -> list[Unit]:
        """The shard cut into pieces of work: neighbours in one file stay together, for they are decoded together."""
        wanted = [position for position in self.clips if position not in self.refused]
        files = groupby(wanted, key=lambda i: (self.clips[i].audio, self.clips[i].image))
        pieces: list[list[int]] = []
        for (audio, image), group in files:
            positions = list(group)
            step = 1 if audio is None and image is None else FILE_CLIPS
            for i in range(0, len(positions), step):
                piece = positions[i : i + step]
                if pieces and len(pieces[-1]) + len(piece) <= _UNIT_CLIPS:
                    pieces[-1] += piece
                else:
                    pieces.append(piece)
        return [Unit(tuple(piece), tuple(self.clips[p] for p in piece)) for piece in pieces]

    def digests(self, clip: ClipRef, memory: Digests) -> list[str | None]:
        """Digests of a clip's files, as they were when the plan was made."""
        files = files_of(clip)
        found = zip(files, memory.of(files), strict=True)
        return [digest if self.stamps[path] == Stamp.of(path) else UNSTEADY for path, digest in found]


def _check(dataset: Dataset, clips: Sequence[ClipRef], classes: Sequence[str]) -> None:
    if not clips:
        raise InputError(f"The dataset {dataset.name!r} lists no clips; look at the folder or manifest it was given.")
    if doubled := [i for i, n in Counter(c.id for c in clips).items() if n > 1]:
        raise InputError(f"Every clip needs an id of its own, but {doubled[0]!r} and {len(doubled) - 1} others recur.")
    if strangers := sorted({c.label for c in clips if not c.refused} - set(classes)):
        raise InputError(f"Clips have labels {strangers}, which are not among the dataset's classes {list(classes)}.")
    splits = splits_of(clips)
    if TRAIN not in splits:
        raise InputError(
            f"The dataset {dataset.name!r} has no split 'train', only: {', '.join(splits)}. Say which clips are for "
            "training: in a folder of videos by train/CLASS/..., in a manifest by a column 'split'."
        )


def splits_of(clips: Sequence[ClipRef]) -> tuple[str, ...]:
    """Names of the splits, the training split first, then in order of appearance."""
    return tuple(sorted(dict.fromkeys(c.split for c in clips), key=lambda s: s != TRAIN))
