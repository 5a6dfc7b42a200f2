"""What students learn of a sample: its class, or a teacher's probabilities."""

from typing import Annotated, Literal

import torch
from pydantic import BeforeValidator, Field
from torch import Tensor

from limbeck._config import Config
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._experts import EXPERTS, ExpertKeys, Experts, Training
from limbeck.methods._run import RunContext
from limbeck.methods._view import View
from limbeck.networks import Architecture
from limbeck.storage import soft_label_bytes

CHUNK = 128


class Hard(Config):
    """The class of a sample, and nothing else."""

    kind: Literal["hard"] = "hard"

    def of(self, made: DistilledSet, real: LabelledClips, *, seed: int, run: RunContext) -> Tensor | None:
        """None: the set says the class itself."""
        return None


class Soft(Config):
    """Class probabilities by a teacher: a network trained on the real clips. A comparison class of its own.

    Attributes:
        network: The teacher's architecture.
        training: How it is trained; the network after the last epoch teaches. Methods and seeds with the same
            training share 20 networks.
        temperature: What logits are divided by before the softmax, > 0: above 1 for flatter probabilities.
        top: How many of the likeliest classes are kept of a sample, >= 1, their probabilities made to sum to 1; all by
            default.
    """

    kind: Literal["soft"] = "soft"
    network: Architecture = Architecture()
    training: Training = Training(epochs=20, batch=64, momentum=0.9)
    temperature: float = Field(1.0, gt=0)
    top: int | None = Field(None, ge=1)

    def bytes_of(self, classes: int) -> int:
        """Of the probabilities of a sample."""
        return soft_label_bytes(classes, self.top)

    def experts(self, seed: int) -> ExpertKeys:
        """The one that teaches with this `seed`."""
        return self.training.experts(seed)

    def of(self, made: DistilledSet, real: LabelledClips, *, seed: int, run: RunContext) -> Tensor | None:
        """Probabilities of every sample of the set, float32, (sample, class), on the CPU: the mean of the modalities'.

        They are what is left of them in 16 bits, in which they are kept.

        The teacher, which of the shared networks says `seed`, is trained on `real`. A set of a part has none yet: a
        sample has a probability of every class.
        """
        if real.part_of is not None:
            return None
        experts = Experts(self.training, self.network, View(real, made.scales, run.runtime), run.cache)
        teacher = experts.snapshot(seed % EXPERTS, self.training.epochs).student
        samples, device = made.samples(), run.runtime.device
        parts = []
        with torch.no_grad():
            for index in torch.split(torch.arange(len(made)), CHUNK):
                features = teacher.features({m: x[index].to(device) for m, x in samples.items()})
                each = teacher.head.logits(features).values()
                parts.append(torch.stack([(logits / self.temperature).softmax(1) for logits in each]).mean(0).cpu())
        found = torch.cat(parts)
        if self.top is not None:
            top = found.topk(min(self.top, found.shape[1]), 1)
            found = torch.zeros_like(found).scatter(1, top.indices, top.values / top.values.sum(1, keepdim=True))
        return found.half().float()


Labels = Annotated[
    Annotated[Hard | Soft, Field(discriminator="kind")],
    BeforeValidator(lambda value: {"kind": value} if isinstance(value, str) else value),
]
"""Either; a name alone, ``"soft"``, stands for its defaults."""
