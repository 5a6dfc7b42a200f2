"""Networks trained on the real clips, every epoch of them kept: trained once for a dataset, reused by every method.

Trajectory matching follows them; other methods look through them instead of through random networks.

Source:   Cazenavette et al., "Dataset Distillation by Matching Training Trajectories", CVPR 2022 (expert buffers).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

import torch
from pydantic import Field
from torch import Tensor

from limbeck import _code, _files
from limbeck._config import Config
from limbeck._runtime import generator
from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips, Scale
from limbeck.errors import DivergedError
from limbeck.networks import MODALITIES, Architecture, Modality, Student, heads

if TYPE_CHECKING:
    from limbeck.methods._contract import Work

ACCURACY = "accuracy."
EXPERTS = 20
"""How many share the work where a method does not say: seeds and steps take them in turn."""

Asked = frozenset[tuple["Training", int]]
"""Experts by how they are trained and their number."""


class Training(Config):
    """How experts are trained on the real clips.

    Attributes:
        epochs: Passes over the training clips, >= 1; weights are kept at the start and after each.
        batch: Clips in a step.
        audio_lr: Learning rate of the sound encoder and its classifier.
        image_lr: Learning rate of the picture encoder and its classifier.
        momentum: Of the gradient descent.
        weight_decay: Added to the gradient as ``weight_decay * weight``.
        augment: Changes every clip by a draw of its own; None for none.
    """

    epochs: int = Field(50, ge=1)
    batch: int = Field(256, ge=1)
    audio_lr: float = Field(0.01, gt=0)
    image_lr: float = Field(0.01, gt=0)
    momentum: float = Field(0.0, ge=0, lt=1)
    weight_decay: float = Field(0.0, ge=0)
    augment: SiameseAugment | None = SiameseAugment()


@dataclass(frozen=True)
class Snapshot:
    """An expert after some epochs.

    Attributes:
        student: Encoders and the `ensemble` head, whose two classifiers never meet.
        accuracy: Share of training clips each modality's classifier named right in the epoch before, 0..1, keys
            among "audio", "image"; 0 at the start.
    """

    student: Student
    accuracy: dict[Modality, float]


@final
class Experts:
    """Experts of a dataset. Weights are on disk, beside the prepared data, where there is a cache.

    Which expert it is decides its seed, and nothing else does: distillations with different seeds share experts.

    Args:
        training: How they are trained.
        network: Their architecture.
        real: The clips.
        scale: What they see.
        work: Device, number format (that of real clips) and cache.
    """

    def __init__(
        self, training: Training, network: Architecture, real: LabelledClips, scale: Scale, work: Work
    ) -> None:
        self._training, self._network, self._real, self._scale = training, network, real, scale
        self._runtime = work.runtime
        key = _files.digest(
            _code.of(type(self), network), real.fingerprint, scale.to_json(), network.to_json(),
            training.model_copy(update={"epochs": 1}).to_json(), str(work.runtime.real_dtype), work.runtime.device.type,
        )  # fmt: skip
        self._folder = work.cache / "experts" / key if work.cache else None
        self._memory: dict[tuple[int, int], dict[str, Tensor]] = {}

    def snapshot(self, expert: int, epoch: int) -> Snapshot:
        """Expert number `expert` after `epoch` epochs, trained if it is not there; see `tensors`."""
        tensors = self.tensors(expert, epoch)
        student = self._fresh(expert)
        student.load_state_dict({k: v for k, v in tensors.items() if not k.startswith(ACCURACY)})
        accuracy: dict[Modality, float] = {m: float(tensors[ACCURACY + m]) for m in MODALITIES}
        return Snapshot(student.to(self._runtime.device).requires_grad_(False).eval(), accuracy)

    def tensors(self, expert: int, epoch: int) -> dict[str, Tensor]:
        """The snapshot's `Student.state_dict`, float32, on the CPU, and its accuracies, ``accuracy.audio``, ...

        Args:
            expert: Its number, >= 0.
            epoch: Epochs it was trained, 0..training.epochs.

        Raises:
            DivergedError: Its weights became NaN or infinite in training.
        """
        if self._folder is None:
            if (expert, epoch) not in self._memory:
                self._train(expert)
            return self._memory[expert, epoch]
        file = self._file(self._folder, expert, epoch)
        if not file.exists():
            with _files.exclusive(self._folder / str(expert), wait=True):
                self._train(expert)
        return _files.read_tensors(file)[0]

    def _fresh(self, expert: int) -> Student:
        draw = generator(expert, "expert")
        pair = self._network.build().pair(self._real.audio_shape, self._real.image_shape, generator=draw)
        head = heads.load("ensemble")(pair.audio.dim, pair.image.dim, len(self._real.classes), generator=draw)
        return Student(pair, head)

    def _train(self, expert: int) -> None:
        student = self._fresh(expert).to(self._runtime.device)
        training = self._training
        branches = {m: [*student.pair[m].parameters(), *getattr(student.head, m).parameters()] for m in MODALITIES}
        rates = {"audio": training.audio_lr, "image": training.image_lr}
        optimiser = torch.optim.SGD(
            [{"params": branches[m], "lr": rates[m]} for m in MODALITIES],
            lr=training.audio_lr,
            momentum=training.momentum,
            weight_decay=training.weight_decay,
        )
        done = self._resume(student, optimiser, expert)
        if done == 0:
            self._keep(student, optimiser, expert, 0, {"audio": 0.0, "image": 0.0})
        for epoch in range(done, training.epochs):
            right = self._epoch(student, optimiser, generator(expert, "expert", "epoch", epoch))
            if not all(w.isfinite().all() for w in student.parameters()):
                raise DivergedError(
                    f"Weights of expert {expert} became NaN or infinite in epoch {epoch + 1} of {training.epochs}. "
                    f"Lower its learning rates (audio_lr {training.audio_lr:g} and image_lr {training.image_lr:g} of "
                    "its training)."
                )
            self._keep(student, optimiser, expert, epoch + 1, right)

    def _epoch(
        self, student: Student, optimiser: torch.optim.Optimizer, draw: torch.Generator
    ) -> dict[Modality, float]:
        right = torch.zeros(len(MODALITIES))
        device, real, scale, augment = self._runtime.device, self._real, self._scale, self._training.augment
        for index in torch.split(torch.randperm(len(real), generator=draw), self._training.batch):
            inputs = [scale.audio(real.audio(index).to(device)), scale.image(real.frames(index).to(device))]
            labels = real.labels[index].to(device)
            if augment:
                fills = (augment.sound_fill(scale), 0.0)
                inputs = [
                    augment.apply(x, augment.draw(draw, len(index)), fill if isinstance(fill, float) else fill.to(x), m)
                    for x, fill, m in zip(inputs, fills, MODALITIES, strict=True)
                ]
            with torch.autocast(
                device.type, self._runtime.real_dtype, enabled=self._runtime.real_dtype != torch.float32
            ):
                features = student.features(*inputs)
            loss = student.head.loss(*features, labels)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            with torch.no_grad():
                scores = student.head.scores(*features)
                right += torch.tensor([float((scores[k].argmax(1) == labels).sum()) for k in ("A", "V")])
        return dict(zip(MODALITIES, (right / len(real)).tolist(), strict=True))

    def _keep(
        self, student: Student, optimiser: torch.optim.Optimizer, expert: int, epoch: int, right: dict[Modality, float]
    ) -> None:
        accuracies = {ACCURACY + m: torch.tensor(right[m]) for m in MODALITIES}
        tensors = {k: v.detach().cpu().clone() for k, v in student.state_dict().items()} | accuracies
        if self._folder is None:
            self._memory[expert, epoch] = tensors
            return
        _files.write_tensors(self._file(self._folder, expert, epoch), tensors)
        buffers = {
            str(i): row["momentum_buffer"]
            for i, row in optimiser.state_dict()["state"].items()
            if row.get("momentum_buffer") is not None
        }
        # After the weights: what it says is done is on disk.
        _files.write_tensors(self._folder / str(expert) / "optimiser.safetensors", buffers, {"epoch": epoch})

    def _resume(self, student: Student, optimiser: torch.optim.Optimizer, expert: int) -> int:
        """Put the newest saved epoch back; returns its number."""
        file = self._folder / str(expert) / "optimiser.safetensors" if self._folder else None
        if self._folder is None or file is None or not file.exists():
            return 0
        buffers, note = _files.read_tensors(file)
        epoch: int = note["epoch"]
        if not all(self._file(self._folder, expert, e).exists() for e in range(epoch + 1)):
            return 0  # somebody tidied up: begin again, the same bits come out
        weights = [w for group in optimiser.param_groups for w in group["params"]]
        whole = copy.deepcopy(optimiser.state_dict())
        # In the memory format of their weights, as they were: sums over other strides could round differently.
        whole["state"] = {
            int(i): {"momentum_buffer": weights[int(i)].detach().clone().copy_(b)} for i, b in buffers.items()
        }
        optimiser.load_state_dict(whole)
        tensors, _ = _files.read_tensors(self._file(self._folder, expert, epoch))
        student.load_state_dict({k: v for k, v in tensors.items() if not k.startswith(ACCURACY)})
        return epoch

    @staticmethod
    def _file(folder: Path, expert: int, epoch: int) -> Path:
        return folder / str(expert) / f"{epoch}.safetensors"
