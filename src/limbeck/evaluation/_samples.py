"""What students learn from and are tested on: samples in network scale, from memory or streamed from a dataset."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from limbeck.datasets import LabelledClips, Targets
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.modalities import Batch, Modality, Scale
from limbeck.networks import Shape


class Samples(ABC):
    """Labelled samples in network scale that can be fetched by position.

    Attributes:
        targets: What is to be learnt of each, on the CPU.
        scales: What made them network input, by modality; empty if not known.
        labels: What a loss is given: classes, int64, (sample,), or probabilities of all of them, float32, (sample,
            class); on the CPU.
    """

    def __init__(self, targets: Targets, modalities: Mapping[str, Modality], scales: Mapping[str, Scale]) -> None:
        self.targets, self.modalities, self.scales = targets, modalities, scales
        self.labels = targets.to_learn

    def __len__(self) -> int:
        return len(self.targets)

    @property
    @abstractmethod
    def shapes(self) -> dict[str, Shape]:
        """Shape of a sample, (..., channel, height, width), by modality."""

    def anew(self, seed: int) -> "Samples":
        """As many others, drawn by a `seed`, where there is a model to draw from; these where there is none."""
        return self

    @abstractmethod
    def fetch(self, index: Tensor, device: torch.device) -> Batch:
        """Samples at positions `index` (int64, on the CPU), on a `device`.

        They are float32 (sample, ..., channel, height, width).
        """

    def batches(self, order: Tensor, size: int, device: torch.device) -> Iterator[tuple[Batch, Tensor]]:
        """Consecutive samples as `fetch` gives them, with their `labels`, on a `device`.

        The `order` has positions, int64, on the CPU; `size` is that of a batch, of which the last may be smaller.
        """
        for index in torch.split(order, size):
            yield self.fetch(index, device), self.labels[index].to(device)


class TensorSamples(Samples):
    """Samples held in memory, in network scale: float32, (sample, ..., channel, height, width), by modality.

    Only `modality_aware` augmentation needs the `scales` that made them network input. They may come from a `model`, a
    distilled set, that others can be drawn from.
    """

    def __init__(
        self,
        tensors: Batch,
        targets: Targets,
        modalities: Mapping[str, Modality],
        scales: Mapping[str, Scale] | None = None,
        model: DistilledSet | None = None,
    ) -> None:
        if any(len(x) != len(targets) for x in tensors.values()):
            got = ", ".join(f"{len(x)} of {name}" for name, x in tensors.items())
            raise InputError(f"A training set has as many samples as labels, but got {len(targets)} labels and {got}.")
        super().__init__(targets, modalities, scales or {})
        self.tensors, self.model = {name: tensors[name] for name in modalities}, model

    @classmethod
    def of(cls, distilled: DistilledSet) -> "TensorSamples":
        """The samples of a distilled set, with its soft labels if it has them."""
        model = distilled if distilled.hold.is_model and distilled.soft_labels is None else None
        return cls(distilled.samples(), distilled.targets, distilled.modalities, distilled.scales, model)

    def anew(self, seed: int) -> Samples:
        if self.model is None:
            return self
        return self.of(self.model.drawn(self.model.per_class * self.model.hold.cells, seed=seed))

    @property
    def shapes(self) -> dict[str, Shape]:
        return {name: tuple(x.shape[1:]) for name, x in self.tensors.items()}

    def fetch(self, index: Tensor, device: torch.device) -> Batch:
        """Samples at some positions, see `Samples.fetch`; the whole set moves to the device once."""
        self.tensors = {name: x.to(device) for name, x in self.tensors.items()}
        where = index.to(device)
        return {name: x[where] for name, x in self.tensors.items()}


class ClipSamples(Samples):
    """Clips of a dataset, read batch by batch and put in network scale on the device; never all in memory.

    Modalities without one of the `scales` on which networks see them are not read.
    """

    def __init__(self, clips: LabelledClips, scales: Mapping[str, Scale]) -> None:
        self.clips = clips.seen_by([*scales])
        super().__init__(clips.targets, self.clips.modalities, scales)

    @property
    def shapes(self) -> dict[str, Shape]:
        return self.clips.shapes

    def fetch(self, index: Tensor, device: torch.device) -> Batch:
        return {
            name: modality.to_network(self.clips.array(name, index).to(device), self.scales[name])
            for name, modality in self.modalities.items()
        }
