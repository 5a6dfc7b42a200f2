"""Learning rates: one for all, or one for each of what is learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from limbeck.errors import InputError

Rate = Annotated[float, Field(gt=0)]
Rates = Rate | dict[str, Rate]
"""A rate, or rates by modality."""


def rate_of(rates: Rates, name: str) -> float:
    """The rate of a modality.

    Example:
        >>> rate_of(0.2, "audio"), rate_of({"audio": 0.1, "image": 0.3}, "image")
        (0.2, 0.3)
    """
    if not isinstance(rates, Mapping):
        return rates
    if name not in rates:
        raise InputError(
            f"There is no learning rate of {name}; there is one of {', '.join(rates)}. Give one of {name}."
        )
    return rates[name]
