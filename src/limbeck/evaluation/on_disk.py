"""Evaluate a set on a prepared dataset, and what it must be compared with: what is found is kept, not asked again."""

from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import Any

import torch

from limbeck import methods
from limbeck._runtime import threads as with_threads
from limbeck.datasets import LabelledClips, Prepared
from limbeck.distilled import DistilledSet
from limbeck.engine import bar, note, runtime_of
from limbeck.engine.executor import Executor
from limbeck.errors import InputError
from limbeck.evaluation import measures
from limbeck.evaluation._evaluate import evaluate as measured
from limbeck.evaluation._evaluate import question
from limbeck.evaluation._repeats import gathered
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures import Measure
from limbeck.evaluation.measures.accuracy import Accuracy
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.score import Score
from limbeck.evaluation.store import CONTROLS, SCORES, file_of, keep
from limbeck.evaluation.train import EpochReport
from limbeck.methods import Method, RunContext
from limbeck.modalities import ScaleKind
from limbeck.networks import Architecture
from limbeck.parameterisations import parse


def evaluate(
    what: Path | str | DistilledSet | None,
    measure: str | Measure | None = None,
    *,
    on: Path | str | Prepared,
    out: Path | str | None = None,
    title: str | None = None,
    repeats: int = 5,
    modalities: Collection[str] | None = None,
    network: Architecture | None = None,
    protocol: Protocol | None = None,
    sound: ScaleKind = "standardised",
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    threads: int | None = None,
    executor: Executor | None = None,
    progress: bool = True,
    **settings: Any,
) -> Score:
    """Train networks from scratch on a distilled set, or on the full dataset, and test them on real clips.

    Args:
        what: A distilled set; None trains on the whole training split.
        measure: Name of a measure (`evaluation.measures.names()`) or a measure; accuracy by default.
        on: The prepared dataset: its test clips are used, once, and its training clips by measures that need them.
        out: Folder of the score; a distilled set on disk keeps scores in its own folder by default. Every repeat is
            kept when it is there, and those found there are not done again. The file's name holds the title and a
            digest of the question: another test set or protocol is another file.
        title: Name in tables; says method, how samples are held and head by default, or the measure.
        repeats: How often, each time with students of its own seed.
        modalities: Those that students see; all of the set by default.
        network: Architecture; the one the set was distilled with by default.
        protocol: How the networks are trained; the literature's by default.
        sound: Scale for the whole split; a distilled set brings its own.
        seed: Seed of every random draw.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        dtype: Number format for measures that distil again; by default that of the set's own run.
        threads: Of torch while a repeat is done on a CPU: the last digits of numbers depend on it. As many as torch has
            here by default, wherever repeats are done.
        executor: What does the repeats, each by itself, instead of this process: the processes, or the machines, of
            `limbeck.engine.executor` or `limbeck.engine.on_ray`. They see set, dataset and `out` under the same path.
            The score is that of one process, but for the seconds.
        progress: Whether a bar is drawn on standard error.
        settings: Settings of the measure (``head="concat"`` of accuracy), and of `evaluation.Protocol` that differ from
            `protocol` (``epochs=300``).

    Raises:
        InputError: The set does not fit the dataset, a name or a setting is wrong, the measure refused the set, a
            file is damaged, or there is an `executor` but no folder to leave repeats in.
        DivergedError: Training diverged.
        LimbeckError: Some repeats failed in an `executor`, or a process died; what the others found is kept.
    """
    if min(repeats, 1 if threads is None else threads) < 1:
        raise InputError(f"At least one repeat and one thread are needed, but got {repeats} and {threads}.")
    kind = kind_of(measure)
    own = {name: settings.pop(name) for name in list(settings) if name in kind.model_fields}
    if own and isinstance(measure, Measure):
        raise InputError(f"Settings {sorted(own)} came beside a ready {kind.__name__}; give one of them.")
    chosen = measure if isinstance(measure, Measure) else kind.from_json(own)
    prepared = Prepared.open(on)
    what = Path(what) if isinstance(what, str) else what
    if unseen := [name for name, count in prepared.description["counts"].get("test", {}).items() if not count]:
        note(f"No test clip is of {', '.join(unseen)}: of this the score says nothing.", show=progress)
    how: dict[str, Any] = {"modalities": modalities, "network": network, "sound": sound, "device": device}
    how |= {"dtype": dtype, "protocol": (protocol or Protocol()).changed(**settings)}
    subject = Subject.opened(what, prepared, **how)
    asked = question(chosen, subject, seed)
    kept_in = out or (what / SCORES if isinstance(what, Path) else None)
    file = file_of(asked, Path(kept_in), title or asked.title) if kept_in else None
    done = Score.read(file) if file and file.exists() else None
    threads = threads or torch.get_num_threads()
    if done and done.n < repeats and asked.device == "cpu":
        before = sorted({one.threads for one in done.repeats if one.threads} - {threads})
        words = f"Repeats were done with {', '.join(map(str, before))} threads of torch, those to come have {threads}"
        note(f"{words}: last digits may depend on it. ({file})", show=progress and bool(before))
    if executor:
        if file is None:
            raise InputError("Other processes leave repeats in a folder, but there is none here. Say which with `out`.")
        task: dict[str, Any] = {"what": what, "on": prepared.place, "how": how, "threads": threads}
        with bar(f"Evaluating {title or asked.title}", show=progress) as tell:
            return gathered(asked, chosen, executor, repeats=repeats, file=file, tell=tell, **task)
    epochs: Counter[int] = Counter()
    with bar(f"Evaluating {title or asked.title}", show=progress) as tell, with_threads(threads):

        def on_progress(number: int, report: EpochReport) -> None:
            epochs[number] += 1
            expected = max(epochs[number], round(chosen.students * report.epochs))
            tell(number * expected + epochs[number], repeats * expected)

        calls: dict[str, Any] = {"done": done, "on_progress": on_progress, "on_repeat": file and partial(keep, file)}
        return measured(subject, chosen, repeats=repeats, seed=seed, **calls)


