"""Real clips by transform coding, as many as fit in the bytes of distilled rows (`transform_coded`).

What networks see of a clip, its log-mel and its frames, goes through a cosine transform; the coefficients are rounded
to multiples of one step and entropy coded (`limbeck.storage.quantised`), which is what JPEG does, but without what a
file needs to be one, with one step for all coefficients of a modality, and with distributions learnt from all clips of
the set. Where the bytes
allow, all clips are kept, as finely as they allow; otherwise as many as fit at the coarsest step, chosen by herding.
Nothing is optimised.

Source:   no paper; ITU-T T.81 for transform coding. That few bits a number serve distilled sets: RUO, ICCV 2025
          (arXiv 2507.17221).
Differs from the paper: there is none. The steps were chosen on a split cut from training clips, but for one choice that
          had seen a row of the test table, see docs/log.md.
Cost:     as the method that chooses, and some two seconds for a thousand small clips. Students see as many samples as
          there are clips, so they train as long as on these.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from typing import ClassVar, Self, final

import torch
from pydantic import Field, field_validator, model_validator
from torch import Tensor

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import BudgetError
from limbeck.methods._contract import Method
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._start import Chosen, Start, selecting
from limbeck.networks import Architecture
from limbeck.parameterisations import Parameterisation, Tensors, joined, parse
from limbeck.storage import Form, payload_bytes
from limbeck.storage.quantised import Quantised

HOLD = parse("frequencies:1")
CHUNK = 256
SPARE = 1.25
STEPS_AN_OCTAVE = 4


@final
class TransformCoded(Method):
    """As many real clips as fit in the bytes of `per_class` rows, as finely as these allow.

    Attributes:
        hold: Plain: clips are kept whole, as all their cosine coefficients.
        storage: The form of the `per_class` rows whose bytes are filled; the clips have a form of their own.
        set_bytes: Bytes for all clips instead; None for those of `per_class` rows.
        finest: Smallest step of sounds, > 0, in network scale: finer ones would take room and give nothing.
        coarsest: Largest step of sounds: fewer clips are kept rather than coarser ones.
        pictures: Step of pictures (what is prepared in whole numbers) as a multiple of that of sounds, > 0.
        chosen_by: Method that says which clips come first, as the `start` of optimised methods.
        network: Architecture of the encoders that method looks through.
    """

    set_bytes: int | None = Field(None, ge=1)
    finest: float = Field(0.25, gt=0)
    coarsest: float = Field(1.0, gt=0)
    pictures: float = Field(4.0, gt=0)
    chosen_by: Chosen = Start(method="herding")
    network: Architecture = Architecture()

    coupling: ClassVar[str] = "all classes share the bytes, and one step"

    @field_validator("hold")
    @classmethod
    def _whole(cls, hold: Parameterisation) -> Parameterisation:
        if hold != parse("plain"):
            raise ValueError(f"transform_coded keeps clips whole, so they are held as plain, not {hold}")
        return hold

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.finest > self.coarsest:
            raise ValueError(f"the finest step, {self.finest}, is larger than the coarsest, {self.coarsest}")
        return self

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Keep the chosen clips as finely as they fit; see `Method.distill`."""
        run, room = run or RunContext(), self.stored_bytes(real)[0]
        real.require(self.per_class, f"{self.name} in the bytes of {self.per_class} rows per class")

        fits = partial(self._fits, real, room)
        choose = cache(lambda count: selecting(self.chosen_by, self).choose(real, count, seed, run))
        every = [real.of_class(label) for label in range(len(real.classes))]

        def most_important(count: int) -> list[Tensors]:
            return self._coefficients(real, [choose(min(count, len(own)))(i) for i, own in enumerate(every)])

        step, longest = self.coarsest, max(map(len, every))
        most = self._most(real, room)
        while most < longest and fits(most_important(most), step):  # equal samples take less than was measured
            most *= 2
        if most >= longest and fits(classes := self._coefficients(real, every), step):
            octaves = math.log2(self.coarsest / self.finest)
            finer = [self.finest * 2 ** (i / STEPS_AN_OCTAVE) for i in range(math.ceil(octaves * STEPS_AN_OCTAVE))]
            step = [*finer, step][bisect_left(finer, True, key=partial(fits, classes))]
        else:
            ordered = most_important(most)

            def first(count: int) -> list[Tensors]:
                return [HOLD.rows(own, slice(count)) for own in ordered]

            counts = range(1, min(most, longest) + 1)
            classes = first(bisect_left(counts, True, key=lambda count: not fits(first(count), step)))
        if not (clips := [*map(_rows, classes)])[0]:
            raise BudgetError(
                f"Not one clip for each of the {len(clips)} classes fits in {room:,} bytes. Give more bytes, or a "
                f"larger coarsest step than {step:g}."
            )
        made = DistilledSet(
            tensors=joined(classes),
            labels=torch.arange(len(clips)).repeat_interleave(torch.tensor(clips)),
            classes=real.classes,
            hold=HOLD,
            modalities=real.modalities,
            scales=self.scales(real),
            provenance=self.provenance(real, seed) | {self.name: {"clips": clips, "step": step, "bytes": room}},
        ).stored_as(self._form(real, step))
        return replace(made, soft_labels=self.labels.of(made, real, seed=seed, run=run))

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Those of the method that chooses; see `Method.passes`."""
        return selecting(self.chosen_by, self).passes(per_class)

    def training_samples(self, per_class: Sequence[int]) -> int:
        """All clips: how many fit is known when they are coded; see `Method.training_samples`."""
        return sum(per_class)

    def within(self, budget: int, real: LabelledClips) -> Self:
        return self.model_copy(update={"set_bytes": budget})

    def stored_bytes(self, real: LabelledClips) -> tuple[int, bool]:
        """At most as many as the rows that are filled take, or as the settings say; see `Method.stored_bytes`."""
        return self.set_bytes or super().stored_bytes(real)[0], False

    def holds(self, real: LabelledClips, counts: Sequence[int]) -> bool:
        """Whether so many clips of each class of `real`, evenly chosen, `counts`, fit at the coarsest step."""
        every = [real.of_class(label) for label in range(len(real.classes))]
        some = [own[torch.linspace(0, len(own) - 1, n).round().long()] for own, n in zip(every, counts, strict=True)]
        return self._fits(real, self.stored_bytes(real)[0], self._coefficients(real, some), self.coarsest)

    def _fits(self, real: LabelledClips, room: int, classes: list[Tensors], step: float) -> bool:
        taken = payload_bytes(self._form(real, step).encode(joined(classes), {}))
        return taken + sum(map(_rows, classes)) * self.label_bytes(real) <= room

    def _form(self, real: LabelledClips, step: float) -> Quantised:
        """Storage with a step of sounds, and with that of pictures that goes with it."""
        kinds = real.modalities.items()
        return Quantised(step={m: step * (1.0 if k.dtype.is_floating_point else self.pictures) for m, k in kinds})

    def _most(self, real: LabelledClips, room: int) -> int:
        """Clips of a class that may fit in so many bytes, and some more."""
        form = Form(name="quantised", options=self._form(real, self.coarsest).to_json())
        coarse = self.model_copy(update={"hold": HOLD, "storage": form})
        _, row, _ = coarse._row_bytes(real)
        return math.ceil(SPARE * room / max(row, 1.0) / len(real.classes))

    def _coefficients(self, real: LabelledClips, index: Sequence[Tensor]) -> list[Tensors]:
        """Those of clips of every class, by their positions."""
        scales, kinds = self.scales(real), real.modalities

        def start(part: Tensor) -> Tensors:
            return HOLD.start({m: k.to_network(real.array(m, part), scales[m]) for m, k in kinds.items()}, kinds)

        return [joined([start(part) for part in torch.split(own, CHUNK)]) for own in index]


def _rows(tensors: Tensors) -> int:
    return len(next(iter(tensors.values())))
