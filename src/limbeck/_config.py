"""The one kind of settings object: typed, frozen, validated whole, all mistakes told at once, JSON in and out."""

import contextlib
import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from limbeck.errors import InputError

Model = TypeVar("Model", bound=BaseModel)
Rate = Annotated[float, Field(gt=0)]
Rates = Rate | dict[str, Rate]
"""A rate, or rates by modality."""


class Config(BaseModel):
    """Base of all settings: immutable, unknown names refused, all mistakes told at once."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=False, validate_default=True, allow_inf_nan=False
    )

    def named(self) -> "Config | None":
        """The settings object of what these settings name (an architecture its network, say); most name nothing."""
        return None

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON-able data."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The settings from JSON-able data; an `InputError` lists all that is unknown, missing or out of range."""
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            lines = [f"  {mistake(e)}" for e in error.errors()]
            known = ", ".join(cls.model_fields)
            raise InputError(
                f"Settings of {cls.__name__} do not fit:\n" + "\n".join(lines) + f"\nKnown: {known}."
            ) from error


def mistake(error: Mapping[str, Any]) -> str:
    """One mistake in settings, as pydantic describes it, in words."""
    place = ".".join(map(str, error["loc"]))
    where = f"{place}: " if place else ""
    if error["type"] == "extra_forbidden":
        return f"{where}there is no such setting"
    if error["type"] == "missing":
        return f"{where}is missing"
    # Settings that do not go together come whole, with all that does fit.
    came = "" if isinstance(error["input"], Mapping) else f" (came: {error['input']!r})"
    return f"{where}{error['msg'].removeprefix('Value error, ')}{came}"


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `changes`, merged through nested dictionaries; a part of another kind replaces the whole part.

    Example:
        >>> base = {"steps": 1, "optimiser": {"kind": "sgd", "lr": 0.2}}
        >>> merge(base, {"optimiser": {"lr": 0.1}})
        {'steps': 1, 'optimiser': {'kind': 'sgd', 'lr': 0.1}}
        >>> merge(base, {"optimiser": {"kind": "adam"}})
        {'steps': 1, 'optimiser': {'kind': 'adam'}}
    """
    merged = dict(base)
    for key, value in changes.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = merge(below, value) if value.get("kind", below.get("kind")) == below.get("kind") else value
        merged[key] = value
    return merged


def differences(before: Mapping[str, Any], now: Mapping[str, Any], prefix: str = "") -> list[str]:
    """In what two sets of settings differ, each by the name it is given by, with both values.

    Example:
        >>> differences({"steps": 60, "augment": {"flip": 0.5, "crop": 1}}, {"steps": 60, "augment": {"flip": 0}})
        ['augment.crop 1, now None', 'augment.flip 0.5, now 0']
    """
    parts: list[str] = []
    for key in sorted(before.keys() | now.keys()):
        a, b = before.get(key), now.get(key)
        if isinstance(a, Mapping) and isinstance(b, Mapping):
            parts += differences(a, b, f"{prefix}{key}.")
        elif a != b:
            parts.append(f"{prefix}{key} {a}, now {b}")
    return parts


def checked(
    kind: type[Model],
    content: Mapping[str, Any],
    file: Path,
    *,
    stand_in: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    mistakes: Callable[[Model], Sequence[str]],
) -> Model:
    """The settings of a file that fits. What does not hides no other mistake: it is left out, and the rest looked at.

    `stand_in` gives what such settings must have, for a file that has not got it, or got it wrong; `mistakes` tells
    what does not fit together, a sentence each.
    """
    found: list[str] = []
    recipe: Model | None = None
    try:
        recipe = kind.model_validate(content)
    except ValidationError as error:
        found = [mistake(e) for e in error.errors()]
        rest = _without(content, error.errors())
        with contextlib.suppress(ValidationError):  # else too little of it fits to say more
            recipe = kind.model_validate({**stand_in(rest), **rest})
    if recipe is not None:
        found += mistakes(recipe)
    if found or recipe is None:
        raise InputError("\n".join([f"{file} does not fit:", *(f"  {m}" for m in found)]))
    return recipe


def _without(content: Mapping[str, Any], errors: Sequence[Any]) -> dict[str, Any]:
    """The content without what did not fit; what lacks something is left out whole."""
    rest = copy.deepcopy(dict(content))
    for error in errors:
        path = _existing(content, error["loc"][:-1] if error["type"] == "missing" else error["loc"])
        inside: Any = rest
        for key in path[:-1]:
            inside = inside.get(key, {})  # may be gone with what it was a part of
        if path:
            inside.pop(path[-1], None)
    return rest


def _existing(content: Mapping[str, Any], place: Sequence[int | str]) -> list[str]:
    """The keys of a place as far as tables lead: a list is left out whole, and kinds of a part are no keys."""
    path: list[str] = []
    inside: Any = content
    for key in place:
        if not isinstance(inside, dict) or key not in inside:
            break
        path.append(str(key))
        inside = inside[key]
    return path


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
