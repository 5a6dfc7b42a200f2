"""What of other packages is used here: networks, built, filled from a checkpoint and frozen; how tokenizers read."""

import json
import platform
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck import errors
from limbeck._runtime import generator
from limbeck.errors import InputError

M = TypeVar("M", bound=nn.Module)

package = partial(errors.package, "sounds")
"""An optional package of the sound tools, imported where it is used."""

_ONEDNN = (
    platform.machine().lower() in {"x86_64", "amd64"}
    and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
    and hasattr(torch.ops.mkldnn, "_linear_pointwise")
)


class Linear(nn.Linear):
    """A linear layer whose product in float32 on a processor is oneDNN's.

    PyTorch takes MKL, which makes no use of AVX-512 on processors other than Intel's and so takes 2.4 times as long.
    """

    def forward(self, input: Tensor) -> Tensor:
        """The product, (..., out), of input, (..., width)."""
        plain = input.device.type == "cpu" and input.dtype == self.weight.dtype == torch.float32
        if _ONEDNN and plain and not (torch.is_grad_enabled() or torch.is_autocast_enabled("cpu")):
            made: Tensor = torch.ops.mkldnn._linear_pointwise(input, self.weight, self.bias, "none", [], "")
            return made
        return super().forward(input)


@final
class Block(nn.Module):
    """A residual block under the names public checkpoints use: conv1, bn1, ..., downsample.0, downsample.1.

    Convolutions, each with a batch norm, a ReLU between two, added to the input (https://arxiv.org/abs/1512.03385).
    """

    def __init__(self, channels: int, stride: int, *convolutions: nn.Conv2d) -> None:
        super().__init__()
        for number, convolution in enumerate(convolutions, start=1):
            self.add_module(f"conv{number}", convolution)
            self.add_module(f"bn{number}", nn.BatchNorm2d(convolution.out_channels))
        self.depth, width = len(convolutions), convolutions[-1].out_channels
        self.downsample: nn.Module | None = None
        if stride != 1 or channels != width:
            self.downsample = nn.Sequential(nn.Conv2d(channels, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        """(sound, channels, height, width) to (sound, width, height', width')."""
        y = x
        for number in range(1, self.depth + 1):
            y = y if number == 1 else F.relu(y)
            y = self.get_submodule(f"bn{number}")(self.get_submodule(f"conv{number}")(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


def built(build: Callable[[], M]) -> M:
    """A frozen module in evaluation mode, its linear layers of our kind.

    What the constructor draws is the same every time, and torch's global generator is put back.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = build()
    for layer in module.modules():
        if type(layer) is nn.Linear:
            layer.__class__ = Linear
    return module.eval().requires_grad_(False)


def with_random_weights(module: M, *, seed: int) -> M:
    """The module with matrices drawn anew, of variance 1 over inputs; vectors (biases, gains) stay."""
    draw = generator(seed, "weights")
    with torch.no_grad():
        for weight in module.parameters():
            if weight.ndim > 1:
                weight.copy_(torch.randn(weight.shape, generator=draw) / weight[0].numel() ** 0.5)
    return module


def filled(module: M, state: Mapping[str, Tensor], *, source: object) -> M:
    """The module with the weights of a checkpoint, which may hold more than is needed but not less.

    Whole-number tensors (indices, counters) may be left out. `source` is named in messages.
    """
    wanted = module.state_dict()
    if missing := [k for k, v in wanted.items() if k not in state and v.is_floating_point()]:
        raise InputError(
            f"{source} lacks {len(missing)} of the {len(wanted)} weights of this model, for instance {missing[0]}. "
            "Is it another checkpoint, or cut short?"
        )
    if wrong := [k for k, v in wanted.items() if k in state and state[k].shape != v.shape]:
        raise InputError(
            f"{source}: {wrong[0]} must be of shape {tuple(wanted[wrong[0]].shape)}, "
            f"but is {tuple(state[wrong[0]].shape)}. Does it belong to another configuration?"
        )
    module.load_state_dict({k: v for k, v in state.items() if k in wanted}, strict=False)
    return module


def numbered(state: Mapping[str, Tensor], beginning: str) -> int:
    """How many parts of a checkpoint, each with a number behind this beginning of its names, there are."""
    return len({name[len(beginning) :].partition(".")[0] for name in state if name.startswith(beginning)})


def byte_vocabulary(special: Sequence[str]) -> dict[str, int]:
    """Tokens of a byte-level tokenizer without merges, by name."""
    letters = sorted(package("tokenizers").pre_tokenizers.ByteLevel.alphabet())
    return {token: number for number, token in enumerate([*special, *letters])}


def tokenizer_fingerprint(tokenizer: Any) -> str:
    """How a tokenizer reads: its vocabulary, and the tokens of a sentence with capitals, digits, accents and marks.

    Not the file itself, which packages write a little differently from version to version.
    """
    inner = getattr(tokenizer, "backend_tokenizer", tokenizer)
    read = inner.encode("A dog's bark, 24 cafés & RAIN")
    tokens = [token for token, counts in zip(read.ids, read.attention_mask, strict=True) if counts]  # without filling
    return json.dumps([sorted(inner.get_vocab().items()), tokens])
