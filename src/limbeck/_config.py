"""The one kind of settings object: typed, frozen, validated whole, JSON in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from limbeck.errors import InputError


class Config(BaseModel):
    """Base of all settings: immutable, unknown names refused, all mistakes told at once."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=False, validate_default=True)

    def named(self) -> Config | None:
        """The settings object of what these settings name (an architecture its network, say); most name nothing."""
        return None

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON-able data."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The settings from JSON-able data.

        Raises:
            InputError: Something is unknown, missing or out of range; the message lists every mistake.
        """
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
