"""The one kind of settings object: typed, frozen, validated whole, JSON in and out."""

from __future__ import annotations

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
            lines = [
                f"  {'.'.join(map(str, e['loc'])) or 'all'}: {e['msg']} (came: {e['input']!r})" for e in error.errors()
            ]
            known = ", ".join(cls.model_fields)
            raise InputError(
                f"Settings of {cls.__name__} do not fit:\n" + "\n".join(lines) + f"\nKnown: {known}."
            ) from error
