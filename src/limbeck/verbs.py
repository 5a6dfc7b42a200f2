"""What a user does, in order: prepare, distill, evaluate, make_report, export. The CLI calls these."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from limbeck import _code, _files, datasets, exports, methods
from limbeck._runtime import Runtime, choose_runtime
from limbeck.augment import Packing, mosaic
from limbeck.datasets import Dataset, LabelledClips, Prepared, Scale
from limbeck.datasets._options import construct
from limbeck.datasets._statistics import SoundScale
from limbeck.distilled import DistilledSet
from limbeck.engine import Run, bar, note, versions
from limbeck.engine.run import read_events
from limbeck.errors import FingerprintError, InputError
from limbeck.evaluation import Measured, Protocol, Result, Score, choose_sound, measured, measures
from limbeck.evaluation import evaluate as _evaluate
from limbeck.evaluation._evaluate import question
from limbeck.evaluation._subject import subject
from limbeck.evaluation.measures import Measure
from limbeck.media import ClipRecipe
from limbeck.methods import Method, StepReport, Work
from limbeck.networks import Architecture
from limbeck.storage import parse_size

DEFAULT, BEST = "avdd", "best"
"""Method distilled with where none is named; and with the preset of the same name, the house recipe."""
RUN = "run"
"""Folder, inside a distilled set's, of the run that made it."""
SCORES = "scores"
"""Folder, inside a distilled set's, of its scores."""
CONTROLS = "controls"
"""Folder, inside that of a set's scores, of the scores of what it is compared with, in one for each set."""
MEASURES = "measures"
"""Folder, inside a distilled set's, of what was measured beside accuracy."""


def prepare(
    dataset: str | Dataset,
    source: Path | str | None = None,
    *,
    out: Path | str,
    image_size: int = 224,
    recipe: ClipRecipe | None = None,
    workers: int | None = None,
    progress: bool = True,
    **options: Any,
) -> Prepared:
    """Decode a dataset once, into memory-mapped arrays. Killed and called again, it goes on.

    Args:
        dataset: Name of a reader (`datasets.names()`) or a reader.
        source: The reader's `root`: the folder or manifest the data is in.
        out: Folder of the prepared dataset.
        image_size: Height and width of frames in pixels; used when no recipe is given.
        recipe: How recordings become arrays.
        workers: Processes; as many as there are cores by default.
        progress: Draw a bar on standard error.
        options: Further options of the reader.

    Raises:
        InputError: The data is not of the reader's layout, or `out` holds something else.
        BusyError: Another process prepares into `out`.
    """
    if isinstance(dataset, str):
        reader = datasets.load(dataset)
        dataset = construct(reader, dataset, options if source is None else {"root": Path(source), **options})
    recipe = recipe or ClipRecipe(image_size=image_size)
    done = (Path(out) / "dataset.json").exists()
    with bar(f"Preparing {dataset.name}", show=progress) as tell:
        prepared = datasets.prepare(dataset, Path(out), recipe=recipe, workers=workers, on_progress=tell)
    note(f"Already done: {out} holds this very data. Nothing was decoded.", show=progress and done)
    return prepared


def plan(
    data: Path | str | Prepared | LabelledClips,
    method: str | Method | None = None,
    *,
    preset: str | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    compile: bool = False,
    classes: Sequence[str] | None = None,
    **parameters: Any,
) -> dict[str, Any]:
    """What `distill` would do with the same arguments: every setting, the data and the device; nothing is done.

    Args:
        data: As in `distill`.
        method: As in `distill`.
        preset: As in `distill`.
        seed: As in `distill`.
        device: As in `distill`.
        dtype: As in `distill`.
        compile: As in `distill`.
        classes: As in `distill`.
        parameters: As in `distill`.
    """
    clips = _training_clips(data, classes)
    chosen, validated = _method(method, preset, parameters, clips)
    runtime = choose_runtime(device, dtype, compile=compile)
    return {**_asked(chosen, clips, seed, runtime, validated=validated), "reason": runtime.reason}


