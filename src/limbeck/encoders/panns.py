"""PANNs: CNN14, a large AudioSet classifier, made an audio-text encoder by its classes' names (`panns`).

The network names 527 kinds of sound. A clip's vector among texts is the mean of the text vectors (all-MiniLM-L6-v2) of
the names it is likeliest to have (ConSE, see `_class_names`); the 2,048 numbers before its last layer are the richer
audio space.

Source:   Kong, Cao, Iqbal, Wang, Wang and Plumbley, *PANNs: Large-Scale Pretrained Audio Neural Networks for Audio
          Pattern Recognition*, IEEE/ACM TASLP 28, 2020 (https://arxiv.org/abs/1912.10211); weights Cnn14_mAP=0.431.pth
          of https://zenodo.org/records/3987831 (CC BY 4.0), names from
          https://github.com/qiuqiangkong/audioset_tagging_cnn (MIT).
Differs from the paper: not at all up to the classes' scores; the text space is ours. A sound shorter than 0.31 s, which
          the published code refuses, is filled up with silence.
Cost:     about half a second a clip of 10 s on one core, and 330 MB of weights.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self, final

import librosa
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck._files import atomic
from limbeck.encoders._class_names import WithClassNames, read_class_map, write_class_map
from limbeck.encoders._clip_text import in_length_buckets
from limbeck.encoders._module import built, filled, with_random_weights
from limbeck.encoders._sentences import MINILM, Sentences
from limbeck.encoders._weights import OfficialFile, read_state

NETWORK = OfficialFile(
    "Cnn14_mAP=0.431.pth",
    "https://zenodo.org/records/3987831/files/Cnn14_mAP%3D0.431.pth?download=1",
    "0dc499e40e9761ef5ea061ffc77697697f277f6a960894903df3ada000e34b31",
)
CLASS_MAP = OfficialFile(
    "class_labels_indices.csv",
    "https://raw.githubusercontent.com/qiuqiangkong/audioset_tagging_cnn/d2f4b8c18eab44737fcc0de1248ae21eb43f6aa4/"
    "metadata/class_labels_indices.csv",
    "cdd1049833c4b86127c2773ac0d14a2754b6a6d0d1798002ed5c66e699708429",
)
SAMPLE_RATE_HZ = 32000
_FFT_SAMPLES = 1024
_HOP_SAMPLES = 320
_LOWEST_HZ, _HIGHEST_HZ = 50.0, 14000.0
_FLOOR = 1e-10
_BLOCKS = 6
LEAST_SAMPLES = (2 ** (_BLOCKS - 1) - 1) * _HOP_SAMPLES
"""So many samples make 32 frames, which five halvings leave one of."""
_SIZES = {"base": "conv_block1.conv1.weight", "bands": "bn0.weight", "classes": "fc_audioset.bias"}
_TINY_CLASSES = ("Speech", "Dog", "Rain", "Clock", "Sneeze", "Helicopter", "Chainsaw", "Silence")


@final
class LogMel(nn.Module):
    """Decibels of the power in each mel band, under the checkpoint's name of the filters."""

    def __init__(self, bands: int) -> None:
        super().__init__()
        filters = librosa.filters.mel(
            sr=SAMPLE_RATE_HZ, n_fft=_FFT_SAMPLES, n_mels=bands, fmin=_LOWEST_HZ, fmax=_HIGHEST_HZ
        )
        self.register_buffer("melW", torch.from_numpy(filters.T.copy()))
        self.melW: Tensor
        self.register_buffer("window", torch.hann_window(_FFT_SAMPLES), persistent=False)
        self.window: Tensor

    def forward(self, x: Tensor) -> Tensor:
        """Waveforms (sound, sample) of more than 512 samples to dB re 1.0, (sound, 1, frame, band), -100 or more.

        Frames of 32 ms every 10 ms under a periodic Hann window, centred and padded by reflection.
        """
        spectrum = torch.stft(x, _FFT_SAMPLES, _HOP_SAMPLES, window=self.window, return_complex=True)
        power = spectrum.abs().square().transpose(1, 2) @ self.melW
        return 10 * power.clamp(min=_FLOOR).log10()[:, None]


