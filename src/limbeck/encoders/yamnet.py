"""YAMNet: a small AudioSet classifier that runs anywhere, made an audio-text encoder by its classes' names (`yamnet`).

The network names 521 kinds of sound. A clip's vector among texts is the mean of the text vectors (all-MiniLM-L6-v2) of
the names it is likeliest to have (ConSE, see `_class_names`); the averages behind its last layer are the richer audio
space.

Source:   Plakal and Ellis, *YAMNet*, 2020 (https://github.com/tensorflow/models/tree/master/research/audioset/yamnet);
          quantised weights from https://github.com/google-coral/coralmicro (Apache-2.0). Text vectors: Reimers and
          Gurevych, *Sentence-BERT*, EMNLP 2019 (https://arxiv.org/abs/1908.10084).
Differs from the paper: YAMNet averages over a recording's patches, which hides short events such as a sneeze. Here a
          class counts by its three best patches, and an audio feature by its best one: chosen on ESC-10, measured in
          docs/encoders.md.
Cost:     about 0.5 ms a patch (0.48 s of sound) on one core, and 5 MB of memory a core.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Self, final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck._files import write_bytes
from limbeck.encoders._class_names import WithClassNames, conse, read_class_map, write_class_map
from limbeck.encoders._contract import AudioEmbeddings
from limbeck.encoders._litert import PatchNetwork, tiny_network
from limbeck.encoders._sentences import MINILM, Sentences
from limbeck.encoders._weights import OfficialFile

NETWORK = OfficialFile(
    "yamnet_spectra_in.tflite",
    "https://raw.githubusercontent.com/google-coral/coralmicro/c9f665b0a8b973d35cb9d383b3e92e9f14b4dd72/"
    "models/yamnet_spectra_in.tflite",
    "0a266465c46718f3fcc4137366be82882a8c93bfcc4f0278581a11d11dddcdf9",
)
CLASS_MAP = OfficialFile(
    "yamnet_class_map.csv",
    "https://raw.githubusercontent.com/tensorflow/models/dbeeb148f10adf723067040eedcccda00bdce1e8/"
    "research/audioset/yamnet/yamnet_class_map.csv",
    "cdf24d193e196d9e95912a2667051ae203e92a2ba09449218ccb40ef787c6df2",
)
SAMPLE_RATE_HZ = 16000
BANDS = 64
PATCH_FRAMES = 96
_WINDOW_SAMPLES = 400
_HOP_SAMPLES = 160
_FFT_SAMPLES = 512
_LOWEST_HZ, _HIGHEST_HZ = 125.0, 7500.0
_FLOOR = 0.001
_FRAMES_AT_A_TIME = 512
_PATCH_HOP_FRAMES = 48
PATCH_SAMPLES = (PATCH_FRAMES - 1) * _HOP_SAMPLES + _WINDOW_SAMPLES
PATCH_HOP_SAMPLES = _PATCH_HOP_FRAMES * _HOP_SAMPLES
_PATCH_SHAPE = (PATCH_FRAMES, BANDS)
_TINY_CLASSES = ("Speech", "Dog", "Rain", "Clock", "Sneeze", "Helicopter", "Chainsaw", "Silence")


@final
class YamNet(WithClassNames[PatchNetwork]):
    """Log-mel patches through YAMNet in LiteRT, on the CPU; texts through a sentence encoder on any device.

    A folder of weights holds yamnet_spectra_in.tflite and yamnet_class_map.csv, and may hold the text model in
    all-MiniLM-L6-v2/; without that it comes from the hub's cache. The classes are AudioSet's.

    Windows of a recording (`embed_windows`) share its patches, one every 0.48 s from its beginning: a window has those
    that fill it best, up to 0.36 s beyond its ends, where the recording goes on. So its vectors do not depend on what
    other windows there are. A window that is all of a recording has the same vectors as by `embed_audio`.
    """

    sample_rate = SAMPLE_RATE_HZ
    window_s = 10.0
    checkpoints = ("spectra-in",)
    network_file = NETWORK
    names_file = CLASS_MAP

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        network, classes, text = found
        content = PatchNetwork(network.read_bytes(), _PATCH_SHAPE)
        return cls(checkpoint, content, read_class_map(classes), Sentences.read(text, device))

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """A LiteRT network of one convolution, eight class names and a text model of one layer, all random."""
        content = tiny_network(_PATCH_SHAPE, width=24, classes=len(_TINY_CLASSES), seed=seed)
        return cls("tiny", PatchNetwork(content, _PATCH_SHAPE), _TINY_CLASSES, Sentences.tiny(seed=seed))

    def save(self, folder: Path) -> None:
        """Write what `pretrained` takes as its `folder`."""
        write_bytes(folder / NETWORK.name, self._network.content)
        write_class_map(folder / CLASS_MAP.name, self.classes)
        self._sentences.save(folder / MINILM.name)

    def _scored(self, waveforms: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        return self._pooled(waveforms, [[(0, len(waveform))] for waveform in waveforms])

    def _windows(
        self,
        waveforms: Sequence[Tensor],
        windows: Sequence[Sequence[tuple[int, int]]],
        begins: Sequence[int],
        batch: int,
    ) -> AudioEmbeddings:
        # Before what is given there was silence, as far back as a patch of the recording begins.
        before = [begin % PATCH_HOP_SAMPLES for begin in begins]
        padded = [F.pad(waveform, (gap, 0)) for waveform, gap in zip(waveforms, before, strict=True)]
        moved = [[(first + gap, count) for first, count in own] for own, gap in zip(windows, before, strict=True)]
        scores, features = self._pooled(padded, moved)
        return AudioEmbeddings(conse(scores, self._names), features)

    def _pooled(
        self, waveforms: Sequence[Tensor], windows: Sequence[Sequence[tuple[int, int]]]
    ) -> tuple[Tensor, Tensor]:
        """Scores (window, class) and features (window, features_dim) of windows: each patch is heard once."""
        seen = [patches(waveform.detach().cpu().float()) for waveform in waveforms]
        if not seen:
            return torch.zeros(0, len(self.classes)), torch.zeros(0, self.features_dim)
        scores, averages = (torch.from_numpy(found) for found in self._network(torch.cat(seen).numpy()))
        best, richest, before = [], [], 0
        for own, places in zip(seen, windows, strict=True):
            for window in places:
                part = slice(*(before + place for place in _patches_in(window, len(own))))
                heard = scores[part]
                best.append(heard.topk(min(3, len(heard)), dim=0).values.mean(0))
                richest.append(averages[part].amax(0))
            before += len(own)
        return torch.stack(best), torch.stack(richest)


def _patches_in(window: tuple[int, int], total: int) -> tuple[int, int]:
    """First patch, and the one after the last, of those that fill a window best, of a sound that has a `total` of them.

    The window is its first sample and its number of samples; one that is the whole sound has all patches.

    Example:
        >>> _patches_in((7680, 15600 + 2 * 7680), 9), _patches_in((32000, 64000), 20), _patches_in((0, 64000), 8)
        ((1, 4), (4, 11), (0, 8))
    """
    first, count = window
    if first == 0 and patch_count(count) == total:
        return 0, total
    own = 1 + round(max(0, count - PATCH_SAMPLES) / PATCH_HOP_SAMPLES)
    spare = count - PATCH_SAMPLES - (own - 1) * PATCH_HOP_SAMPLES
    begin = min(max(0, round((first + spare / 2) / PATCH_HOP_SAMPLES)), total - 1)
    return begin, min(begin + own, total)


def patch_count(samples: int) -> int:
    """How many patches a sound of so many samples, above 0, has: they cover it to its end.

    Example:
        >>> patch_count(100), patch_count(15600), patch_count(15601)
        (1, 1, 2)
    """
    return 1 + ceil(max(0, samples - PATCH_SAMPLES) / PATCH_HOP_SAMPLES)


def patches(waveform: Tensor) -> Tensor:
    """Natural logarithm of mel magnitude + 0.001, float32, (patch, 96, 64), of a mono waveform (sample,) at 16 kHz.

    Silence is added at the end until the last patch is full, so that nothing is left out; one patch at least.

    Example:
        >>> patches(torch.zeros(16000)).shape, patches(torch.zeros(15600)).shape
        (torch.Size([2, 96, 64]), torch.Size([1, 96, 64]))
    """
    hops = patch_count(len(waveform)) - 1
    full = F.pad(waveform, (0, PATCH_SAMPLES + hops * PATCH_HOP_SAMPLES - len(waveform)))
    return (mel_magnitude(full) + _FLOOR).log().unfold(0, PATCH_FRAMES, _PATCH_HOP_FRAMES).transpose(1, 2)


def mel_magnitude(waveform: Tensor) -> Tensor:
    """Magnitude in each mel band: frames of 25 ms every 10 ms, periodic Hann window, FFT of 512 points.

    From a waveform at 16 kHz, (sample,), of 400 samples at least, to (frame, 64), float32, >= 0; what is behind
    the last full frame is left out.
    """
    frames, window = waveform.unfold(0, _WINDOW_SAMPLES, _HOP_SAMPLES), torch.hann_window(_WINDOW_SAMPLES)
    # As many at a time as the processor's cache holds.
    parts = [
        torch.fft.rfft(some * window, _FFT_SAMPLES).abs() @ _bands() for some in torch.split(frames, _FRAMES_AT_A_TIME)
    ]
    return torch.cat(parts)


@lru_cache(maxsize=1)
def _bands() -> Tensor:
    """Weight of each FFT bin in each band, float32, (257, 64).

    The triangles are straight over mel, not over Hz as librosa's are; the bin of 0 Hz is in none.
    """
    mel = _mel(np.linspace(0.0, SAMPLE_RATE_HZ / 2, _FFT_SAMPLES // 2 + 1))[:, None]
    edges = np.linspace(_mel(np.array(_LOWEST_HZ)), _mel(np.array(_HIGHEST_HZ)), BANDS + 2)
    below, centre, above = edges[:-2], edges[1:-1], edges[2:]
    weights = np.minimum((mel - below) / (centre - below), (above - mel) / (above - centre)).clip(min=0.0)
    weights[0] = 0.0
    return torch.from_numpy(weights.astype(np.float32))


def _mel(hz: np.ndarray) -> np.ndarray:
    return np.asarray(1127.0 * np.log1p(hz / 700.0))
