"""Wav2CLIP's audio network: a ResNet-18 on a log power spectrogram, and the layers that lead into CLIP's space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck.encoders._module import built, filled
from limbeck.encoders._residual import BasicBlock, depths

FFT_SAMPLES = 512
_HOP_SAMPLES = 353
_FLOOR = 1e-7
_SIZES = {
    "base": "audio_encoder.conv1.weight",
    "hidden": "audio_transform.sequential.0.weight",
    "dim": "audio_transform.sequential.3.weight",
}


@final
class Spectrogram(nn.Module):
    """Power spectrogram, its logarithm, brought to mean 0 and deviation 1 in each sound.

    Hann window (periodic), frames centred and padded by reflection.
    """

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(FFT_SAMPLES))
        self.window: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Waveforms (sound, sample) of more than 256 samples to (sound, 1, 257, frame)."""
        spectrum = torch.stft(x, FFT_SAMPLES, _HOP_SAMPLES, window=self.window, return_complex=True)
        logarithm = (spectrum.abs().square() + _FLOOR).log()
        deviation, mean = torch.std_mean(logarithm, dim=(1, 2), keepdim=True)
        return ((logarithm - mean) / (deviation + 1e-9))[:, None]


@final
class ResNet(nn.Module):
    """Spectrogram, stem and four stages of basic blocks; the features are the last map's means."""

    def __init__(self, base: int, counts: tuple[int, ...]) -> None:
        super().__init__()
        self.spectrogram = Spectrogram()
        self.conv1 = nn.Conv2d(1, base, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        self.layer1 = _stage(base, base, 1, counts[0])
        self.layer2 = _stage(base, 2 * base, 2, counts[1])
        self.layer3 = _stage(2 * base, 4 * base, 2, counts[2])
        self.layer4 = _stage(4 * base, 8 * base, 2, counts[3])

    def forward(self, x: Tensor) -> Tensor:
        """Waveforms (sound, sample) to features (sound, 8 * base)."""
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(self.spectrogram(x)))), 3, 2, padding=1)
        maps: Tensor = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return maps.mean((2, 3))


@final
class Transform(nn.Module):
    """Two dense layers with a ReLU and a dropout between them; `units` of the input, between, and of the output."""

    def __init__(self, units: tuple[int, int, int]) -> None:
        super().__init__()
        self.sequential = nn.Sequential(
            nn.Linear(units[0], units[1]), nn.ReLU(), nn.Dropout(0.1), nn.Linear(units[1], units[2])
        )

    def forward(self, x: Tensor) -> Tensor:
        """(sound, units) to (sound, units)."""
        found: Tensor = self.sequential(x)
        return found


@final
class Wav2ClipNetwork(nn.Module):
    """Both, under the checkpoint's names."""

    def __init__(
        self, *, base: int = 64, counts: tuple[int, ...] = (2, 2, 2, 2), hidden: int = 512, dim: int = 512
    ) -> None:
        super().__init__()
        self.features_dim, self.dim = 8 * base, dim
        self.audio_encoder = ResNet(base, counts)
        self.audio_transform = Transform((8 * base, hidden, dim))

    @classmethod
    def read(cls, state: Mapping[str, Tensor], source: object) -> Self:
        """The network of a checkpoint, as large as that is; tensors of other parts are left out."""
        sizes = {name: len(state[key]) for name, key in _SIZES.items() if key in state}
        counts = tuple(depths(state, "audio_encoder."))
        return filled(built(lambda: cls(counts=counts, **sizes)), state, source=source)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Waveforms (sound, sample) to joint vectors (sound, dim) of any length and features (sound, features_dim)."""
        features = self.audio_encoder(F.pad(x, (0, max(0, FFT_SAMPLES - x.shape[1]))))
        return self.audio_transform(features), features


def _stage(channels: int, width: int, stride: int, count: int) -> nn.Sequential:
    return nn.Sequential(BasicBlock(channels, width, stride), *(BasicBlock(width, width, 1) for _ in range(1, count)))
