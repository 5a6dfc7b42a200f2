"""Features of many samples, and their means by group: the heavy part of every matching step.

Source:   Zhao and Bilen, *Dataset Condensation with Distribution Matching*, WACV 2023: class means of random features.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from limbeck.errors import InputError
from limbeck.networks._contract import Encoder

Features = Callable[[Tensor], Tensor]
CHUNK_PIXELS = 8 * 224 * 224
GRAPH_PIXELS = 80 * 224 * 224
LARGEST_CHUNK = 256


@torch.no_grad()
def embed(
    encoder: Encoder,
    x: Tensor,
    *,
    dtype: torch.dtype = torch.float32,
    compile: bool = False,
    chunk: int | None = None,
) -> Tensor:
    """Features without gradient, chunk by chunk.

    Args:
        encoder: Its own weights are used; nothing of it is changed.
        x: Network input, float32, (sample, channel, height, width), on the encoder's device.
        dtype: Format of the convolutions: float32, or bfloat16 (weights and activations; the norms' statistics stay
            float32).
        compile: Fuse through `torch.compile`.
        chunk: Samples at a time; None chooses (8 at 224 x 224 pixels, 56 at 128 x 56).

    Returns:
        float32, (sample, dim).

    Raises:
        InputError: `compile` is asked for without a C++ compiler.
    """
    features = _features(encoder, dtype, compile)
    size = chunk or _chunk(x)
    parts = [_padded(features, part, size if compile else len(part)) for part in torch.split(x, size)]
    return torch.cat(parts) if parts else x.new_zeros(0, encoder.dim)


def group_means(
    encoder: Encoder,
    x: Tensor,
    groups: int,
    *,
    dtype: torch.dtype = torch.float32,
    compile: bool = False,
    chunk: int | None = None,
) -> Tensor:
    """Mean features of `groups` equal, consecutive blocks of samples; differentiable with respect to `x`.

    The weights get no gradient. Where `x` needs one, activations are kept while they are few (up to 80 frames of
    224 x 224 pixels, about 1.2 GB in float32 at width 128); beyond that only one chunk's are, and the backward
    pass computes each chunk's again, which costs half as much time on top. So: call class by class where that
    is possible, and all classes at once where they are small.

    Args:
        encoder: Its own weights are used, frozen; nothing of it is changed.
        x: Network input, float32, (sample, channel, height, width), on the encoder's device.
        groups: Number of blocks; divides the number of samples.
        dtype: Format of the convolutions: float32, or bfloat16 (weights and activations; the norms' statistics stay
            float32).
        compile: Fuse through `torch.compile`. Fresh encoders of the same shape are not compiled again.
        chunk: Samples at a time; None chooses (8 at 224 x 224 pixels, 56 at 128 x 56).

    Returns:
        float32, (groups, dim).

    Raises:
        InputError: The samples do not divide into so many groups, or `compile` is asked for without a C++ compiler.

    Example:
        >>> from limbeck.networks import load
        >>> draw = torch.Generator().manual_seed(0)
        >>> encoder = load("convnet")(width=4).encoders({"image": (3, 16, 16)}, generator=draw)["image"]
        >>> x = torch.rand(6, 3, 16, 16, requires_grad=True)
        >>> means = group_means(encoder, x, 2)
        >>> means.shape, torch.allclose(means[1], encoder(x[3:]).mean(0), atol=1e-6)
        (torch.Size([2, 64]), True)
    """
    if groups < 1 or not len(x) or len(x) % groups:
        raise InputError(f"{len(x)} samples do not divide into {groups} equal groups; their number must be a multiple.")
    if not (torch.is_grad_enabled() and x.requires_grad):
        features = embed(encoder, x, dtype=dtype, compile=compile, chunk=chunk)
    else:
        run = _features(encoder, dtype, compile)
        size = chunk or _chunk(x)
        keep = x.shape[0] * x.shape[2] * x.shape[3] <= GRAPH_PIXELS
        features = torch.cat([_kept(run, part, size if compile else len(part), keep) for part in torch.split(x, size)])
    return features.reshape(groups, len(x) // groups, -1).mean(1)


def _kept(features: Features, x: Tensor, size: int, keep: bool) -> Tensor:
    if keep:
        return _padded(features, x, size)
    out: Tensor = checkpoint(_padded, features, x, size, use_reentrant=False, preserve_rng_state=False)
    return out


def _padded(features: Features, x: Tensor, size: int) -> Tensor:
    """Features of a chunk, filled up to `size` samples on the way: a compiled function wants one shape."""
    missing = size - len(x)
    filled = F.pad(x, (0, 0, 0, 0, 0, 0, 0, missing)) if missing else x
    return features(filled)[: len(x)]


def _features(encoder: Encoder, dtype: torch.dtype, compile: bool) -> Features:
    """The encoder as a function of its input alone: weights frozen, convolutions in `dtype`, features in float32."""
    run = _compiled() if compile else _run
    device = next(encoder.parameters()).device.type
    weights = {name: weight.detach() for name, weight in encoder.named_parameters()}

    def features(x: Tensor) -> Tensor:
        with torch.autocast(device, dtype, enabled=dtype != torch.float32, cache_enabled=False):
            out = run(encoder, weights, x)
        return out if out.dtype == torch.float64 else out.float()

    return features


def _run(encoder: Encoder, weights: dict[str, Tensor], x: Tensor) -> Tensor:
    out: Tensor = torch.func.functional_call(encoder, weights, (x,))
    return out


@cache
def _compiled() -> Any:
    """`_run` compiled once for the process; weights are arguments, so that fresh ones fit the same code."""
    if not torch.cuda.is_available() and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))):
        raise InputError(
            "compile=True needs a C++ compiler (g++ or clang++) to build its kernels, and there is none on the PATH. "
            "Install one, or leave compile off: on a CPU that costs only a few per cent."
        )
    return torch.compile(_run, dynamic=False)


def _chunk(x: Tensor) -> int:
    """Samples at a time: few enough for their activations to stay near the processor."""
    return min(LARGEST_CHUNK, max(1, CHUNK_PIXELS // (x.shape[2] * x.shape[3])))
