"""A reader with its options, which come as text from a command line and as what they are from Python and recipes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from limbeck.datasets._contract import Dataset
from limbeck.errors import InputError

_ANYTHING = ConfigDict(arbitrary_types_allowed=True)


def construct(reader: type[Dataset], name: str, options: Mapping[str, Any]) -> Dataset:
    """The reader with its options. Text and numbers become what an option wants: 2024 is a path where a path is."""
    signature = inspect.signature(reader)
    try:
        signature.bind(**options)
    except TypeError as error:
        known = ", ".join(str(p) for p in signature.parameters.values())
        raise InputError(f"Dataset {name!r}: {error}. It takes: {known}.") from error
    try:
        hints = get_type_hints(reader.__init__)
    except NameError:  # names that only a type checker sees
        hints = {}
    return reader(**{o: _fitted(f"Dataset {name!r}, option {o!r}", hints.get(o, Any), v) for o, v in options.items()})


def _fitted(where: str, kind: Any, value: Any) -> Any:
    if not isinstance(value, str | int | float):
        return value
    wanted: TypeAdapter[Any] = TypeAdapter(kind, config=_ANYTHING)
    try:
        return wanted.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]["msg"]
    try:
        return wanted.validate_python(str(value))
    except ValidationError:
        raise InputError(f"{where}: {first[0].lower()}{first[1:]}, but {value!r} came.") from None
