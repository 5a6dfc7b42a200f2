"""Convolution, instance norm, ReLU and average pooling as one function, written for a CPU's memory.

At 224 x 224 pixels the first convolution's output (26 MB a picture) costs more to move than to compute. So the
block keeps channels innermost, keeps nothing but its input and the convolution's output for the backward pass, and
does that pass by hand. Without a compiler this runs as fast as what `torch.compile` makes of the plain formula.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

EPS = 1e-5
# From this many positions on, the built-in kernels (one call a batch forward, one a sample backward) win over sums.
LARGE = 1024
Grid = tuple[int, int]
Gradients = tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None, None, None]


def conv_norm_relu_pool(
    x: Tensor, weight: Tensor, scale: Tensor, shift: Tensor, padding: int, grid: Grid | None
) -> Tensor:
    """3x3 convolution, instance norm with a scale and shift a channel, ReLU, average pooling.

    Statistics are those of each sample (also in evaluation mode); they are taken in float32 where the convolution
    runs in bfloat16. There is no convolution bias: the norm takes the mean away, and the bias with it.

    Args:
        x: (sample, in, height, width).
        weight: (out, in, 3, 3).
        scale: (out,).
        shift: (out,).
        padding: Zeros at each border before the convolution.
        grid: Height and width of the output (adaptive pooling); None halves both, rounding down.

    Returns:
        (sample, out, height', width'), channels_last in memory, differentiable (twice, too).
    """
    x = _channels_last(x)
    if torch.compiler.is_compiling():
        return _plain(x, weight, scale, shift, padding, grid)
    if torch.is_grad_enabled() and any(t.requires_grad for t in (x, weight, scale, shift)):
        if torch.is_autocast_enabled(x.device.type):
            half = torch.get_autocast_dtype(x.device.type)
            x, weight = x.to(half), weight.to(half)
        out: Tensor = _Block.apply(x, weight, scale, shift, padding, grid)  # type: ignore[no-untyped-call]
        return out
    return _pool(_normalised(F.conv2d(x, weight, padding=padding), scale, shift)[0].relu_(), grid)


class _Block(torch.autograd.Function):
    """The block with a hand-written backward pass."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, scale: Tensor, shift: Tensor, padding: int, grid: Grid | None
    ) -> Tensor:
        y = F.conv2d(x, weight, padding=padding)
        out, mean, rstd = _normalised(y, scale, shift)
        # A first layer is cheaper to convolve again than its output is to keep: 26 MB a picture for 7 % of the time.
        again = x.shape[1] <= 3
        ctx.save_for_backward(x, weight, scale, shift, mean, rstd, None if again else y)
        ctx.padding, ctx.grid = padding, grid
        return _pool(out.relu_(), grid)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Gradients:
        x, weight, scale, shift, mean, rstd, y = ctx.saved_tensors
        needs = ctx.needs_input_grad
        if torch.is_grad_enabled():
            return _twice(x, weight, scale, shift, needs, gradient, ctx.padding, ctx.grid)
        if y is None:
            y = F.conv2d(x, weight, padding=ctx.padding)
        masked, factor = _unpooled(gradient, y, ctx.grid)
        dy, dscale, dshift = _norm_relu_backward(masked, factor, y, scale, shift, mean, rstd)
        dx, dweight, _ = torch.ops.aten.convolution_backward(
            dy, x, weight, None, [1, 1], [ctx.padding] * 2, [1, 1], False, [0, 0], 1, [needs[0], needs[1], False]
        )
        return dx, dweight, dscale, dshift, None, None


def _twice(
    x: Tensor,
    weight: Tensor,
    scale: Tensor,
    shift: Tensor,
    needs: tuple[bool, ...],
    gradient: Tensor,
    padding: int,
    grid: Grid | None,
) -> Gradients:
    """The backward pass as a differentiable expression, for losses that are made of gradients."""
    wanted = [t for t, needed in zip((x, weight, scale, shift), needs, strict=False) if needed]
    with torch.enable_grad():
        out = _plain(x, weight, scale, shift, padding, grid)
        found = iter(torch.autograd.grad(out, wanted, gradient, create_graph=True))
    dx, dweight, dscale, dshift = (next(found) if needed else None for needed in needs[:4])
    return dx, dweight, dscale, dshift, None, None


