"""AudioCLIP: CLIP's text and picture towers trained on with a third one for sound (`audioclip`).

Source:   Guzhov, Raue, Hees and Dengel, *AudioCLIP: Extending CLIP to Image, Text and Audio*, ICASSP 2022
          (https://arxiv.org/abs/2106.13043), with the network of *ESResNe(X)t-fbsp: Learning Robust
          Time-Frequency Transformation of Audio*, IJCNN 2021 (https://arxiv.org/abs/2104.11587), whose equations 3
          to 5 are of the spectrogram; weights from https://github.com/AndreyGuzhov/AudioCLIP (MIT).
Differs from the paper: a sound is taken as long as it is; the published evaluation pads or crops to 5 s.
"""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Self, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.signal.windows import general_cosine

from limbeck._files import atomic
from limbeck.encoders._clip_text import TOKENIZER, ClipText, WithClipText, reverted, tokenizer
from limbeck.encoders._module import Block, built, filled, numbered, with_random_weights
from limbeck.encoders._weights import Needed, OfficialFile, read_state

_RELEASE = "https://github.com/AndreyGuzhov/AudioCLIP/releases/download/v0.1/"
FILES = {
    "full-training": OfficialFile(
        "AudioCLIP-Full-Training.pt",
        f"{_RELEASE}AudioCLIP-Full-Training.pt",
        "2441d35b353352c8b1bbfb8f7c687f46314c3d2909e940eaf763b8c17f632c44",
    ),
    "partial-training": OfficialFile(
        "AudioCLIP-Partial-Training.pt",
        f"{_RELEASE}AudioCLIP-Partial-Training.pt",
        "1921885b6c3b5de0619f2ef4a9700ecbade758a398b34eb064230c30baef0c75",
    ),
}

PREFIX = "audio."
_FULL_SCALE = 32768.0
_FLOOR = 1e-18
_BLACKMAN_HARRIS = (0.35875, 0.48829, 0.14128, 0.01168)
_BLOCK_GROWTH = 4
_PICTURE_CHANNELS = 3
_TINY = 1e-8
_SIZES = {
    "base": "conv1.weight",
    "inner": "layer1.0.conv1.weight",
    "bands": "fbsp.m",
    "window": "window",
    "dim": "fc.weight",
}


def wavelets(order: Tensor, bandwidth: Tensor, centre: Tensor, samples: int) -> Tensor:
    """The waves each band is compared with: sqrt(b) sinc(b t / m)^m exp(-i c t) over t in [-pi, pi].

    Of each band `order` m, `bandwidth` b >= 0 and `centre` c (turns over the frame), (band,); the waves are complex64,
    (band, samples), divided by sqrt(samples).
    """
    t = torch.pi * torch.linspace(-1, 1, samples, device=order.device) + _TINY
    m, b, c = order[:, None], bandwidth[:, None], centre[:, None]
    # torch's sinc(x) is sin(pi x) / (pi x).
    base = torch.sinc(b * t / (m + _TINY) / torch.pi)
    # A negative base to a power that is no whole number is complex: |base|^m exp(i m pi).
    angle = torch.where(base < 0, torch.pi, 0.0) * m
    size = base.square() ** (0.5 * m) * b.sqrt() / samples**0.5
    return torch.polar(size, angle - c * t)


