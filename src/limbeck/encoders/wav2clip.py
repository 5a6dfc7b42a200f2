"""Wav2CLIP: a ResNet-18 taught to put a sound where CLIP puts its picture, with CLIP's text tower (`wav2clip`).

Source:   Wu, Seetharaman, Kumar and Bello, *Wav2CLIP: Learning Robust Audio Representations from CLIP*, ICASSP 2022
          (https://arxiv.org/abs/2110.11499); weights from https://github.com/descriptinc/lyrebird-wav2clip (MIT).
          Texts: CLIP ViT-B/32, which its space comes from.
Differs from the paper: the published code brings the spectrograms of a batch to mean 0 and deviation 1 together; here
          each sound is on its own, as it is there for one sound at a time.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck._files import atomic
from limbeck.encoders._clip_text import CLIP_B32, ClipText, WithClipText
from limbeck.encoders._module import Block, built, filled, numbered, with_random_weights
from limbeck.encoders._weights import Needed, OfficialFile, read_state

NETWORK = OfficialFile(
    "Wav2CLIP.pt",
    "https://github.com/descriptinc/lyrebird-wav2clip/releases/download/v0.1.0-alpha/Wav2CLIP.pt",
)

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
class Wav2ClipNetwork(nn.Module):
    """Both, under the checkpoint's names."""

    def __init__(
        self, *, base: int = 64, counts: tuple[int, ...] = (2, 2, 2, 2), hidden: int = 512, dim: int = 512
    ) -> None:
        super().__init__()
        self.features_dim, self.dim = 8 * base, dim
        self.audio_encoder = ResNet(base, counts)
        layers = nn.Sequential(nn.Linear(8 * base, hidden), nn.ReLU(), nn.Dropout(0.1), nn.Linear(hidden, dim))
        self.audio_transform = nn.Sequential(OrderedDict(sequential=layers))

    @classmethod
    def read(cls, state: Mapping[str, Tensor], source: object) -> Self:
        """The network of a checkpoint's `state`, as large as that is; messages name its `source`.

        Tensors of other parts are left out.
        """
        sizes = {name: len(state[key]) for name, key in _SIZES.items() if key in state}
        counts = tuple(numbered(state, f"audio_encoder.layer{number}.") for number in range(1, 5))
        return filled(built(lambda: cls(counts=counts, **sizes)), state, source=source)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Waveforms (sound, sample) to joint vectors (sound, dim) of any length and features (sound, features_dim)."""
        features = self.audio_encoder(F.pad(x, (0, max(0, FFT_SAMPLES - x.shape[1]))))
        return self.audio_transform(features), features


def _stage(channels: int, width: int, stride: int, count: int) -> nn.Sequential:
    """Blocks of two 3 x 3 convolutions."""
    blocks = []
    for seen, step in [(channels, stride)] + [(width, 1)] * (count - 1):
        first = nn.Conv2d(seen, width, 3, step, padding=1, bias=False)
        blocks.append(Block(seen, step, first, nn.Conv2d(width, width, 3, padding=1, bias=False)))
    return nn.Sequential(*blocks)


@final
class Wav2Clip(WithClipText):
    """Wav2CLIP's audio network and CLIP's text tower. The features are what the ResNet gives.

    A folder of weights holds Wav2CLIP.pt, and may hold CLIP in clip-vit-base-patch32/. Any sizes are taken as they are.
    """

    sample_rate = 16000
    window_s = 10.0
    checkpoints = ("v0.1.0-alpha",)

    @classmethod
    def _needed(cls, checkpoint: str, folder: Path | None) -> Sequence[Needed]:
        return [Needed(NETWORK, folder), Needed.near(CLIP_B32, folder)]

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        path, text = found
        network = Wav2ClipNetwork.read(read_state(path, inside=("state_dict", "model")), path)
        return cls(checkpoint, network, ClipText.read(text), device)

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """A ResNet of 2 to 16 channels and a text tower of one layer, random."""
        network = built(lambda: Wav2ClipNetwork(base=2, counts=(1, 1, 1, 1), hidden=8, dim=12))
        return cls("tiny", with_random_weights(network, seed=seed), ClipText.tiny(12, seed=seed))

    def save(self, folder: Path) -> None:
        """Write what `pretrained` takes as its `folder`."""
        with atomic(folder / NETWORK.name) as path:
            torch.save(self._network.state_dict(), path)
        self._text_tower.save(folder / CLIP_B32.name)
