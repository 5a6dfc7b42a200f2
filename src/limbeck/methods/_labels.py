"""What students are told of a training pair: its class, or what a teacher sees in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, cast

import torch
from pydantic import BeforeValidator, Field
from torch import Tensor

from limbeck._config import Config
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._experts import EXPERTS, Asked, Experts, Training
from limbeck.networks import Architecture, Student
from limbeck.networks.heads.ensemble import Ensemble

if TYPE_CHECKING:
    from limbeck.methods._contract import Work

CHUNK = 128


class Hard(Config):
    """The class of a pair, and nothing else."""

    kind: Literal["hard"] = "hard"

    def experts(self, seed: int) -> Asked:
        """None, whatever the `seed`."""
        return frozenset()

    def of(self, made: DistilledSet, real: LabelledClips, *, seed: int, work: Work) -> Tensor | None:
        """None: `made` says the class itself. Nothing is asked of `real`, `seed` and `work`."""
        return None


class Soft(Config):
    """Class probabilities by a teacher: a network trained on the real clips. A comparison class of its own.

    Attributes:
        network: The teacher's architecture.
        training: How it is trained; the network after the last epoch teaches. Methods and seeds that ask for the same
            training share 20 networks.
        temperature: What logits are divided by before the softmax, > 0: above 1 for flatter probabilities.
    """

    kind: Literal["soft"] = "soft"
    network: Architecture = Architecture()
    training: Training = Training(epochs=20, batch=64, momentum=0.9)
    temperature: float = Field(1.0, gt=0)

    def experts(self, seed: int) -> Asked:
        """The one that teaches with this `seed`."""
        return frozenset([(self.training, seed % EXPERTS)])

    def of(self, made: DistilledSet, real: LabelledClips, *, seed: int, work: Work) -> Tensor | None:
        """Probabilities of every training pair, float32, (item, class), on the CPU: the mean of both modalities'.

        Args:
            made: The set, as students see it.
            real: What the teacher is trained on.
            seed: Which of the shared networks teaches.
            work: Device, number formats and the cache.
        """
        experts = Experts(self.training, self.network, real, made.scale, work)
        teacher = experts.snapshot(seed % EXPERTS, self.training.epochs).student
        audio, image, _ = made.training_pairs()
        device = work.runtime.device
        parts = [
            self._told(teacher, a.to(device), v.to(device)).cpu()
            for a, v in zip(torch.split(audio, CHUNK), torch.split(image, CHUNK), strict=True)
        ]
        return torch.cat(parts)

    @torch.no_grad()
    def _told(self, teacher: Student, audio: Tensor, image: Tensor) -> Tensor:
        head = cast("Ensemble", teacher.head)
        sides = zip((head.audio, head.image), teacher.features(audio, image), strict=True)
        return torch.stack([(classify(x) / self.temperature).softmax(1) for classify, x in sides]).mean(0)


Labels = Annotated[
    Annotated[Hard | Soft, Field(discriminator="kind")],
    BeforeValidator(lambda value: {"kind": value} if isinstance(value, str) else value),
]
"""Either; a name alone, ``"soft"``, stands for its defaults."""
