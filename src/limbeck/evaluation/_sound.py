"""Raw decibels or standardised mel bands: let the data say, on a split cut from the training clips."""

from __future__ import annotations

from limbeck._runtime import Runtime
from limbeck.augment import Packing, mosaic
from limbeck.datasets import LabelledClips
from limbeck.datasets._statistics import SoundScale
from limbeck.errors import BudgetError
from limbeck.evaluation._evaluate import evaluate
from limbeck.evaluation._split import hold_out
from limbeck.evaluation.protocol import Protocol
from limbeck.methods import Work
from limbeck.methods.herding import Herding
from limbeck.networks import Architecture

SCALES: tuple[SoundScale, ...] = ("raw", "standardised")


def choose_sound(
    clips: LabelledClips,
    *,
    per_class: int,
    packing: Packing,
    seed: int,
    network: Architecture | None = None,
    protocol: Protocol | None = None,
    repeats: int = 3,
    held_out: float = 0.25,
    runtime: Runtime | None = None,
) -> tuple[SoundScale, dict[str, float]]:
    """Which scale of sound serves a student better: herded pairs of three quarters of the clips, tested on the rest.

    The test split is not looked at, and all clips of a recording are on one side (see `hold_out`). Herding stands in
    for the method that will be used: it costs seconds.

    Args:
        clips: Training clips.
        per_class: Pairs a class of the trial set.
        packing: Mosaic of the trial set.
        seed: Of the split and the trial.
        network: Architecture of the students, and of the encoders that clips are herded through.
        protocol: How they are trained.
        repeats: Students for each scale.
        held_out: Share of each class's clips that is tested on, about, 0 < held_out < 1; a class of one recording is
            not tested on.
        runtime: Where to herd and to train, and in which number format to herd; by default as in `Work`.

    Returns:
        The better scale, and the mean A+V accuracy in percent of each.

    Raises:
        BudgetError: The classes have too few clips or recordings to hold some out.
    """
    parts = hold_out(clips, held_out, seed=seed)
    train, test = clips.take(parts.kept), clips.take(parts.held)
    if not len(test) or min(train.per_class()) < per_class * mosaic.count(packing):
        raise BudgetError(
            f"sound='validated' holds about {held_out:.0%} of the training clips out, recordings whole, and needs "
            f"{per_class * mosaic.count(packing)} of every class beside them; {train.per_class()} would be left of "
            f"{clips.per_class()}. Choose sound='raw' or sound='standardised'."
        )
    network = network or Architecture()
    work = Work() if runtime is None else Work(runtime)
    found: dict[str, float] = {}
    for sound in SCALES:
        herding = Herding(per_class=per_class, mosaic=packing, sound=sound, network=network)
        trial = herding.distill(train, seed=seed, work=work)
        score = evaluate(
            trial,
            test,
            network=network,
            protocol=protocol or Protocol(),
            repeats=repeats,
            seed=seed,
            device=work.runtime.device,
        )
        found[sound] = score.mean["A+V"]
    return max(SCALES, key=lambda s: found[s]), found