class Fbsp(nn.Module):
    """The three numbers of each band, under the checkpoint's names."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.m = nn.Parameter(torch.zeros(bands))
        self.fb = nn.Parameter(torch.ones(bands))
        self.fc = nn.Parameter(torch.arange(bands, dtype=torch.float32))
        self.bias = nn.Parameter(torch.zeros(0))  # published code keeps an empty one

    def forward(self, x: Tensor, window: Tensor, *, hop: int) -> Tensor:
        """Power in each band: (sound, sample) to (sound, band, frame), float32, >= 0.

        Frames are as long as the window, lie in the middle of a longer frame of zeros that the wavelets span, and
        begin every `hop` samples; silence is added on both sides until the last one is full.
        """
        frames = framed(x, len(window), hop)
        samples = 2 * (len(self.m) - 1)
        left = (samples - len(window)) // 2
        waves = wavelets(self.m, self.fb, self.fc, samples)[:, left : left + len(window)] * window
        return (frames @ waves.real.T).square().add_((frames @ waves.imag.T).square()).transpose(1, 2)


def framed(x: Tensor, samples: int, hop: int) -> Tensor:
    """Waveforms x (sound, sample) in overlapping frames, (sound, frame, samples), `hop` samples apart; nothing is lost.

    Example:
        >>> framed(torch.arange(1.0, 6.0)[None], 4, 2)
        tensor([[[1., 2., 3., 4.],
                 [3., 4., 5., 0.]]])
    """
    lacking = samples + ceil(max(0, x.shape[1] - samples) / hop) * hop - x.shape[1]
    return F.pad(x, (lacking // 2, lacking - lacking // 2)).unfold(1, samples, hop)


@final
class Attention(nn.Module):
    """Weights in (0, 1) for each place of a stage's output of `width` channels, from its input; `kernel` is odd."""

    def __init__(self, channels: int, width: int, kernel: tuple[int, int]) -> None:
        super().__init__()
        padding = (kernel[0] // 2, kernel[1] // 2)
        self.conv_depth = nn.Conv2d(channels, channels, kernel, padding=padding, groups=channels)
        self.conv_point = nn.Conv2d(channels, width, 1)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """(sound, channels, height, width) to (sound, width, *size)."""
        found: Tensor = self.bn(self.conv_point(self.conv_depth(F.adaptive_max_pool2d(x, size))))
        return found.sigmoid()


def _bottleneck(channels: int, inner: int, width: int, stride: int, groups: int) -> Block:
    """A grouped 3 x 3 convolution between two of 1 x 1 (https://arxiv.org/abs/1611.05431)."""
    first, last = nn.Conv2d(channels, inner, 1, bias=False), nn.Conv2d(inner, width, 1, bias=False)
    grouped = nn.Conv2d(inner, inner, 3, stride, padding=1, groups=groups, bias=False)
    return Block(channels, stride, first, grouped, last)


@final
class EsResNext(nn.Module):
    """ESResNeXt-fbsp with the layer into CLIP's space: attention over time and frequency, on a learnt spectrogram.

    That has complex frequency B-spline wavelets in place of the Fourier transform's waves.
    The stages end in 4, 8, 16 and 32 times `base` channels; the first one's grouped convolutions have `inner`. The
    spectrogram has so many bands with the one of 0 Hz, and its frames twice as many samples.
    """

    def __init__(
        self,
        *,
        base: int = 64,
        inner: int = 128,
        groups: int = 32,
        counts: tuple[int, ...] = (3, 4, 6, 3),
        bands: int = 1025,
        window: int = 1654,
        dim: int = 1024,
    ) -> None:
        super().__init__()
        self.features_dim, self.dim = 8 * _BLOCK_GROWTH * base, dim
        self.hop = round(2 * (bands - 1) * 561 / 2048)
        self.register_buffer("window", general_cosine(window, a=_BLACKMAN_HARRIS, sym=False))
        self.window: Tensor
        self.fbsp = Fbsp(bands)
        self.conv1 = nn.Conv2d(_PICTURE_CHANNELS, base, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(base)
        wide = [base, *(base * _BLOCK_GROWTH * 2**i for i in range(4))]
        kernels = ((3, 1), (1, 5), (3, 1), (1, 5))
        for i, (count, kernel) in enumerate(zip(counts, kernels, strict=True)):
            first = _bottleneck(wide[i], inner * 2**i, wide[i + 1], 2 if i else 1, groups)
            rest = (_bottleneck(wide[i + 1], inner * 2**i, wide[i + 1], 1, groups) for _ in range(1, count))
            self.add_module(f"layer{i + 1}", nn.Sequential(first, *rest))
            self.add_module(f"att{i + 1}", Attention(wide[i], wide[i + 1], kernel))
        self.att5 = Attention(wide[4], wide[4], (3, 5))
        self.fc = nn.Linear(wide[4], dim)

    @classmethod
    def read(cls, state: Mapping[str, Tensor], source: object) -> Self:
        """The network of a checkpoint's `state`, as large as that is, without other towers; messages name `source`."""
        own = {name.removeprefix(PREFIX): tensor for name, tensor in state.items() if name.startswith(PREFIX)}
        sizes = {size: len(own[name]) for size, name in _SIZES.items() if name in own}
        grouped = own.get("layer1.0.conv2.weight")
        if grouped is not None and grouped.ndim == 4:
            sizes["groups"] = len(grouped) // grouped.shape[1]
        counts = tuple(numbered(own, f"layer{number}.") for number in range(1, 5))
        return filled(built(lambda: cls(counts=counts, **sizes)), own, source=source)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Waveforms (sound, sample) to joint vectors (sound, dim) of any length and features (sound, features_dim)."""
        y = self.pictures(x)
        y = F.max_pool2d(F.relu(self.bn1(self.conv1(y))), 3, 2, padding=1)
        for number in range(1, 5):
            seen, y = y, self.get_submodule(f"layer{number}")(y)
            y = y * self.get_submodule(f"att{number}")(seen, y.shape[-2:])
        features = (y.mean((2, 3), keepdim=True) * self.att5(y, (1, 1))).flatten(1)
        return self.fc(features), features

    def pictures(self, x: Tensor) -> Tensor:
        """Waveforms in [-1, 1], (sound, sample), to spectrograms in dB, (sound, 3, band, frame).

        The low, middle and high third of the bands stand in the place of red, green and blue.
        """
        # Published code maps 16-bit whole numbers -32768 ... 32767 to -1 ... 1.
        x = (x + 1) * (2 * _FULL_SCALE / (2 * _FULL_SCALE - 1)) - 1
        power = self.fbsp(x, self.window, hop=self.hop)
        third = power.shape[1] // _PICTURE_CHANNELS
        thirds = power[:, : third * _PICTURE_CHANNELS].unflatten(1, (_PICTURE_CHANNELS, third))
        return 10 * torch.where(thirds > 0, thirds, _FLOOR).log10()


@final
class AudioClip(WithClipText):
    """AudioCLIP's audio and text towers. The features are what the audio network gives its last layer.

    The space of the checkpoint ``"partial-training"`` is still that of CLIP RN50. A folder of weights holds the
    checkpoint's file, and may hold CLIP's tokenizer in clip-vit-base-patch32/. Any sizes are taken as they are.
    """

    sample_rate = 44100
    window_s = 10.0
    prompt = "This is {label}"
    checkpoints = ("full-training", "partial-training")

    @classmethod
    def _needed(cls, checkpoint: str, folder: Path | None) -> Sequence[Needed]:
        return [Needed(FILES[checkpoint], folder), Needed.near(TOKENIZER, folder)]

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        path, words = found
        state = read_state(path, inside=("state_dict", "model"))
        network = EsResNext.read(state, path)
        return cls(checkpoint, network, ClipText.convert(state, tokenizer(words), source=path), device)

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """A network of 2 to 64 channels and 33 bands, and a text tower of one layer, random."""
        network = built(lambda: EsResNext(base=2, inner=4, groups=2, counts=(1, 1, 1, 1), bands=33, window=52, dim=12))
        return cls("tiny", with_random_weights(network, seed=seed), ClipText.tiny(12, seed=seed))

    def save(self, folder: Path) -> None:
        """Write what `pretrained` takes as its `folder`: the first checkpoint's file, and the tokenizer."""
        (folder / TOKENIZER.name).mkdir(parents=True, exist_ok=True)
        sound = {PREFIX + name: tensor for name, tensor in self._network.state_dict().items()}
        with atomic(folder / FILES[self.checkpoints[0]].name) as path:
            torch.save(sound | reverted(self._text_tower.model.state_dict()), path)
        self._text_tower.tokenizer.save_pretrained(folder / TOKENIZER.name)
