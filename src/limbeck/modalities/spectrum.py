"""Sound as the magnitudes of its spectrum (`spectrum`): float32 (1, bin, frame), 1.0 for a sine of full scale.

Magnitudes keep every frequency apart and, unlike decibels, those of sounds that are heard together are about the sum of
theirs. So a network can take sounds apart by masks, as the measure `separation` asks. Networks see decibels, each bin
standardised. The window, the hop, the rate and the seconds are those of the recipe: ``limbeck prepare --modality
spectrum,image --sample-rate 11025 --clip-seconds 6 --window 1022 --hop 256`` gives 512 bins and 259 frames.

Source:   Zhao et al., *The Sound of Pixels*, ECCV 2018, and its public code.
Differs from the paper: six seconds are 66,150 samples there 65,535; magnitudes are divided by half the window's sum;
          bins are not warped to a logarithmic axis.
"""

from typing import ClassVar, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck.media import RawClip, invert_magnitude, istft, stft
from limbeck.modalities._contract import Moments
from limbeck.modalities._spectrograms import SILENCE_DB, Spectrograms

LOUDEST_DB = 100.0
_SLACK_DB = 1e-3


@final
class Spectrum(Spectrograms):
    """Magnitudes of the short-time Fourier transform of a clip's sound; statistics per bin, in decibels."""

    letter: ClassVar[str] = "F"
    axes: ClassVar[tuple[str, ...]] = ("1", "bin", "frame")

    @property
    def shape(self) -> tuple[int, int, int]:
        return (1, self.mel.fft_samples // 2 + 1, self.mel.shape[1])

    def array(self, raw: RawClip) -> npt.NDArray[np.float32]:
        found: npt.NDArray[np.float32] = self.transform(torch.from_numpy(raw.sound)).abs().numpy()[None]
        return found

    def levels(self, arrays: Tensor) -> Tensor:
        """Magnitudes in dB re 1.0, from -100 upwards."""
        return 20 * arrays.clamp_min(10 ** (SILENCE_DB / 20)).log10()

    def prepared(self, values: Tensor) -> Tensor:
        """Decibels as magnitudes; -100 dB and less are 0, and 100 dB the most."""
        magnitudes = 10 ** (values.clamp(max=LOUDEST_DB) / 20)
        return torch.where(values > SILENCE_DB + _SLACK_DB, magnitudes, 0.0)

    def moments(self, arrays: npt.NDArray[np.float32]) -> Moments:
        return super().moments(20 * np.log10(np.maximum(arrays, np.float32(10 ** (SILENCE_DB / 20)))))

    def play(self, arrays: Tensor) -> Tensor:
        """Sounds whose magnitudes are near; phases are estimated, see `media.invert_magnitude`."""
        return invert_magnitude(arrays[:, 0], self.mel)

    def band_of(self, hertz: float) -> float:
        return hertz * self.mel.fft_samples / self.mel.sample_rate_hz

    def transform(self, waveforms: Tensor) -> Tensor:
        """The short-time Fourier transform, (..., bin, frame), of waveforms, see `media.stft`."""
        return stft(waveforms, self.mel)

    def inverse(self, transformed: Tensor) -> Tensor:
        """Waveforms of a short-time Fourier transform, (..., bin, frame), see `media.istft`."""
        return istft(transformed, self.mel)
