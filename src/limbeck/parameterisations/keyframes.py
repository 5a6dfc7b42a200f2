"""A few key frames of each sample, and frames between them by interpolation (`keyframes`).

Of K key frames the first and the last are those of the sample, the others lie evenly between; every other frame is a
mean of the two key frames around it, weighted by how near they are. A video of eight frames takes a quarter of the room
as ``keyframes:2``. One key frame is a picture that stands still. Samples without frames are held as they are, and
sounds in segments: between two sounds lies no sound.

Source:   how animators and video codecs have always done it; for distilled videos the static and dynamic memory of Wang
          et al., *Dancing with Still Images: Video Distillation via Static-Dynamic Disentanglement*, CVPR 2024.
Differs from the paper: nothing is learnt but the key frames; there is no shared memory and no network between them. The
          start is the least-squares fit to the sample's frames, so that it stands for all of them.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Self, final

import torch
from pydantic import Field
from torch import Tensor

from limbeck.errors import InputError
from limbeck.modalities import Batch, Modality
from limbeck.parameterisations._contract import Parameterisation, Tensors

MOST = 256


@final
class Keyframes(Parameterisation):
    """Key frames along the first axis of an array of frames, (time, ..., channel, height, width).

    Attributes:
        count: Key frames of a sample; all of its frames where it has no more.

    Example:
        >>> str(Keyframes.from_text("2")), Keyframes(count=2).cells
        ('keyframes:2', 1)
    """

    count: int = Field(ge=1, le=MOST)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From ``2``."""
        if not re.fullmatch(r"\s*[1-9]\d{0,2}\s*", text) or int(text) > MOST:
            raise InputError(f"key frames are a whole number, 1 to {MOST}, as in keyframes:2, but got {text!r}")
        return cls(count=int(text))

    def to_text(self) -> str:
        return str(self.count)

    @property
    def cells(self) -> int:
        return 1

    def shape_of(self, modality: Modality) -> tuple[int, ...]:
        """The sample's shape with as many frames as are kept."""
        shape = modality.shape
        return (min(self.count, shape[0]), *shape[1:]) if modality.moves else shape

    def start(self, samples: Batch, modalities: Mapping[str, Modality]) -> Tensors:
        return {name: self._mixed(x, modalities[name], backward=True) for name, x in samples.items()}

    def decode(self, tensors: Mapping[str, Tensor], modalities: Mapping[str, Modality]) -> Batch:
        return {name: self._mixed(x, modalities[name], backward=False) for name, x in tensors.items()}

    def _mixed(self, x: Tensor, modality: Modality, *, backward: bool) -> Tensor:
        """Frames of key frames, or key frames of frames."""
        if not modality.moves:
            return x
        mix = weights(modality.shape[0], self.shape_of(modality)[0])
        mix = torch.linalg.pinv(mix) if backward else mix
        return torch.einsum("tk,nk...->nt...", mix.to(x), x)


@cache
def weights(frames: int, keys: int) -> Tensor:
    """How much of each key frame is in each frame, float64, (frame, key); each frame's add up to 1.

    Example:
        >>> weights(3, 2).tolist(), weights(2, 1).tolist()
        ([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]], [[1.0], [1.0]])
    """
    if keys == 1:
        return torch.ones(frames, 1, dtype=torch.float64)
    at = torch.linspace(0, keys - 1, frames, dtype=torch.float64)[:, None]
    return (1 - (at - torch.arange(keys)).abs()).clamp_min(0)
