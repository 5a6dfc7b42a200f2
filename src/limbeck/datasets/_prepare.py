"""Decode a dataset's clips once into a prepared dataset: in parallel, resumable, whatever the files are like.

Clips are cut into shards of a fixed number, in the dataset's order, so that a shard's bytes depend on its clips and on
nothing else: not on the number of workers, on timing, or on how often the work was interrupted.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from limbeck import _files, _machine
from limbeck.datasets import _originals
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._decoding import Decoded, DecodingPool, Refused, Unit
from limbeck.datasets._prepared import FORMAT, Prepared, Shard, shard_path, shard_record, write_shard
from limbeck.datasets._statistics import Moments, Statistics
from limbeck.errors import FingerprintError, InputError
from limbeck.media import ClipRecipe

TRAIN = "train"
_SHARD_CLIPS = 256
_SHARD_BYTES = 64 * 2**20
_UNIT_CLIPS = 8
_FILE_CLIPS = 32
_PARTS = ".*.part"
_OURS = {"dataset.json", "clips.parquet", "rejected.parquet", "shards", ".lock"}

Progress = Callable[[int, int], None]


def prepare(
    dataset: Dataset,
    out: str | Path,
    *,
    recipe: ClipRecipe,
    workers: int | None = None,
    on_progress: Progress | None = None,
    timeout_s: float = 60.0,
) -> Prepared:
    """Decode all clips of a dataset into a folder; goes on where an earlier call was interrupted.

    Clips that cannot be used are listed in ``rejected.parquet`` with a reason, among them ``"crashed"`` (the file
    killed the process that decoded it, twice), ``"timeout"`` (it kept one busy too long, twice) and ``"unreadable"``
    (another error than the reader foresees). ``dataset.json`` is written last.

    Args:
        dataset: Where the clips come from.
        out: Folder to write; made if absent.
        recipe: How a recording becomes a log-mel and a frame.
        workers: Processes, >= 1; by default one for each core this process may use. The result does not depend on it.
        on_progress: Called with (clips done, clips in all) after each bit of work.
        timeout_s: Seconds one file may keep a worker busy.

    Returns:
        The prepared dataset; at once if the folder already holds it.

    Raises:
        InputError: There are no clips, no training clips, none that can be used, or `out` holds other things.
        FingerprintError: `out` holds another dataset, other settings, or files that changed since.
        BusyError: Another process is preparing into `out`.
    """
    if workers is not None and workers < 1:
        raise InputError(f"workers must be at least 1, but is {workers}.")
    out = Path(out)
    plan = Plan.of(dataset, recipe)
    _refuse_foreign(out)
    with _files.exclusive(out):
        if (out / "dataset.json").exists():
            found = _files.read_record(out / "dataset.json")
            plan.check(found, out)
            where = {_originals.NOTE: plan.recordings(out)}
            if found | where != found:  # they have moved, or an older version did not note where they are
                _files.write_record(out / "dataset.json", found | where)
        else:
            _sweep(out)
            finish(plan, out, _decode_missing(plan, out, workers, on_progress, timeout_s))
    if on_progress:
        on_progress(len(plan.clips), len(plan.clips))
    return Prepared.open(out)


@dataclass(frozen=True)
class Plan:
    """What will be decoded, how, and into which shards.

    Attributes:
        dataset: Where the clips come from.
        clips: All of them, in the dataset's order.
        classes: Class names.
        recipe: How a recording becomes arrays.
        key: Digest of the clips, the files' sizes and the recipe; equal on every machine.
    """

    dataset: Dataset
    clips: tuple[ClipRef, ...]
    classes: tuple[str, ...]
    recipe: ClipRecipe
    key: str

    @classmethod
    def of(cls, dataset: Dataset, recipe: ClipRecipe) -> Plan:
        clips, classes = tuple(dataset.clips()), tuple(dataset.classes)
        _check(dataset, clips, classes)
        listed = [[c.id, c.label, c.split, c.start_s, c.length_s, _size(c.audio), _size(c.image)] for c in clips]
        key = _files.digest(FORMAT, dataset.name, classes, recipe.to_json(), listed)
        return cls(dataset, clips, classes, recipe, key)

    @property
    def shards(self) -> int:
        return -(-len(self.clips) // self.shard_clips)

    @property
    def shard_clips(self) -> int:
        mels, frames = self.recipe.mel.shape
        clip_bytes = 4 * mels * frames + 3 * self.recipe.image_size**2
        return min(max(_SHARD_BYTES // clip_bytes, 1), _SHARD_CLIPS)

    def shard(self, index: int) -> range:
        """Positions of a shard's clips."""
        return range(len(self.clips))[index * self.shard_clips : (index + 1) * self.shard_clips]

    def units(self, index: int) -> Iterator[Unit]:
        """A shard cut into pieces of work: neighbours in one file stay together, for they are decoded together."""
        files = groupby(self.shard(index), key=lambda i: (self.clips[i].audio, self.clips[i].image))
        gathered: list[int] = []
        for (audio, image), group in files:
            positions = list(group)
            if audio is None and image is None:
                pieces = [[p] for p in positions]
            else:
                pieces = [positions[i : i + _FILE_CLIPS] for i in range(0, len(positions), _FILE_CLIPS)]
            for piece in pieces:
                if gathered and len(gathered) + len(piece) > _UNIT_CLIPS:
                    yield Unit(tuple(gathered))
                    gathered = []
                gathered += piece
        if gathered:
            yield Unit(tuple(gathered))

    @cached_property
    def sources(self) -> _Sources:
        return _Sources(self.clips)

    def row(self, clip: ClipRef) -> dict[str, Any]:
        """What is written down about a clip in either table; each keeps the columns it has."""
        return {
            "id": clip.id,
            "audio": self.sources.of(clip.audio),
            "image": self.sources.of(clip.image),
            "source": self.sources.of_both(clip),
            "start_s": clip.start_s,
            "length_s": clip.length_s,
            "label": clip.label,
            "split": clip.split,
        }

    def recordings(self, out: Path) -> dict[str, Any] | None:
        """What is written down to find the recordings again from the prepared folder."""
        return _originals.note(self.dataset, self.sources.root, out)

    def identity(self) -> dict[str, Any]:
        """What tells one plan from another, for people and for `check`."""
        return {"plan": self.key, "name": self.dataset.name, "recipe": self.recipe.to_json()}

    def check(self, found: dict[str, Any], out: Path) -> None:
        """Refuse a folder that was begun with another plan."""
        if found.get("plan") == self.key:
            return
        mine = self.identity()
        if found.get("name") != mine["name"]:
            what = f"the dataset {found.get('name')!r}, not {mine['name']!r}"
        elif found.get("recipe") != mine["recipe"]:
            what = f"clips made with other settings ({_differences(found.get('recipe') or {}, mine['recipe'])})"
        else:
            what = "other clips of this dataset: its list of clips or its files have changed since"
        raise FingerprintError(f"{out} holds {what}. Choose another output folder, or delete this one to prepare anew.")


