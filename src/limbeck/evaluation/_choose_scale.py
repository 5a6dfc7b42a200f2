"""Raw or standardised samples: let the data say, on a split cut from the training clips."""

from typing import get_args

from limbeck._runtime import Runtime
from limbeck.datasets import LabelledClips
from limbeck.errors import BudgetError
from limbeck.evaluation._evaluate import evaluate
from limbeck.evaluation._split import hold_out
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.protocol import Protocol
from limbeck.methods import RunContext
from limbeck.methods.herding import Herding
from limbeck.modalities import ScaleKind
from limbeck.networks import Architecture
from limbeck.parameterisations import Parameterisation

HELD_OUT = 0.25
"""Fraction of each class's clips that is tested on, about; a class of one recording is not tested on."""
KINDS: tuple[ScaleKind, ...] = get_args(ScaleKind)


def choose_scale(
    clips: LabelledClips,
    *,
    per_class: int,
    hold: Parameterisation,
    seed: int,
    network: Architecture | None = None,
    protocol: Protocol | None = None,
    repeats: int = 3,
    runtime: Runtime | None = None,
) -> tuple[ScaleKind, dict[str, float]]:
    """Which scale serves a student better: herded samples of three quarters of the clips, tested on the rest.

    The test split is not looked at, and all clips of a recording are on one side (see `hold_out`). Herding stands in
    for the method that will be used: it costs seconds. The trial set has `per_class` rows of a class, held as `hold`
    says; the `network` is that of so many students (`repeats`), and of the encoders that clips are herded through. The
    `runtime` is by default as in `RunContext`.

    It gives the better scale, and the mean accuracy by all modalities together of each, in percent.

    Raises:
        BudgetError: The classes have too few clips or recordings to hold some out.
    """
    parts = hold_out(clips, HELD_OUT, seed=seed)
    train, test = clips.take(parts.kept), clips.take(parts.held)
    if not len(test) or min(train.per_class()) < per_class * hold.cells:
        raise BudgetError(
            f"sound='validated' holds about {HELD_OUT:.0%} of the training clips out, recordings whole, and needs "
            f"{per_class * hold.cells} of every class beside them; {train.per_class()} would be left of "
            f"{clips.per_class()}. Choose sound='raw' or sound='standardised'."
        )
    network = network or Architecture()
    run = RunContext() if runtime is None else RunContext(runtime)
    found: dict[str, float] = {}
    for kind in KINDS:
        trial = Herding(per_class=per_class, hold=hold, sound=kind, network=network).distill(train, seed=seed, run=run)
        subject = Subject.of(trial, test, network=network, protocol=protocol, runtime=run.runtime)
        score = evaluate(subject, repeats=repeats, seed=seed)
        found[kind] = score.mean[score.together]
    return max(KINDS, key=lambda kind: found[kind]), found
