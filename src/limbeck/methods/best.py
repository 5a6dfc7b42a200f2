"""The house recipe: as many clips as say something, each by its low frequencies (`best`).

Many clips of few numbers serve students better than few clips of many. Herding chooses them, and what is kept of each
is its low frequencies (`parameterisations.frequencies`), which say more than the same numbers of a small cell. Where a
class has fewer sounds than pictures (data paired by class often reuses them) no sound is kept twice. By default that is
all: modalities can be moved, sounds as in `dm` and pictures as in `krr`, which served each alone at few cells of a
mosaic, but cost both together more than it gave.

Where the budget is bytes, few bits a number beat few numbers: then it is `transform_coded`, all clips as finely as they
fit. Where they do not all fit, how coarse is coarse enough follows from how many clips would be left (`enough`).

Source:   frequencies: Shin, Shin and Moon, "Frequency Domain-based Dataset Distillation", NeurIPS 2023; many clips in
          the room of one: Zhao et al., "Improved Distribution Matching for Dataset Condensation", CVPR 2023; sounds:
          Zhao and Bilen, "Dataset Condensation with Distribution Matching", WACV 2023; pictures: Nguyen, Chen and Lee,
          "Dataset Meta-Learning from Kernel Ridge-Regression", ICLR 2021.
Differs from the paper: there is none. Choices were made on splits cut from training clips, see docs/methods/best.md.
Cost:     as `herding`; with steps as `krr`, with as many small samples as there are cells. A student sees as many, so
          it also trains longer.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple, Self, final

import torch
from pydantic import Field
from torch import Tensor

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, finished
from limbeck.methods._descent import Adam, Optimiser, Steps
from limbeck.methods._encoders import EncoderDraws, EncoderSource
from limbeck.methods._losses import squared_gap
from limbeck.methods._ridge import class_errors, unit_rows
from limbeck.methods._run import RunContext
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import started, steps
from limbeck.methods.transform_coded import TransformCoded
from limbeck.parameterisations import Hold, parse

CHUNK = 256


class Rung(NamedTuple):
    """Steps of rounding in network scale, of sounds and of pictures."""

    sounds: float
    pictures: float


LADDER = (Rung(1.0, 4.0), Rung(2.0, 4.0))
"""How coarse to go, and how coarse to go for `Best.enough` clips; chosen on validation splits, see docs/log.md."""


@final
class Best(Method):
    """As many clips as the data allows, and on request each modality moved by the loss that serves it.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `Optimised`.

    Attributes:
        hold: How clips are held. Of frequencies these are about the most: fewer share where a class has too few clips,
            or too few different sounds. Anything else is taken as it is.
        steps: Optimisation steps, >= 0, in classes of fewer samples than `freeze_above`.
        freeze_above: Samples per class from which on nothing is moved; by default always.
        losses: Loss by modality, ``"means"`` as `dm` or ``"ridge"`` as `krr`; means for one that is not named.
        ridge: Penalty on the squared weights of the regression; features have length 1.
        set_bytes: Bytes for all classes, in place of `per_class` rows: clips are kept as `transform_coded` keeps them.
        enough: Clips of a class that are worth rounding more coarsely, >= 1, where there are bytes: until so many fit.
    """

    hold: Hold = parse("frequencies:36")
    steps: Steps = 60
    freeze_above: int = Field(1, ge=1)
    losses: dict[str, Literal["means", "ridge"]] = Field({"image": "ridge"})
    ridge: float = Field(10.0, ge=1e-3)
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=20, batch=64)
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = Adam()
    set_bytes: int | None = Field(None, ge=1)
    enough: int = Field(40, ge=1)

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Hold the clips, and move them where there are steps; or fill the bytes. See `Method.distill`."""
        run, method = run or RunContext(), self.resolved_for(real)
        if self.set_bytes is not None:
            filling, _ = self._filling(real)
            made = filling.distill(real, seed=seed, run=run)
            return replace(made, provenance=made.provenance | self.provenance(real, seed))
        held = started(method, real, seed, run)
        draws = EncoderDraws(method, real, seed, run)
        for step in steps(held, method, run):
            drawn, block = draws.at(step.number), held.all()
            real_samples = draws.samples(drawn)
            synthetic = draws.features(drawn, block)
            losses = [method._loss(m, real_samples[m], x) for m, x in synthetic.items()]
            step.descend(torch.stack(losses).sum(0).sum(), block)
        return finished(method, real, held.tensors, seed, run, held.start)

    @property
    def coupling(self) -> str:
        """Classes meet in a ridge regression, where samples are moved by one, or share bytes; see `Method.coupling`."""
        if self.set_bytes is not None:
            return TransformCoded.coupling
        ridge = [m for m, loss in self.losses.items() if loss == "ridge"]
        told = f"one ridge regression on {' and '.join(ridge)} has to tell all classes apart (losses)"
        return told if ridge and self.steps and self.per_class < self.freeze_above else ""

    def _loss(self, modality: str, real: Sequence[Tensor], synthetic: Tensor) -> Tensor:
        """Of a modality's features, (class,): real ones of each class, (clip, dim), and (class, sample, dim)."""
        if self.losses.get(modality, "means") == "means":
            return squared_gap(torch.stack([clips.float().mean(0) for clips in real]), synthetic.mean(1))
        clips, samples = unit_rows(real, synthetic)
        return class_errors(clips, [len(part) for part in real], samples, self.ridge)

    def training_samples(self, per_class: Sequence[int]) -> int:
        """All clips where bytes are filled; see `Method.training_samples`."""
        return super().training_samples(per_class) if self.set_bytes is None else sum(per_class)

    def within(self, budget: int, real: LabelledClips) -> Self:
        """Nothing shares a row and nothing is moved: the bytes are filled; see `Method.within`."""
        return self.model_copy(update={"set_bytes": budget, "hold": parse("plain"), "steps": 0})

    def stored_bytes(self, real: LabelledClips) -> tuple[int, bool]:
        return super().stored_bytes(real) if self.set_bytes is None else (self.set_bytes, False)

    def choice(self, real: LabelledClips) -> dict[str, Any]:
        """Of a budget in bytes what is made of it, and why; see `Method.choice`."""
        if self.set_bytes is None:
            return {}
        filling, why = self._filling(real)
        steps = {"finest": filling.finest, "coarsest": filling.coarsest, "pictures": filling.pictures}
        return {"method": filling.name, **steps, "optimised": False, "why": why}

    def _filling(self, real: LabelledClips) -> tuple[TransformCoded, str]:
        """What fills the bytes, and why it rounds as coarsely as it does."""
        shared = {"set_bytes": self.set_bytes, "sound": self.sound, "labels": self.labels, "chosen_by": self.start}
        wanted = [min(self.enough, count) for count in real.per_class()]
        told = f"{max(wanted)} clips of a class"
        for sounds, pictures in LADDER:
            filling = TransformCoded(
                coarsest=sounds, pictures=pictures / sounds, network=self.encoders.network, **shared
            )
            steps = f"steps of {sounds:g} for sounds and {pictures:g} for pictures"
            if filling.holds(real, wanted):
                return filling, f"At {steps} {told} fit in {self.set_bytes:,} bytes. Where all do, steps are finer."
        return filling, f"At {steps} {told} do not fit in {self.set_bytes:,} bytes: fewer are kept, and none coarser."

    def resolved_for(self, real: LabelledClips) -> Self:
        """With the samples in a row that the clips allow, and no steps where there are many; see `Method`."""
        if real.part_of is not None or self.set_bytes is not None:
            return self
        different = {}
        for m in real.modalities:
            counts = [_different(real, m, label) for label in range(len(real.classes))]
            different[m] = max(counts) / self.per_class
        hold = self.hold.narrowed(min(real.per_class()) / self.per_class, different)
        many = self.per_class * hold.cells >= self.freeze_above
        return self.model_copy(update={"hold": hold, "steps": 0 if many else self.steps})


def _different(real: LabelledClips, modality: str, label: int) -> int:
    """How many different arrays a class has."""
    parts = (real.array(modality, index) for index in torch.split(real.of_class(label), CHUNK))
    return len({array.numpy().tobytes() for part in parts for array in part})
