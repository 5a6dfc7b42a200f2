"""Which real clip a synthetic pair is most like: plain distances on shrunken pictures and log-mels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.datasets import LabelledClips

RULE = (
    "The nearest real clip of the same class has the smallest sum of two mean squared differences, one over the "
    "picture shrunken to 16 × 16 pixels and one over the log-mel shrunken to 16 bands × 14 frames, each divided by "
    "its variance over the class's real clips."
)
_PICTURE = (16, 16)
_SOUND = (16, 14)
_CHUNK = 256


def nearest(audio: Tensor, pixels: Tensor, clips: LabelledClips, label: int, *, at_most: int = 4000) -> Tensor:
    """The nearest real clip of a class for every synthetic pair; see `RULE`.

    Args:
        audio: Log-mels, float32, (pair, 1, mel, frame), dB re 1.0.
        pixels: uint8, (pair, 3, height, width).
        clips: Real clips, of the same recipe.
        label: Class index in `clips`.
        at_most: Only the class's first so many clips are looked at.

    Returns:
        int64, (pair,): positions in `clips`; (0,) where the class has no clips.
    """
    index = clips.of_class(label)[:at_most]
    if not len(index):
        return index
    parts = [(_small(clips.audio(i), _SOUND), _small(clips.frames(i), _PICTURE)) for i in torch.split(index, _CHUNK)]
    total = torch.zeros(len(audio), len(index))
    for real, made in zip(zip(*parts, strict=True), (_small(audio, _SOUND), _small(pixels, _PICTURE)), strict=True):
        bank = torch.cat(real)
        variance = bank.var(0, correction=0).mean().clamp(min=1e-6)
        total += torch.cdist(made, bank).square() / bank.shape[1] / variance
    return index[total.argmin(1)]


def _small(x: Tensor, size: tuple[int, int]) -> Tensor:
    return F.adaptive_avg_pool2d(x.float(), size).flatten(1)
