"""Small labelled clips in memory that carry their class in all modalities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar, Literal, final

import torch
from torch import Tensor

from limbeck.datasets import LabelledClips
from limbeck.datasets._clips import ArrayStore
from limbeck.media import RawClip
from limbeck.methods import RunContext
from limbeck.methods._view import View
from limbeck.modalities import Batch, Modality, Scale, ScaleKind, Statistics
from limbeck.testing import RECIPE, toy_clips

__all__ = ["RECIPE", "Echo", "network_input", "scales_of", "three_modalities", "toy_clips", "view_of"]


def scales_of(real: LabelledClips, kind: ScaleKind = "standardised") -> dict[str, Scale]:
    """The scales on which networks see clips, by modality."""
    return {name: modality.scale(real.statistics[name], kind) for name, modality in real.modalities.items()}


def view_of(real: LabelledClips, kind: ScaleKind = "standardised") -> View:
    """How experts see clips."""
    return View(real, scales_of(real, kind), RunContext().runtime)


def network_input(real: LabelledClips, index: Tensor | None = None, kind: ScaleKind = "standardised") -> Batch:
    """Clips as networks see them, by modality."""
    scales = scales_of(real, kind)
    return {name: m.to_network(real.array(name, index), scales[name]) for name, m in real.modalities.items()}


@final
class Echo(Modality):
    """A made-up third modality, which no package lists: two channels of 12 x 20 numbers."""

    letter: ClassVar[str] = "E"
    track: ClassVar[Literal["audio", "image"]] = "audio"
    unit: ClassVar[str] = "1"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(2, 12, 20)."""
        return (2, 12, 20)

    def array(self, raw: RawClip) -> Any:
        """None is ever made of a recording."""
        raise NotImplementedError

    def scale(self, statistics: Statistics, kind: ScaleKind) -> Scale:
        """Mean 0 and deviation 1."""
        return Scale(mean=statistics.mean, std=statistics.std)

    def show(self, arrays: Tensor) -> Tensor:
        """The first channel."""
        return arrays[:, 0].clamp(0, 255).to(torch.uint8)


def three_modalities(per_class: int = 12) -> LabelledClips:
    """Toy clips with echoes, which carry the class as a height above noise."""
    real = toy_clips(per_class=per_class)
    echo = Echo(real.recipe)
    noise = torch.randn(len(real), *echo.shape, generator=torch.Generator().manual_seed(5))
    arrays = real.arrays() | {"echo": noise + 2 * real.labels[:, None, None, None]}
    return replace(
        real,
        store=ArrayStore(arrays),
        modalities={"audio": real.modalities["audio"], "echo": echo, "image": real.modalities["image"]},
        statistics={**real.statistics, "echo": echo.statistics(echo.moments(arrays["echo"].numpy()))},
        fingerprint="toys with echoes",
    )
