"""How a student is trained from scratch before it is tested: every number of it."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal, Self

import torch
from pydantic import Field, field_validator, model_validator

from limbeck import modalities as _modalities
from limbeck._config import Config, Rates, merge
from limbeck.augment import SiameseAugment
from limbeck.networks import HEAD

_AUDIO_VISUAL: Mapping[str, Any] = {
    "epochs": 30,
    "batch": 32,
    "lr": {"audio": 1e-3, "image": 1e-4, HEAD: 1e-3},
    "optimiser": "adam",
    "betas": (0.9, 0.999),
    "weight_decay": 1e-4,
    "drop_after": (10, 20),
    "drop_factor": 0.1,
    "augment": SiameseAugment().to_json(),
    "dtype": "float32",
    "least_steps": 0,
    "compile": False,
}
"""Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024."""


class Protocol(Config):
    """Training settings of a student. The defaults are the published ones.

    Attributes:
        epochs: Passes over the training samples; the network after the last one is tested, none is chosen.
        batch: Samples in a step; the last batch of an epoch may be smaller.
        lr: Learning rates of the first epochs: one for all, or one for each modality's encoder and for the ``"head"``;
            a modality that is not named learns at the rate of the head.
        optimiser: Adam, or stochastic gradient descent with momentum.
        betas: Adam's.
        momentum: Of stochastic gradient descent.
        weight_decay: Added to the gradient as ``weight_decay * weight`` (L2, not decoupled).
        drop_after: Epochs, counted from 0, after which all rates are multiplied by `drop_factor`; after a third and two
            thirds of `epochs` where it is not given.
        drop_factor: See `drop_after`.
        augment: Changes every batch, with independent draws for every sample and modality; None for none.
        dtype: Number format of the encoders in training; weights, classifier and test stay float32.
        least_steps: Steps a student takes at least: where `epochs` make fewer, there are more of them, and rates drop
            after the same share. 0 leaves the epochs as they are.
        compile: Put the encoders through `torch.compile` (needs a C++ compiler): pays on long training of large inputs.

    Source: Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024, and its released code; of images alone
    (`faithful`) Zhao and Bilen, *Dataset Condensation with Differentiable Siamese Augmentation*, ICML 2021.
    Differs from the paper: of images alone, the published code makes one epoch more, and forgets the momentum where the
    rate drops.
    """

    epochs: int = Field(30, ge=1)
    batch: int = Field(32, ge=1)
    lr: Rates = Field({"audio": 1e-3, "image": 1e-4, HEAD: 1e-3})
    optimiser: Literal["adam", "sgd"] = "adam"
    betas: tuple[float, float] = (0.9, 0.999)
    momentum: float = Field(0.9, ge=0, lt=1)
    weight_decay: float = Field(1e-4, ge=0)
    drop_after: tuple[int, ...] = (10, 20)
    drop_factor: float = Field(0.1, gt=0, le=1)
    augment: SiameseAugment | None = SiameseAugment()
    dtype: Literal["float32", "bfloat16"] = "float32"
    least_steps: int = Field(0, ge=0)
    compile: bool = False

    @classmethod
    def faithful(cls, modalities: Collection[str] = ()) -> "Protocol":
        """The published protocol to the letter, whatever the defaults are, for students that see some `modalities`.

        That is the audio-visual one, unless data that is one modality alone has published tables of its own
        (`Modality.published`): images have.

        Example:
            >>> Protocol.faithful(["audio", "image"]) == Protocol()
            True
            >>> images = Protocol.faithful(["image"])
            >>> images.optimiser, images.epochs, images.batch, images.lr, images.drop_after
            ('sgd', 1000, 256, 0.01, (500,))
        """
        (only,) = modalities if len(modalities) == 1 else (None,)
        return cls.from_json({**_AUDIO_VISUAL, **(_modalities.load(only).published if only else {})})

    def optimiser_of(self, groups: list[dict[str, Any]]) -> torch.optim.Optimizer:
        """The optimiser of a student's parameters, in `groups`, whose rates are set by `rate`, epoch by epoch."""
        return _OPTIMISERS[self.optimiser](self, groups)

    def lengthened(self, samples: int) -> "Protocol":
        """The protocol with epochs that make `least_steps` steps on `samples` (>= 1); itself if they do already.

        Example:
            >>> longer = Protocol(least_steps=240).lengthened(40)  # 2 steps an epoch
            >>> longer.epochs, longer.drop_after
            (120, (40, 80))
        """
        epochs = max(self.epochs, math.ceil(self.least_steps / math.ceil(samples / self.batch)))
        return self.model_copy(update={"epochs": epochs, "drop_after": _moved(self.drop_after, self.epochs, epochs)})

    def rate(self, name: str, epoch: int) -> float:
        """Learning rate in an `epoch`, from 0 on, of what has a `name`: a modality's encoder, or the ``"head"``.

        Example:
            >>> Protocol().rate("image", 10), round(Protocol().rate("image", 11), 9), Protocol(lr=0.1).rate("head", 0)
            (0.0001, 1e-05, 0.1)
        """
        first = self.lr.get(name, self.lr[HEAD]) if isinstance(self.lr, Mapping) else self.lr
        return first * self.drop_factor ** sum(epoch > last for last in self.drop_after)

    def changed(self, **settings: Any) -> Self:
        """The protocol with other settings, checked; of parts (``augment``, ``lr``) with those that are said.

        Where epochs change and drops are not said, drops move along.

        Raises:
            InputError: Something is unknown or does not fit; the message lists every mistake.

        Example:
            >>> Protocol(epochs=60).drop_after, Protocol().changed(epochs=12).drop_after
            ((20, 40), (4, 8))
            >>> Protocol().changed(lr={"image": 0.01}).lr
            {'audio': 0.001, 'image': 0.01, 'head': 0.001}
        """
        before = self.to_json()
        if "epochs" in settings:
            before["drop_after"] = _moved(self.drop_after, self.epochs, settings["epochs"])
        return self.from_json(merge(before, settings))

    @field_validator("lr")
    @classmethod
    def _rates_are_of_something(cls, lr: Rates) -> Rates:
        if isinstance(lr, Mapping):
            if unknown := sorted(set(lr) - {*_modalities.names(), HEAD}):
                raise ValueError(f"there are no {unknown}; rates are of {', '.join((*_modalities.names(), HEAD))}")
            if HEAD not in lr:
                raise ValueError(f"a rate of {HEAD!r} is needed, at which modalities that are not named learn, too")
        return lr

    @model_validator(mode="before")
    @classmethod
    def _drops_follow(cls, given: Any) -> Any:
        if not isinstance(given, dict) or "epochs" not in given or "drop_after" in given:
            return given
        usual = {name: field.default for name, field in cls.model_fields.items()}
        return given | {"drop_after": _moved(usual["drop_after"], usual["epochs"], given["epochs"])}

    @model_validator(mode="after")
    def _drops_happen(self) -> Self:
        if late := [last for last in self.drop_after if last >= self.epochs]:
            raise ValueError(
                f"drop_after {late} lies behind the last of {self.epochs} epochs, which is number {self.epochs - 1}, "
                "so that rates would never drop there; leave drop_after out, and it follows from epochs"
            )
        return self


def _moved(drops: tuple[int, ...], epochs: int, to: Any) -> tuple[int, ...]:
    """Drops after the same share of other epochs; as they are where those are no number, which is told elsewhere."""
    return tuple(last * to // epochs for last in drops) if isinstance(to, int) else drops


_OPTIMISERS: Mapping[str, Callable[[Protocol, list[dict[str, Any]]], torch.optim.Optimizer]] = {
    "adam": lambda own, groups: torch.optim.Adam(groups, betas=own.betas, weight_decay=own.weight_decay, fused=True),
    "sgd": lambda own, groups: torch.optim.SGD(
        groups, momentum=own.momentum, weight_decay=own.weight_decay, fused=True
    ),
}
