"""Forgetting: real clips by how often networks unlearn them in training (`forgetting`).

Experts are trained on the training clips. A clip is forgotten when an expert names its class after one epoch and no
longer after the next; one that is never named right counts as forgotten in every epoch. The clips forgotten least
stand for the core of a class, those forgotten most for its border.

Source:   Toneva et al., "An Empirical Study of Example Forgetting during Deep Neural Network Learning", ICLR 2019.
Differs from the paper: all clips are classified at the end of every epoch, not each in its batch; the paper keeps the
          most forgotten clips of a large dataset, whereas at a few samples per class the least forgotten are better,
          and they are the default. All modalities together decide what is right.
Cost:     training of `experts` networks, shared with every method that asks for the same training, and a forward pass
          over the data for each of their epochs, once for a dataset.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal, final

import torch
from pydantic import Field
from torch import Tensor

from limbeck import _code, _files
from limbeck._runtime import generator
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._choose import ByClass, chosen_clips
from limbeck.methods._contract import Method, finished
from limbeck.methods._encoders import CHUNK
from limbeck.methods._experts import EXPERTS, ExpertKeys, Experts, Training
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._view import View
from limbeck.networks import Architecture, Student


@final
class Forgetting(Method):
    """Clips that experts forget least, or most, often; equals are drawn by lot.

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

    coupling: ClassVar[str] = ""

    def required_experts(self, seed: int) -> ExpertKeys:
        return super().required_experts(seed) | {(self.training, number) for number in self._numbers(seed)}

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Every clip forward once an epoch of every expert; their training left out."""
        return Passes(sum(per_class) * self.training.epochs * self.experts, 0)

    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """Clips by how often they were forgotten; see `Selection.choose`."""
        counts = torch.stack([self._counts(real, expert, run) for expert in self._numbers(seed)]).sum(0)
        sign = {"least": 1, "most": -1}[self.order]

        def chosen(label: int) -> Tensor:
            index = real.of_class(label)
            index = index[torch.randperm(len(index), generator=generator(seed, "ties", real.classes[label]))]
            return index[(sign * counts[index]).argsort(stable=True)[:count]]

        return chosen

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        run = run or RunContext()
        return finished(self, real, chosen_clips(self, self, self.name, real, seed, run), seed, run)

    def _numbers(self, seed: int) -> list[int]:
        return [(seed * self.experts + i) % EXPERTS for i in range(self.experts)]

    def _counts(self, real: LabelledClips, expert: int, run: RunContext) -> Tensor:
        """How often an expert forgot each clip, int64, (clip,); kept beside the prepared data."""
        view = View(real, self.scales(real), run.runtime)
        code = _code.of(type(self), self.network)
        key = _files.digest(code, view.key(), self.network.to_json(), self.training.to_json())
        file = run.cache / "forgetting" / key / f"{expert}.safetensors" if run.cache else None
        if file and file.exists():
            return _files.read_tensors(file)[0]["forgotten"]
        experts = Experts(self.training, self.network, view, run.cache)
        epochs = range(1, self.training.epochs + 1)
        counts = forgotten(torch.stack([named_right(experts.snapshot(expert, e).student, view) for e in epochs]))
        if file:
            _files.write_tensors(file, {"forgotten": counts})
        return counts


def forgotten(right: Tensor) -> Tensor:
    """How often each clip was forgotten, int64, (clip,): changes from right to wrong; of one never right, all epochs.

    What was `right`, bool, (epoch, clip), says whether its class was named after the epoch.

    Example:
        >>> forgotten(torch.tensor([[1, 0, 1], [0, 0, 1], [1, 0, 1], [0, 0, 1]]).bool())
        tensor([2, 4, 0])
    """
    events = (right[:-1] & ~right[1:]).sum(0)
    return torch.where(right.any(0), events, len(right))


@torch.no_grad()
def named_right(student: Student, view: View) -> Tensor:
    """Whether a student names the class of each clip of a `view` from all modalities together: bool, (clip,)."""
    parts = []
    for index in torch.split(torch.arange(len(view.real)), CHUNK):
        features = {m: view.features(encoder, m, index) for m, encoder in student.encoders.items()}
        named = student.head.scores(features)[student.head.together].argmax(1).cpu()
        parts.append(named == view.real.places[view.real.labels[index]])
    return torch.cat(parts)
