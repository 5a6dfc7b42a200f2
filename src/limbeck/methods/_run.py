"""Where and how the work of a method is done, and what it reports; nothing here changes what is distilled."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from torch import Tensor

from limbeck._runtime import Runtime, choose_runtime


@dataclass(frozen=True)
class StepReport:
    """What a method reports after each step.

    Attributes:
        step: Steps done, from 1.
        steps: Steps in all.
        loss: Loss of the step, summed over classes.
        seconds: Time the step took.
    """

    step: int
    steps: int
    loss: float
    seconds: float


class Checkpoint(Protocol):
    """Where a method leaves its state, so that a run that was killed goes on where it was."""

    def load(self) -> tuple[int, dict[str, Tensor]] | None:
        """Steps done and the tensors saved then; None at the beginning."""

    def offer(self, step: int, tensors: Callable[[], dict[str, Tensor]]) -> None:
        """Called when `step` steps are done; saves the state, ``tensors()``, when it is time to."""


@dataclass(frozen=True)
class RunContext:
    """Everything about a run that does not change what is distilled, only how and where the work is done.

    Attributes:
        runtime: Device and number formats.
        cache: Folder for what other runs on the same data can reuse; None keeps nothing.
        checkpoint: Where the state goes; None keeps nothing.
        on_step: Called after each step.
    """

    runtime: Runtime = field(default_factory=lambda: choose_runtime("cpu", "float32"))
    cache: Path | None = None
    checkpoint: Checkpoint | None = None
    on_step: Callable[[StepReport], None] | None = None


class Passes(NamedTuple):
    """Clips that go through the encoders while a method runs.

    Attributes:
        forward: Without gradient.
        backward: Forward and backward.
    """

    forward: int
    backward: int
