"""``limbeck list``: what there is to choose from."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from limbeck import _discover
from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck list methods",
    "limbeck list datasets --json",
)

Kind = Literal[
    "methods", "datasets", "networks", "heads", "measures", "storage", "exports", "encoders", "sound-datasets"
]

ROOMS: dict[Kind, str] = {
    "methods": "limbeck.methods",
    "datasets": "limbeck.datasets",
    "networks": "limbeck.networks",
    "heads": "limbeck.networks.heads",
    "measures": "limbeck.evaluation.measures",
    "storage": "limbeck.storage",
    "exports": "limbeck.exports",
    "encoders": "limbeck.encoders",
    "sound-datasets": "limbeck.datasets.sounds",
}


def run(
    kind: Annotated[Kind, typer.Argument(help="What to list.")],
    *,
    json: _options.Json = False,
) -> None:
    """List methods, datasets, networks, heads, measures, encoders, forms of storage or export, each with a line."""
    room = ROOMS[kind]
    known = {name: _discover.summary(room, name) for name in _discover.names(room)}
    if json:
        _output.as_json([{"name": name, "summary": summary} for name, summary in known.items()])
    else:
        _output.as_table(["name", "what it is"], [[name, summary] for name, summary in known.items()])