def distill(
    data: Path | str | Prepared | LabelledClips,
    method: str | Method | None = None,
    *,
    out: Path | str | None = None,
    preset: str | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    compile: bool = False,
    classes: Sequence[str] | None = None,
    progress: bool = True,
    **parameters: Any,
) -> DistilledSet:
    """Distil the training clips of a dataset into a few pairs a class.

    With `out`, the run is kept in ``out/run``: killed at any moment, the same call goes on and ends with the same bits.

    Args:
        data: A prepared dataset (its training split is used), or clips.
        method: Name of a method (`methods.names()`) or a method; by default ``"avdd"``, or ``"best"`` with that preset.
        out: Folder of the distilled set and its run; None keeps nothing on disk.
        preset: Named settings of the method, ``"faithful"`` for the published recipe.
        seed: Of every random draw, >= 0.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        dtype: ``"auto"``, ``"float32"`` or ``"bfloat16"``; see `choose_runtime`.
        compile: Compile the encoders: pays on large inputs and long runs.
        classes: Only these, in this order; parts made apart are joined with `DistilledSet.concat`.
        progress: Draw a bar on standard error.
        parameters: Settings of the method that differ from its defaults or the preset. ``sound="validated"``
            chooses between raw and standardised sound on a split cut from the training clips. ``bytes="400KB"``
            instead of `per_class` chooses the largest one whose pairs take no more.

    Raises:
        InputError: A name, setting or file does not fit.
        BudgetError: A class has too few clips.
        FingerprintError: `out` belongs to a run with other settings or other data.
        BusyError: Another process works in `out`.
        DivergedError: The loss became NaN or infinite.
    """
    clips = _training_clips(data, classes)
    chosen, validated = _method(method, preset, parameters, clips)
    runtime = choose_runtime(device, dtype, compile=compile)
    cache = _folder_of(data)
    with bar(f"Distilling with {chosen.name}", show=progress and chosen.steps_planned > 0) as tell:
        if out is None:
            started = time.perf_counter()
            chosen, _ = _with_sound(chosen, clips, seed, runtime, validated=validated)
            work = Work(runtime, cache, on_step=lambda report: tell(report.step, report.steps))
            return _told(chosen.distill(clips, seed=seed, work=work), time.perf_counter() - started)
        folder, asked = Path(out), _asked(chosen, clips, seed, runtime, validated=validated)
        with Run.open(folder / RUN, asked, _code.of(chosen), about={"reason": runtime.reason}) as run:
            if run.finished:
                found = _made_by(run, folder)
                note(f"Already done: {folder} holds this very set. Nothing was run.", show=progress)
                return found

            def on_step(report: StepReport) -> None:
                run.log({"step": report.step, "loss": report.loss, "seconds": report.seconds})
                tell(report.step, report.steps)

            chosen, validation = _with_sound(chosen, clips, seed, runtime, validated=validated)
            work = Work(runtime, cache, run.checkpoint, on_step)
            made = _told(chosen.distill(clips, seed=seed, work=work), run.checkpoint.seconds)
            made.save(folder)
            cost = {"seconds": run.checkpoint.seconds, "sound_validation": validation}
            run.finish(cost | {"fingerprint": made.fingerprint})
            return made


def evaluate(
    what: Path | str | DistilledSet | None,
    *,
    on: Path | str | Prepared,
    repeats: int = 5,
    head: str = "ensemble",
    network: Architecture | None = None,
    protocol: Protocol | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: bool = True,
    out: Path | str | None = None,
    title: str | None = None,
    sound: SoundScale = "standardised",
    **training: Any,
) -> Score:
    """Train networks from scratch on a distilled set, or on the whole, and test them on real clips.

    Args:
        what: A distilled set; None trains on the whole training split.
        on: The prepared dataset whose test split is used, once, after the last epoch.
        repeats: Networks, each with its own seed.
        head: What joins sound and picture (`networks.heads.names()`).
        network: Architecture; the one the set was distilled with by default.
        protocol: How the networks are trained; the literature's by default.
        seed: Of every random draw.
        device: As in `distill`.
        progress: Draw a bar on standard error.
        out: Folder of the score; a distilled set on disk keeps scores in its own folder by default. Every student is
            kept when it is there, and those found there are not trained again. The file's name holds the title and a
            digest of the question: another test set or protocol is another file.
        title: Name in tables; says method, mosaic and head by default.
        sound: Scale of sound for the whole split; a distilled set brings its own.
        training: Settings of `evaluation.Protocol` that differ from `protocol`: ``epochs=300``, for instance.

    Raises:
        InputError: The set does not fit the dataset, a setting is wrong, or a file is damaged.
        DivergedError: Training diverged.
    """
    prepared = on if isinstance(on, Prepared) else Prepared.open(on)
    made = DistilledSet.load(what) if isinstance(what, str | Path) else what
    train = made if made is not None else prepared.clips("train")
    network = network or (_network_of(made) if made else Architecture())
    title = title or _title(made, head)
    folder = Path(out) if out else Path(what) / SCORES if isinstance(what, str | Path) else None
    target = choose_runtime(device).device
    asked: dict[str, Any] = {
        "network": network,
        "protocol": (protocol or Protocol()).changed(**training),
        "head": head,
        "seed": seed,
        "scale": None if made else Scale.of(prepared.statistics, sound),
        "device": target,
    }
    test = prepared.clips("test")
    file = _file(folder, title, question(train, test, **asked)) if folder else None
    done = Score.read(file) if file and file.exists() else None
    with bar(f"Evaluating {title}", show=progress) as tell:
        return _evaluate(
            train,
            test,
            **asked,
            repeats=repeats,
            done=done,
            on_progress=lambda number, report: tell(number * report.epochs + report.epoch, repeats * report.epochs),
            on_repeat=lambda score: _keep(score, file),
        )


