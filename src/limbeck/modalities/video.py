"""Several frames of a video (`video`): uint8 (time, 3, height, width), RGB.

The frames lie in the middles of equal parts of the clip (``limbeck prepare --modality video --frames 8``), or at the
times that the recipe gives (``--frames 0.1,0.5,0.9``, in parts of the clip); one frame alone is that of `image`. The
network `convnet3d` sees which way things move.

Source:   Wang et al., *Dancing with Still Images: Video Distillation via Static-Dynamic Disentanglement*, CVPR 2024,
          and its public code: clips of 8 or 16 frames are what datasets of videos are distilled at.
Differs from the paper: any number of frames, spread over the whole clip; the scale is that of `image`.
"""

from typing import ClassVar, final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck.media import RawClip
from limbeck.modalities._frames import side_by_side
from limbeck.modalities._pictures import Pictures

COLOUR_COUNTS_AS = 3


@final
class Video(Pictures):
    """Frames of a clip in the order of time; statistics per colour channel, in pixel values from 0 to 1."""

    letter: ClassVar[str] = "M"
    takes: ClassVar[frozenset[str]] = frozenset(["frames"])
    noun: ClassVar[str] = "video"
    about: ClassVar[str] = "Videos play in a loop as long as their clips, and in time with a sound that is pressed."
    axes: ClassVar[tuple[str, ...]] = ("time", "RGB", "height", "width")

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.times), 3, self.recipe.image_size, self.recipe.image_size)

    @property
    def words(self) -> str:
        frames, _, height, width = self.shape
        return f"{frames} frame{'s' * (frames > 1)} of {height} × {width} px"

    @property
    def times(self) -> tuple[float, ...]:
        return self.recipe.video_times

    def array(self, raw: RawClip) -> npt.NDArray[np.uint8]:
        return np.ascontiguousarray(self.frames(raw).transpose(0, 3, 1, 2))

    def frequency_order(self) -> Tensor:
        """Rank by ``(time + 1) * (row + column + 1)``, where a difference of colours counts three times as high.

        What stands still may be sharp, and what moves is large: in a twelfth of the numbers that keeps 97.1 % of the
        energy of videos of a talker and 99.2 % of that of drifting discs, where adding time up keeps 86.5 and 98.7.
        """
        frames, _, height, width = self.shape
        pitch = torch.arange(height)[:, None] + torch.arange(width)
        pitch = (torch.arange(frames)[:, None, None] + 1) * (pitch + 1) - 1
        return torch.stack([pitch, *[COLOUR_COUNTS_AS * (pitch + 1)] * 2], 1)

    def show(self, arrays: Tensor) -> Tensor:
        return side_by_side(arrays).permute(0, 2, 3, 1)
