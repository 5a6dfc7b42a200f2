"""``limbeck explain``: what one of the things ``limbeck list`` shows is, and every setting it has."""

import importlib
import inspect
from dataclasses import asdict, astuple
from typing import Annotated, Any

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output
from limbeck.cli.listing import ROOMS, Kind
from limbeck.errors import UnknownNameError

EXAMPLES = (
    "limbeck explain avdd",
    "limbeck explain retrieval",
    "limbeck explain coded --kind storage",
    "limbeck explain convnet --json",
)


def run(
    name: Annotated[str, Argument(help="Name of anything that `limbeck list` shows, but for recipes.")],
    *,
    kind: Annotated[Kind | None, Option(help="What it is, where two things have one name.")] = None,
    json: _options.Json = False,
) -> None:
    """Show what something is, and every setting with its default."""
    from limbeck import _discover, _explain

    room = ROOMS[kind or _kind(name)]
    thing = importlib.import_module(room).load(name)
    about = inspect.getdoc(inspect.getmodule(thing)) or ""
    settings = _explain.settings(thing)
    presets: dict[str, dict[str, Any]] = getattr(thing, "presets", {})
    coupling: str | None = thing().coupling if room == ROOMS["methods"] else None
    (origin,) = _discover.origins(room, name)
    if json:
        rows = [asdict(setting) for setting in settings]
        told = {"name": name, "about": about, "from": asdict(origin), "settings": rows, "presets": presets}
        _output.as_json(told | ({} if coupling is None else {"coupling": coupling}))
        return
    typer.echo(f"{about}\n\nIt is {origin}.\n")
    if coupling is not None:
        typer.echo(f"In blocks of classes: {f'no, {coupling}' if coupling else 'yes'}, as it is by default.\n")
    if settings:
        _output.as_table(["setting", "type", "default", "about"], [list(astuple(setting)) for setting in settings])
    for preset, values in presets.items():
        typer.echo(f"\npreset {preset}:")
        _output.as_outline(values)


def _kind(name: str) -> Kind:
    from limbeck import _discover

    for kind, room in ROOMS.items():
        if name in _discover.names(room):
            return kind
    where = ", ".join(f"limbeck list {kind}" for kind in ROOMS)
    raise UnknownNameError(f"Nothing is called {name!r}. For the names there are, see: {where}.")