@final
class ConvBlock(nn.Module):
    """Two 3 x 3 convolutions, each with a batch norm and a ReLU, then averages of `pool` x `pool`."""

    def __init__(self, channels: int, width: int, pool: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn1, self.bn2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """(sound, channels, frame, band) to (sound, width, frame / pool, band / pool)."""
        x = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return x if self.pool == 1 else F.avg_pool2d(x, self.pool)


@final
class Cnn14(nn.Module):
    """CNN14 under the checkpoint's names: six blocks of `base` to 32 times `base` channels on a log-mel of `bands`."""

    def __init__(self, *, base: int = 64, bands: int = 64, classes: int = 527) -> None:
        super().__init__()
        self.classes, self.dim = classes, base * 2 ** (_BLOCKS - 1)
        self.logmel_extractor = LogMel(bands)
        self.bn0 = nn.BatchNorm2d(bands)
        wide = [1, *(base * 2**i for i in range(_BLOCKS))]
        for i in range(_BLOCKS):
            self.add_module(f"conv_block{i + 1}", ConvBlock(wide[i], wide[i + 1], 2 if i < _BLOCKS - 1 else 1))
        self.fc1 = nn.Linear(self.dim, self.dim)
        self.fc_audioset = nn.Linear(self.dim, classes)

    @classmethod
    def read(cls, state: Mapping[str, Tensor], source: object) -> Self:
        """The network of a checkpoint's `state`, as large as that is; messages name its `source`.

        The published waves of the Fourier transform are left out: it is worked out.
        """
        sizes = {name: len(state[key]) for name, key in _SIZES.items() if key in state}
        return filled(built(lambda: cls(**sizes)), state, source=source)

    def weights(self) -> dict[str, Tensor]:
        """All tensors, by the checkpoint's names."""
        return self.state_dict()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Waveforms (sound, sample) to scores in [0, 1], (sound, class), and features >= 0, (sound, dim)."""
        x = self.logmel_extractor(F.pad(x, (0, max(0, LEAST_SAMPLES - x.shape[1]))))
        x = self.bn0(x.transpose(1, 3)).transpose(1, 3)
        for i in range(_BLOCKS):
            x = self.get_submodule(f"conv_block{i + 1}")(x)
        over_bands = x.mean(3)
        features = F.relu(self.fc1(over_bands.amax(2) + over_bands.mean(2)))
        return self.fc_audioset(features).sigmoid(), features


@final
class Panns(WithClassNames[Cnn14]):
    """Waveforms of any length through CNN14; texts through a sentence encoder.

    A folder of weights holds Cnn14_mAP=0.431.pth and class_labels_indices.csv, and may hold the text model in
    all-MiniLM-L6-v2/; without that it comes from the hub's cache. The classes are AudioSet's. Any sizes are taken as
    they are.
    """

    sample_rate = SAMPLE_RATE_HZ
    window_s = 10.0
    checkpoints = ("Cnn14",)
    network_file = NETWORK
    names_file = CLASS_MAP

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        path, classes, text = found
        network = Cnn14.read(read_state(path, inside=("model",)), path).to(device)
        return cls(checkpoint, network, read_class_map(classes), Sentences.read(text, device))

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """A CNN14 of 2 to 64 channels, eight class names and a text model of one layer, all random."""
        network = with_random_weights(built(lambda: Cnn14(base=2, classes=len(_TINY_CLASSES))), seed=seed)
        return cls("tiny", network, _TINY_CLASSES, Sentences.tiny(seed=seed))

    def save(self, folder: Path) -> None:
        """Write what `pretrained` takes as its `folder`."""
        with atomic(folder / NETWORK.name) as path:
            torch.save({"model": self._network.state_dict()}, path)
        write_class_map(folder / CLASS_MAP.name, self.classes)
        self._sentences.save(folder / MINILM.name)

    def _scored(self, waveforms: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        return in_length_buckets(self._network, waveforms, most=8, device=self._device)
