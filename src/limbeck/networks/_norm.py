"""Instance norm, ReLU and average pooling, and their backward pass, in operations of PyTorch: for every device.

`_kernels` has the same two functions for CPUs; what they agree on stands here.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

EPS = 1e-5
Grid = tuple[int, int]


def norm_relu_pool(y: Tensor, scale: Tensor, shift: Tensor, grid: Grid | None) -> tuple[Tensor, Tensor, Tensor]:
    """Instance norm of (sample, channel, height, width) with a scale and shift (channel,), ReLU, average pooling.

    Gives the pooled map in the format of `y`, and mean and 1 / deviation before the norm, (sample, channel). `grid` is
    the output's height and width (adaptive pooling); None halves both, rounding down. Statistics are taken in float32
    where `y` has fewer bits.
    """
    z = _wide(y)
    mean = z.mean((2, 3))
    centred = z - plane(mean)
    rstd = centred.square().mean((2, 3)).add_(EPS).rsqrt_()
    out = torch.addcmul(plane(shift), centred, plane(rstd * scale)).relu_()
    return pool(out.to(y.dtype), grid), mean, rstd


def norm_relu_pool_backward(
    gradient: Tensor, y: Tensor, mean: Tensor, rstd: Tensor, scale: Tensor, shift: Tensor, grid: Grid | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients for `y`, `scale` and `shift`, given that at the pooled map and what `norm_relu_pool` returned."""
    normal = (_wide(y) - plane(mean)).mul_(plane(rstd))
    before = torch.addcmul(plane(shift), normal, plane(scale))
    gradient = gradient.contiguous(memory_format=torch.channels_last)
    if grid is not None:
        spread = torch.ops.aten._adaptive_avg_pool2d_backward(gradient, y)
    else:
        spread = F.interpolate(gradient / 4, scale_factor=2)
        spread = F.pad(spread, (0, y.shape[3] - spread.shape[3], 0, y.shape[2] - spread.shape[2]))
    passed = torch.ops.aten.threshold_backward(_wide(spread), before, 0)
    total, along = passed.sum((2, 3)), torch.mul(passed, normal, out=before).sum((2, 3))
    slope, size = rstd * scale, y.shape[2] * y.shape[3]
    dy = torch.addcmul(plane(slope * total / -size), normal, plane(slope * along / -size), out=before)
    return dy.addcmul_(passed, plane(slope)).to(y.dtype), along.sum(0), total.sum(0)


def pool(x: Tensor, grid: Grid | None) -> Tensor:
    """Average pooling to a grid, or to half of each side, rounded down."""
    return F.avg_pool2d(x, 2) if grid is None else F.adaptive_avg_pool2d(x, grid)


def plane(values: Tensor) -> Tensor:
    """(..., channel) for a product with (..., channel, height, width)."""
    return values[..., None, None]


def _wide(x: Tensor) -> Tensor:
    return x.to(torch.promote_types(x.dtype, torch.float32))
