"""Instance norm, ReLU and average pooling in one pass over memory, and their backward pass in another, for CPUs.

Written out as loops, which numba compiles for the processor at hand (once; what it made is kept on disk): as separate
operations of a library the same arithmetic moves every map some twenty times between the cache and the processor, which
takes longer than the convolution before it. A sample is worked off while it is in the cache, channels innermost.

Arrays are (sample, row, column, channel), float32, or bfloat16 as the bits of uint16; sums are float32, first along a
row, then over rows. NaN stays NaN.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import torch
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from torch import Tensor

from limbeck.networks import _norm
from limbeck.networks._norm import Grid

Array = npt.NDArray[Any]
EPS = np.float32(_norm.EPS)
NOUGHT, ONE = np.float32(0), np.float32(1)
BITS = ir.IntType(32)
WORTH_A_THREAD_BYTES = 2**20
OUTSIDE = -1
"""Where a row or column of a map is in no window of the pooling."""


def _compiled(function: Callable[..., None]) -> Any:
    """The function compiled; kept on disk where there is a place for that."""
    options: dict[str, Any] = {"nogil": True, "fastmath": {"contract", "nsz"}, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # neither the package's folder nor the user's can be written to
        return numba.njit(**options)(function)


@intrinsic  # type: ignore[untyped-decorator]
def _wide(_: Any, stored: Any) -> Any:
    """A stored number as float32."""

    def build(_c: Any, code: Any, _s: Any, given: Any) -> Any:
        if isinstance(stored, types.Float):
            return given[0]
        return code.bitcast(code.shl(code.zext(given[0], BITS), BITS(16)), ir.FloatType())

    return types.float32(stored), build


@intrinsic  # type: ignore[untyped-decorator]
def _narrow(_: Any, value: Any, like: Any) -> Any:
    """A float32 number in the format of `like`, rounded to the nearest, halves to the even one."""

    def build(_c: Any, code: Any, _s: Any, given: Any) -> Any:
        if isinstance(like, types.Float):
            return given[0]
        bits = code.bitcast(given[0], BITS)
        odd = code.and_(code.lshr(bits, BITS(16)), BITS(1))
        rounded = code.lshr(code.add(bits, code.add(odd, BITS(0x7FFF))), BITS(16))
        # Rounding must not carry the bits of a NaN over into those of a number.
        nan = code.fcmp_unordered("uno", given[0], given[0])
        return code.trunc(code.select(nan, BITS(0x7FC0), rounded), ir.IntType(16))

    return like(value, like), build


@_compiled
def _forward(
    y: Array,
    out: Array,
    mean: Array,
    rstd: Array,
    scale: Array,
    shift: Array,
    top: Array,
    bottom: Array,
    left: Array,
    right: Array,
) -> None:
    samples, height, width, channels = y.shape
    size = np.float32(height * width)
    row, other = np.empty(channels, np.float32), np.empty(channels, np.float32)
    whole, squares = np.empty(channels, np.float32), np.empty(channels, np.float32)
    slope, level = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for n in range(samples):
        # Sums of gaps from the middle row's mean: it is within sqrt(height) deviations of the whole's, so that the
        # variance loses no more digits than that squared costs.
        mean[n] = NOUGHT
        for w in range(width):
            for c in range(channels):
                mean[n, c] += _wide(y[n, height // 2, w, c])
        for c in range(channels):
            mean[n, c] /= np.float32(width)
        whole[:] = NOUGHT
        squares[:] = NOUGHT
        for h in range(height):
            row[:] = NOUGHT
            other[:] = NOUGHT
            for w in range(width):
                for c in range(channels):
                    gap = _wide(y[n, h, w, c]) - mean[n, c]
                    row[c] += gap
                    other[c] += gap * gap
            for c in range(channels):
                whole[c] += row[c]
                squares[c] += other[c]
        for c in range(channels):
            off = whole[c] / size
            mean[n, c] += off
            rstd[n, c] = ONE / np.sqrt(max(squares[c] / size - off * off, NOUGHT) + EPS)
            slope[c] = rstd[n, c] * scale[c]
            level[c] = shift[c] - mean[n, c] * slope[c]
        for i in range(len(top)):
            for j in range(len(left)):
                row[:] = NOUGHT
                for h in range(top[i], bottom[i]):
                    for w in range(left[j], right[j]):
                        for c in range(channels):
                            z = _wide(y[n, h, w, c]) * slope[c] + level[c]
                            row[c] += NOUGHT if z <= NOUGHT else z
                share = ONE / np.float32((bottom[i] - top[i]) * (right[j] - left[j]))
                pooled = out[n, i, j]
                for c in range(channels):
                    pooled[c] = _narrow(row[c] * share, pooled[c])


@_compiled
def _backward(
    y: Array,
    gradient: Array,
    dy: Array,
    mean: Array,
    rstd: Array,
    dscale: Array,
    dshift: Array,
    scale: Array,
    shift: Array,
    rows: Array,
    columns: Array,
    factor: np.float32,
) -> None:
    samples, height, width, channels = y.shape
    size = np.float32(height * width)
    row, other = np.empty(channels, np.float32), np.empty(channels, np.float32)
    slope, level = np.empty(channels, np.float32), np.empty(channels, np.float32)
    for n in range(samples):
        total, along = dshift[n], dscale[n]
        total[:] = NOUGHT
        along[:] = NOUGHT
        for c in range(channels):
            slope[c] = rstd[n, c] * scale[c]
            level[c] = shift[c] - mean[n, c] * slope[c]
        for h in range(height):
            if rows[h] == OUTSIDE:
                continue
            row[:] = NOUGHT
            other[:] = NOUGHT
            for w in range(width):
                if columns[w] == OUTSIDE:
                    continue
                above = gradient[n, rows[h], columns[w]]
                for c in range(channels):
                    value, passed = _wide(y[n, h, w, c]), _wide(above[c])
                    passed = NOUGHT if value * slope[c] + level[c] <= NOUGHT else passed
                    row[c] += passed
                    other[c] += passed * (value - mean[n, c])
            for c in range(channels):
                total[c] += row[c]
                along[c] += other[c]
        # dy = slope * (passed - mean of passed - normal * mean of passed * normal), as a line in y.
        for c in range(channels):
            total[c] *= factor
            along[c] *= factor * rstd[n, c]
            other[c] = -slope[c] * along[c] / size * rstd[n, c]
            row[c] = -slope[c] * total[c] / size - other[c] * mean[n, c]
        for h in range(height):
            for w in range(width):
                if rows[h] == OUTSIDE or columns[w] == OUTSIDE:
                    for c in range(channels):
                        dy[n, h, w, c] = _narrow(row[c] + other[c] * _wide(y[n, h, w, c]), dy[n, h, w, c])
                    continue
                above = gradient[n, rows[h], columns[w]]
                for c in range(channels):
                    value, passed = _wide(y[n, h, w, c]), _wide(above[c]) * factor
                    passed = NOUGHT if value * slope[c] + level[c] <= NOUGHT else passed
                    dy[n, h, w, c] = _narrow(slope[c] * passed + row[c] + other[c] * value, dy[n, h, w, c])


def norm_relu_pool(y: Tensor, scale: Tensor, shift: Tensor, grid: Grid | None) -> tuple[Tensor, Tensor, Tensor]:
    """As `_norm.norm_relu_pool`, of a map that is on the CPU and channels_last."""
    height, width = grid or (None, None)
    rows, columns = _windows(y.shape[2], height), _windows(y.shape[3], width)
    size = *y.shape[:2], len(rows[0]), len(columns[0])
    out = torch.empty(size, dtype=y.dtype, memory_format=torch.channels_last)
    mean, rstd = torch.empty(y.shape[:2]), torch.empty(y.shape[:2])
    _each(_forward, [y, out, mean, rstd], [scale, shift], [*rows, *columns])
    return out, mean, rstd


def norm_relu_pool_backward(
    gradient: Tensor, y: Tensor, mean: Tensor, rstd: Tensor, scale: Tensor, shift: Tensor, grid: Grid | None
) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients for `y`, `scale` and `shift`, given that at the pooled map."""
    gradient = gradient.contiguous(memory_format=torch.channels_last)
    if grid is not None:  # windows may overlap
        gradient = torch.ops.aten._adaptive_avg_pool2d_backward(gradient, y)
    step, factor = (2, 0.25) if grid is None else (1, 1.0)
    dy, dscale, dshift = torch.empty_like(y), torch.empty_like(mean), torch.empty_like(mean)
    rest = [_from(y.shape[2], step), _from(y.shape[3], step), np.float32(factor)]
    _each(_backward, [y, gradient, dy, mean, rstd, dscale, dshift], [scale, shift], rest)
    return dy, dscale.sum(0), dshift.sum(0)


