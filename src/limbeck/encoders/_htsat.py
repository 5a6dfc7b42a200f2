"""HTS-AT around its network: a waveform brought to the length of the window, its log-mel, and what is pooled.

Source:   Chen et al., *HTS-AT: A Hierarchical Token-Semantic Audio Transformer for Sound Classification and Detection*,
          ICASSP 2022 (https://arxiv.org/abs/2202.00874); filling as in LAION-CLAP and Microsoft CLAP.
"""

from abc import ABC
from collections.abc import Callable, Mapping
from typing import Any, Self

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.encoders._contract import AudioEmbeddings, Encoder

FLOOR = 1e-10
"""Smallest power told apart from silence: -100 dB."""

AT_ONCE = 4
"""Clips that go through the network together on a processor. The maps of more are blocks so large that the C library
returns each to the system and gets it back zeroed, page by page: 32 at once take 1.4 times as long."""


def _silence(waveform: Tensor, samples: int) -> Tensor:
    return F.pad(waveform[:samples], (0, max(samples - len(waveform), 0)))


FILLS: Mapping[str, Callable[[Tensor, int], Tensor]] = {
    "repeatpad": lambda waveform, samples: _silence(waveform.repeat(max(samples // len(waveform), 1)), samples),
    "repeat": lambda waveform, samples: waveform.repeat(-(-samples // len(waveform)))[:samples],
    "pad": _silence,
}
"""Ways to bring a waveform (sample,) to a number of samples, by their names in feature extractors: longer ones are cut
at the end; shorter ones are repeated as often as they fit whole and followed by silence, repeated and cut, or
followed by silence."""


def log_mel(waveforms: Tensor, filters: Tensor, *, hop: int) -> Tensor:
    """Log-mel spectrograms, float32, (clip, frame, band), dB re 1.0, not below -100, of waveforms (clip, sample).

    Filters are the weights of the bands, (bin, band); the Fourier transform is of 2 (bin - 1) samples. Frames are
    `hop` samples apart and centred, the ends mirrored.
    """
    length = 2 * (len(filters) - 1)
    window = torch.hann_window(length, device=waveforms.device)
    spectrum = torch.stft(waveforms, length, hop, window=window, return_complex=True)
    power = torch.view_as_real(spectrum).square().sum(-1)
    return 10 * torch.log10((power.transpose(1, 2) @ filters).clamp_min(FLOOR))


class HtsatEncoder(Encoder, ABC):
    """An encoder whose sounds go through HTS-AT. `features` is what that pools over its last map.

    `dtype` is of the heavy products over sounds; sums, softmax and norms, and texts, stay float32.
    """

    @classmethod
    def pretrained(cls, checkpoint: str | None = None, *, dtype: torch.dtype = torch.float32, **options: Any) -> Self:
        """The model with its published weights, by the arguments of `Encoder.pretrained`.

        With `dtype` ``torch.bfloat16`` (half the time where the hardware has it) vectors agree with those of float32
        to a cosine above 0.999; the `id` is the same.
        """
        made = super().pretrained(checkpoint, **options)
        made.dtype = dtype
        return made

    def _pooled(self, network: Any, projection: Any, mels: Tensor, longer: Tensor | None = None) -> AudioEmbeddings:
        """Vectors by a ``ClapAudioModel`` and the layers behind it, of mels (clip, channel, frame, band).

        `longer`, (clip, 1), says which clips are embedded in pieces too.
        """
        at_once = AT_ONCE if mels.device.type == "cpu" else len(mels)
        parts = []
        with torch.autocast(mels.device.type, self.dtype, enabled=self.dtype != torch.float32):
            for i in range(0, len(mels), at_once):
                some = slice(i, i + at_once)
                parts.append(network(mels[some], is_longer=None if longer is None else longer[some]).pooler_output)
        features = torch.cat(parts).float()
        return AudioEmbeddings(F.normalize(projection(features), dim=-1).cpu(), features.cpu())