def _decode_missing(
    plan: Plan, out: Path, workers: int | None, on_progress: Progress | None, timeout_s: float
) -> list[Shard]:
    """Decode what is not there yet; all shards in order."""
    found = _found_shards(plan, out)
    missing = [i for i in range(plan.shards) if i not in found]
    done = sum(len(plan.shard(i)) for i in found)
    units = deque((i, unit) for i in missing for unit in plan.units(i))
    count = min(workers or _machine.cores(), len(units))
    open_limit = 4 + count * 2 * _FILE_CLIPS // plan.shard_clips
    gathered: dict[int, dict[int, Decoded | Refused]] = {}
    writes: dict[int, Future[Shard]] = {}
    if on_progress:
        on_progress(done, len(plan.clips))

    def is_room() -> bool:
        shard = units[0][0]
        unwritten = sum(not w.done() for w in writes.values())
        return shard in gathered or len(gathered) + unwritten < open_limit

    with (
        ThreadPoolExecutor(1) as writer,
        DecodingPool(plan.dataset, plan.clips, plan.recipe, workers=count, timeout_s=timeout_s) as pool,
    ):
        while units or gathered:
            while units and pool.has_room and is_room():
                index, unit = units.popleft()
                gathered.setdefault(index, {})
                pool.submit(unit)
            for position, outcome in pool.results():
                index = position // plan.shard_clips
                gathered[index][position] = outcome
                done += 1
                if len(gathered[index]) == len(plan.shard(index)):
                    writes[index] = writer.submit(_write_shard, plan, out, index, gathered.pop(index))
            if on_progress:
                on_progress(done, len(plan.clips))
            for write in writes.values():
                if write.done():
                    write.result()
            if units and not is_room() and not pool.busy:
                next(w for w in writes.values() if not w.done()).result()
        found |= {index: write.result() for index, write in writes.items()}
    return [found[i] for i in range(plan.shards)]


def _found_shards(plan: Plan, out: Path) -> dict[int, Shard]:
    for path in sorted((out / "shards").glob("*.safetensors")):
        plan.check(shard_record(path), out)
    paths = {index: shard_path(out, index) for index in range(plan.shards)}
    return {index: Shard.open(path, plan.recipe) for index, path in paths.items() if path.exists()}


