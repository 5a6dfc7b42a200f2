"""What the parameters of a `PrototypeClassifier` may be."""

from collections.abc import Callable, Collection
from numbers import Integral, Real
from typing import Any

from limbeck.errors import InputError
from limbeck.prototypes._neighbours import WEIGHTS
from limbeck.prototypes._prompts import PROMPTS
from limbeck.prototypes._space import METRICS

AUTO = "auto"


def check_parameters(parameters: dict[str, Any]) -> None:
    """See that every parameter of a `PrototypeClassifier`, as `get_params` gives them, makes sense.

    Raises:
        InputError: One does not; the sentence names it, what it may be and what it is.
    """
    for name, (expected, fits) in _EXPECTED.items():
        if not fits(value := parameters[name]):
            raise InputError(f"{name} must be {expected}, but is {value!r}.")
    if parameters["refine"] and parameters["metric"] != "cosine":
        raise InputError(f"refine moves directions and needs metric='cosine'; got metric={parameters['metric']!r}.")


def _one_of(known: Collection[str]) -> tuple[str, Callable[[Any], bool]]:
    return " or ".join(map(repr, known)), lambda value: isinstance(value, str) and value in known


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == AUTO


def _is_number(value: Any, kind: type = Real) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)


_EXPECTED: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "metric": _one_of(METRICS),
    "weights": _one_of(WEIGHTS),
    "prompts": _one_of(PROMPTS),
    "neighbours": (
        "'auto' or a whole number above 0",
        lambda value: _is_auto(value) or (_is_number(value, Integral) and value > 0),
    ),
    "refine": ("a whole number of rounds, 0 or more", lambda value: _is_number(value, Integral) and value >= 0),
    "temperature": ("'auto' or a number above 0", lambda value: _is_auto(value) or (_is_number(value) and value > 0)),
    "reject": (
        "None, 'auto' or a fraction above 0 and below 1",
        lambda value: value is None or _is_auto(value) or (_is_number(value) and 0 < value < 1),
    ),
}
