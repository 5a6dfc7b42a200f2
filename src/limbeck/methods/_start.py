"""What pairs are before the first step of optimisation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, Field, PlainSerializer
from torch import Tensor

from limbeck import _discover
from limbeck._config import Config
from limbeck._runtime import generator
from limbeck.augment import Frequencies, mosaic
from limbeck.datasets import LabelledClips, Scale
from limbeck.errors import InputError, PluginError, UnknownNameError
from limbeck.methods._contract import Method, Work
from limbeck.methods._selection import Selection
from limbeck.networks import Architecture

ROOM = "limbeck.methods"
NOISE = "noise"
SHARED = (*Method.model_fields, "network")


class Start(Config):
    """What pairs are before the first step. A name alone may be given for it.

    Attributes:
        method: Name of a method that chooses real clips (packed if there is a mosaic), as ``herding``; or ``noise``:
            standard normal numbers with the data's mean and spread.
        settings: Settings of that method that differ from its defaults, without those it takes from the optimised
            method: the ones all methods have, and the ``network``.
    """

    method: str = "herding"
    settings: dict[str, Any] = Field(default_factory=dict)

    def selection(self, shared: Mapping[str, Any] | None = None) -> Selection | None:
        """The method that chooses the clips; None for noise.

        Args:
            shared: Settings it takes from the optimised method, as JSON-able data; one it does not have is left out.

        Raises:
            UnknownNameError: No method that chooses clips has this name.
            InputError: The settings do not fit it.
        """
        theirs = sorted(self.settings.keys() & set(SHARED))
        if theirs:
            raise InputError(
                f"A start takes {', '.join(SHARED)} from the optimised method, but {', '.join(theirs)} came in its "
                "settings too; leave that out there."
            )
        if self.method == NOISE:
            if self.settings:
                raise InputError(f"Noise has no settings, but these came for it: {', '.join(self.settings)}.")
            return None
        kind = _kind(self.method) if self.method in _discover.names(ROOM) else None
        if kind is None or not issubclass(kind, Selection):
            raise UnknownNameError(
                f"Optimisation cannot start from {self.method!r}. It starts from {NOISE}, or from real clips chosen by "
                f"one of these methods: {', '.join(filter(_chooses, _discover.names(ROOM)))}."
            )
        fitting = {name: value for name, value in (shared or {}).items() if name in kind.model_fields}
        return kind.from_json(self.settings | fitting)

    def named(self) -> Selection | None:
        """As `selection`."""
        return self.selection()


def _kind(name: str) -> type[Method]:
    return _discover.load(ROOM, name, Method)


def _chooses(name: str) -> bool:
    try:
        return issubclass(_kind(name), Selection)
    except PluginError:
        return False


NamedStart = Annotated[
    Start,
    BeforeValidator(lambda value: {"method": value} if isinstance(value, str) else value),
    PlainSerializer(lambda start: start.to_json() if start.settings else start.method),
]
"""A `Start` as settings carry it: the name alone where there are no settings."""


def start_pairs(
    method: Method,
    start: Start,
    network: Architecture,
    real: LabelledClips,
    *,
    scale: Scale,
    seed: int,
    work: Work,
) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs before the first step.

    Args:
        method: Gives pairs a class, mosaic and the scale of sound.
        start: What they are.
        network: Architecture of the encoders that the choice of clips looks through.
        real: The data.
        scale: What networks see.
        seed: Of the draw.
        work: Device, number formats and the cache.

    Returns:
        Log-mel (pair, 1, mel, frame), frames (pair, 3, height, width), labels (pair,), ordered by class.

    Raises:
        BudgetError: A class has fewer clips than a start from real clips needs.
    """
    shared = {name: value for name, value in method.to_json().items() if name in SHARED}
    selection = start.selection(shared | {"network": network.to_json()})
    if selection is None:
        if isinstance(method.mosaic, Frequencies):
            raise InputError(
                f"Pairs that share by frequencies ({method.mosaic}) cannot start from noise, which has no low ones. "
                "Start from real clips, or use a mosaic of cells."
            )
        return _noise(method.per_class, real, scale, seed)
    packed = f"{method.per_class} pairs a class and mosaic {mosaic.words(method.mosaic)}"
    purpose = f"{method.name} with start={start.method!r}, {packed}"
    real.require(method.per_class * method.cells, purpose)
    return selection.pairs(real, seed, work)


def spreads(real: LabelledClips, scale: Scale) -> tuple[float, float]:
    """Standard deviation of all log-mel values and of all frame values in network scale."""
    s = real.statistics
    return (
        _pooled(s.mel_mean, s.mel_std, scale.mel_mean, scale.mel_std),
        _pooled(s.image_mean, s.image_std, scale.image_mean, scale.image_std),
    )


def _pooled(mean: tuple[float, ...], std: tuple[float, ...], shift: tuple[float, ...], by: tuple[float, ...]) -> float:
    m, s, a, b = (torch.tensor(v, dtype=torch.float64) for v in (mean, std, shift, by))
    means, variances = ((m - a) / b).expand(len(m)), (s / b).square().expand(len(m))
    return float((variances.mean() + means.var(correction=0)).sqrt())


def _noise(per_class: int, real: LabelledClips, scale: Scale, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    s = real.statistics
    mel_mean, mel_std = (torch.tensor(v)[:, None] for v in (s.mel_mean, s.mel_std))
    image_mean, image_std = (torch.tensor(v)[:, None, None] for v in (s.image_mean, s.image_std))
    audio, image = [], []
    for label in real.classes:
        source = generator(seed, "noise", label)
        audio.append(torch.randn(per_class, *real.audio_shape, generator=source) * mel_std + mel_mean)
        pixels = torch.randn(per_class, *real.image_shape, generator=source) * image_std + image_mean
        image.append(pixels.mul(255).clamp(0, 255).to(torch.uint8))
    labels = torch.arange(len(real.classes)).repeat_interleave(per_class)
    return scale.audio(torch.cat(audio)), scale.image(torch.cat(image)), labels
