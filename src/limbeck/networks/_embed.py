"""Features of many samples: the heavy part of every matching step.

Source:   Zhao and Bilen, *Dataset Condensation with Distribution Matching*, WACV 2023: class means of random features.
"""

import math
import os
import shutil
from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from limbeck.errors import InputError
from limbeck.networks._contract import Encoder

CHUNK_PIXELS = 8 * 224 * 224
GRAPH_PIXELS = 80 * 224 * 224
LARGEST_CHUNK = 256


def embed(
    encoder: Encoder,
    x: Tensor,
    *,
    dtype: torch.dtype = torch.float32,
    compile: bool = False,
    chunk: int | None = None,
) -> Tensor:
    """Features, float32, (sample, dim), chunk by chunk; differentiable with respect to `x`.

    The weights get no gradient. Where `x` needs one, activations are kept while they are few (up to 80 frames of
    224 x 224 pixels, about 1.2 GB in float32 at width 128); beyond that only one chunk's are, and the backward
    pass computes each chunk's again, which costs half as much time on top. So: call class by class where that
    is possible, and all classes at once where they are small.

    Args:
        encoder: Its own weights are used, frozen; nothing of it is changed.
        x: Network input, float32, (sample, ..., channel, height, width), on the encoder's device.
        dtype: Format of the convolutions: float32, or bfloat16 (weights and activations; the norms' statistics stay
            float32).
        compile: Fuse through `torch.compile`. Fresh encoders of the same shape are not compiled again.
        chunk: Samples at a time; None chooses (8 at 224 x 224 pixels, 56 at 128 x 56).

    Raises:
        InputError: `compile` is asked for without a C++ compiler.

    Example:
        >>> from limbeck.networks import load
        >>> draw = torch.Generator().manual_seed(0)
        >>> encoder = load("convnet")(width=4).encoders({"image": (3, 16, 16)}, generator=draw)["image"]
        >>> x = torch.rand(6, 3, 16, 16, requires_grad=True)
        >>> features = embed(encoder, x)
        >>> features.shape, torch.allclose(features[3:], encoder(x[3:]), atol=1e-6)
        (torch.Size([6, 64]), True)
    """
    run = _compiled() if compile else torch.func.functional_call
    size = chunk or _chunk(x)
    weights = {name: weight.detach() for name, weight in encoder.named_parameters()}

    def features(part: Tensor) -> Tensor:
        # A compiled function wants one shape: the last chunk is filled up on the way.
        missing = size - len(part) if compile else 0
        filled = F.pad(part, [0] * (2 * part.ndim - 1) + [missing]) if missing else part
        with torch.autocast(x.device.type, dtype, enabled=dtype != torch.float32, cache_enabled=False):
            out: Tensor = run(encoder, weights, (filled,))[: len(part)]
        return out if out.dtype == torch.float64 else out.float()

    parts = []
    again = torch.is_grad_enabled() and x.requires_grad and x[..., 0, :, :].numel() > GRAPH_PIXELS
    for part in torch.split(x, size):
        parts.append(
            checkpoint(features, part, use_reentrant=False, preserve_rng_state=False) if again else features(part)
        )
    return torch.cat(parts) if len(x) else x.new_zeros(0, encoder.dim)


@cache
def _compiled() -> Any:
    """A call compiled once for the process; weights are arguments, so that fresh ones fit the same code."""
    if not torch.cuda.is_available() and not any(map(shutil.which, (os.environ.get("CXX", "g++"), "clang++"))):
        raise InputError(
            "compile=True needs a C++ compiler (g++ or clang++) to build its kernels, and there is none on the PATH. "
            "Install one, or leave compile off: on a CPU that costs only a few per cent."
        )

    def run(encoder: Encoder, weights: dict[str, Tensor], inputs: tuple[Tensor, ...]) -> Any:
        return torch.func.functional_call(encoder, weights, inputs)

    return torch.compile(run, dynamic=False)


def _chunk(x: Tensor) -> int:
    """Samples at a time: few enough for their activations to stay near the processor."""
    return min(LARGEST_CHUNK, max(1, CHUNK_PIXELS // (math.prod(x.shape[1:]) // x.shape[-3])))
