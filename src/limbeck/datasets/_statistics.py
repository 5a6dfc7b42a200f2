"""Mean and spread of a dataset, and the scales a network sees its input on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck._config import Config

PUBLISHED_IMAGE_MEAN = (0.425, 0.396, 0.370)
PUBLISHED_IMAGE_STD = (0.229, 0.224, 0.221)
SoundScale = Literal["raw", "standardised"]
_CHUNK = 64


@dataclass(frozen=True)
class Moments:
    """Mean and spread per channel of some values, in a form that can be pooled without the values.

    Attributes:
        count: Values a channel.
        mean: float64, (channel,).
        spread: float64, (channel,): sum of squared deviations from the mean.
    """

    count: int
    mean: npt.NDArray[np.float64]
    spread: npt.NDArray[np.float64]

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Self:
        """Moments of numbers of any dtype, (channel, value), at least one value a channel."""
        wide = values.astype(np.float64)
        mean = wide.mean(axis=1)
        wide -= mean[:, None]
        return cls(values.shape[1], mean, np.einsum("cv,cv->c", wide, wide))

    @classmethod
    def pooled(cls, parts: Sequence[Moments]) -> Self:
        """Moments of all parts' values together (Chan, Golub and LeVeque 1983); equal parts in equal order, equal bits.

        Example:
            >>> halves = [Moments.of(np.array([[1.0, 2.0]])), Moments.of(np.array([[3.0, 6.0]]))]
            >>> whole = Moments.pooled(halves)
            >>> whole.count, whole.mean.tolist(), whole.spread.tolist()
            (4, [3.0], [14.0])
        """
        counts = np.array([p.count for p in parts], dtype=np.float64)[:, None]
        means = np.stack([p.mean for p in parts])
        mean = (counts * means).sum(axis=0) / counts.sum()
        spread = np.stack([p.spread for p in parts]).sum(axis=0) + (counts * (means - mean) ** 2).sum(axis=0)
        return cls(sum(p.count for p in parts), mean, spread)

    @property
    def std(self) -> npt.NDArray[np.float64]:
        """Population standard deviation, (channel,)."""
        return np.sqrt(self.spread / self.count)

    def to_json(self) -> dict[str, Any]:
        """JSON-able data that gives the same bits back."""
        return {"count": self.count, "mean": self.mean.tolist(), "spread": self.spread.tolist()}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Moments from `to_json`."""
        return cls(data["count"], np.array(data["mean"]), np.array(data["spread"]))


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
        """Statistics of arrays.

        Args:
            audio: Log-mels, float32, (clip, 1, mel, frame), dB.
            frames: Pictures, uint8, (clip, 3, height, width).
        """
        sound = [Moments.of(part[:, 0].transpose(0, 1).flatten(1).numpy()) for part in torch.split(audio, _CHUNK)]
        picture = [Moments.of(part.transpose(0, 1).flatten(1).numpy()) for part in torch.split(frames, _CHUNK)]
        return cls.of_moments(Moments.pooled(sound), Moments.pooled(picture))

    @classmethod
    def of_moments(cls, audio: Moments, frames: Moments) -> Statistics:
        """Statistics of moments.

        Args:
            audio: Of dB per mel band.
            frames: Of pixel values in 0..255 per colour channel.
        """
        return cls(
            mel_mean=tuple(audio.mean.tolist()),
            mel_std=tuple(audio.std.tolist()),
            image_mean=tuple((frames.mean / 255).tolist()),
            image_std=tuple((frames.std / 255).tolist()),
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
        x = frames.to(torch.float32, copy=True).div_(255)
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
