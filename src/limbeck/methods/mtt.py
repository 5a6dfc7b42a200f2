"""Trajectory matching, each modality with its own distance and learnt rate (`mtt`).

Moves a few pairs a class until a network that is trained on them for a few steps lands where experts, trained on the
real clips for some epochs from the same weights, have landed. Sound and picture never meet.

Source:   Cazenavette et al., "Dataset Distillation by Matching Training Trajectories", CVPR 2022, algorithm 1, eq. 2.
Differs from the paper: two branches, with a distance and a learnt rate each, where its network has one; the gradient
          through the student's steps is exact, but in the memory of one step (`_unrolled`). The defaults are sized for
          a small machine: fewer and shorter experts, Adam, a start from herded clips; the first rate is such that the
          student's steps add up to the experts' way. A learnt rate moves by at most a tenth of itself in a step: far
          from where it belongs its gradient threw it below 0. It is not used when a student is scored.
          ``--preset faithful`` is the published recipe.
Cost:     per step, `student_steps` passes over a batch of pairs without, and as many with second order (about four
          passes in all). Before the first step, the experts: `encoders.bank` times `encoders.training.epochs` passes
          over all real clips, once a dataset for all seeds and all numbers of pairs. On disk while a step runs,
          `student_steps` copies of the weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar, Self, cast, final

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor

from limbeck._runtime import generator
from limbeck.augment import Draw
from limbeck.datasets import LabelledClips, Scale
from limbeck.methods._branch import Branch
from limbeck.methods._contract import Passes, Work
from limbeck.methods._descent import Adam, Optimiser
from limbeck.methods._encoders import Encoders, augmented
from limbeck.methods._experts import EXPERTS, Experts, Training
from limbeck.methods._losses import trajectory_distance
from limbeck.methods._optimised import Optimised, Pairs, Problem
from limbeck.methods._selection import class_major
from limbeck.methods._unrolled import Inner, descend
from limbeck.networks import MODALITIES, Modality

PASSES = 4
LARGEST_CHANGE = 0.1


@final
class MTT(Optimised):
    """Match training trajectories of experts.

    Attributes:
        encoders: `training` says how the experts are trained (needed), `bank` how many there are (20 without);
            `batch` and `age` are not used.
        student_steps: Steps of gradient descent on the pairs, >= 1 (the published syn_steps).
        student_batch: Small pairs (cells of mosaics) in such a step; None means all.
        expert_epochs: Epochs between the experts' snapshots that are compared, >= 1.
        max_start_epoch: Snapshots to start from are drawn below this epoch, >= 1.
        rate: First learning rate of both branches, > 0; None: such that `student_steps` of it add up to the steps,
            times their rate, that an expert takes in `expert_epochs`.
        rate_lr: Learning rate of the learning rates, >= 0; its momentum is 0.5. A rate moves by at most a tenth of
            itself in a step, and so stays above 0.
    """

    encoders: Encoders = Encoders(bank=5, batch=None, training=Training(epochs=20, batch=64))
    optimiser: Optimiser = Adam()
    student_steps: int = Field(10, ge=1)
    student_batch: int | None = Field(None, ge=1)
    expert_epochs: int = Field(2, ge=1)
    max_start_epoch: int = Field(10, ge=1)
    rate: float | None = Field(None, gt=0)
    rate_lr: float = Field(1e-5, ge=0)

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "faithful": {
            "sound": "raw",
            "steps": 5001,
            "start": "random",
            "encoders": {
                "bank": 100,
                "training": {"epochs": 50, "batch": 256, "audio_lr": 0.01, "image_lr": 0.01, "momentum": 0.0},
            },
            "student_steps": 20,
            "expert_epochs": 3,
            "max_start_epoch": 25,
            "rate": 0.01,
            "rate_lr": 1e-5,
            "optimiser": {
                "kind": "sgd",
                "audio_lr": 1000.0,
                "image_lr": 1000.0,
                "momentum": 0.5,
                "loop": "independent",
            },
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

    def passes(self, per_class: Sequence[int]) -> Passes:
        """The students' steps, first and second order; experts, which runs share, are left out."""
        pairs = len(per_class) * self.per_class * self.cells
        return Passes(0, self.steps * self.student_steps * min(pairs, self.student_batch or pairs) * PASSES)

    def _problem(self, real: LabelledClips, scale: Scale, seed: int, work: Work) -> Problem:
        training = self._training
        experts = Experts(training, self.encoders.network, real, scale, work)
        rates = {m: torch.tensor(self.rate or self._pace(m, len(real))) for m in MODALITIES}
        speeds = {m: torch.zeros(()) for m in MODALITIES}
        labels = torch.arange(len(real.classes)).repeat_interleave(self.per_class * self.cells)
        starts = min(self.max_start_epoch, training.epochs - self.expert_epochs + 1)

        def gradient(step: int, pairs: Pairs) -> tuple[float, list[Tensor]]:
            draw = generator(seed, "trajectory", step)
            expert = int(torch.randint(self.encoders.bank or EXPERTS, (), generator=draw))
            begin = int(torch.randint(starts, (), generator=draw))
            way = [experts.snapshot(expert, epoch).student for epoch in (begin, begin + self.expert_epochs)]
            total, gradients = 0.0, []
            for modality, pair in zip(MODALITIES, pairs, strict=True):
                leaf = pair.detach().requires_grad_()
                small = class_major(leaf, len(real.classes), self.share(modality))
                departed, target = (Branch(s, modality, work.runtime.synthetic_dtype) for s in way)
                lesson = self._lesson(len(small), generator(seed, modality, step))
                found = descend(
                    self._inner(departed, modality, lesson, labels, scale),
                    partial(trajectory_distance, target=target.flat(), departed=departed.flat()),
                    start=departed.flat(),
                    rate=rates[modality].to(leaf.device),
                    inputs=small.detach(),
                    batches=[index.to(leaf.device) for index, _ in lesson],
                    folder=work.cache,
                )
                gradients.append(torch.autograd.grad(small, leaf, found.inputs)[0])
                total += found.loss
                speeds[modality].mul_(0.5).add_(found.rate.cpu())
                most = rates[modality] * LARGEST_CHANGE
                rates[modality].sub_((self.rate_lr * speeds[modality]).clamp(-most, most))
            return total, gradients

        state = {f"{m}.rate": r for m, r in rates.items()} | {f"{m}.speed": s for m, s in speeds.items()}
        return Problem(gradient, state)

    @property
    def _training(self) -> Training:
        return cast("Training", self.encoders.training)  # the validator has seen to it

    def _pace(self, modality: Modality, clips: int) -> float:
        """The rate at which the student's steps add up to the experts' way."""
        training = self._training
        expert_rate = {"audio": training.audio_lr, "image": training.image_lr}[modality] / (1 - training.momentum)
        return expert_rate * -(-clips // training.batch) * self.expert_epochs / self.student_steps

    def _lesson(self, pairs: int, draw: torch.Generator) -> list[tuple[Tensor, Draw | None]]:
        """Which small pairs each step of the student sees, and how they are changed: one family a step."""
        batches: list[Tensor] = []
        while len(batches) < self.student_steps:
            batches += torch.split(torch.randperm(pairs, generator=draw), self.student_batch or pairs)
        return [(b, self.augment.draw(draw, len(b)) if self.augment else None) for b in batches[: self.student_steps]]

    def _inner(
        self, branch: Branch, modality: Modality, lesson: list[tuple[Tensor, Draw | None]], labels: Tensor, scale: Scale
    ) -> Inner:
        def loss(weights: Tensor, x: Tensor, step: int) -> Tensor:
            index, draw = lesson[step]
            logits = branch.with_weights(weights, augmented(x, modality, draw, self.augment, scale))
            return F.cross_entropy(logits, labels[index].to(x.device))

        return loss
