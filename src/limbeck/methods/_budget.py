"""How many rows fit in a number of bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch

from limbeck.datasets import LabelledClips
from limbeck.distilled import meanings_of
from limbeck.errors import BudgetError
from limbeck.modalities import Scale
from limbeck.parameterisations import Parameterisation
from limbeck.storage import Coder, payload_bytes

GROUPS, GROUP = 8, 8
SAFETY = 2.0


def rows_per_class(budget: int, classes: int, mean: float, spread: float, form: str) -> int:
    """The largest number of rows per class whose bytes stay within a budget.

    Exact where every row has the same size. Elsewhere room is left for two standard deviations of the sum: synthetic
    rows may turn out larger than the real ones that were measured.

    Args:
        budget: Bytes for all classes together.
        classes: How many.
        mean: Bytes of a row.
        spread: Their standard deviation.
        form: How rows are kept, for the message.

    Raises:
        BudgetError: Not one row per class fits.
    """

    def needed(per_class: int) -> float:
        return per_class * classes * mean + SAFETY * spread * math.sqrt(per_class * classes)

    per_class = int(budget / mean / classes) + 1
    while per_class and needed(per_class) > budget:
        per_class -= 1
    if per_class < 1:
        raise BudgetError(
            f"One row for each of the {classes} classes takes about {math.ceil(needed(1)):,} bytes as {form}, but "
            f"the budget is {budget:,}. Give more bytes, another storage (--storage uint8 or coded), or smaller frames."
        )
    return per_class


def row_bytes(
    form: Coder, real: LabelledClips, *, scales: Mapping[str, Scale], hold: Parameterisation
) -> tuple[float, float]:
    """Mean and standard deviation of the bytes of a row, measured on held real clips; exact where all are equal."""
    index = torch.linspace(0, len(real) - 1, GROUPS * GROUP * hold.cells).round().long()
    meanings, sizes = meanings_of(hold, real.modalities, scales), []
    for group in index.view(-1, GROUPS).T:  # every eighth: each group is spread over the data
        samples = {m: kind.to_network(real.array(m, group), scales[m]) for m, kind in real.modalities.items()}
        tensors = hold.start(samples, real.modalities)
        sizes.append(payload_bytes(form.encode(tensors, meanings)) / (len(group) // hold.cells))
    measured = torch.tensor(sizes, dtype=torch.float64)
    return float(measured.mean()), float(measured.std()) * math.sqrt(GROUP)
