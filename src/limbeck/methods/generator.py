"""A model of every class, from which any number of samples is drawn (`generator`).

Of the real clips of a class the mean is kept and the directions in which they differ most, sound and picture each by
themselves, in cosine coefficients (`limbeck.parameterisations.generator`), rounded to multiples of one step and entropy
coded (`limbeck.storage.quantised`): as finely as the bytes allow, and with fewer directions where that is not fine
enough. Nothing is optimised. Students see other samples of it in every epoch.

Source:   probabilistic principal components: Tipping and Bishop, "Probabilistic Principal Component Analysis", JRSS B
          1999; that a set can be a model: Wang et al., "DiM: Distilling Dataset into Generative Model", 2023
          (arXiv 2303.04707).
Differs from the paper: it is linear, fitted in closed form and not by matching, and draws sound and picture of a sample
          each by itself, so it knows nothing of which sound goes with which picture inside a class. Its defaults were
          chosen on a split cut from training clips.
Cost:     some seconds for a thousand small clips: of every class the eigenvectors of a matrix as large as it has clips.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from functools import partial
from typing import ClassVar, Self, final

import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import BudgetError
from limbeck.methods._contract import Method
from limbeck.methods._run import RunContext
from limbeck.parameterisations import Parameterisation, Tensors, parse
from limbeck.parameterisations.frequencies import pack
from limbeck.parameterisations.generator import Generator as Model
from limbeck.parameterisations.generator import fitted
from limbeck.storage import payload_bytes
from limbeck.storage.quantised import Quantised

CHUNK = 256
STEPS_AN_OCTAVE = 4
MOST = 1000
"""Clips of a class that a model is fitted to: beyond these, evenly many are left out."""


@final
class Generator(Method):
    """A mean and directions for every class, as finely as the bytes allow.

    Attributes:
        hold: Plain: what is held is a model.
        storage: The form of the `per_class` rows whose bytes are filled; the model has a form of its own.
        labels: Hard: a model is of a class, and samples that are drawn anew have no labels of their own.
        set_bytes: Bytes for the models of all classes instead; None for those of `per_class` rows.
        samples: Samples of a class that students see in an epoch, >= 1; any number can be drawn.
        directions: Most directions of a class and modality, >= 1. Where they do not fit, half as many are tried.
        finest: Smallest step, > 0, in network scale: finer ones would take room and give nothing.
        coarsest: Largest step: fewer directions are kept rather than coarser ones.
    """

    set_bytes: int | None = Field(None, ge=1)
    samples: int = Field(50, ge=1)
    directions: int = Field(64, ge=1)
    finest: float = Field(0.1, gt=0)
    coarsest: float = Field(0.2, gt=0)

    coupling: ClassVar[str] = "all classes share the bytes, and one step"

    @field_validator("hold")
    @classmethod
    def _plain(cls, hold: Parameterisation) -> Parameterisation:
        if hold != parse("plain"):
            raise ValueError(f"generator holds a model, so hold stays plain, but got {hold}")
        return hold

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.finest > self.coarsest:
            raise ValueError(f"the finest step, {self.finest}, is larger than the coarsest, {self.coarsest}")
        if self.labels.kind != "hard":
            raise ValueError("labels are hard: samples that are drawn anew have no soft labels")
        return self

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Fit the models and round them as finely as they fit; see `Method.distill`."""
        real.require(self.per_class, f"{self.name} in the bytes of {self.per_class} rows per class")
        room, models = self.stored_bytes(real)[0], self._models(real)
        octaves = math.log2(self.coarsest / self.finest)
        finer = (self.finest * 2 ** (i / STEPS_AN_OCTAVE) for i in range(math.ceil(octaves * STEPS_AN_OCTAVE)))
        steps = [*finer, self.coarsest]

        def fits(kept: Tensors, step: float) -> bool:
            return payload_bytes(Quantised(step=step).encode(kept, {})) <= room

        most = self.directions
        while most and not fits(kept := {m: x[:, : 1 + most] for m, x in models.items()}, self.coarsest):
            most //= 2
        if not most:
            raise BudgetError(
                f"A mean and one direction for each of the {len(real.classes)} classes take more than {room:,} bytes. "
                f"Give more bytes, or a larger coarsest step than {self.coarsest:g}."
            )
        step = steps[bisect_left(steps[:-1], True, key=partial(fits, kept))]
        about = {"directions": {m: x.shape[1] - 1 for m, x in kept.items()}, "step": step, "bytes": room}
        return DistilledSet(
            tensors=kept,
            labels=torch.arange(len(real.classes)),
            classes=real.classes,
            hold=Model(samples=self.samples),
            modalities=real.modalities,
            scales=self.scales(real),
            provenance=self.provenance(real, seed) | {self.name: about},
        ).stored_as(Quantised(step=step))

    def training_samples(self, per_class: Sequence[int]) -> int:
        """Those that are drawn; see `Method.training_samples`."""
        return len(per_class) * self.samples

    def within(self, budget: int, real: LabelledClips) -> Self:
        return self.model_copy(update={"set_bytes": budget})

    def stored_bytes(self, real: LabelledClips) -> tuple[int, bool]:
        """At most as many as the rows that are filled take, or as the settings say; see `Method.stored_bytes`."""
        return self.set_bytes or super().stored_bytes(real)[0], False

    def _models(self, real: LabelledClips) -> Tensors:
        """By modality mean and directions of every class, (class, 1 + direction, ...), in cosine coefficients."""
        scales = self.scales(real)
        every = [real.of_class(label) for label in range(len(real.classes))]
        some = [own[torch.linspace(0, len(own) - 1, min(len(own), MOST)).round().long()] for own in every]

        def coefficients(m: str, own: Tensor) -> Tensor:
            kind = real.modalities[m]
            parts = (kind.to_network(real.array(m, part), scales[m]) for part in torch.split(own, CHUNK))
            return torch.cat([pack(x, 1, kind) for x in parts])

        most = min(self.directions, max(map(len, some)) - 1) or 1
        return {m: torch.stack([fitted(coefficients(m, own), most) for own in some]) for m in real.modalities}
