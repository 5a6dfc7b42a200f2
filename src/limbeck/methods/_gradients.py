"""Matching gradients: pairs that pull a network's weights the way the real clips do. What `dc` and `dsa` share."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor, nn

from limbeck._runtime import derive_seed, generator
from limbeck.augment import Draw
from limbeck.datasets import LabelledClips, Scale
from limbeck.methods._branch import Branch
from limbeck.methods._contract import Passes, Work
from limbeck.methods._descent import Adam, Optimiser
from limbeck.methods._encoders import CHUNK, Encoders, augmented, batch_of, expert_of
from limbeck.methods._experts import Experts
from limbeck.methods._losses import gradient_distance
from limbeck.methods._optimised import Optimised, Pairs, Problem
from limbeck.methods._selection import class_major
from limbeck.networks import MODALITIES, Modality, Student, heads

PUBLISHED = {1: (1, 1), 10: (10, 50), 20: (20, 25), 50: (50, 10)}
SECOND_ORDER = 3


class GradientMatching(Optimised, ABC):
    """Follows a network while it is trained on the pairs, and matches its gradients on them with those on real clips.

    A network is random at first. It sees `updates` steps of the pairs, and after each it is trained on the pairs for
    `network_epochs` epochs; then comes the next network. A step is one update of the pairs.

    Attributes:
        updates: Steps for which a network is kept, >= 1; None as published for `per_class`: 1, 10, 20 and 50 steps
            at 1, 10, 20 and 50 pairs a class, and at other numbers as at the next smaller one.
        network_epochs: Epochs on the pairs between two steps of one network, >= 0; None as published: 1, 50, 25, 10.
        network_lr: Learning rate of the network, > 0.
        network_batch: Pairs in a step of the network's training, >= 1.
    """

    encoders: Encoders = Encoders(bank=None, batch=64)
    optimiser: Optimiser = Adam()
    updates: int | None = Field(5, ge=1)
    network_epochs: int | None = Field(5, ge=0)
    network_lr: float = Field(0.01, gt=0)
    network_batch: int = Field(256, ge=1)

    @property
    def loops(self) -> tuple[int, int]:
        """Steps a network and epochs between them."""
        updates, epochs = PUBLISHED[max(n for n in PUBLISHED if n <= self.per_class)]
        return self.updates or updates, epochs if self.network_epochs is None else self.network_epochs

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Gradients of a real batch; three passes for the second order of the pairs; the networks' training."""
        updates, epochs = self.loops
        real = sum(n if self.encoders.batch is None else min(n, self.encoders.batch) for n in per_class)
        pairs = len(per_class) * self.per_class * self.cells
        trained = self.steps - -(-self.steps // updates)
        return Passes(0, self.steps * (real + SECOND_ORDER * pairs) + trained * epochs * pairs)

    def _problem(self, real: LabelledClips, scale: Scale, seed: int, work: Work) -> Problem:
        follower = _Follower(self, real, scale, seed, work)
        return Problem(follower.gradient, follower.student.state_dict())


class _Follower:
    """A network on its way through the steps; its weights are the state."""

    def __init__(self, method: GradientMatching, real: LabelledClips, scale: Scale, seed: int, work: Work) -> None:
        self._method, self._real, self._scale, self._seed, self._work = method, real, scale, seed, work
        encoders = method.encoders
        self._experts = Experts(encoders.training, encoders.network, real, scale, work) if encoders.training else None
        self.student = self._fresh(0).to(work.runtime.device).requires_grad_()

    def gradient(self, step: int, pairs: Pairs) -> tuple[float, list[Tensor]]:
        """One class after the other, one modality after the other: no graph is larger than that."""
        life, age = divmod(step, self._method.loops[0])
        if age == 0:
            self.student.load_state_dict(self._fresh(life).state_dict())
        else:
            self._train(pairs, generator(self._seed, "training", step))
        total, gradients = 0.0, [torch.zeros_like(p) for p in pairs]
        for label, name in enumerate(self._real.classes):
            index = batch_of(self._real, label, self._method.encoders.batch, derive_seed(self._seed, "batch", step))
            augment = self._method.augment
            draw = augment.draw(generator(self._seed, "augment", step, name), None) if augment else None
            for modality, pair, gradient in zip(MODALITIES, pairs, gradients, strict=True):
                per_class = len(pair) // len(self._real.classes)
                own = slice(label * per_class, (label + 1) * per_class)
                leaf = pair[own].detach().requires_grad_()
                distance = gradient_distance(
                    self._on_real(modality, index, label, draw), self._on_pairs(modality, leaf, label, draw)
                )
                (gradient[own],) = torch.autograd.grad(distance, leaf)
                total += float(distance.detach())
        return total, gradients

    def _on_real(self, modality: Modality, index: Tensor, label: int, draw: Draw | None) -> list[Tensor]:
        branch = Branch(self.student, modality, self._work.runtime.real_dtype)
        sums: list[Tensor] = []
        for chunk in torch.split(index, CHUNK):
            x = _network_input(self._real, self._scale, modality, chunk).to(self._work.runtime.device)
            found = weight_gradients(branch, augmented(x, modality, draw, self._method.augment, self._scale), label)
            share = len(chunk) / len(index)
            sums = [s + g * share for s, g in zip(sums, found, strict=True)] if sums else [g * share for g in found]
        return sums

    def _on_pairs(self, modality: Modality, leaf: Tensor, label: int, draw: Draw | None) -> list[Tensor]:
        branch = Branch(self.student, modality, self._work.runtime.synthetic_dtype)
        small = class_major(leaf, 1, self._method.share(modality))
        x = augmented(small, modality, draw, self._method.augment, self._scale)
        return weight_gradients(branch, x, label, create_graph=True)

    def _train(self, pairs: Pairs, draw: torch.Generator) -> None:
        """Some epochs of plain gradient descent on the pairs as they are now."""
        classes, augment = len(self._real.classes), self._method.augment
        inputs = [class_major(p, classes, self._method.share(m)) for m, p in zip(MODALITIES, pairs, strict=True)]
        labels = torch.arange(classes).repeat_interleave(len(inputs[0]) // classes).to(inputs[0].device)
        branches = [Branch(self.student, m, self._work.runtime.synthetic_dtype) for m in MODALITIES]
        optimiser = torch.optim.SGD(self.student.parameters(), lr=self._method.network_lr)
        for _ in range(self._method.loops[1]):
            for index in torch.split(torch.randperm(len(labels), generator=draw), self._method.network_batch):
                optimiser.zero_grad()
                for branch, modality, x in zip(branches, MODALITIES, inputs, strict=True):
                    own = augment.draw(draw, len(index)) if augment else None
                    logits = branch(augmented(x[index], modality, own, augment, self._scale))
                    F.cross_entropy(logits, labels[index]).backward()  # type: ignore[no-untyped-call]
                optimiser.step()

    def _fresh(self, life: int) -> Student:
        encoders, real = self._method.encoders, self._real
        number = encoders.number(life)
        expert = expert_of(encoders, self._experts, self._seed, number)
        if expert:
            return expert.student
        draw = generator(self._seed, "weights", number)
        pair = encoders.network.build().pair(real.audio_shape, real.image_shape, generator=draw)
        head = heads.load("ensemble")(pair.audio.dim, pair.image.dim, len(real.classes), generator=draw)
        student = Student(pair, head)
        for modality in MODALITIES:
            # The head's own 1e-4 would leave the encoders' gradients below the 1e-6 in the distance's denominator.
            nn.init.kaiming_uniform_(getattr(head, modality).weight, a=5**0.5, generator=draw)
        return student


def weight_gradients(branch: Branch, x: Tensor, label: int, *, create_graph: bool = False) -> list[Tensor]:
    """Gradients of the mean cross-entropy of clips of one class, with respect to the weights that the distance counts.

    Args:
        branch: Encoder and classifier.
        x: Network input, (sample, channel, height, width).
        label: Class of all of them.
        create_graph: Whether the gradients are differentiable, with respect to `x` for instance.

    Returns:
        One tensor a weight of two or more dimensions, in the order of ``branch.parameters()``.
    """
    loss = F.cross_entropy(branch(x), torch.full((len(x),), label, device=x.device))
    counted = [w for w in branch.parameters() if w.ndim > 1]
    return list(torch.autograd.grad(loss, counted, create_graph=create_graph))


def _network_input(real: LabelledClips, scale: Scale, modality: Modality, index: Tensor) -> Tensor:
    return scale.audio(real.audio(index)) if modality == "audio" else scale.image(real.frames(index))
