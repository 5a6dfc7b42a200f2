"""Mean and spread of a dataset, and the scales a network sees its input on."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from limbeck._config import Config

PUBLISHED_IMAGE_MEAN = (0.425, 0.396, 0.370)
PUBLISHED_IMAGE_STD = (0.229, 0.224, 0.221)
SoundScale = Literal["raw", "standardised"]


class Statistics(Config):
    """Mean and standard deviation over the training clips.

    Attributes:
        mel_mean: Per mel band, dB.
        mel_std: Per mel band, dB.
        image_mean: Per colour channel, pixel values in [0, 1].
        image_std: Per colour channel.
    """

    mel_mean: tuple[float, ...]
    mel_std: tuple[float, ...]
    image_mean: tuple[float, ...]
    image_std: tuple[float, ...]

    @classmethod
    def of(cls, audio: Tensor, frames: Tensor) -> Statistics:
        """Statistics of arrays: log-mel float32 (clip, 1, mel, frame) in dB, frames uint8 (clip, 3, height, width)."""
        a, v = audio.double(), frames.double() / 255
        return cls(
            mel_mean=tuple(a.mean((0, 1, 3)).tolist()),
            mel_std=tuple(a.std((0, 1, 3), correction=0).tolist()),
            image_mean=tuple(v.mean((0, 2, 3)).tolist()),
            image_std=tuple(v.std((0, 2, 3), correction=0).tolist()),
        )


class Scale(Config):
    """What is subtracted and divided before a network sees a pair; kept with every distilled set.

    Attributes:
        mel_mean: Per mel band (dB), or one number for all.
        mel_std: Per mel band (dB), or one number for all; > 0.
        image_mean: Per colour channel, pixel values in [0, 1].
        image_std: Per colour channel; > 0.
    """

    mel_mean: tuple[float, ...]
    mel_std: tuple[float, ...]
    image_mean: tuple[float, ...] = PUBLISHED_IMAGE_MEAN
    image_std: tuple[float, ...] = PUBLISHED_IMAGE_STD

    @classmethod
    def of(cls, statistics: Statistics, sound: SoundScale) -> Scale:
        """The scale for a dataset.

        Args:
            statistics: The dataset's.
            sound: ``"raw"`` leaves dB as they are (as published); ``"standardised"`` gives each mel band mean 0
                and standard deviation 1. Bands that hardly vary (empty filters) are divided by at least 1 dB.
        """
        if sound == "raw":
            return cls(mel_mean=(0.0,), mel_std=(1.0,))
        return cls(mel_mean=statistics.mel_mean, mel_std=tuple(max(s, 1.0) for s in statistics.mel_std))

    def audio(self, log_mel: Tensor) -> Tensor:
        """Log-mel in dB, (..., mel, frame), to network input of the same shape."""
        return (log_mel - _column(self.mel_mean, log_mel)) / _column(self.mel_std, log_mel)

    def image(self, frames: Tensor) -> Tensor:
        """Frames, uint8, (..., 3, height, width), to float32 network input of the same shape."""
        x = frames.to(torch.float32).div_(255)
        return x.sub_(_plane(self.image_mean, x)).div_(_plane(self.image_std, x))

    def to_db(self, x: Tensor) -> Tensor:
        """Network input back to dB: the inverse of `audio`."""
        return x * _column(self.mel_std, x) + _column(self.mel_mean, x)

    def to_pixels(self, x: Tensor) -> Tensor:
        """Network input back to uint8 pixels, clamped to the legal range: the inverse of `image`."""
        y = x * _plane(self.image_std, x) + _plane(self.image_mean, x)
        return y.mul(255).round().clamp(0, 255).to(torch.uint8)


def _column(values: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device)[:, None]


def _plane(values: tuple[float, ...], like: Tensor) -> Tensor:
    return torch.tensor(values, dtype=like.dtype, device=like.device)[:, None, None]
