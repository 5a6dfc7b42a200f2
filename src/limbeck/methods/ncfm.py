"""Matching characteristic functions, of sound and picture jointly (`ncfm`).

Moves a few pairs a class until the characteristic function of their features agrees, at random frequencies and under
many encoders, with that of the real clips. A characteristic function determines a distribution, and that of sound and
picture side by side determines how they depend on each other: which sounds go with which pictures.

Source:   Wang et al., "Dataset Distillation with Neural Characteristic Function: A Minmax Perspective", CVPR 2025
          (https://arxiv.org/abs/2502.20653). Across modalities characteristic functions are also matched, otherwise, by
          Min et al., "ImageBindDC", AAAI 2026 (https://arxiv.org/abs/2511.08263).
Differs from the paper: two modalities, jointly unless ``joint=false``. Frequencies are Gaussian, as in the released
          settings; the paper's adversary, a network that looks for the frequencies where the functions differ most, is
          reduced to one number, the scale of the frequencies (`scales`). Widths follow the features (the paper's are 1,
          as the preset's). Left out: the cross-entropy of the pairs under a trained network, and the factor 300 on the
          loss, which Adam ignores. Encoders are random; the preset takes partly trained ones, the nearest thing to the
          paper's mixtures of a random and a trained network. Real batches are those of `Encoders`.
Cost:     as `dm`, and a product of every feature with every frequency.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from limbeck.methods._losses import characteristic_gap, squared_distances
from limbeck.methods._samples import Normal, SampleMatching


@final
class NCFM(SampleMatching):
    """Match characteristic functions.

    Attributes:
        joint: Frequencies on sound and picture side by side; otherwise the modalities never meet.
        frequencies: Drawn anew each step, the same for every class.
        width: Features are divided by it before they meet the frequencies (whose entries have deviation 1); None for
            the root of the median squared distance of a class's clips, for each modality.
        scales: Multiples of the frequencies that are tried; the one where the functions differ most counts. One
            number is no adversary.
        amplitude_weight: Share of the amplitude in the distance, the rest is phase, 0..1.
    """

    joint: bool = True
    frequencies: int = Field(1024, ge=1)
    width: float | None = Field(None, gt=0)
    scales: tuple[float, ...] = Field((1.0,), min_length=1)
    amplitude_weight: float = Field(0.5, ge=0, le=1)

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "faithful": {
            "sound": "raw",
            "mosaic": 2,
            "steps": 20000,
            "start": "random",
            "joint": False,
            "frequencies": 4096,
            "width": 1.0,
            "amplitude_weight": 0.5,
            "encoders": {"bank": None, "batch": 1024, "training": {"epochs": 60}, "age": "any"},
            "optimiser": {"kind": "adam", "audio_lr": 0.01, "image_lr": 0.01, "beta1": 0.9, "beta2": 0.999},
        }
    }

    def loss(self, real_audio: Tensor, real_image: Tensor, audio: Tensor, image: Tensor, normal: Normal) -> Tensor:
        """Distance of the functions, added over modalities unless `joint`; see `SampleMatching.loss`."""
        sound = self._phases(real_audio, audio, "audio", normal)
        picture = self._phases(real_image, image, "image", normal)
        # <(t_a, t_v), (a, v)> = <t_a, a> + <t_v, v>
        laws = [(sound[0] + picture[0], sound[1] + picture[1])] if self.joint else [sound, picture]
        return torch.stack([self._gap(*phases) for phases in laws]).sum()

    def _phases(self, real: Tensor, synthetic: Tensor, name: str, normal: Normal) -> tuple[Tensor, Tensor]:
        units = F.normalize(real, dim=1), F.normalize(synthetic, dim=1)
        frequencies = normal(name, self.frequencies, real.shape[1]).to(real).T
        frequencies = frequencies / (self.width or _median_distance(torch.cat(units).detach()))
        return units[0] @ frequencies, units[1] @ frequencies

    def _gap(self, real: Tensor, synthetic: Tensor) -> Tensor:
        tried = [characteristic_gap(real * s, synthetic * s, self.amplitude_weight) for s in self.scales]
        return torch.stack(tried).max()


def _median_distance(x: Tensor) -> float:
    """Root of the median squared distance of different rows; 1 where all are the same."""
    apart = squared_distances(x)
    first, second = torch.triu_indices(len(x), len(x), 1, device=x.device)
    return float(apart[first, second].median().sqrt()) or 1.0
