"""What heads share: the linear layer."""

import torch
from torch import nn

from limbeck.errors import InputError
from limbeck.networks._contract import Dims

INITIAL_STD = 1e-4


def linear(inputs: int, outputs: int, *, generator: torch.Generator) -> nn.Linear:
    """A linear layer as the published classifiers start: weights N(0, 1e-4), biases zero.

    1e-4 is read as the standard deviation, the second argument of ``normal_``. What the published code does with
    biases is not known; zero starts all classes equal.
    """
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    nn.init.normal_(layer.weight, std=INITIAL_STD, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def one_length(dims: Dims, head: str) -> int:
    """The length that all encoders' features have."""
    if len(set(dims.values())) > 1:
        told = ", ".join(f"{dim} ({modality})" for modality, dim in dims.items())
        raise InputError(
            f"The head {head!r} adds features of the encoders, so their lengths must be equal, but they are {told}. "
            "Use 'concat' or 'ensemble'."
        )
    return next(iter(dims.values()))