def _each(kernel: Any, by_sample: list[Tensor], shared: list[Tensor], rest: list[Any]) -> None:
    """Call a kernel on all samples, in as many threads as torch uses; what comes out does not depend on how many."""
    arrays, rest = list(map(_array, by_sample)), [*map(_array, shared), *rest]
    samples = len(arrays[0])
    parts = max(1, min(torch.get_num_threads(), samples, 1 + arrays[0].nbytes // WORTH_A_THREAD_BYTES))
    edges = [samples * i // parts for i in range(parts + 1)]
    first, *others = ([a[begin:end] for a in arrays] for begin, end in pairwise(edges))
    work = [_threads(os.getpid(), parts).submit(kernel, *part, *rest) for part in others]
    kernel(*first, *rest)
    for done in work:
        done.result()


@cache
def _threads(process: int, count: int) -> ThreadPoolExecutor:
    """Threads of this process: a forked one inherits the object, but none of its threads."""
    return ThreadPoolExecutor(count - 1, f"limbeck-{process}")


def _array(x: Tensor) -> Array:
    """The tensor's own memory as an array, with channels last."""
    x = x.detach()
    x = x.permute(0, 2, 3, 1) if x.ndim == 4 else x
    return (x.view(torch.uint16) if x.dtype == torch.bfloat16 else x).numpy()


@cache
def _windows(length: int, cells: int | None) -> tuple[Array, Array]:
    """Where each window of the pooling begins and ends."""
    if cells is None:
        first = 2 * np.arange(length // 2)
        return first, first + 2
    cell = np.arange(cells)
    return cell * length // cells, -(-(cell + 1) * length // cells)


@cache
def _from(length: int, step: int) -> Array:
    """Position in the gradient for each position of the map."""
    where = np.arange(length) // step
    where[length // step * step :] = OUTSIDE
    return where