def evaluate_controls(
    distilled: Path | str,
    *,
    on: Path | str | Prepared,
    repeats: int = 5,
    whole_repeats: int = 1,
    head: str = "ensemble",
    network: Architecture | None = None,
    device: str = "auto",
    dtype: str = "auto",
    out: Path | str | None = None,
    on_score: Callable[[str, Score], None] | None = None,
    **options: Any,
) -> dict[str, Score]:
    """Score what a distilled set must be compared with, at the same number of stored pairs.

    Random clips, random and herded clips packed in mosaics without any optimisation, and the whole training split. A
    set that is not packed is compared with herded clips that are not, too, so that one control sees as many pairs.
    Clips are drawn with the set's own seed. The scores are kept beside the set's own, where `make_report` finds them.

    Args:
        distilled: Folder of a distilled set.
        on: As in `evaluate`.
        repeats: Networks for each control.
        whole_repeats: Networks trained on the whole split; 0 leaves it out.
        head: As in `evaluate`.
        network: As in `evaluate`; clips are herded through it, too.
        device: As in `evaluate`; clips are herded there, too.
        dtype: Number format clips are herded in, as in `distill`; by default that of the set's own run.
        out: Folder of the set's score, if it is not its own; the controls' lie in a folder inside.
        on_score: Told each title and score when it is there.
        options: Further arguments of `evaluate`.

    Returns:
        Scores by title.

    Raises:
        InputError: The set does not say with which settings it was made.
    """
    prepared = on if isinstance(on, Prepared) else Prepared.open(on)
    made = DistilledSet.load(distilled)
    network = network or _network_of(made)
    train = prepared.clips("train")
    per_class, sound = _budget_of(made, distilled, train)
    budget = {"per_class": per_class, "sound": sound}
    packing: Packing = 2 if made.mosaic == 1 else made.mosaic
    herding = budget | {"network": network.to_json()}
    rows: list[Method | None] = [methods.load("random").from_json(budget)]
    if made.mosaic == 1:
        rows.append(methods.load("herding").from_json(herding))
    if per_class * mosaic.count(packing) <= min(train.per_class()):
        rows.append(methods.load("random").from_json(budget | {"mosaic": packing}))
        rows.append(methods.load("herding").from_json(herding | {"mosaic": packing}))
    if whole_repeats:
        rows.append(None)
    work = Work(_runtime_of(distilled, device, dtype), _folder_of(prepared))
    options |= {"on": prepared, "network": network, "head": head, "device": device}
    options["out"] = (Path(out) if out else Path(distilled) / SCORES) / CONTROLS / made.fingerprint
    scores = {}
    for row in rows:
        chosen = row.distill(train, seed=made.provenance["seed"], work=work) if row else None
        title = _title(chosen, head)
        scores[title] = evaluate(chosen, repeats=repeats if row else whole_repeats, sound=sound, **options)
        if on_score:
            on_score(title, scores[title])
    return scores


