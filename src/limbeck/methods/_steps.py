"""The steps of an optimisation, with resumption to the same bits, and what comes of them: a distilled set."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from limbeck import _code
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import DivergedError, InputError
from limbeck.methods._contract import Method
from limbeck.methods._descent import Descent, Optimiser
from limbeck.methods._held import Held, Step
from limbeck.methods._run import RunContext, StepReport
from limbeck.parameterisations import Tensors


def steps(
    held: Held, optimiser: Optimiser, count: int, run: RunContext, state: Mapping[str, Tensor] | None = None
) -> Iterator[Step]:
    """Optimisation steps, from the one a killed run had come to; tensors are moved when the next one is taken.

    Args:
        held: What is moved, in place.
        optimiser: How it follows the gradient.
        count: Steps in all.
        run: Checkpoint, and who is told of each step.
        state: What the method itself keeps from step to step, changed in place; saved with the tensors.

    Raises:
        DivergedError: The loss became NaN or infinite.
    """
    descent, state = optimiser.over(held.tensors, held.spreads, held.classes), state or {}
    for number in range(_resume(held, descent, state, run), count):
        began = time.perf_counter()
        descent.before()
        step = Step(number, held)
        yield step
        descent.after([*step.gradients.values()])
        if not math.isfinite(step.loss):
            raise DivergedError(
                f"The loss became {step.loss} at step {number + 1} of {count}. The step size is the usual "
                f"cause: lower the optimiser's lr (now {optimiser.lr})."
            )
        if run.on_step:
            run.on_step(StepReport(number + 1, count, step.loss, time.perf_counter() - began))
        if run.checkpoint:
            run.checkpoint.offer(number + 1, lambda: _saved(held, descent, state))


def finished(
    method: Method, real: LabelledClips, tensors: Tensors, seed: int, run: RunContext, start: Tensors | None = None
) -> DistilledSet:
    """Tensors as a set: stored as the method says, with its labels, and what must be known to make it again.

    Args:
        method: What made them.
        real: The clips they were made from.
        tensors: Rows ordered by class, equally many of each, in network scale.
        seed: Of the distillation.
        run: Device, number formats and the cache.
        start: The same tensors before optimisation; None if there was none.
    """
    rows = len(next(iter(tensors.values()))) // len(real.classes)
    made = DistilledSet(
        tensors={name: t.cpu() for name, t in tensors.items()},
        labels=torch.arange(len(real.classes)).repeat_interleave(rows),
        classes=real.classes,
        hold=method.hold,
        modalities=real.modalities,
        scales=method.scales(real),
        provenance=provenance(method, real, seed),
        start=start,
    )
    return labelled(method, made.stored_as(method.storage.build()), real, seed, run)


def labelled(method: Method, made: DistilledSet, real: LabelledClips, seed: int, run: RunContext) -> DistilledSet:
    """The set with soft labels, where the method asks for them."""
    return replace(made, soft_labels=method.labels.of(made, real, seed=seed, run=run))


def provenance(method: Method, real: LabelledClips, seed: int) -> dict[str, Any]:
    """What must be known of a set to make it again, and to compare it with its like."""
    return {
        "method": method.name,
        "settings": method.to_json(),
        "seed": seed,
        "dataset": real.name,
        "training_fingerprint": real.fingerprint,
        "clips": len(real),
        "sees_labels": bool(method.required_experts(seed)),
        "code": _code.of(method),
    }


def two_modalities(real: LabelledClips, name: str) -> tuple[str, str]:
    """The two modalities of data, for methods that compare two.

    Raises:
        InputError: There are others than two.
    """
    if len(real.modalities) != 2:
        raise InputError(
            f"{name} compares two modalities of a clip, but this data has {', '.join(real.modalities)}. Use dm, or "
            "another method that takes each modality by itself."
        )
    one, other = real.modalities
    return one, other


def _saved(held: Held, descent: Descent, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All that the next step depends on."""
    return {
        **{f"held.{k}": v for k, v in held.tensors.items()},
        **{f"descent.{k}": v for k, v in descent.state().items()},
        **{f"state.{k}": v for k, v in state.items()},
    }


def _resume(held: Held, descent: Descent, state: Mapping[str, Tensor], run: RunContext) -> int:
    """Put the saved state back, if there is one; returns the steps already done."""
    saved = run.checkpoint.load() if run.checkpoint else None
    if saved is None:
        return 0
    done, tensors = saved
    descent.restore({k.removeprefix("descent."): v for k, v in tensors.items() if k.startswith("descent.")})
    with torch.no_grad():
        for kind, kept in (("held", held.tensors), ("state", state)):
            for name, value in kept.items():
                value.copy_(tensors[f"{kind}.{name}"])
    return done
