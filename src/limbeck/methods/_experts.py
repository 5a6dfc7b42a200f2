"""Networks trained on the real clips, every epoch of them kept: trained once for a dataset, reused by every method.

Trajectory matching follows them; other methods look through them instead of through random networks.

Source:   Cazenavette et al., "Dataset Distillation by Matching Training Trajectories", CVPR 2022 (expert buffers).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, cast, final, runtime_checkable

import torch
from pydantic import Field
from torch import Tensor

from limbeck import _code, _files
from limbeck._config import Config, Rates, rate_of
from limbeck._runtime import generator
from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.errors import DivergedError
from limbeck.methods._descent import buffers_of, put_back
from limbeck.methods._view import View
from limbeck.networks import Architecture, Student, heads
from limbeck.networks.heads.ensemble import Ensemble

ACCURACY = "accuracy."
EXPERTS = 20
"""How many share the work where a method does not say: seeds and steps take them in turn."""

ExpertKeys = frozenset[tuple["Training", int]]
"""Experts by how they are trained and their number."""


@runtime_checkable
class AsksExperts(Protocol):
    """Settings that ask for networks trained on the real labels."""

    def experts(self, seed: int) -> ExpertKeys:
        """Those of a distillation with this seed; none, perhaps."""


class Training(Config):
    """How experts are trained on the real clips.

    Attributes:
        epochs: Passes over the training clips, >= 1; weights are kept at the start and after each.
        batch: Clips in a step.
        lr: Learning rate of an encoder and its classifier: one, or one for each modality.
        momentum: Of the gradient descent.
        weight_decay: Added to the gradient as ``weight_decay * weight``.
        augment: Changes every clip by a draw of its own; None for none.
    """

    epochs: int = Field(50, ge=1)
    batch: int = Field(256, ge=1)
    lr: Rates = 0.01
    momentum: float = Field(0.0, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)
    augment: SiameseAugment | None = SiameseAugment()

    def experts(self, seed: int) -> ExpertKeys:
        """The one that a distillation with this seed looks through, where it looks through one."""
        return frozenset([(self, seed % EXPERTS)])


@dataclass(frozen=True)
class Snapshot:
    """An expert after some epochs.

    Attributes:
        student: Encoders and the `ensemble` head, whose classifiers never meet.
        accuracy: Fraction of training clips each modality's classifier named right in the epoch before, 0..1; 0 at the
            start.
    """

    student: Student
    accuracy: dict[str, float]


@final
class Experts:
    """Experts of all classes of a dataset, trained in the number format of real clips; kept where there is a cache.

    Which expert it is decides its seed, and nothing else does: distillations with different seeds share experts.
    """

    def __init__(self, training: Training, network: Architecture, view: View, cache: Path | None) -> None:
        self._view = replace(view, real=view.real.whole, augment=training.augment)
        self.training, self._network, self._real, self._runtime = training, network, self._view.real, view.runtime
        self._memory: dict[tuple[int, int], dict[str, Tensor]] = {}
        self._folder: Path | None = None
        if cache:
            # All that weights depend on: not for how long they are trained, so that longer trainings go on.
            once = training.model_copy(update={"epochs": 1})
            code = _code.of(type(self), network)
            self._folder = cache / "experts" / _files.digest(
                code, self._view.key(), network.to_json(), once.to_json()
            )  # fmt: skip

    def snapshot(self, expert: int, epoch: int) -> Snapshot:
        """Expert number `expert` after `epoch` epochs, trained if it is not there; see `tensors`."""
        tensors, student = self.tensors(expert, epoch), self._fresh(expert)
        student.load_state_dict(_weights(tensors))
        accuracy = {m: float(tensors[ACCURACY + m]) for m in self._real.modalities}
        return Snapshot(student.to(self._runtime.device).requires_grad_(False).eval(), accuracy)

    def tensors(self, expert: int, epoch: int) -> dict[str, Tensor]:
        """The `Student.state_dict` of `expert` after an `epoch`, on the CPU, and its accuracies, ``accuracy.MODALITY``.

        Raises:
            DivergedError: Its weights became NaN or infinite in training.
        """
        if self._folder is None:
            if (expert, epoch) not in self._memory:
                self._train(expert)
            return self._memory[expert, epoch]
        file = self._folder / str(expert) / f"{epoch}.safetensors"
        if not file.exists():
            with _files.exclusive(file.parent, wait=True):
                self._train(expert)
        return _files.read_tensors(file)[0]

    def _fresh(self, expert: int) -> Student:
        return fresh_student(self._network, self._real, generator(expert, "expert"))

    def _train(self, expert: int) -> None:
        student, training = self._fresh(expert).to(self._runtime.device), self.training
        classifiers = cast("Ensemble", student.head).classifiers
        groups = [
            {"params": [*encoder.parameters(), *classifiers[m].parameters()], "lr": rate_of(training.lr, m)}
            for m, encoder in student.encoders.items()
        ]
        optimiser = torch.optim.SGD(groups, momentum=training.momentum, weight_decay=training.weight_decay)
        done = self._resume(student, optimiser, expert)
        if done == 0:
            self._keep(student, optimiser, expert, 0, dict.fromkeys(student.encoders, 0.0))
        for epoch in range(done, training.epochs):
            right = self._epoch(student, optimiser, generator(expert, "expert", "epoch", epoch))
            if not all(w.isfinite().all() for w in student.parameters()):
                raise DivergedError(
                    f"Weights of expert {expert} became NaN or infinite in epoch {epoch + 1} of {training.epochs}. "
                    f"Lower the lr of its training (now {training.lr})."
                )
            self._keep(student, optimiser, expert, epoch + 1, right)

    def _epoch(self, student: Student, optimiser: torch.optim.Optimizer, draw: torch.Generator) -> dict[str, float]:
        """Train on all clips once; the fraction that each modality named right meanwhile."""
        right = dict.fromkeys(student.encoders, 0.0)
        device, dtype = self._runtime.device, self._runtime.real_dtype
        for index in torch.split(torch.randperm(len(self._real), generator=draw), self.training.batch):
            labels = self._real.labels[index].to(device)
            inputs = {m: self._view.read(m, index, self._view.draw(draw, len(index))) for m in right}
            with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
                features = student.features(inputs)
            loss = student.head.loss(features, labels)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            with torch.no_grad():
                logits = student.head.logits(features)
                for m, letter in student.head.letters.items():
                    right[m] += float((logits[letter].softmax(1).argmax(1) == labels).sum())
        return {m: float(torch.tensor(n) / len(self._real)) for m, n in right.items()}

    def _keep(
        self, student: Student, optimiser: torch.optim.Optimizer, expert: int, epoch: int, right: dict[str, float]
    ) -> None:
        tensors = {k: v.detach().cpu().clone() for k, v in student.state_dict().items()}
        tensors |= {ACCURACY + m: torch.tensor(fraction) for m, fraction in right.items()}
        if self._folder is None:
            self._memory[expert, epoch] = tensors
            return
        folder = self._folder / str(expert)
        _files.write_tensors(folder / f"{epoch}.safetensors", tensors)
        # After the weights: what it says is done is on disk.
        _files.write_tensors(folder / "optimiser.safetensors", buffers_of(optimiser), {"epoch": epoch})

    def _resume(self, student: Student, optimiser: torch.optim.Optimizer, expert: int) -> int:
        """Put the newest saved epoch back; returns its number."""
        folder = self._folder / str(expert) if self._folder else None
        if folder is None or not (folder / "optimiser.safetensors").exists():
            return 0
        buffers, note = _files.read_tensors(folder / "optimiser.safetensors")
        epoch: int = note["epoch"]
        if not all((folder / f"{e}.safetensors").exists() for e in range(epoch + 1)):
            return 0  # somebody tidied up: begin again, the same bits come out
        put_back(optimiser, buffers)
        student.load_state_dict(_weights(_files.read_tensors(folder / f"{epoch}.safetensors")[0]))
        return epoch


def _weights(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {k: v for k, v in tensors.items() if not k.startswith(ACCURACY)}


def fresh_student(network: Architecture, real: LabelledClips, draw: torch.Generator) -> Student:
    """A student with the `ensemble` head, encoders drawn first."""
    encoders = network.build().encoders(real.shapes, generator=draw)
    dims = {m: encoder.dim for m, encoder in encoders.items()}
    letters = {m: modality.letter for m, modality in real.modalities.items()}
    return Student(encoders, heads.load("ensemble")(dims, len(real.classes), letters, generator=draw))