def _write_shard(plan: Plan, out: Path, index: int, outcomes: dict[int, Decoded | Refused]) -> Shard:
    in_order = [(plan.clips[p], outcomes[p]) for p in sorted(outcomes)]
    kept = [(clip, o) for clip, o in in_order if isinstance(o, Decoded)]
    training = [o for clip, o in kept if clip.split == TRAIN]
    record = plan.identity() | {
        "clips": [{"id": clip.id, "repairs": list(o.repairs), "sha256": o.sha256} for clip, o in kept],
        "rejected": [
            {"id": clip.id, "reason": o.reason, "detail": plan.sources.shortened(o.detail)}
            for clip, o in in_order
            if isinstance(o, Refused)
        ],
        "moments": _moments([o.audio_moments for o in training], [o.frame_moments for o in training]),
    }
    return write_shard(
        shard_path(out, index), plan.recipe, record, [o.audio for _, o in kept], [o.frame for _, o in kept]
    )


def finish(plan: Plan, out: Path, shards: list[Shard]) -> None:
    """Write the tables and, last, ``dataset.json``."""
    ref = {c.id: c for c in plan.clips}
    kept = [(i, row, e) for i, shard in enumerate(shards) for row, e in enumerate(shard.record["clips"])]
    clips = [plan.row(ref[e["id"]]) | {"shard": i, "row": row} | e for i, row, e in kept]
    rejected = [plan.row(ref[e["id"]]) | e for shard in shards for e in shard.record["rejected"]]
    _write_table(out / "clips.parquet", clips, _clip_schema())
    _write_table(out / "rejected.parquet", rejected, _rejected_schema())
    _files.write_record(out / "dataset.json", _description(plan, shards, clips, rejected, out))


def _description(
    plan: Plan, shards: list[Shard], clips: list[dict[str, Any]], rejected: list[dict[str, Any]], out: Path
) -> dict[str, Any]:
    splits = _splits(plan.clips)
    counts = Counter((c["split"], c["label"]) for c in clips)
    if not any(counts[TRAIN, label] for label in plan.classes):
        reasons = ", ".join(f"{n} {r}" for r, n in Counter(r["reason"] for r in rejected).most_common())
        raise InputError(
            f"No training clip could be used: {len(rejected)} of {len(plan.clips)} clips were rejected ({reasons}), "
            f"the first because: {rejected[0]['detail']} All are listed in {out / 'rejected.parquet'}. "
            "Mend the files, delete that folder, and prepare again."
        )
    parts = [s.record["moments"] for s in shards if s.record["moments"]]
    statistics = Statistics.of_moments(
        *(Moments.pooled([Moments.from_json(p[which]) for p in parts]) for which in ("audio", "frames"))
    )
    content = [[c["id"], c["label"], c["split"], c["sha256"]] for c in clips]
    return plan.identity() | {
        "format": FORMAT,
        "limbeck": version("limbeck"),
        "title": plan.dataset.title,
        "licence": plan.dataset.licence,
        "citation": plan.dataset.citation,
        "homepage": plan.dataset.homepage,
        "classes": list(plan.classes),
        "splits": list(splits),
        "counts": {split: {label: counts[split, label] for label in plan.classes} for split in splits},
        "rejected": dict(Counter(r["reason"] for r in rejected)),
        "warnings": _warnings(plan, counts, len(rejected)),
        "units": {
            "audio": {"dtype": "float32", "axes": ["clip", "1", "mel", "frame"], "unit": "dB re 1.0"},
            "frames": {"dtype": "uint8", "axes": ["clip", "RGB", "height", "width"], "unit": "pixel value, 0-255"},
        },
        "statistics": statistics.to_json(),
        "shards": len(shards),
        _originals.NOTE: plan.recordings(out),
        "fingerprint": _files.digest(FORMAT, plan.dataset.name, plan.classes, plan.recipe.to_json(), content),
    }


def _warnings(plan: Plan, counts: Counter[tuple[str, str]], rejected: int) -> list[str]:
    wanted = Counter((c.split, c.label) for c in plan.clips)
    empty = [
        f"Class {label!r} has no usable clip in {split!r}"
        + (f": all {wanted[split, label]} were rejected." if wanted[split, label] else ": the dataset lists none.")
        for split in _splits(plan.clips)
        for label in plan.classes
        if not counts[split, label]
    ]
    if rejected * 2 > len(plan.clips):
        share = f"{rejected} of {len(plan.clips)}"
        empty.append(f"More than half of the clips were rejected ({share}); see rejected.parquet.")
    return empty


