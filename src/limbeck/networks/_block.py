"""Convolution, instance norm, ReLU and average pooling as one function, written for a CPU's memory.

At 224 x 224 pixels the first convolution's output (26 MB a picture) costs more to move than to compute. So the
block keeps channels innermost, keeps nothing but its input and the convolution's output for the backward pass, and
does all beside the convolutions in loops of its own (`_kernels`) that touch each map once or twice.
"""

from types import ModuleType
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.networks import _norm
from limbeck.networks._norm import EPS, Grid, plane, pool

FORMATS = (torch.float32, torch.bfloat16)
KEPT_BYTES = 2**26


def conv_norm_relu_pool(
    x: Tensor, weight: Tensor, scale: Tensor, shift: Tensor, padding: int, grid: Grid | None
) -> Tensor:
    """3x3 convolution, instance norm with a scale and shift a channel, ReLU, average pooling.

    From (sample, in, height, width) to (sample, out, height', width'), channels_last in memory, differentiable twice;
    `grid` is the output's height and width (adaptive pooling), None halves both, rounding down. Statistics are those of
    each sample (also in evaluation mode); they are taken in float32 where the convolution runs in bfloat16. There is no
    convolution bias: the norm takes the mean away, and the bias with it.
    """
    x = _channels_last(x)
    if torch.compiler.is_compiling():
        return _plain(x, weight, scale, shift, padding, grid)
    if torch.is_autocast_enabled(x.device.type):
        half = torch.get_autocast_dtype(x.device.type)
        x, weight = x.to(half), weight.to(half)
    learns = weight.requires_grad or scale.requires_grad or shift.requires_grad
    if torch.is_grad_enabled() and (learns or x.requires_grad):
        taped: Tensor = _Block.apply(x, weight, scale, shift, padding, grid)  # type: ignore[no-untyped-call]
        return taped
    out: Tensor = _by(scale, x).norm_relu_pool(_convolved(x, weight, padding), scale, shift, grid)[0]
    return out


class _Block(torch.autograd.Function):
    """The block with a backward pass of its own."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, scale: Tensor, shift: Tensor, padding: int, grid: Grid | None
    ) -> Tensor:
        y = _convolved(x, weight, padding)
        out: Tensor
        out, mean, rstd = _by(scale, x).norm_relu_pool(y, scale, shift, grid)
        # A large first layer is cheaper to convolve again than to keep: 26 MB a picture for 7 % of the time.
        again = x.shape[1] <= 3 and y.nbytes > KEPT_BYTES
        ctx.save_for_backward(x, weight, scale, shift, mean, rstd, None if again else y)
        ctx.padding, ctx.grid = padding, grid
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight, scale, shift, mean, rstd, y = ctx.saved_tensors
        needs = ctx.needs_input_grad
        if torch.is_grad_enabled():
            # As a differentiable expression, for losses that are made of gradients.
            out = _plain(x, weight, scale, shift, ctx.padding, ctx.grid)
            wanted = [t for t, needed in zip((x, weight, scale, shift), needs, strict=False) if needed]
            found = iter(torch.autograd.grad(out, wanted, gradient, create_graph=True))
            return *(next(found) if needed else None for needed in needs[:4]), None, None
        if y is None:
            y = _convolved(x, weight, ctx.padding)
        by = _by(scale, x)
        dy, dscale, dshift = by.norm_relu_pool_backward(gradient, y, mean, rstd, scale, shift, ctx.grid)
        dx, dweight, _ = torch.ops.aten.convolution_backward(
            dy, x, weight, None, [1, 1], [ctx.padding] * 2, [1, 1], False, [0, 0], 1, [needs[0], needs[1], False]
        )
        return dx, dweight, dscale, dshift, None, None


def _plain(x: Tensor, weight: Tensor, scale: Tensor, shift: Tensor, padding: int, grid: Grid | None) -> Tensor:
    """The formula in ordinary operations: what is differentiated twice, and what a compiler is given to fuse."""
    y = F.conv2d(x, weight, padding=padding)
    z = y.to(torch.promote_types(y.dtype, torch.float32))
    centred = z - z.mean((2, 3), keepdim=True)
    variance = centred.square().mean((2, 3), keepdim=True)
    out = torch.relu(centred * (torch.rsqrt(variance + EPS) * plane(scale)) + plane(shift))
    return pool(out.to(y.dtype), grid)


def _channels_last(x: Tensor) -> Tensor:
    """`x` with channels innermost in memory; a lone channel's strides are set so that convolutions notice, too."""
    if x.shape[1] == 1:
        return x.squeeze(1).contiguous().unsqueeze(-1).permute(0, 3, 1, 2)
    return x.contiguous(memory_format=torch.channels_last)


def _convolved(x: Tensor, weight: Tensor, padding: int) -> Tensor:
    return _channels_last(F.conv2d(x, weight, padding=padding))


def _by(scale: Tensor, x: Tensor) -> ModuleType:
    """Where norm, ReLU and pooling for these are: compiled loops on a CPU, or operations of PyTorch."""
    if x.device.type == "cpu" and x.dtype in FORMATS and scale.dtype == torch.float32:
        from limbeck.networks import _kernels  # numba takes half a second to import

        return _kernels
    return _norm
