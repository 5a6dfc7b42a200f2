"""Matching characteristic functions, of sound and picture jointly (`ncfm`).

Moves a few samples per class until the characteristic function of their features agrees, at random frequencies and
under many encoders, with that of the real clips. A characteristic function determines a distribution, and that of sound
and picture side by side determines how they depend on each other: which sounds go with which pictures.

Source:   Wang et al., "Dataset Distillation with Neural Characteristic Function: A Minmax Perspective", CVPR 2025
          (https://arxiv.org/abs/2502.20653). Across modalities characteristic functions are also matched, otherwise, by
          Min et al., "ImageBindDC", AAAI 2026 (https://arxiv.org/abs/2511.08263).
Differs from the paper: two modalities, jointly unless ``joint=false``. Frequencies are Gaussian, as in the released
          settings; the paper's adversary, a network that looks for the frequencies where the functions differ most, is
          reduced to one number, the scale of the frequencies (`scales_tried`). Widths follow the features (the paper's
          are 1, as the preset's). Left out: the cross-entropy of the samples under a trained network, and the factor
          300 on the loss, which Adam ignores. Encoders are random; the preset takes partly trained ones, the nearest
          thing to the paper's mixtures of a random and a trained network. Real batches are those of `EncoderSource`.
Cost:     as `dm`, and a product of every feature with every frequency.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from limbeck._runtime import generator
from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, finished
from limbeck.methods._descent import Adam, Optimiser, Steps
from limbeck.methods._encoders import EncoderDraws, EncoderSource
from limbeck.methods._losses import characteristic_gap, squared_distances
from limbeck.methods._run import RunContext
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import started, steps
from limbeck.modalities import Batch


@final
class NCFM(Method):
    """Match characteristic functions.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `Optimised`.

    Attributes:
        joint: Frequencies on all modalities side by side; otherwise the modalities never meet.
        frequencies: Drawn anew each step, the same for every class.
        width: Features are divided by it before they meet the frequencies (whose entries have deviation 1); None for
            the root of the median squared distance of a class's clips, for each modality.
        scales_tried: Multiples of the frequencies that are tried; the one where the functions differ most counts. One
            number is no adversary.
        amplitude_weight: Fraction of the amplitude in the distance, the rest is phase, 0..1.
    """

    joint: bool = True
    frequencies: int = Field(1024, ge=1)
    width: float | None = Field(None, gt=0)
    scales_tried: tuple[float, ...] = Field((1.0,), min_length=1)
    amplitude_weight: float = Field(0.5, ge=0, le=1)
    steps: Steps = 200
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=20, batch=128)
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = Adam()

    coupling: ClassVar[str] = ""
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "faithful": {
            "sound": "raw",
            "hold": "mosaic:2",
            "steps": 20000,
            "start": "random",
            "joint": False,
            "frequencies": 4096,
            "width": 1.0,
            "amplitude_weight": 0.5,
            "encoders": {"bank": None, "batch": 1024, "training": {"epochs": 60}, "age": "any"},
            "optimiser": {"kind": "adam", "lr": 0.01, "beta1": 0.9, "beta2": 0.999},
        }
    }

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        run = run or RunContext()
        held = started(self, real, seed, run)
        draws = EncoderDraws(self, real, seed, run)
        for step in steps(held, self, run):
            drawn = draws.at(step.number)
            real_samples = draws.samples(drawn)
            for block in held.blocks():
                synthetic = draws.features(drawn, block)
                frequencies = {m: self._draw(seed, m, step.number, x) for m, x in synthetic.items()}
                gaps = [
                    self._gap({m: (real_samples[m][block.classes][c], synthetic[m][c]) for m in synthetic}, frequencies)
                    for c in range(len(block))
                ]
                step.descend(torch.stack(gaps).sum(), block)
        return finished(self, real, held.tensors, seed, run, held.start)

    def _draw(self, seed: int, modality: str, step: int, like: Tensor) -> Tensor:
        """Standard normal frequencies, (dim, frequency)."""
        draw = generator(seed, "loss", modality, step)
        return torch.randn(self.frequencies, like.shape[-1], generator=draw).to(like).T

    def _gap(self, sides: Mapping[str, tuple[Tensor, Tensor]], frequencies: Batch) -> Tensor:
        """Distance of the functions of a class, (), by its real and synthetic features; added up unless `joint`."""
        phases = [self._phases(real.to(x), x, frequencies[m]) for m, (real, x) in sides.items()]
        if self.joint:  # <(t_a, t_v), (a, v)> = <t_a, a> + <t_v, v>
            phases = [tuple(sum(others, first) for first, *others in zip(*phases, strict=True))]
        gaps = []
        for real, synthetic in phases:
            tried = [characteristic_gap(real * s, synthetic * s, self.amplitude_weight) for s in self.scales_tried]
            gaps.append(torch.stack(tried).max())
        return torch.stack(gaps).sum()

    def _phases(self, real: Tensor, synthetic: Tensor, frequencies: Tensor) -> tuple[Tensor, ...]:
        units = F.normalize(real, dim=1), F.normalize(synthetic, dim=1)
        frequencies = frequencies / (self.width or _median_distance(torch.cat(units).detach()))
        return units[0] @ frequencies, units[1] @ frequencies


def _median_distance(x: Tensor) -> float:
    """Root of the median squared distance of different rows; 1 where all are the same."""
    apart = squared_distances(x)
    first, second = torch.triu_indices(len(x), len(x), 1, device=x.device)
    return float(apart[first, second].median().sqrt()) or 1.0