def measure(
    what: Path | str | DistilledSet | None,
    measure: str | Measure,
    *,
    on: Path | str | Prepared,
    repeats: int = 3,
    network: Architecture | None = None,
    protocol: Protocol | None = None,
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    progress: bool = True,
    out: Path | str | None = None,
    title: str | None = None,
    sound: SoundScale = "standardised",
    **settings: Any,
) -> Measured:
    """Measure something else than accuracy of a distilled set, or of the whole: retrieval, for instance.

    Args:
        what: A distilled set; None for the whole training split.
        measure: Name of a measure (`evaluation.measures.names()`) or a measure.
        on: The prepared dataset: its test clips are used, and its training clips by measures that need them.
        repeats: How often, each time with a seed of its own.
        network: As in `evaluate`.
        protocol: As in `evaluate`.
        seed: As in `evaluate`.
        device: As in `distill`.
        dtype: As in `distill`, for measures that distil again; by default that of the set's own run.
        progress: Draw a bar on standard error.
        out: Folder of the result; a distilled set on disk keeps what was measured in its own folder by default. Every
            repeat is kept when it is there, and those found there are not done again.
        title: First part of the file's name, the measure's by default; the rest differs wherever something else is
            asked.
        sound: As in `evaluate`.
        settings: Of the measure, where they differ from its defaults.

    Raises:
        InputError: The set does not fit the dataset, a name or a setting is wrong, the measure refused the set, or
            a file is damaged.
        DivergedError: Training diverged.
    """
    asked = measure if isinstance(measure, Measure) else measures.load(measure).from_json(settings)
    if settings and isinstance(measure, Measure):
        raise InputError(f"Settings {sorted(settings)} came beside a ready {type(measure).__name__}; give one of them.")
    prepared = on if isinstance(on, Prepared) else Prepared.open(on)
    made = DistilledSet.load(what) if isinstance(what, str | Path) else what
    network, protocol = network or (_network_of(made) if made else Architecture()), protocol or Protocol()
    folder = Path(out) if out else Path(what) / MEASURES if isinstance(what, str | Path) else None
    runtime = _runtime_of(what, device, dtype)
    of = subject(
        made,
        prepared.clips("train"),
        prepared.clips("test"),
        runtime=runtime,
        network=network,
        protocol=protocol,
        sound=sound,
        cache=_folder_of(prepared),
    )
    file = _file(folder, title or asked.name, measured.question(asked, of, seed)) if folder else None
    done = Measured.read(file) if file and file.exists() else None
    with bar(f"Measuring {asked.name}", show=progress) as tell:

        def keep(found: Measured) -> None:
            tell(found.n, repeats)
            _keep(found, file)

        tell(done.n if done else 0, repeats)
        return measured.take(asked, of, repeats=repeats, seed=seed, done=done, on_repeat=keep)


def measure_controls(
    distilled: Path | str,
    by: Measure,
    *,
    on: Path | str | Prepared,
    repeats: int = 3,
    whole_repeats: int = 1,
    network: Architecture | None = None,
    device: str = "auto",
    dtype: str = "auto",
    out: Path | str | None = None,
    **options: Any,
) -> dict[str, Measured]:
    """Measure what a distilled set must be compared with: as many random pairs, and the whole training split.

    Clips are drawn with the set's own seed.

    Args:
        distilled: Folder of a distilled set; what is measured is kept inside it.
        by: The measure.
        on: As in `measure`.
        repeats: How often random pairs are measured.
        whole_repeats: How often the whole is; 0 leaves it out.
        network: As in `measure`.
        device: As in `measure`.
        dtype: As in `measure`.
        out: Folder of what was measured of the set, if it is not its own; the controls' lie in a folder inside.
        options: Further arguments of `measure`.

    Returns:
        What was found, under ``"random"`` and ``"whole"``.

    Raises:
        InputError: The set does not say with which settings it was made.
    """
    prepared = on if isinstance(on, Prepared) else Prepared.open(on)
    made = DistilledSet.load(distilled)
    train = prepared.clips("train")
    per_class, sound = _budget_of(made, distilled, train)
    random = methods.load("random").from_json({"per_class": per_class, "sound": sound})
    pairs = random.distill(train, seed=made.provenance["seed"], work=Work(choose_runtime(device, dtype)))
    options |= {"on": prepared, "network": network or _network_of(made), "sound": sound}
    options |= {"device": device, "dtype": dtype}
    folder = (Path(out) if out else Path(distilled) / MEASURES) / CONTROLS / made.fingerprint
    found = {"random": measure(pairs, by, repeats=repeats, out=folder / "random", **options)}
    if whole_repeats:
        found["whole"] = measure(None, by, repeats=whole_repeats, out=folder / "whole", **options)
    return found


