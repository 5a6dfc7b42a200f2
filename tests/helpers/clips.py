"""Small labelled clips in memory that carry their class in all modalities."""

from __future__ import annotations

from torch import Tensor

from limbeck.datasets import LabelledClips
from limbeck.modalities import Scale, ScaleKind
from limbeck.testing import RECIPE, toy_clips

__all__ = ["RECIPE", "network_input", "scales_of", "toy_clips"]


def scales_of(real: LabelledClips, kind: ScaleKind = "standardised") -> dict[str, Scale]:
    """The scales on which networks see clips, by modality."""
    return {name: modality.scale(real.statistics[name], kind) for name, modality in real.modalities.items()}


def network_input(
    real: LabelledClips, index: Tensor | None = None, kind: ScaleKind = "standardised"
) -> dict[str, Tensor]:
    """Clips as networks see them, by modality."""
    scales = scales_of(real, kind)
    return {name: m.to_network(real.array(name, index), scales[name]) for name, m in real.modalities.items()}
