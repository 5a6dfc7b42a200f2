"""Arrays with axes before (channel, height, width): the frames of a video, the segments of a sound."""

from collections.abc import Callable

from torch import Tensor


def each_frame(function: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """A `function` of (sample, channel, height, width) applied to every frame of samples.

    The samples `x` are (sample, ..., channel, height, width), with any number of axes in between; those stay.

    Example:
        >>> import torch
        >>> each_frame(lambda frames: frames.mean((2, 3)), torch.zeros(2, 5, 3, 8, 8)).shape
        torch.Size([2, 5, 3])
    """
    found = function(x.flatten(0, -4))
    return found.view(*x.shape[:-3], *found.shape[1:])


def side_by_side(x: Tensor) -> Tensor:
    """Frames of each sample beside each other, the first on the left, as one.

    From (sample, ..., channel, height, width) to (sample, channel, height, ... * width).

    Example:
        >>> import torch
        >>> side_by_side(torch.arange(4).reshape(1, 2, 1, 1, 2)).tolist()
        [[[[0, 1, 2, 3]]]]
    """
    return x.flatten(1, -4).permute(0, 2, 3, 1, 4).flatten(3) if x.ndim > 4 else x
