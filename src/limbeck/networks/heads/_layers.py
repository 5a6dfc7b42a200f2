"""The linear layer all heads share."""

from __future__ import annotations

import torch
from torch import nn

INITIAL_STD = 1e-4


def linear(inputs: int, outputs: int, *, generator: torch.Generator) -> nn.Linear:
    """A linear layer as the published classifiers start: weights N(0, 1e-4), biases zero.

    1e-4 is read as the standard deviation, the second argument of ``normal_``. What the published code does with
    biases is not known; zero starts all classes equal.

    Args:
        inputs: Features.
        outputs: Classes.
        generator: Draws the weights; the global generator is not used.
    """
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    nn.init.normal_(layer.weight, std=INITIAL_STD, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
