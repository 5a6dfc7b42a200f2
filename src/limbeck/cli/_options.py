"""Options several verbs have in common, and how ``name=value`` is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

Seed = Annotated[int, typer.Option(min=0, help="Everything random follows from this number.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes; results and errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def completer(room: str) -> Callable[[str], list[str]]:
    """Shell completion with the names of a room (``limbeck.methods``), found without importing it."""

    def complete(incomplete: str) -> list[str]:
        from limbeck import _discover

        return [name for name in _discover.names(room) if name.startswith(incomplete)]

    return complete


def recipes(kind: str) -> Callable[[str], list[str]]:
    """Shell completion with the names of recipes, see `_recipes.names`."""

    def complete(incomplete: str) -> list[str]:
        from limbeck import _recipes

        return [name for name in _recipes.names(kind) if name.startswith(incomplete)]

    return complete


def assignments(pairs: Sequence[str], *, typed: bool = True) -> dict[str, Any]:
    """Read ``name=value`` words. Dots lead into parts; a value is JSON if it can be read as such, else text.

    Args:
        pairs: The words as typed.
        typed: Whether numbers, true, false and null are read as such; else they stay text for whoever knows what is
            wanted, since ``2024`` may be a folder.

    Raises:
        typer.BadParameter: A word has no ``=``, or a name is given twice.

    Example:
        >>> assignments(["steps=200", "augment.flip=false", "start=noise"])
        {'steps': 200, 'augment': {'flip': False}, 'start': 'noise'}
        >>> assignments(["base=2024", 'where={"fold": "1"}'], typed=False)
        {'base': '2024', 'where': {'fold': '1'}}
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        path = name.strip().replace("-", "_").split(".")
        if not equals or not all(path):
            raise typer.BadParameter(f"{pair!r} is not of the form name=value.")
        place = settings
        for part in path[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise typer.BadParameter(f"{name!r} is given both as a value and as a part.")
        if path[-1] in place:
            raise typer.BadParameter(f"{name!r} is given twice.")
        read = _value(value)
        place[path[-1]] = read if typed or isinstance(read, dict | list) else value
    return settings


def merged(settings: dict[str, Any], **flags: Any) -> dict[str, Any]:
    """Settings joined with the flags that were given (not None).

    Raises:
        typer.BadParameter: A name came both as a flag and with ``--set``.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    twice = sorted(given.keys() & settings.keys())
    if twice:
        raise typer.BadParameter(f"{twice[0]!r} is given twice: as an option and with name=value.")
    return given | settings


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # no JSON, a number of thousands of digits, or nested beyond reason
        return text
