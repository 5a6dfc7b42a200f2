"""What a distilled set must be compared with: clips chosen without optimisation, and the full dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from limbeck import methods
from limbeck._runtime import choose_runtime
from limbeck.augment import Packing, mosaic
from limbeck.datasets import LabelledClips, Prepared
from limbeck.distilled import DistilledSet
from limbeck.engine import runtime_of
from limbeck.errors import InputError
from limbeck.evaluation.measured import Measured
from limbeck.evaluation.measures import Measure
from limbeck.evaluation.on_disk import evaluate, measure
from limbeck.evaluation.score import Score
from limbeck.evaluation.store import CONTROLS, MEASURES, SCORES
from limbeck.methods import Method, Work
from limbeck.networks import Architecture


def evaluate_controls(
    distilled: Path | str,
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
    """Score what a distilled set must be compared with, at the same number of stored pairs.

    Random clips, random and herded clips packed in mosaics without any optimisation, and the whole training split. A
    set that is not packed is compared with herded clips that are not, too, so that one control sees as many pairs.
    Clips are drawn with the set's own seed. The scores are kept beside the set's own, where a report finds them.

    Args:
        distilled: Folder of a distilled set.
        on: The prepared dataset the set was distilled from.
        out: Folder of the set's score, if it is not its own; the controls' lie in a folder inside.
        repeats: Networks for each control.
        whole_repeats: Networks trained on the whole split; 0 leaves it out.
        network: Architecture of the networks and of those that clips are herded through; the set's own by default.
        device: Where networks are trained and clips are herded.
        dtype: Number format clips are herded in, as in `distill`; by default that of the set's own run.
        on_score: Called with each title and score when it is there.
        options: Further arguments of `evaluate`.

    Returns:
        Scores by title.

    Raises:
        InputError: The set does not say with which settings it was made.
    """
    prepared, made = Prepared.open(on), DistilledSet.load(distilled)
    train, network = prepared.clips("train"), network or made.network
    budget = _budget(made, distilled, train)
    packing: Packing = 2 if made.mosaic == 1 else made.mosaic
    herding = budget | {"network": network.to_json()}
    rows: list[Method | None] = [methods.load("random").from_json(budget)]
    if made.mosaic == 1:
        rows.append(methods.load("herding").from_json(herding))
    if budget["per_class"] * mosaic.count(packing) <= min(train.per_class()):
        rows.append(methods.load("random").from_json(budget | {"mosaic": packing}))
        rows.append(methods.load("herding").from_json(herding | {"mosaic": packing}))
    if whole_repeats:
        rows.append(None)
    work = Work(runtime_of(Path(distilled), device, dtype), prepared.cache)
    options |= {"on": prepared, "network": network, "sound": budget["sound"], "device": device}
    options["out"] = (Path(out) if out else Path(distilled) / SCORES) / CONTROLS / made.fingerprint
    scores = {}
    for row in rows:
        chosen = row.distill(train, seed=made.provenance["seed"], work=work) if row else None
        score = evaluate(chosen, repeats=repeats if row else whole_repeats, **options)
        scores[score.title] = score
        if on_score:
            on_score(score.title, score)
    return scores


def measure_controls(
    distilled: Path | str,
    by: Measure,
    *,
    on: Path | str | Prepared,
    out: Path | str | None = None,
    repeats: int = 3,
    whole_repeats: int = 1,
    network: Architecture | None = None,
    device: str = "auto",
    dtype: str = "auto",
    **options: Any,
) -> dict[str, Measured]:
    """Measure what a distilled set must be compared with: as many random pairs, and the whole training split.

    Clips are drawn with the set's own seed.

    Args:
        distilled: Folder of a distilled set; what is measured is kept inside it.
        by: The measure.
        on: The prepared dataset the set was distilled from.
        out: Folder of what was measured of the set, if it is not its own; the controls' lie in a folder inside.
        repeats: How often random pairs are measured.
        whole_repeats: How often the whole is; 0 leaves it out.
        network: Architecture of the students; the set's own by default.
        device: Where to work.
        dtype: Number format for measures that distil again.
        options: Further arguments of `measure`.

    Returns:
        What was found, under ``"random"`` and ``"whole"``.

    Raises:
        InputError: The set does not say with which settings it was made.
    """
    prepared, made = Prepared.open(on), DistilledSet.load(distilled)
    train = prepared.clips("train")
    budget = _budget(made, distilled, train)
    random = methods.load("random").from_json(budget)
    pairs = random.distill(train, seed=made.provenance["seed"], work=Work(choose_runtime(device, dtype)))
    options |= {"on": prepared, "network": network or made.network, "sound": budget["sound"]}
    options |= {"device": device, "dtype": dtype}
    folder = (Path(out) if out else Path(distilled) / MEASURES) / CONTROLS / made.fingerprint
    found = {"random": measure(pairs, by, repeats=repeats, out=folder / "random", **options)}
    if whole_repeats:
        found["whole"] = measure(None, by, repeats=whole_repeats, out=folder / "whole", **options)
    return found


def _budget(made: DistilledSet, folder: Path | str, train: LabelledClips) -> dict[str, Any]:
    """Pairs per class that were asked for, and the scale of sound; a set may hold more clips in the bytes of so many.

    Raises:
        InputError: A set does not say it, or was made from other clips than its controls would be drawn from.
    """
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
