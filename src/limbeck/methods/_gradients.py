"""Weight gradients of a network that is trained on the synthetic samples: what `dc` and `dsa` compare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck._runtime import derive_seed, generator
from limbeck.augment import Draw, SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.methods._branch import Branch
from limbeck.methods._encoders import CHUNK, EncoderSource, batch_of, expert_of
from limbeck.methods._experts import Experts, fresh_student
from limbeck.methods._held import Held
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._view import View
from limbeck.modalities import Batch, Scale
from limbeck.networks import Student
from limbeck.networks.heads.ensemble import Ensemble

PUBLISHED = {1: (1, 1), 10: (10, 50), 20: (20, 25), 50: (50, 10)}
SECOND_ORDER = 3


def published_loops(per_class: int, updates: int | None, epochs: int | None) -> tuple[int, int]:
    """Steps per network and epochs between them: as given, or as published for the next smaller number of samples.

    Example:
        >>> published_loops(15, None, None), published_loops(1, 5, None)
        ((10, 50), (5, 1))
    """
    usual = PUBLISHED[max(n for n in PUBLISHED if n <= per_class)]
    return updates or usual[0], usual[1] if epochs is None else epochs


def gradient_passes(
    per_class: Sequence[int], batch: int | None, synthetic: int, steps: int, loops: tuple[int, int]
) -> Passes:
    """Gradients of a real batch; three passes for the second order of the samples; the networks' training.

    Args:
        per_class: Real training clips of each class.
        batch: Of them, how many a step sees; None for all.
        synthetic: Samples.
        steps: Optimisation steps.
        loops: See `published_loops`.
    """
    updates, epochs = loops
    real = sum(n if batch is None else min(n, batch) for n in per_class)
    trained = steps - -(-steps // updates)
    return Passes(0, steps * (real + SECOND_ORDER * synthetic) + trained * epochs * synthetic)


class Follower:
    """A network that follows the synthetic samples; its weights are the state of a run."""

    def __init__(
        self,
        source: EncoderSource,
        augment: SiameseAugment | None,
        real: LabelledClips,
        scales: Mapping[str, Scale],
        seed: int,
        run: RunContext,
    ) -> None:
        self._source, self._real, self._seed, self._runtime = source, real, seed, run.runtime
        self._view = View(real, scales, run.runtime, augment)
        self._experts = Experts(source.training, source.network, real, scales, run) if source.training else None
        self.student = self._fresh(0).to(run.runtime.device).requires_grad_()

    @property
    def state(self) -> dict[str, Tensor]:
        """Its weights, changed in place."""
        return self.student.state_dict()

    def renew(self, life: int) -> None:
        """Become the next network."""
        self.student.load_state_dict(self._fresh(life).state_dict())

    def train(self, held: Held, step: int, *, epochs: int, lr: float, batch: int) -> None:
        """Some epochs of plain gradient descent on the samples as they are now; `step` is the seed of the draws."""
        draw, device = generator(self._seed, "training", step), self._runtime.device
        inputs = {m: x.detach() for m, x in held.all().samples.items()}
        count = len(next(iter(inputs.values())))
        labels = torch.arange(held.classes).repeat_interleave(count // held.classes).to(device)
        branches = {m: Branch(self.student, m, self._runtime.synthetic_dtype) for m in inputs}
        optimiser = torch.optim.SGD(self.student.parameters(), lr=lr)
        for _ in range(epochs):
            for index in torch.split(torch.randperm(count, generator=draw), batch):
                optimiser.zero_grad()
                for m, x in inputs.items():
                    logits = branches[m](self._view.augmented(x[index], m, self._view.draw(draw, len(index))))
                    F.cross_entropy(logits, labels[index]).backward()  # type: ignore[no-untyped-call]
                optimiser.step()

    def draw(self, step: int, label: int) -> Draw | None:
        """The augmentation that a class's real and synthetic samples share in a step."""
        return self._view.draw(generator(self._seed, "augment", step, self._real.classes[label]), None)

    def on_real(self, modality: str, step: int, label: int, draw: Draw | None) -> list[Tensor]:
        """Gradients on a batch of real clips of a class, see `weight_gradients`; in chunks of bounded memory."""
        index = batch_of(self._real, label, self._source.batch, derive_seed(self._seed, "batch", step))
        branch = Branch(self.student, modality, self._runtime.real_dtype)
        sums: list[Tensor] = []
        for chunk in torch.split(index, CHUNK):
            found = weight_gradients(branch, self._view.read(modality, chunk, draw), label)
            weight = len(chunk) / len(index)
            sums = [s + g * weight for s, g in zip(sums, found, strict=True)] if sums else [g * weight for g in found]
        return sums

    def on_synthetic(self, modality: str, samples: Batch, label: int, draw: Draw | None) -> list[Tensor]:
        """Gradients on samples of a class, differentiable; see `weight_gradients`."""
        branch = Branch(self.student, modality, self._runtime.synthetic_dtype)
        return weight_gradients(branch, self._view.augmented(samples[modality], modality, draw), label, graph=True)

    def _fresh(self, life: int) -> Student:
        number = self._source.number(life)
        expert = expert_of(self._source, self._experts, self._seed, number)
        if expert:
            return expert.student
        draw = generator(self._seed, "weights", number)
        student = fresh_student(self._source.network, self._real, draw)
        if isinstance(student.head, Ensemble):
            for classifier in cast("Iterable[nn.Linear]", student.head.classifiers.values()):
                # The head's own 1e-4 would leave the encoders' gradients below the 1e-6 in the distance's denominator.
                nn.init.kaiming_uniform_(classifier.weight, a=5**0.5, generator=draw)
        return student


def weight_gradients(branch: Branch, x: Tensor, label: int, *, graph: bool = False) -> list[Tensor]:
    """Gradients of the mean cross-entropy of one class's samples, with respect to the weights that the distance counts.

    Args:
        branch: Encoder and classifier.
        x: Network input, (sample, channel, height, width).
        label: Class of all of them.
        graph: Whether the gradients are differentiable, with respect to `x` for instance.

    Returns:
        One tensor for every weight of two or more dimensions, in the order of ``branch.parameters()``.
    """
    loss = F.cross_entropy(branch(x), torch.full((len(x),), label, device=x.device))
    return list(torch.autograd.grad(loss, [w for w in branch.parameters() if w.ndim > 1], create_graph=graph))
