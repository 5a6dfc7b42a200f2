"""How many pairs fit in a number of bytes."""

from __future__ import annotations

import math

import torch

from limbeck.augment import Packing, mosaic
from limbeck.datasets import LabelledClips, Scale
from limbeck.errors import BudgetError
from limbeck.storage import Coder, payload_bytes

GROUPS, GROUP = 8, 8
SAFETY = 2.0


def pairs_a_class(budget: int, form: Coder, real: LabelledClips, *, scale: Scale, packing: Packing, beside: int) -> int:
    """The largest number of pairs a class whose bytes stay within a budget.

    Exact where every pair has the same size. Elsewhere it is measured on packed real clips, spread evenly over the
    data, and leaves room for two standard deviations of the sum; synthetic pairs may turn out larger than real ones.

    Args:
        budget: Bytes for all classes together.
        form: How pairs are kept.
        real: The data.
        scale: What networks see.
        packing: Cells a side of the mosaic, or a grid for each modality.
        beside: Bytes a pair needs besides, for soft labels.

    Raises:
        BudgetError: Not one pair a class fits.
    """
    mean, spread = pair_bytes(form, real, scale=scale, packing=packing)
    classes = len(real.classes)

    def needed(per_class: int) -> float:
        pairs = per_class * classes
        return pairs * (mean + beside) + SAFETY * spread * math.sqrt(pairs)

    per_class = int(budget / (mean + beside) / classes) + 1
    while per_class and needed(per_class) > budget:
        per_class -= 1
    if per_class < 1:
        raise BudgetError(
            f"One pair of each of the {classes} classes takes about {math.ceil(needed(1)):,} bytes as {form.name}, but "
            f"the budget is {budget:,}. Give more bytes, another storage (--storage uint8 or coded), or smaller frames."
        )
    return per_class


def pair_bytes(form: Coder, real: LabelledClips, *, scale: Scale, packing: Packing) -> tuple[float, float]:
    """Mean and standard deviation of the bytes of a pair, measured on packed real clips; exact where all are equal.

    Args:
        form: How pairs are kept.
        real: The data.
        scale: What networks see.
        packing: Cells a side of the mosaic, or a grid for each modality.
    """
    index = torch.linspace(0, len(real) - 1, GROUPS * GROUP * mosaic.count(packing)).round().long()
    shares, sizes = mosaic.shares(packing), []
    for group in index.view(-1, GROUPS).T:  # every eighth: each group is spread over the data
        audio = mosaic.pack(scale.audio(real.audio(group)), shares.audio)
        image = mosaic.pack(scale.image(real.frames(group)), shares.image)
        sizes.append(payload_bytes(form.encode(audio, image, scale)) / len(audio))
    measured = torch.tensor(sizes, dtype=torch.float64)
    return float(measured.mean()), float(measured.std()) * math.sqrt(GROUP)
