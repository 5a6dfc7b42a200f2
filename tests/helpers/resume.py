"""Stop a distillation in the middle and take it up again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods import Method, RunContext


class StopAt:
    """A checkpoint that saves after a step, and stops the run there the first time."""

    def __init__(self, step: int) -> None:
        self._step = step
        self._saved: tuple[int, dict[str, Tensor]] | None = None

    def load(self) -> tuple[int, dict[str, Tensor]] | None:
        """What was saved."""
        return self._saved

    def offer(self, step: int, tensors: Callable[[], dict[str, Tensor]]) -> None:
        """Save and stop at the step."""
        if step == self._step and self._saved is None:
            self._saved = step, {name: t.detach().clone() for name, t in tensors().items()}
            raise KeyboardInterrupt


def distil_in_two_goes(
    method: Method, real: LabelledClips, *, seed: int, stop_at: int, run: RunContext | None = None
) -> DistilledSet:
    """The set of a run that was stopped after a step and started again from what it had saved."""
    halting = replace(run or RunContext(), checkpoint=StopAt(stop_at))
    try:
        method.distill(real, seed=seed, run=halting)
    except KeyboardInterrupt:
        return method.distill(real, seed=seed, run=halting)
    raise AssertionError(f"the run ended before step {stop_at}")


def same_bits(first: DistilledSet, second: DistilledSet) -> bool:
    """Whether two sets hold the same numbers."""
    return first.tensors.keys() == second.tensors.keys() and all(
        torch.equal(tensor, second.tensors[name]) for name, tensor in first.tensors.items()
    )