def evaluate_controls(
    distilled: Path | str,
    measure: str | Measure | None = None,
    *,
    on: Path | str | Prepared,
    out: Path | str | None = None,
    repeats: int = 5,
    whole_repeats: int = 1,
    network: Architecture | None = None,
    device: str = "auto",
    dtype: str = "auto",
    on_score: Callable[[str, Score], None] | None = None,
    **options: Any,
) -> dict[str, Score]:
    """Score what a distilled set must be compared with, at the same number of stored samples.

    Of accuracy: random clips, random and herded clips in mosaics without any optimisation, and the whole training
    split. A set that is held as it is is compared with herded clips that are so, too, so that one control sees as many
    samples. Other measures say what they are compared with (`Measure.controls`). Clips are drawn with the set's own
    seed. The scores are kept beside the set's own, where a report finds them.

    Args:
        distilled: Folder of the set.
        measure: Name of a measure or a measure; accuracy by default.
        on: The prepared dataset the set was distilled from.
        out: Folder of the set's score, if it is not its own; the controls' lie in a folder inside.
        repeats: How often each control is measured.
        whole_repeats: How often the whole split is; 0 leaves it out.
        network: Architecture of the networks and of those that clips are herded through; the set's own by default.
        device: Where networks are trained and clips are herded.
        dtype: Number format clips are herded in, as in `distill`; by default that of the set's own run.
        on_score: Called with each label and score when it is there.
        options: Further arguments of `evaluate`.

    Returns:
        Scores by label; that of plain random clips is ``"random"``, that of the whole ``"whole"``.

    Raises:
        InputError: The set does not say with which settings it was made.
    """
    prepared, made = Prepared.open(on), DistilledSet.load(distilled)
    train, network = prepared.clips("train"), network or made.network
    if not {"per_class", "sound"} <= made.settings.keys():
        raise InputError(
            f"The set in {distilled} does not say with which settings it was made: it was joined from parts, or comes "
            "from elsewhere. What it is compared with is chosen by them. Distil all classes together, or evaluate it "
            "without --controls."
        )
    if not made.made_from(train):
        raise InputError(
            f"The set in {distilled} was distilled from other clips than these training clips, from which its controls "
            "would be drawn. Give the dataset that it was distilled from, or evaluate it without --controls."
        )
    if not made.targets.has_classes:
        train = train.as_pairs()
    # Samples per class that the settings say: a set may hold more clips in the bytes of so many.
    budget = {name: made.settings[name] for name in ("per_class", "sound")}
    kind = kind_of(measure)
    run = RunContext(runtime_of(Path(distilled), device, dtype), prepared.cache)
    options |= {"on": prepared, "network": network, "sound": budget["sound"], "device": device, "dtype": dtype}
    options["out"] = (Path(out) if out else Path(distilled) / SCORES) / CONTROLS / made.fingerprint
    scores = {}
    for name, row in _rows(made, train, budget, network).items():
        if name not in kind.controls or (row is None and not whole_repeats):
            continue
        chosen = row.distill(train, seed=made.provenance["seed"], run=run) if row else None
        score = evaluate(chosen, measure, repeats=repeats if row else whole_repeats, **options)
        scores[score.label] = score
        if on_score:
            on_score(score.label, score)
    return scores


def _rows(
    made: DistilledSet, train: LabelledClips, budget: dict[str, Any], network: Architecture
) -> dict[str, Method | None]:
    """Methods by the name of the control; None for the whole. Of those that there are enough clips for."""
    plain = made.hold == parse("plain")
    packed = parse("mosaic:2") if plain else made.hold
    random, herding = methods.load("random"), methods.load("herding")
    through = {"network": network.to_json()}
    rows: dict[str, Method | None] = {"random": random.from_json(budget)}
    if plain:
        rows["herding"] = herding.from_json(budget | through)
    if budget["per_class"] * packed.cells <= min(train.per_class()):
        rows["packed random"] = random.from_json(budget | {"hold": str(packed)})
        rows["packed herding"] = herding.from_json(budget | through | {"hold": str(packed)})
    return rows | {"whole": None}


def kind_of(measure: str | Measure | None) -> type[Measure]:
    """The class of a `measure` or of the one of that name; accuracy for None."""
    return type(measure) if isinstance(measure, Measure) else measures.load(measure) if measure else Accuracy