def sees_labels(distilled: Path | str | DistilledSet) -> bool:
    """Whether networks trained on the real labels helped to make a set; of parts that were joined, any of them."""
    made = distilled if isinstance(distilled, DistilledSet) else DistilledSet.load(distilled)
    return any(part.get("sees_labels", False) for part in made.provenance.get("parts", [made.provenance]))


def make_report(
    distilled: Path | str,
    *,
    out: Path | str,
    on: Path | str | Prepared | None = None,
    compare: Sequence[Path | str] = (),
    title: str | None = None,
    progress: bool = True,
) -> Path:
    """Write one self-contained page: pairs to look at and listen to, curves, the table, provenance.

    Args:
        distilled: Folder of a distilled set; its scores kept there are shown, and those of its controls.
        out: Folder of the page and its figures.
        on: The prepared dataset, for nearest real neighbours; scores on other test clips are then left out. Of a
            dataset that the set was not distilled from no neighbours are shown.
        compare: Folders of further scores, or of further distilled sets, for the table.
        title: Heading of the page.
        progress: Say on standard error which folders to compare with have no score, and by which command they get
            one; the page says it too.

    Returns:
        The page, ``index.html``.

    Raises:
        InputError: A folder is not what it should be.
        MissingExtraError: The extra ``report`` is not installed.
    """
    from limbeck import report

    made, folder = DistilledSet.load(distilled), Path(distilled)
    prepared = None if on is None else on if isinstance(on, Prepared) else Prepared.open(on)
    test = prepared.clips("test") if prepared and "test" in prepared.splits else None
    unscored = [words for c in compare if (words := _unscored(Path(c), prepared, test))]
    for words in unscored:
        note(words, show=progress)
    places = [folder, *map(Path, compare)]
    scores = _told_apart(found for place in places for found in _scores_in(place, test))
    events, *facts = (folder / RUN / name for name in ("events.jsonl", "run.json", "done.json"))
    train = prepared.clips("train") if prepared else None
    if train is not None and prepared and not _made_from(made, train):
        train = None
        words = (
            f"Nearest real clips are left out: the set was distilled from other clips than those of {prepared.folder}."
        )
        note(words, show=progress)
        unscored = [*unscored, words]
    about: dict[str, Any] = {}
    for file in facts:
        about |= _files.read_record(file) if file.exists() else {}
    ours = about.pop("fingerprint", made.fingerprint) == made.fingerprint  # else another set was put beside the run
    return report.page(
        made,
        Path(out),
        scores=scores,
        events=read_events(events) if ours and events.exists() else (),
        clips=train,
        clip_ids=prepared.ids("train") if prepared and train else None,
        about={k: v for k, v in about.items() if ours and k != "asked"},
        title=title,
        unscored=unscored,
    )


def export(distilled: Path | str | DistilledSet, *, to: str, out: Path | str) -> Path:
    """Write a distilled set in a form other tools read.

    Args:
        distilled: A distilled set.
        to: Name of the form (`exports.names()`).
        out: New folder for it.

    Raises:
        UnknownNameError: There is no such form.
        InputError: The target is not empty.
    """
    made = distilled if isinstance(distilled, DistilledSet) else DistilledSet.load(distilled)
    return exports.load(to)().write(made, Path(out))


def _file(folder: Path, title: str, asked: Result) -> Path:
    """Where the answers to a question are kept."""
    if Path(title).name != title:
        raise InputError(f"A title becomes part of a file's name, but {title!r} is a path. Leave slashes out.")
    return folder / f"{title}-{asked.key}.json"


def _keep(found: Result, file: Path | None) -> None:
    """Keep the answers to a question, unless another process has kept more of them meanwhile."""
    if file and not (file.exists() and type(found).read(file).n >= found.n):
        _files.write_record(file, found.to_json())


