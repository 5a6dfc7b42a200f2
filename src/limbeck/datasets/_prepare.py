"""Decode a dataset's clips once into a prepared dataset: in parallel, resumable, whatever the files are like.

Clips are cut into shards of a fixed number, in the dataset's order, so that a shard's bytes depend on its clips and on
nothing else: not on the number of workers, on timing, or on how often the work was interrupted.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from limbeck import _files, _machine
from limbeck._addresses import is_address
from limbeck._locations import Location, cache_folder
from limbeck._words import plural
from limbeck.datasets import _annotations, _findings
from limbeck.datasets._contract import Dataset, construct
from limbeck.datasets._listing import TRAIN
from limbeck.datasets._plan import Plan, splits_of
from limbeck.datasets._prepared import (
    FORMAT,
    Prepared,
    Shard,
    fingerprint_of,
    opened_shards,
    read_description,
    shard_name,
    write_table,
)
from limbeck.datasets._samples import Samples, samples
from limbeck.datasets._shards import Shards
from limbeck.engine import Progress, bar, note
from limbeck.engine.executor import Executor
from limbeck.errors import InputError, LimbeckError
from limbeck.media import TRACKS, ClipRecipe
from limbeck.modalities import Moments

_PARTS = ".*.part"
_TASK_SHARDS = 4
"""Shards that one task of an executor decodes: a worker process takes seconds to begin."""
_MOST_TOLD = 12
_MOST_REJECTED = 3
_OURS = {"dataset.json", "clips.parquet", "rejected.parquet", _annotations.TABLE, "shards"}


def prepare(
    dataset: Any,
    source: Path | str | None = None,
    *,
    out: Path | str,
    modality: str | Sequence[str] | None = None,
    image_size: int | None = None,
    recipe: ClipRecipe | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    timeout_s: float = 60.0,
    progress: bool = True,
    **options: Any,
) -> Prepared:
    """Decode all clips of a dataset once, into a folder of arrays. Killed and called again, it goes on.

    The data are files that a reader knows, or samples that the program holds: a torch dataset, arrays, a Hugging Face
    dataset. Samples that can be pickled are read in worker processes, others in this one. Those in memory are known
    again by their bytes, others by their number, their labels and the first and the last of them.

    Clips that cannot be used are listed in ``rejected.parquet`` with a reason, among them ``"crashed"`` (the file
    killed the process that decoded it, twice), ``"timeout"`` (it kept one busy too long, twice), ``"unreadable"``
    (another error than the reader foresees) and ``"bad_name"`` (the file's name is not UTF-8, so that no table can hold
    it). Where the dataset tells of things in its clips (boxes, say), they are in ``annotations.parquet``.
    ``dataset.json`` is written last.

    The recordings are remembered by a digest of their bytes, which is asked for again only where a file's size or
    times are others than before.

    Args:
        dataset: Name of a reader (`datasets.names()`), a reader, or samples: a map-style torch dataset or a sequence of
            ``(sample, label)`` or of mappings (``{"audio": ..., "image": ..., "label": ...}``), a mapping of arrays
            with one row a clip, a ``datasets.Dataset``, or a mapping of splits to those.
        source: The reader's `root`: the folder or manifest the data is in.
        out: Folder of the prepared dataset, made if absent, or its address in object storage, ``s3://bucket/name``.
        modality: What arrays are made of each clip, as ``"audio"``, ``"audio,image"`` or a list; all it has by default.
        image_size: Height and width of frames in pixels; used when no recipe is given. 224 by default, unless the
            dataset has a size of its own; that of samples that are square pictures of at most that is theirs.
        recipe: How recordings are decoded, but for its tracks and times, which are those of the modalities; the
            dataset's by default.
        workers: Processes, >= 1; by default one for each core this process may use. The result does not depend on it.
        executor: What decodes shards, each by so many `workers`, one by default, instead of this process: the machines
            of a cluster (`limbeck.engine.on_ray`), which all see `source` and a folder `out`. The result is the same.
        timeout_s: Seconds one file may keep a worker busy.
        progress: Whether a bar is drawn on standard error, and what was prepared and repaired is told there. What was
            rejected, and what else a user should be warned of, is told at any rate.
        options: Further options of the reader; of samples ``labels``, ``classes``, ``rate_hz``, ``audio``, ``image``,
            ``label`` (the keys), ``test``, ``test_fraction``, ``seed``, ``window``, ``name``
            (`limbeck.datasets.Samples`).

    Raises:
        InputError: The data is not of the reader's layout, there are no clips, no training clips, none that can be
            used, or `out` holds other things.
        UnknownNameError: No reader or no modality has a name.
        FingerprintError: `out` holds another dataset, other settings, or files that changed since.
        BusyError: Another process is preparing into `out`.
    """
    if workers is not None and workers < 1:
        raise InputError(f"workers must be at least 1, but is {workers}.")
    if executor:  # whose tasks run in other folders
        source = None if source is None else Path(source).absolute()
        out = out if is_address(out) else Path(out).absolute()
    reader = opened(dataset, source, options)
    place = Location.of(out)
    if executor and isinstance(reader, Samples):
        raise InputError("Samples that a program holds are prepared on its machine; leave the executor out.")
    if isinstance(reader, Samples) and reader.reads_every_item:
        note("Every item is read once for its label before any is prepared; labels=... saves that.", show=progress)
    with bar(f"Preparing {reader.name}", show=progress) as tell:
        own = {} if image_size is None else {"image_size": image_size}
        plan = Plan.of(reader, recipe or ClipRecipe.from_json(reader.usual_recipe().to_json() | own), modality)
        _refuse_foreign(place)
        with _files.exclusive(place.folder):
            file = place.files().get("dataset.json")
            if done := file is not None:
                found = read_description(file)
                plan.check(found, place)
                _found_shards(plan, place)
                if (
                    now := found | plan.recordings(place)
                ) != found:  # they have moved, or it was never noted where they are
                    with place.writing("dataset.json") as path:
                        _files.write_record(path, now)
            else:
                _forget_parts(place)
                shards = _decode_missing(
                    plan, place, executor, tell, workers=workers, timeout_s=timeout_s, show=progress
                )
                finish(plan, place, shards)
        tell(len(plan.clips), len(plan.clips))
        prepared = Prepared.open(place)
    note(f"Already done: {place} holds this very data. Nothing was decoded.", show=progress and done)
    _tell(prepared, notes=progress, warnings=progress or not done)
    return prepared


def _tell(prepared: Prepared, *, notes: bool, warnings: bool) -> None:
    """Tell people on standard error what was prepared and repaired, and what was rejected and they are warned of."""
    counts = {split: len(prepared.clips(split)) for split in prepared.splits}
    told = ", ".join(f"{count} {split}" for split, count in counts.items())
    note(f"{plural(len(prepared.classes), 'class', 'classes')}, clips: {told}.", show=notes)
    if rejected := len(prepared.rejected):
        note(f"{rejected} of {plural(rejected + sum(counts.values()), 'clip')} rejected:", show=warnings)
        for line in prepared.why_rejected(_MOST_REJECTED):
            note(f"  {line}", show=warnings)
    lines = [(f"{plural(count, 'clip')}: {kind}.", notes) for kind, count in prepared.repairs.items()]
    lines += [(line, notes) for line in prepared.notes] + [(line, warnings) for line in prepared.warnings]
    shown = [line for line, show in lines if show]
    for line in shown[:_MOST_TOLD]:
        note(line, show=True)
    if (more := len(shown) - _MOST_TOLD) > 0:
        note(f"... and {plural(more, 'note')} more: limbeck inspect {prepared.place}", show=True)


def opened(dataset: Any, source: Path | str | None, options: Mapping[str, Any]) -> Dataset:
    """The reader of a name, a reader as it is, or one of samples."""
    if isinstance(dataset, str | Path):
        return construct(str(dataset), options if source is None else {"root": Path(source), **options})
    if source is not None or (isinstance(dataset, Dataset) and options):
        given = sorted([*options, *(["source"] if source is not None else [])])
        raise InputError(f"{', '.join(given)}: these are options of readers that are named, but data itself was given.")
    return dataset if isinstance(dataset, Dataset) else samples(dataset, options)


def usual_place(dataset: Dataset) -> Path:
    """The folder in the user's cache (``LIMBECK_CACHE``) that a dataset is prepared into where nobody says one.

    Its name is that of the data, so that the same data finds it again.
    """
    return cache_folder() / "prepared" / f"{dataset.name}-{Plan.of(dataset, dataset.usual_recipe(), None).key}"


def _decode_missing(
    plan: Plan,
    out: Location,
    executor: Executor | None,
    tell: Progress,
    *,
    workers: int | None,
    timeout_s: float,
    show: bool,
) -> list[Shard]:
    """Decode what is not there yet, here or by an `executor`; all shards in order."""
    found = _found_shards(plan, out)
    missing = [i for i in range(plan.shards) if i not in found]
    step = _TASK_SHARDS if executor else max(1, len(missing))
    count = workers or (1 if executor else _machine.cores())
    tasks = [
        Shards.of(plan, missing[i : i + step], out, workers=count, timeout_s=timeout_s, show=show)
        for i in range(0, len(missing), step)
    ]
    total = len(plan.clips)
    done = total - sum(task.clips for task in tasks)
    tell(done, total)
    if executor:
        failed = []
        for task, error in executor.run(tasks):
            failed += [error] if error else []
            done += task.clips
            tell(done, total)
        if failed:
            raise LimbeckError(f"{plural(len(failed), 'part')} of the clips could not be prepared: {failed[0]}")
    else:
        for task in tasks:
            task.run(lambda clips, of: tell(done + clips, total))
    # A machine may still have worked for a killed process that had another plan: it is checked again.
    names = [shard_name(index) for index in range(plan.shards)]
    return [*opened_shards(out, plan.modalities, names, check=partial(plan.check, out=out)).values()]


def _found_shards(plan: Plan, out: Location) -> dict[int, Shard]:
    there = opened_shards(out, plan.modalities, check=partial(plan.check, out=out))
    found = {index: there[name] for index in range(plan.shards) if (name := shard_name(index)) in there}
    plan.check_files([e for s in found.values() for e in (*s.record["clips"], *s.record["rejected"])], out)
    return found


def finish(plan: Plan, out: Location, shards: list[Shard]) -> None:
    """Write the tables and, last, ``dataset.json``."""
    import pyarrow as pa

    ref = {c.id: c for c in plan.clips}
    kept = [(i, row, e) for i, shard in enumerate(shards) for row, e in enumerate(shard.record["clips"])]
    clips = [plan.row(ref[e["id"]]) | {"shard": i, "row": row} | e for i, row, e in kept]
    rejected = [plan.row(ref[e["id"]]) | e for shard in shards for e in shard.record["rejected"]]
    text, number, whole, texts = pa.string(), pa.float64(), pa.int32(), pa.list_(pa.string())
    columns = dict.fromkeys(("id", *TRACKS), text) | {"start_s": number, "length_s": number, "label": text}
    columns |= {"split": text, "shard": whole, "row": whole, "repairs": texts, "sha256": text, "files": texts}
    with out.writing("clips.parquet") as path:
        write_table(path, clips, pa.schema(columns))
    why = dict.fromkeys(("id", "source", "label", "split", "reason", "detail"), text)
    with out.writing("rejected.parquet") as path:
        write_table(path, rejected, pa.schema(why))
    splits = splits_of(plan.clips)
    counts = Counter((c["split"], c["label"]) for c in clips)
    if not any(counts[TRAIN, label] for label in plan.classes):
        raise InputError(
            f"No training clip could be used: {len(rejected)} of {len(plan.clips)} clips were rejected "
            f"({_findings.reasons(rejected)}), the first because: {rejected[0]['detail']} All are listed in "
            f"{out}/rejected.parquet. {_findings.advice(rejected)} Delete {out} before you "
            "prepare into it again."
        )
    told = _annotations.rows({c["id"]: plan.dataset.annotations(ref[c["id"]], plan.recipe) for c in clips})
    if told:
        with out.writing(_annotations.TABLE) as path:
            write_table(path, told, _annotations.schema())
    parts = [s.record["moments"] for s in shards if s.record["moments"]]
    moments = {name: Moments.pooled([Moments.from_json(p[name]) for p in parts]) for name in plan.modalities}
    content = [[c["id"], c["label"], c["split"], c["sha256"]] for c in clips]
    description = plan.identity() | {
        "format": FORMAT,
        "limbeck": version("limbeck"),
        **{fact: getattr(plan.dataset, fact) for fact in ("title", "licence", "citation", "homepage")},
        "classes": list(plan.classes),
        "splits": list(splits),
        "counts": {split: {label: counts[split, label] for label in plan.classes} for split in splits},
        "rejected": dict(Counter(r["reason"] for r in rejected)),
        "repairs": _findings.repairs(c["repairs"] for c in clips),
        "notes": list(plan.dataset.notes(plan.recipe)),
        "warnings": _warnings(plan, counts, clips, rejected),
        "units": {
            name: {
                "dtype": str(modality.dtype).removeprefix("torch."),
                "axes": ["clip", *modality.axes],
                "unit": modality.unit + ("" if modality.dtype.is_floating_point else ", in steps of 1/255"),
            }
            for name, modality in plan.modalities.items()
        },
        "statistics": {name: m.statistics(moments[name]).to_json() for name, m in plan.modalities.items()},
        "shards": len(shards),
        **({"annotations": len(told)} if told else {}),
        **plan.recordings(out),
        "fingerprint": fingerprint_of(plan.dataset.name, plan.classes, plan.modalities, plan.recipe, content),
    }
    with out.writing("dataset.json") as path:
        _files.write_record(path, description)


def _warnings(
    plan: Plan, counts: Counter[tuple[str, str]], clips: list[dict[str, Any]], rejected: list[dict[str, Any]]
) -> list[str]:
    told = _findings.lost(plan.classes, splits_of(plan.clips), Counter((c.split, c.label) for c in plan.clips), counts)
    if len(rejected) * 2 > len(plan.clips):
        told.append(
            f"More than half of the clips were rejected, {len(rejected)} of {len(plan.clips)} "
            f"({_findings.reasons(rejected)}); see rejected.parquet. {_findings.advice(rejected)}"
        )
    contents = [c | {"digests": _digests(plan, c)} for c in clips]
    return [
        *told,
        *_findings.halved(plan.clips),
        *_findings.lookalikes(plan.classes),
        *_findings.shared(contents),
        *_findings.overlaps(clips),
    ]


def _digests(plan: Plan, clip: Mapping[str, Any]) -> dict[str, str]:
    """Arrays that a clip must share with no clip of another split or class: of each of its files, the first track's.

    Two videos may show the same picture and be two; pictures that have files of their own may not.
    """
    first: dict[str | None, str] = {}
    for track in plan.recipe.tracks:
        first.setdefault(clip[track], track)
    drawn = {track for file, track in first.items() if file is None and len(first) > 1}
    telling = set(first.values()) - drawn
    return {name: digest for name, digest in clip["digests"].items() if plan.modalities[name].track in telling}


def _forget_parts(out: Location) -> None:
    """Delete what a killed process left half written; in what is kept of an address others may be writing."""
    for part in () if out.is_remote else (*out.folder.glob(_PARTS), *(out.folder / "shards").glob(_PARTS)):
        part.unlink(missing_ok=True)


def _refuse_foreign(out: Location) -> None:
    if not out.is_remote and out.folder.exists() and not out.folder.is_dir():
        raise InputError(f"{out} is a file; a prepared dataset is a folder. Choose another output folder.")
    entries = out.files().keys()
    if entries - _OURS and not entries & {"dataset.json", "shards"}:
        some = ", ".join(sorted(entries - _OURS)[:3])
        raise InputError(f"{out} holds other things ({some}); choose a new or empty folder for the prepared dataset.")