class _Sources:
    """File names as they are written down: relative to the folder all files share, so equal on every machine."""

    def __init__(self, clips: Sequence[ClipRef]) -> None:
        folders = {p.parent for c in clips for p in (c.audio, c.image) if p is not None}
        if len({f.is_absolute() for f in folders}) > 1:
            folders = {f.absolute() for f in folders}
        self.root = Path(os.path.commonpath(folders)) if folders else Path()

    def of(self, path: Path | None) -> str | None:
        """The short name of a file."""
        return None if path is None else os.path.relpath(path, self.root).replace(os.sep, "/")

    def of_both(self, clip: ClipRef) -> str | None:
        """The short names of a clip's files."""
        names = dict.fromkeys(n for n in (self.of(clip.audio), self.of(clip.image)) if n is not None)
        return " + ".join(names) or None

    def shortened(self, text: str) -> str:
        """A sentence without the folder's own path."""
        prefixes = {f"{self.root}{os.sep}", f"{self.root.absolute()}{os.sep}"} if self.root.parts else set()
        for prefix in sorted(prefixes, key=len, reverse=True):
            text = text.replace(prefix, "")
        return text


def _check(dataset: Dataset, clips: Sequence[ClipRef], classes: Sequence[str]) -> None:
    if not clips:
        raise InputError(f"The dataset {dataset.name!r} lists no clips; look at the folder or manifest it was given.")
    doubled = [i for i, n in Counter(c.id for c in clips).items() if n > 1]
    if doubled:
        raise InputError(f"Every clip needs an id of its own, but {doubled[0]!r} and {len(doubled) - 1} others recur.")
    strangers = sorted({c.label for c in clips} - set(classes))
    if strangers:
        raise InputError(f"Clips have labels {strangers}, which are not among the dataset's classes {list(classes)}.")
    splits = _splits(clips)
    if TRAIN not in splits:
        raise InputError(
            f"The dataset {dataset.name!r} has no split 'train', only: {', '.join(splits)}. Say which clips are for "
            "training: in a folder of videos by train/CLASS/..., in a manifest by a column 'split'."
        )


def _splits(clips: Sequence[ClipRef]) -> tuple[str, ...]:
    """Names of the splits, the training split first, then in order of appearance."""
    return tuple(sorted(dict.fromkeys(c.split for c in clips), key=lambda s: s != TRAIN))


def _refuse_foreign(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file; a prepared dataset is a folder. Choose another output folder.")
    entries = {p.name for p in out.iterdir() if not p.match(_PARTS)} if out.exists() else set()
    if entries - _OURS and not entries & {"dataset.json", "shards"}:
        some = ", ".join(sorted(entries - _OURS)[:3])
        raise InputError(f"{out} holds other things ({some}); choose a new or empty folder for the prepared dataset.")


def _sweep(out: Path) -> None:
    """Remove what a killed process left half written."""
    for part in [*out.glob(_PARTS), *(out / "shards").glob(_PARTS)]:
        part.unlink(missing_ok=True)


def _moments(audio: list[Moments], frames: list[Moments]) -> dict[str, Any] | None:
    if not audio:
        return None
    return {"audio": Moments.pooled(audio).to_json(), "frames": Moments.pooled(frames).to_json()}


def _differences(old: dict[str, Any], new: dict[str, Any], prefix: str = "") -> str:
    parts = []
    for key in sorted(old.keys() | new.keys()):
        a, b = old.get(key), new.get(key)
        if isinstance(a, dict) and isinstance(b, dict):
            parts += [inner] if (inner := _differences(a, b, f"{prefix}{key}.")) else []
        elif a != b:
            parts.append(f"{prefix}{key} {a}, now {b}")
    return ", ".join(parts)


def _size(path: Path | None) -> int | None:
    try:
        return None if path is None else path.stat().st_size
    except OSError:
        return None


def _clip_schema() -> Any:
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    return pa.schema(
        [
            ("id", text),
            ("audio", text),
            ("image", text),
            ("start_s", number),
            ("length_s", number),
            ("label", text),
            ("split", text),
            ("shard", pa.int32()),
            ("row", pa.int32()),
            ("repairs", pa.list_(text)),
            ("sha256", text),
        ]
    )


def _rejected_schema() -> Any:
    import pyarrow as pa

    return pa.schema([(name, pa.string()) for name in ("id", "source", "label", "split", "reason", "detail")])


def _write_table(path: Path, rows: list[dict[str, Any]], schema: Any) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    with _files.atomic(path) as temporary:
        parquet.write_table(pa.Table.from_pylist(rows, schema=schema), temporary)