def _plain(x: Tensor, weight: Tensor, scale: Tensor, shift: Tensor, padding: int, grid: Grid | None) -> Tensor:
    """The formula in ordinary operations: what is differentiated twice, and what a compiler is given to fuse."""
    y = F.conv2d(x, weight, padding=padding)
    z = y.to(torch.promote_types(y.dtype, torch.float32))
    centred = z - z.mean((2, 3), keepdim=True)
    variance = centred.square().mean((2, 3), keepdim=True)
    out = torch.relu(centred * (torch.rsqrt(variance + EPS) * _plane(scale)) + _plane(shift))
    return _pool(out.to(y.dtype), grid)


def _normalised(y: Tensor, scale: Tensor, shift: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Instance norm of (sample, channel, height, width); also its mean and 1 / deviation, (sample, channel)."""
    samples, channels, height, width = y.shape
    if height * width >= LARGE:
        return torch.native_group_norm(y, scale, shift, samples, channels, height * width, channels, EPS)
    z = y.to(torch.promote_types(y.dtype, torch.float32))
    mean = z.mean((2, 3))
    centred = z - _plane(mean)
    rstd = centred.square().mean((2, 3)).add_(EPS).rsqrt_()
    return torch.addcmul(_plane(shift), centred, _plane(rstd * scale)).to(y.dtype), mean, rstd


def _norm_relu_backward(
    gradient: Tensor, factor: float, y: Tensor, scale: Tensor, shift: Tensor, mean: Tensor, rstd: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients for `y`, `scale` and `shift`, given `factor` times `gradient` at the ReLU's output."""
    slope = rstd * scale
    if y.shape[2] * y.shape[3] >= LARGE and y.device.type == "cpu":
        before = torch.addcmul(_plane(shift - mean * slope).to(y.dtype), y, _plane(slope).to(y.dtype))
        passed = torch.ops.aten.threshold_backward.grad_input(gradient, before, 0, grad_input=before)
        # With one sample, batch norm is instance norm, and its backward kernel is good at channels_last.
        parts = [
            torch.ops.aten.native_batch_norm_backward(
                passed[i : i + 1], y[i : i + 1], scale * factor, None, None, mean[i], rstd[i], True, EPS, [True] * 3
            )
            for i in range(len(y))
        ]
        dy = parts[0][0] if len(parts) == 1 else torch.cat([p[0] for p in parts], out=before)
        return (
            dy,
            torch.stack([p[1] for p in parts]).sum(0) * factor,
            torch.stack([p[2] for p in parts]).sum(0) * factor,
        )
    normal = (y.to(mean.dtype) - _plane(mean)).mul_(_plane(rstd))
    before = torch.addcmul(_plane(shift), normal, _plane(scale))
    passed = torch.ops.aten.threshold_backward(gradient.to(mean.dtype), before, 0)
    total, along = passed.sum((2, 3)), torch.mul(passed, normal, out=before).sum((2, 3))
    slope, size = slope * factor, y.shape[2] * y.shape[3]
    dy = torch.addcmul(_plane(slope * total / -size), normal, _plane(slope * along / -size), out=before)
    return dy.addcmul_(passed, _plane(slope)).to(y.dtype), along.sum(0) * factor, total.sum(0) * factor


def _pool(x: Tensor, grid: Grid | None) -> Tensor:
    return F.avg_pool2d(x, 2) if grid is None else F.adaptive_avg_pool2d(x, grid)


def _unpooled(gradient: Tensor, y: Tensor, grid: Grid | None) -> tuple[Tensor, float]:
    """Gradient before the pooling, of the shape of `y`, and a factor still to be applied."""
    if grid is not None:
        return torch.ops.aten._adaptive_avg_pool2d_backward(_channels_last(gradient), y), 1.0
    spread = F.interpolate(_channels_last(gradient), scale_factor=2)
    below, right = y.shape[2] - spread.shape[2], y.shape[3] - spread.shape[3]
    return F.pad(spread, (0, right, 0, below)) if below or right else spread, 0.25


def _channels_last(x: Tensor) -> Tensor:
    """`x` with channels innermost in memory; a lone channel's strides are set so that convolutions notice, too."""
    if x.shape[1] == 1:
        return x.squeeze(1).contiguous().unsqueeze(-1).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=torch.channels_last)


def _plane(values: Tensor) -> Tensor:
    return values[..., None, None]
