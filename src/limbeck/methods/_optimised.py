"""What optimised methods share: their settings, and the loop that moves pairs along a gradient."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
from pydantic import Field, field_validator
from torch import Tensor

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips, Scale
from limbeck.distilled import DistilledSet
from limbeck.errors import DivergedError
from limbeck.methods._contract import Method, StepReport, Work
from limbeck.methods._descent import SGD, Descent, Optimiser
from limbeck.methods._encoders import Encoders
from limbeck.methods._experts import Asked
from limbeck.methods._selection import distilled
from limbeck.methods._start import NamedStart, Start, spreads, start_pairs

Pairs = list[Tensor]
"""Log-mels (pair, 1, mel, frame) and frames (pair, 3, height, width) on the device, network scale, ordered by class."""


@dataclass(frozen=True)
class Problem:
    """What a method minimises.

    Attributes:
        gradient: Step number, from 0, and the pairs, to the loss and its gradient with respect to both pair tensors.
            It must depend on these and `state` alone, so that a run that was killed ends with the same bits.
        state: What `gradient` keeps from step to step, changed in place; saved with the pairs. Empty for most.
    """

    gradient: Callable[[int, Pairs], tuple[float, list[Tensor]]]
    state: Mapping[str, Tensor] = field(default_factory=dict)


class Optimised(Method, ABC):
    """A method that starts from some pairs and follows a gradient.

    Attributes:
        steps: Optimisation steps, >= 0.
        start: What the pairs are before the first step: ``noise``, or the name of a method that chooses real clips,
            or that name with settings, as in ``{"method": "kmedoids", "settings": {"training": {}}}``.
        encoders: Where encoders come from.
        augment: Augmentation shared by real and synthetic clips; None for none.
        optimiser: How pairs follow the gradient.
    """

    steps: int = Field(200, ge=0)
    start: NamedStart = Start(method="herding")
    encoders: Encoders = Encoders(bank=20, batch=None)
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = SGD()

    @property
    def steps_planned(self) -> int:
        """Optimisation steps."""
        return self.steps

    def asked_experts(self, seed: int) -> Asked:
        """Those looked through, and those that the choice of the start asks; see `Method.asked_experts`."""
        selection = self.start.selection()
        chosen_by: Asked = selection.asked_experts(seed) if selection else frozenset()
        return super().asked_experts(seed) | self.encoders.experts | chosen_by

    @field_validator("start")
    @classmethod
    def _start_fits(cls, start: Start) -> Start:
        start.selection()
        return start

    @abstractmethod
    def _problem(self, real: LabelledClips, scale: Scale, seed: int, work: Work) -> Problem:
        """What is minimised.

        Args:
            real: Training clips.
            scale: What networks see.
            seed: Of every random draw.
            work: Device, number formats and the cache.
        """

    def _make(self, real: LabelledClips, seed: int, work: Work) -> DistilledSet:
        scale = self.scale(real)
        audio, image, labels = start_pairs(
            self, self.start, self.encoders.network, real, scale=scale, seed=seed, work=work
        )
        begun = audio.clone(), image.clone()
        pairs = [audio.to(work.runtime.device), image.to(work.runtime.device)]
        descent = self.optimiser.over(pairs, list(spreads(real, scale)), len(real.classes))
        problem = self._problem(real, scale, seed, work)
        for step in range(_resume(pairs, descent, problem, work), self.steps):
            started = time.perf_counter()
            descent.before()
            loss, gradients = problem.gradient(step, pairs)
            descent.after(gradients)
            if not torch.isfinite(torch.tensor(loss)):
                raise DivergedError(
                    f"The loss became {loss} at step {step + 1} of {self.steps}. The step size is the usual cause: "
                    f"lower audio_lr and image_lr (now {self.optimiser.audio_lr:g} and {self.optimiser.image_lr:g})."
                )
            if work.on_step:
                work.on_step(StepReport(step + 1, self.steps, loss, time.perf_counter() - started))
            if work.checkpoint:
                work.checkpoint.offer(step + 1, lambda: _state(pairs, descent, problem))
        return distilled(self, real, pairs[0].cpu(), pairs[1].cpu(), labels, start=begun if self.steps else None)


def _state(pairs: Pairs, descent: Descent, problem: Problem) -> dict[str, Tensor]:
    return {
        "audio": pairs[0],
        "image": pairs[1],
        **{f"descent.{k}": v for k, v in descent.state().items()},
        **{f"problem.{k}": v for k, v in problem.state.items()},
    }


def _resume(pairs: Pairs, descent: Descent, problem: Problem, work: Work) -> int:
    """Put the saved state back, if there is one; returns the steps already done."""
    saved = work.checkpoint.load() if work.checkpoint else None
    if saved is None:
        return 0
    done, tensors = saved
    pairs[0].copy_(tensors["audio"])
    pairs[1].copy_(tensors["image"])
    descent.restore({k.removeprefix("descent."): v for k, v in tensors.items() if k.startswith("descent.")})
    with torch.no_grad():
        for name, value in problem.state.items():
            value.copy_(tensors[f"problem.{name}"])
    return done
