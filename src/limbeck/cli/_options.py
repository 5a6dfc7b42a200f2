"""Options that several verbs have in common, and the one way ``--set name=value`` is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

Seed = Annotated[int, typer.Option(min=0, help="Everything random follows from this number.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes; results and errors only.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Distilled = Annotated[Path, typer.Argument(help="Folder of a distilled set.")]
Page = Annotated[Path, typer.Option(help="Folder of the page.")]
Heading = Annotated[str | None, typer.Option(help="Heading of the page.")]

Classifier = Annotated[Path, typer.Argument(help="Folder of a classifier.")]
Index = Annotated[str, typer.Argument(help="Folder of an index, or its address.")]
MovedIndex = Annotated[str | None, typer.Option(help="The index it was learned from, if it has moved.")]
Weights = Annotated[
    Path | None,
    typer.Option(
        envvar="LIMBECK_WEIGHTS",
        help="Folder of the encoder's weights; by default they come from the cache, or are fetched.",
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never ask the network for weights.")]
Window = Annotated[
    float | None,
    typer.Option(help="Length of a window in seconds; longer recordings are cut. The encoder's by default."),
]
Hop = Annotated[float | None, typer.Option(help="Seconds from one window to the next; the window's length by default.")]
Top = Annotated[int, typer.Option(min=1, help="Words with scores that are given for each sound.")]
Always = Annotated[
    bool, typer.Option("--always", help="Name every sound by its likeliest word, also one that is none of these.")
]


def setting(what: str) -> Any:
    """The option ``--set NAME=VALUE``, which may be repeated; `assignments` reads it.

    Args:
        what: What is set.
    """
    return typer.Option("--set", metavar="NAME=VALUE", help=f"{what}; may be repeated.")


def named(room: str, help: str) -> Any:
    """An option that takes a name of a room, which the shell completes.

    Args:
        room: As ``limbeck.methods``.
        help: Its help.
    """
    return typer.Option(help=help, autocompletion=completer(room))


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


def assignments(pairs: Sequence[str] | None, *, typed: bool = True) -> dict[str, Any]:
    """Read ``name=value`` words. Dots lead into parts; a value is JSON if it can be read as such, else text.

    Args:
        pairs: The words as typed; None where there are none.
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
    for pair in pairs or ():
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


def part(settings: dict[str, Any], name: str) -> dict[str, Any]:
    """Take the settings of a part, given as ``name.setting=value``, out of the others.

    Args:
        settings: From `assignments`; the part is taken away.
        name: The part's name.

    Raises:
        typer.BadParameter: The part itself was given a value.

    Example:
        >>> settings = {"epochs": 3, "network": {"width": 4}}
        >>> part(settings, "network"), settings
        ({'width': 4}, {'epochs': 3})
    """
    inside = settings.pop(name, {})
    if not isinstance(inside, dict):
        raise typer.BadParameter(f"--set {name}.NAME=VALUE sets something of a {name}; the {name} itself is --{name}.")
    return inside


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # no JSON, a number of thousands of digits, or nested beyond reason
        return text
