"""Facts of published audio networks, read from their public code: tensors' names and shapes, and some outputs.

The outputs are those of the published code with the weights of `formula_weights.formula_state` (windows aside, which
are the published ones, as are the mel filters of panns), in evaluation mode, for one second (wav2clip, 16 kHz; panns,
32 kHz) or half a second (audioclip, 44.1 kHz) of `formula_weights.tone`: the first eight numbers. The picture tower of
audioclip is left out of the list.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

_DATA = Path(__file__).parent.parent / "encoders" / "data"


def published_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Tensors of the checkpoint, in its order.

    Args:
        name: Of the encoder.
    """
    lines = (_DATA / f"{name}_state.txt").read_text(encoding="utf-8").splitlines()
    return {tensor: tuple(map(int, sides)) for tensor, *sides in map(str.split, lines)}


def published_outputs(name: str) -> dict[str, Tensor]:
    """The first numbers of ``joint`` (before it is brought to length 1; of panns ``scores``) and ``features``.

    Args:
        name: Of the encoder.
    """
    found = json.loads((_DATA / "published_outputs.json").read_text(encoding="utf-8"))[name]
    return {part: torch.tensor(numbers) for part, numbers in found.items()}
