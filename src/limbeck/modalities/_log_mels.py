"""What modalities share that are log-mel spectrograms: how they are heard, and where a frequency is."""

import math

from torch import Tensor

from limbeck.media import MelRecipe, invert_log_mel


def sounds(arrays: Tensor, mel: MelRecipe) -> Tensor:
    """Sounds, one after the other, whose log-mels are near; phases are estimated, see `media.invert_log_mel`."""
    return invert_log_mel(arrays[..., 0, :, :], mel).flatten(1)


def band_of(hertz: float, mel: MelRecipe) -> float:
    """Position of a frequency among the bands' centres, HTK mel scale."""
    position = math.log10(1 + hertz / 700) / math.log10(1 + mel.sample_rate_hz / 2 / 700)
    return position * (mel.mels + 1) - 1
