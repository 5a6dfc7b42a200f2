"""The parameters of a classifier, checked where work begins."""

from __future__ import annotations

from collections.abc import Collection
from numbers import Integral, Real
from typing import Any

from limbeck.errors import InputError
from limbeck.prototypes._metrics import METRICS
from limbeck.prototypes._prompts import PROMPTS
from limbeck.prototypes._weights import WEIGHTS

AUTO = "auto"


def check_parameters(parameters: dict[str, Any]) -> None:
    """See that every parameter of a `PrototypeClassifier` makes sense.

    Args:
        parameters: As `get_params` gives them.

    Raises:
        InputError: One does not; the sentence names it, what it may be and what it is.
    """
    p = parameters
    _one_of("metric", p["metric"], METRICS)
    _one_of("weights", p["weights"], WEIGHTS)
    _one_of("prompts", p["prompts"], PROMPTS)
    _check("neighbours", p["neighbours"], "'auto' or a whole number above 0", _auto(p, "neighbours") or _whole(p, 1))
    _check("refine", p["refine"], "a whole number of rounds, 0 or more", _whole(p, 0, "refine"))
    _check("temperature", p["temperature"], "'auto' or a number above 0", _auto(p, "temperature") or _above_0(p))
    fraction = _number(p["reject"]) and 0 < p["reject"] < 1
    _check(
        "reject",
        p["reject"],
        "None, 'auto' or a fraction above 0 and below 1",
        p["reject"] is None or _auto(p, "reject") or fraction,
    )
    if p["refine"] and p["metric"] != "cosine":
        raise InputError(f"refine moves directions and needs metric='cosine'; got metric={p['metric']!r}.")


def _one_of(name: str, value: Any, known: Collection[str]) -> None:
    _check(name, value, " or ".join(map(repr, known)), isinstance(value, str) and value in known)


def _check(name: str, value: Any, expected: str, fits: bool) -> None:
    if not fits:
        raise InputError(f"{name} must be {expected}, but is {value!r}.")


def _auto(parameters: dict[str, Any], name: str) -> bool:
    return isinstance(parameters[name], str) and parameters[name] == AUTO


def _number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _whole(parameters: dict[str, Any], least: int, name: str = "neighbours") -> bool:
    value = parameters[name]
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= least


def _above_0(parameters: dict[str, Any]) -> bool:
    return _number(parameters["temperature"]) and parameters["temperature"] > 0
