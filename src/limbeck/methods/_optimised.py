"""What every optimised method is: settings of the loop, and of the encoders it looks through."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from limbeck._config import Config
from limbeck.augment import SiameseAugment
from limbeck.methods._contract import Method
from limbeck.methods._descent import Adam, Optimiser
from limbeck.methods._experts import EXPERTS, ExpertKeys, Training
from limbeck.methods._run import Passes
from limbeck.methods._start import NamedStart, Start
from limbeck.networks import Architecture


class EncoderSource(Config):
    """Encoders for a matching step: fresh random ones, a fixed bank of them, or ones trained on the real clips.

    Attributes:
        network: Architecture of the encoders.
        bank: None draws new random encoders and a new augmentation every step, as published. A number K uses K fixed
            draws, each with one fixed augmentation, in turn; what the real clips look like through them is then
            computed once, kept beside the prepared data, and reused by every later run.
        batch: Real clips of each class seen by a draw, drawn anew for each; None means all of them.
        training: None leaves encoders random. Otherwise they are experts trained on the real clips (as many as the
            bank has, 20 without a bank), which every method and seed shares. Encoders that have seen labels are a
            comparison class of their own.
        age: With training: ``"last"`` takes experts after their last epoch (pretrained encoders); ``"any"`` after an
            epoch drawn for each step, 0 included: the ages that a queue of partly trained networks holds.
    """

    network: Architecture = Architecture()
    bank: int | None = Field(None, ge=1)
    batch: int | None = Field(128, ge=1)
    training: Training | None = None
    age: Literal["last", "any"] = "last"

    def number(self, step: int) -> int:
        """Which draw a step sees: the bank's in turn, or a new one each step."""
        return step % self.bank if self.bank else step

    def experts(self, seed: int) -> ExpertKeys:
        """Those that are looked through, whatever the `seed`."""
        return frozenset((self.training, i) for i in range(self.bank or EXPERTS)) if self.training else frozenset()

    def seen(self, per_class: Sequence[int]) -> int:
        """Real clips, of `per_class` of each class, that a draw sees."""
        return sum(n if self.batch is None else min(n, self.batch) for n in per_class)


class Optimised(Method, ABC):
    """A method that moves samples, step by step.

    Attributes:
        steps: Optimisation steps, >= 0.
        start: What is held before the first step: ``noise``, or the name of a method that chooses real clips, or that
            name with settings, as in ``{"method": "kmedoids", "settings": {"training": {}}}``.
        encoders: Where encoders come from.
        augment: Augmentation shared by real and synthetic samples; None for none.
        optimiser: How samples follow the gradient.
    """

    steps: int = Field(200, ge=0)
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=20, batch=128)
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = Adam()

    @property
    def steps_planned(self) -> int:
        """See `Method.steps_planned`."""
        return self.steps

    def samples(self, classes: int) -> int:
        """Samples of so many classes."""
        return classes * self.per_class * self.hold.cells

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Real clips forward once per draw of the encoders, samples forward and backward once per step."""
        real = self.encoders.seen(per_class) * min(self.steps, self.encoders.bank or self.steps)
        return Passes(real, self.steps * self.samples(len(per_class)))
