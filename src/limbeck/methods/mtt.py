"""Trajectory matching, each modality with its own distance and learnt rate (`mtt`).

Moves a few samples per class until a network that is trained on them for a few steps lands where experts, trained on
the real clips for some epochs from the same weights, have landed. Modalities never meet.

Source:   Cazenavette et al., "Dataset Distillation by Matching Training Trajectories", CVPR 2022, algorithm 1, eq. 2.
Differs from the paper: a branch per modality, with a distance and a learnt rate each, where its network has one; the
          gradient through the student's steps is exact, but in the memory of one step (`_unrolled`). The defaults are
          sized for a small machine: fewer and shorter experts, Adam, a start from herded clips; the first rate is such
          that the student's steps add up to the experts' way. A learnt rate moves by at most a tenth of itself in a
          step: far from where it belongs its gradient threw it below 0. It is not used when a student is scored.
          ``--preset faithful`` is the published recipe.
Cost:     per step, `student_steps` passes over a batch of samples without, and as many with second order (about four
          passes in all). Before the first step, the experts: `encoders.bank` times `encoders.training.epochs` passes
          over all real clips, once a dataset for all seeds and all numbers of samples. On disk while a step runs,
          `student_steps` copies of the weights.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Self, cast, final

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor

from limbeck._config import rate_of
from limbeck._runtime import generator
from limbeck.augment import Draw, SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._branch import Branch
from limbeck.methods._contract import Method, finished
from limbeck.methods._descent import Adam, Optimiser, Steps
from limbeck.methods._encoders import EncoderSource
from limbeck.methods._experts import EXPERTS, Experts, Training
from limbeck.methods._losses import trajectory_distance
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import started, steps
from limbeck.methods._unrolled import Inner, descend
from limbeck.methods._view import View

PASSES = 4
LARGEST_CHANGE = 0.1


@final
class MTT(Method):
    """Match training trajectories of experts.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `Optimised`.

    Attributes:
        encoders: `training` says how the experts are trained (needed), `bank` how many there are (20 without);
            `batch` and `age` are not used.
        augment: Augmentation of the samples in a student's steps; None for none.
        student_steps: Steps of gradient descent on the samples, >= 1 (the published syn_steps).
        student_batch: Samples in such a step; None means all.
        expert_epochs: Epochs between the experts' snapshots that are compared, >= 1.
        max_start_epoch: Snapshots to start from are drawn below this epoch, >= 1.
        rate: First learning rate of all branches, > 0; None: such that `student_steps` of it add up to the steps,
            times their rate, that an expert takes in `expert_epochs`.
        rate_lr: Learning rate of the learning rates, >= 0; its momentum is 0.5. A rate moves by at most a tenth of
            itself in a step, and so stays above 0.
    """

    steps: Steps = 200
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=5, batch=None, training=Training(epochs=20, batch=64))
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = Adam()
    student_steps: int = Field(10, ge=1)
    student_batch: int | None = Field(None, ge=1)
    expert_epochs: int = Field(2, ge=1)
    max_start_epoch: int = Field(10, ge=1)
    rate: float | None = Field(None, gt=0)
    rate_lr: float = Field(1e-5, ge=0)

    coupling: ClassVar[str] = "a student is trained on the samples of all classes"
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "faithful": {
            "sound": "raw",
            "steps": 5001,
            "start": "random",
            "encoders": {"bank": 100, "training": {"epochs": 50, "batch": 256, "lr": 0.01, "momentum": 0.0}},
            "student_steps": 20,
            "expert_epochs": 3,
            "max_start_epoch": 25,
            "rate": 0.01,
            "rate_lr": 1e-5,
            "optimiser": {"kind": "sgd", "lr": 1000.0, "momentum": 0.5, "loop": "independent"},
        }
    }

    @model_validator(mode="after")
    def _experts_go_far_enough(self) -> Self:
        training = self.encoders.training
        if training is None:
            raise ValueError("mtt follows experts, so encoders.training must say how they are trained")
        if self.expert_epochs > training.epochs:
            raise ValueError(
                f"expert_epochs is {self.expert_epochs}, but experts are trained for {training.epochs} epochs only "
                "(encoders.training.epochs)"
            )
        return self

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        run = run or RunContext()
        held = started(self, real, seed, run)
        training = cast("Training", self.encoders.training)
        view = View(real, self.scales(real), run.runtime, self.augment)
        experts = Experts(training, self.encoders.network, view, run.cache)
        rates = {m: torch.tensor(self.rate or self._pace(training, m, len(real))) for m in real.modalities}
        speeds = {m: torch.zeros(()) for m in real.modalities}
        state = {f"{m}.rate": r for m, r in rates.items()} | {f"{m}.speed": s for m, s in speeds.items()}
        labels = torch.arange(held.classes).repeat_interleave(self.per_class * self.hold.cells)
        starts = min(self.max_start_epoch, training.epochs - self.expert_epochs + 1)
        for step in steps(held, self, run, state):
            draw = generator(seed, "trajectory", step.number)
            expert = int(torch.randint(self.encoders.bank or EXPERTS, (), generator=draw))
            begin = int(torch.randint(starts, (), generator=draw))
            way = [experts.snapshot(expert, epoch).student for epoch in (begin, begin + self.expert_epochs)]
            for m in real.modalities:
                block = held.all(m)
                samples = block.samples[m]
                departed, target = (Branch(student, m, run.runtime.synthetic_dtype) for student in way)
                lesson = self._lesson(view, len(samples), generator(seed, m, step.number))
                found = descend(
                    self._inner(departed, m, lesson, labels, view),
                    partial(trajectory_distance, target=target.flat(), departed=departed.flat()),
                    start=departed.flat(),
                    rate=rates[m].to(samples.device),
                    inputs=samples.detach(),
                    batches=[index.to(samples.device) for index, _ in lesson],
                    folder=run.cache,
                )
                gradients = torch.autograd.grad(samples, [*block.leaves.values()], found.inputs)
                step.descend(found.loss, block, gradients)
                speeds[m].mul_(0.5).add_(found.rate.cpu())
                most = rates[m] * LARGEST_CHANGE
                rates[m].sub_((self.rate_lr * speeds[m]).clamp(-most, most))
        return finished(self, real, held.tensors, seed, run, held.start)

    def passes(self, per_class: Sequence[int]) -> Passes:
        """The students' steps, first and second order; experts, which runs share, are left out."""
        samples = len(per_class) * self.per_class * self.hold.cells
        return Passes(0, self.steps * self.student_steps * min(samples, self.student_batch or samples) * PASSES)

    def _pace(self, training: Training, modality: str, clips: int) -> float:
        """The rate at which the student's steps add up to the experts' way."""
        expert_rate = rate_of(training.lr, modality) / (1 - training.momentum)
        return expert_rate * -(-clips // training.batch) * self.expert_epochs / self.student_steps

    def _lesson(self, view: View, samples: int, draw: torch.Generator) -> list[tuple[Tensor, Draw | None]]:
        """Which samples each step of the student sees, and how they are changed: one family a step."""
        batches: list[Tensor] = []
        while len(batches) < self.student_steps:
            batches += torch.split(torch.randperm(samples, generator=draw), self.student_batch or samples)
        return [(b, view.draw(draw, len(b))) for b in batches[: self.student_steps]]

    def _inner(
        self, branch: Branch, modality: str, lesson: list[tuple[Tensor, Draw | None]], labels: Tensor, view: View
    ) -> Inner:
        def loss(weights: Tensor, x: Tensor, step: int) -> Tensor:
            index, draw = lesson[step]
            logits = branch.with_weights(weights, view.augmented(x, modality, draw))
            return F.cross_entropy(logits, labels[index].to(x.device))

        return loss