def _unscored(place: Path, on: Prepared | None, test: LabelledClips | None) -> str:
    """What a folder to compare with lacks, and the command that gives it; empty where its scores are there."""
    if not place.is_dir():
        raise InputError(f"There is no folder {place} to compare with; give a distilled set's, or one of scores.")
    if (place / "config.json").exists():
        fingerprint = DistilledSet.load(place).fingerprint
        if any(score.trained_on.fingerprint == fingerprint for _, score in _scores_in(place, test)):
            return ""
        data = "PREPARED" if on is None else shlex.quote(str(on.folder))
        command = f"limbeck evaluate {shlex.quote(str(place))} --on {data}"
        return f"{place} has no score, so it is not in the table. Score it with: {command}"
    if any(place.glob("*.json")):
        return ""
    return f"{place} holds no scores, so nothing of it is in the table. Scores are written by: limbeck evaluate --out"


def _scores_in(folder: Path, test: LabelledClips | None = None) -> list[tuple[str, Score]]:
    """Scores in a folder of scores or in that of a distilled set, with their titles.

    Of a distilled set those that were made with what is in the folder now, and its controls'; of scores alone all.
    What was measured there is no score.
    """
    ours = (folder / "config.json").exists()
    place = folder / SCORES if ours else folder
    fingerprint = DistilledSet.load(folder).fingerprint if ours else None
    found = []
    for file in [*sorted(place.glob("*.json")), *sorted((place / CONTROLS).glob(f"{fingerprint or '*'}/*.json"))]:
        if "measure" in _files.read_record(file):
            continue
        score = Score.read(file)
        own = file.parent != place or fingerprint in (None, score.trained_on.fingerprint)
        if own and (test is None or score.tested_on.fingerprint == test.fingerprint):
            found.append((file.stem.removesuffix(f"-{score.key}"), score))
    return found


def _told_apart(scores: Iterable[tuple[str, Score]]) -> dict[str, Score]:
    """Scores by title, each question once; where titles agree and questions do not, the later ones say what differs."""
    every: dict[str, Score] = {}
    keys: set[str] = set()
    for title, score in scores:
        name = title
        if score.key in keys:
            continue
        if title in every:
            differ = (n for n in score.differs(every[title]) if n not in ("classes", "truth", "scale"))
            name = f"{title} (other {', '.join(n.replace('_', ' ') for n in differ)}: {score.key[:4]})"
        keys.add(score.key)
        every[name] = score
    return every


def _budget_of(made: DistilledSet, folder: Path | str, train: LabelledClips) -> tuple[int, SoundScale]:
    """Pairs a class that were asked for, and the scale of sound; a set may hold more clips in the bytes of so many.

    Raises:
        InputError: A set does not say it, or was made from other clips than its controls would be drawn from.
    """
    settings = made.provenance.get("settings", {})
    if not {"per_class", "sound"} <= settings.keys():
        raise InputError(
            f"The set in {folder} does not say with which settings it was made: it was joined from parts, or comes "
            "from elsewhere. What it is compared with is chosen by them. Distil all classes together, or evaluate it "
            "without --controls."
        )
    if not _made_from(made, train):
        raise InputError(
            f"The set in {folder} was distilled from other clips than these training clips, from which its controls "
            "would be drawn. Give the dataset that it was distilled from, or evaluate it without --controls."
        )
    return settings["per_class"], settings["sound"]


def _made_from(made: DistilledSet, train: LabelledClips) -> bool:
    """Whether a set was made from these training clips, or from those of its classes; of parts, every one."""
    for part in made.provenance.get("parts", [made.provenance | {"classes": list(made.classes)}]):
        known = set(part["classes"]) <= set(train.classes)
        prints = {train.fingerprint} | ({train.only(part["classes"]).fingerprint} if known else set())
        if part.get("training_fingerprint") not in prints:
            return False
    return True


def _runtime_of(what: Path | str | DistilledSet | None, device: str, dtype: str) -> Runtime:
    """Where to work and in which number formats: by default those of the run that made a set, on such a device."""
    chosen = choose_runtime(device, dtype)
    file = Path(what) / RUN / "run.json" if isinstance(what, str | Path) else None
    asked = _files.read_record(file)["asked"] if file and file.exists() else {}
    if dtype != "auto" or asked.get("device") != chosen.device.type:
        return chosen
    formats = {name: getattr(torch, asked[name]) for name in ("real_dtype", "synthetic_dtype")}
    return replace(chosen, **formats, reason=f"{chosen.reason}; number formats as the set was distilled")


