"""Whether two results are the same to the bit, and whether the global generators were drawn from."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor


def same(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    """Whether tensors have the same names and the same bits."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def rng_states() -> tuple[Any, ...]:
    """States of the global generators, which nothing may draw from."""
    numpy_state: Any = np.random.get_state()  # noqa: NPY002 - the global generator is what is watched
    return torch.get_rng_state().tolist(), numpy_state[1].tolist(), numpy_state[2:], random.getstate()
