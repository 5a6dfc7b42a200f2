"""Weight gradients of a network that is trained on the synthetic samples: what `dc` and `dsa` compare."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck._runtime import derive_seed, generator
from limbeck.augment import Draw
from limbeck.datasets import LabelledClips
from limbeck.methods._branch import Branch
from limbeck.methods._encoders import CHUNK, batch_of, expert_of, experts_of
from limbeck.methods._experts import fresh_student
from limbeck.methods._optimised import Optimised
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._steps import Held
from limbeck.methods._view import View
from limbeck.modalities import Batch
from limbeck.networks import Student
from limbeck.networks.heads.ensemble import Ensemble

PUBLISHED = {1: (1, 1), 10: (10, 50), 20: (20, 25), 50: (50, 10)}
SECOND_ORDER = 3
FAITHFUL: dict[str, Any] = {
    "sound": "raw",
    "steps": 1000,
    "encoders": {"bank": None, "batch": 256},
    "updates": None,
    "network_epochs": None,
    "network_lr": 0.01,
    "network_batch": 256,
    "optimiser": {"kind": "sgd", "lr": 0.1, "momentum": 0.5},
}
"""The published recipe of both, but for the start and the augmentation."""


def published_loops(per_class: int, updates: int | None, epochs: int | None) -> tuple[int, int]:
    """Steps per network and epochs between them: as given, or as published for the next smaller number of samples.

    Example:
        >>> published_loops(15, None, None), published_loops(1, 5, None)
        ((10, 50), (5, 1))
    """
    usual = PUBLISHED[max(n for n in PUBLISHED if n <= per_class)]
    return updates or usual[0], usual[1] if epochs is None else epochs


def learnt_of_all(loops: tuple[int, int]) -> str:
    """See `Method.coupling`; a network that is new in every step, or never trained, has seen no samples."""
    told = "the network whose gradients are compared is trained on the samples of all classes"
    return told if loops[0] > 1 and loops[1] else ""


def gradient_passes(method: Optimised, per_class: Sequence[int], loops: tuple[int, int]) -> Passes:
    """Gradients of a real batch; three passes for the second order of the samples; the networks' training."""
    updates, epochs = loops
    samples = len(per_class) * method.per_class * method.hold.cells
    matched = method.steps * (method.encoders.seen(per_class) + SECOND_ORDER * samples)
    trained = method.steps - -(-method.steps // updates)
    return Passes(0, matched + trained * epochs * samples)


class Follower:
    """A network that follows the synthetic samples; its weights are the state of a run."""

    def __init__(self, method: Optimised, real: LabelledClips, seed: int, run: RunContext) -> None:
        self._method, self._real, self._seed, self._runtime = method, real, seed, run.runtime
        self._view = View(real, method.scales(real), run.runtime, method.augment)
        self._experts = experts_of(method.encoders, self._view, run.cache)
        self._places = real.places.tolist()
        self.student = self._fresh(0).to(run.runtime.device).requires_grad_()

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
        seed = derive_seed(self._seed, "batch", step)
        index = batch_of(self._real, label, self._method.encoders.batch, seed)
        branch = Branch(self.student, modality, self._runtime.real_dtype)
        sums: list[Tensor] = []
        for chunk in torch.split(index, CHUNK):
            found = weight_gradients(branch, self._view.read(modality, chunk, draw), self._places[label])
            weight = len(chunk) / len(index)
            sums = [s + g * weight for s, g in zip(sums, found, strict=True)] if sums else [g * weight for g in found]
        return sums

    def on_synthetic(self, modality: str, samples: Batch, label: int, draw: Draw | None) -> list[Tensor]:
        """Gradients on samples of a class, differentiable; see `weight_gradients`."""
        branch = Branch(self.student, modality, self._runtime.synthetic_dtype)
        seen = self._view.augmented(samples[modality], modality, draw)
        return weight_gradients(branch, seen, self._places[label], graph=True)

    def _fresh(self, life: int) -> Student:
        source = self._method.encoders
        number = source.number(life)
        if self._experts:
            return expert_of(source, self._experts, self._seed, number).student
        draw = generator(self._seed, "weights", number)
        student = fresh_student(source.network, self._real.whole, draw)
        for classifier in cast("Iterable[nn.Linear]", cast("Ensemble", student.head).classifiers.values()):
            # The head's own 1e-4 would leave the encoders' gradients below the 1e-6 in the distance's denominator.
            nn.init.kaiming_uniform_(classifier.weight, a=5**0.5, generator=draw)
        return student


def weight_gradients(branch: Branch, x: Tensor, label: int, *, graph: bool = False) -> list[Tensor]:
    """Gradients of the mean cross-entropy of samples `x` of one class, (sample, channel, height, width).

    They are those that the distance counts: one for every weight of two or more dimensions, in the order of
    ``branch.parameters()``; differentiable, with respect to `x` for instance, with a `graph`.
    """
    loss = F.cross_entropy(branch(x), torch.full((len(x),), label, device=x.device))
    return list(torch.autograd.grad(loss, [w for w in branch.parameters() if w.ndim > 1], create_graph=graph))