def _network_of(made: DistilledSet) -> Architecture:
    """The architecture a set was distilled with, if its settings name one."""
    settings = made.provenance.get("settings", {})
    return _architecture(settings)


def _architecture(settings: dict[str, Any]) -> Architecture:
    network = settings.get("network") or settings.get("encoders", {}).get("network")
    return Architecture.from_json(network) if network else Architecture()


def _title(made: DistilledSet | None, head: str) -> str:
    name = "whole" if made is None else str(made.provenance.get("method", "distilled"))
    packed = f"+mosaic {mosaic.words(made.mosaic)}" if made and made.mosaic != 1 else ""
    return name + packed + ("" if head == "ensemble" else f" ({head})")


def _method(
    method: str | Method | None, preset: str | None, parameters: dict[str, Any], clips: LabelledClips
) -> tuple[Method, bool]:
    """The method with all its settings, and whether the scale of sound is still to be chosen by validation."""
    if isinstance(method, Method):
        if preset or parameters:
            raise InputError(
                f"Settings {sorted(parameters)} came beside a ready {type(method).__name__}; give one of them."
            )
        return method, False
    kind = methods.load(method or (BEST if preset == BEST else DEFAULT))
    asked = dict(parameters)
    validated = asked.get("sound") == "validated"
    if validated:
        del asked["sound"]
    size = asked.pop("bytes", None)
    if size is not None and "per_class" in asked:
        raise InputError("Both bytes and per_class came; each says how many pairs a class are stored: give one.")
    chosen = kind.configured(preset, **asked)
    if size is not None:
        chosen = chosen.within(parse_size(size), clips)
    return chosen.fitted(clips), validated


def _with_sound(
    method: Method, clips: LabelledClips, seed: int, runtime: Runtime, *, validated: bool
) -> tuple[Method, dict[str, float] | None]:
    """The method with its scale of sound, and what validation found, if it was asked for."""
    if not validated:
        return method, None
    sound, found = choose_sound(
        clips,
        per_class=method.per_class,
        packing=method.mosaic,
        seed=seed,
        network=_architecture(method.to_json()),
        runtime=runtime,
    )
    return method.model_copy(update={"sound": sound}), found


def _told(made: DistilledSet, seconds: float) -> DistilledSet:
    """A set that says what software made it, and what it cost."""
    return replace(made, provenance=made.provenance | {"versions": versions(), "cost": {"seconds": seconds}})


def _made_by(run: Run, folder: Path) -> DistilledSet:
    """The set that a finished run left in its folder.

    Raises:
        FingerprintError: Another set lies there, or none.
    """
    made = DistilledSet.load(folder) if (folder / "config.json").exists() else None
    if made is None or made.fingerprint != run.cost["fingerprint"]:
        raise FingerprintError(
            f"{folder} does not hold the set that its run made: {'another lies there' if made else 'it has gone'}. "
            "Choose another output folder, or delete this one to make it anew."
        )
    return made


def _asked(method: Method, clips: LabelledClips, seed: int, runtime: Runtime, *, validated: bool) -> dict[str, Any]:
    return {
        "method": method.name,
        "settings": method.to_json() | ({"sound": "validated"} if validated else {}),
        "seed": seed,
        "dataset": clips.name,
        "training_fingerprint": clips.fingerprint,
        "classes": list(clips.classes),
        "device": runtime.device.type,
        "real_dtype": str(runtime.real_dtype).removeprefix("torch."),
        "synthetic_dtype": str(runtime.synthetic_dtype).removeprefix("torch."),
        "compile": runtime.compile,
    }


def _training_clips(data: Path | str | Prepared | LabelledClips, classes: Sequence[str] | None) -> LabelledClips:
    if isinstance(data, LabelledClips):
        clips = data
    else:
        clips = (data if isinstance(data, Prepared) else Prepared.open(Path(data))).clips("train")
    return clips.only(classes) if classes else clips


def _folder_of(data: Path | str | Prepared | LabelledClips) -> Path | None:
    """Where other runs on the same data find what can be reused."""
    if isinstance(data, LabelledClips):
        return None
    return (data.folder if isinstance(data, Prepared) else Path(data)) / "cache"
