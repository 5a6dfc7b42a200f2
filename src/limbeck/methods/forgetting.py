"""Forgetting: real clips by how often networks unlearn them in training (`forgetting`).

Experts are trained on the training clips. A clip is forgotten when an expert names its class after one epoch and no
longer after the next; one that is never named right counts as forgotten in every epoch. The clips forgotten least
stand for the core of a class, those forgotten most for its border.

Source:   Toneva et al., "An Empirical Study of Example Forgetting during Deep Neural Network Learning", ICLR 2019.
Differs from the paper: all clips are classified at the end of every epoch, not each in its batch; the paper keeps the
          most forgotten clips of a large dataset, whereas at a few pairs a class the least forgotten are better, and
          they are the default. Sound and picture together decide what is right ("A+V").
Cost:     training of `experts` networks, shared with every method that asks for the same training, and a forward pass
          over the data for each of their epochs, once for a dataset.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, final

import torch
from pydantic import Field
from torch import Tensor

from limbeck import _code, _files
from limbeck._runtime import generator
from limbeck.datasets import LabelledClips, Scale
from limbeck.methods._contract import Passes, Work
from limbeck.methods._encoders import CHUNK
from limbeck.methods._experts import EXPERTS, Asked, Experts, Training
from limbeck.methods._selection import Choose, Selection
from limbeck.networks import Architecture, Student, embed


@final
class Forgetting(Selection):
    """Pairs that experts forget least, or most, often; equals are drawn by lot.

    Attributes:
        network: Architecture of the experts.
        training: How they are trained.
        experts: How many decide together, >= 1; another seed asks others.
        order: Whether the ``"least"`` or the ``"most"`` forgotten clips are taken.
    """

    network: Architecture = Architecture()
    training: Training = Training(epochs=20, batch=64, momentum=0.9)
    experts: int = Field(1, ge=1, le=EXPERTS)
    order: Literal["least", "most"] = "least"

    def asked_experts(self, seed: int) -> Asked:
        """Those that decide; see `Method.asked_experts`."""
        return super().asked_experts(seed) | {(self.training, number) for number in self._numbers(seed)}

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Every clip forward once an epoch of every expert; their training left out."""
        return Passes(sum(per_class) * self.training.epochs * self.experts, 0)

    def _choose(self, real: LabelledClips, count: int, seed: int, work: Work) -> Choose:
        counts = torch.stack([self._counts(real, expert, work) for expert in self._numbers(seed)]).sum(0)
        sign = {"least": 1, "most": -1}[self.order]

        def choose(label: int) -> Tensor:
            index = real.of_class(label)
            index = index[torch.randperm(len(index), generator=generator(seed, "ties", real.classes[label]))]
            return index[(sign * counts[index]).argsort(stable=True)[:count]]

        return choose

    def _numbers(self, seed: int) -> list[int]:
        return [(seed * self.experts + i) % EXPERTS for i in range(self.experts)]

    def _counts(self, real: LabelledClips, expert: int, work: Work) -> Tensor:
        """How often an expert forgot each clip, int64, (clip,); kept beside the prepared data."""
        scale = self.scale(real)
        key = _files.digest(
            _code.of(type(self), self.network), real.fingerprint, scale.to_json(), self.network.to_json(),
            self.training.to_json(),
            str(work.runtime.real_dtype), work.runtime.device.type,
        )  # fmt: skip
        file = work.cache / "forgetting" / key / f"{expert}.safetensors" if work.cache else None
        if file and file.exists():
            return _files.read_tensors(file)[0]["forgotten"]
        experts = Experts(self.training, self.network, real, scale, work)
        right = torch.stack(
            [
                named_right(experts.snapshot(expert, epoch).student, real, scale, work)
                for epoch in range(1, self.training.epochs + 1)
            ]
        )
        counts = forgotten(right)
        if file:
            _files.write_tensors(file, {"forgotten": counts})
        return counts


def forgotten(right: Tensor) -> Tensor:
    """How often each clip was forgotten.

    Args:
        right: bool, (epoch, clip): whether its class was named after the epoch.

    Returns:
        int64, (clip,): changes from right to wrong; the number of epochs for a clip that never was right.

    Example:
        >>> forgotten(torch.tensor([[1, 0, 1], [0, 0, 1], [1, 0, 1], [0, 0, 1]]).bool())
        tensor([2, 4, 0])
    """
    events = (right[:-1] & ~right[1:]).sum(0)
    return torch.where(right.any(0), events, len(right))


@torch.no_grad()
def named_right(student: Student, real: LabelledClips, scale: Scale, work: Work) -> Tensor:
    """Whether a student names each clip's class from sound and picture together: bool, (clip,), on the CPU.

    Args:
        student: Encoders and a head that gives "A+V".
        real: The clips.
        scale: What the student sees.
        work: Device and number formats.
    """
    pair, runtime = student.encoders(), work.runtime
    parts = []
    for index in torch.split(torch.arange(len(real)), CHUNK):
        audio = scale.audio(real.audio(index).to(runtime.device))
        image = scale.image(real.frames(index).to(runtime.device))
        features = [
            embed(encoder, x, dtype=runtime.real_dtype, compile=runtime.compile)
            for encoder, x in ((pair.audio, audio), (pair.image, image))
        ]
        parts.append(student.head.scores(*features)["A+V"].argmax(1).cpu() == real.labels[index])
    return torch.cat(parts)
