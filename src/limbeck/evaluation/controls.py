"""What a distilled set must be compared with: clips chosen without optimisation, and the full dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from limbeck import methods
from limbeck.datasets import LabelledClips, Prepared
from limbeck.distilled import DistilledSet
from limbeck.engine import runtime_of
from limbeck.errors import InputError
from limbeck.evaluation import measures
from limbeck.evaluation.measures import Measure
from limbeck.evaluation.measures.accuracy import Accuracy
from limbeck.evaluation.on_disk import evaluate
from limbeck.evaluation.score import Score
from limbeck.evaluation.store import CONTROLS, SCORES
from limbeck.methods import Method, RunContext
from limbeck.networks import Architecture
from limbeck.parameterisations import parse


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
        distilled: Folder of a distilled set.
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
    budget = _budget(made, distilled, train)
    kind = type(measure) if isinstance(measure, Measure) else measures.load(measure) if measure else Accuracy
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


def _budget(made: DistilledSet, folder: Path | str, train: LabelledClips) -> dict[str, Any]:
    """Samples per class that the settings say, and the scale; a set may hold more clips in the bytes of so many."""
    if not {"per_class", "sound"} <= made.settings.keys():
        raise InputError(
            f"The set in {folder} does not say with which settings it was made: it was joined from parts, or comes "
            "from elsewhere. What it is compared with is chosen by them. Distil all classes together, or evaluate it "
            "without --controls."
        )
    if not made.made_from(train):
        raise InputError(
            f"The set in {folder} was distilled from other clips than these training clips, from which its controls "
            "would be drawn. Give the dataset that it was distilled from, or evaluate it without --controls."
        )
    return {name: made.settings[name] for name in ("per_class", "sound")}
