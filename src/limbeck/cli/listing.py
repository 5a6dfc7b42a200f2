"""``limbeck list``: what there is to choose from."""

from typing import Annotated, Literal, cast, get_args

from typer import Argument

from limbeck import _recipes
from limbeck.cli import _options, _output

NAME = "list"
EXAMPLES = ("limbeck list methods", "limbeck list datasets --json", "limbeck list recipes")

Kind = Literal[
    "methods",
    "datasets",
    "modalities",
    "parameterisations",
    "networks",
    "heads",
    "measures",
    "storage",
    "exports",
    "imports",
    "encoders",
    "detections",
    "sound-datasets",
    "localisers",
]
Listed = Literal[Kind, "recipes", "sound-recipes"]

RECIPES: dict[Listed, str] = {"recipes": _recipes.METHODS, "sound-recipes": _recipes.SOUNDS}
ELSEWHERE = {
    "heads": "networks.heads",
    "measures": "evaluation.measures",
    "sound-datasets": "datasets.sounds",
    "localisers": "spatial.localisers",
}
ROOMS: dict[Kind, str] = {kind: f"limbeck.{ELSEWHERE.get(kind, kind)}" for kind in get_args(Kind)}


def run(kind: Annotated[Listed, Argument(help="What to list.")], *, json: _options.Json = False) -> None:
    """List what there is of a kind, a line each."""
    from limbeck import _discover

    if kind in RECIPES:
        known = {name: _recipes.summary(name, RECIPES[kind]) for name in _recipes.names(RECIPES[kind])}
    else:
        room = ROOMS[cast("Kind", kind)]
        known = {name: _discover.summary(room, name) for name in _discover.names(room)}
    if json:
        _output.as_json([{"name": name, "summary": summary} for name, summary in known.items()])
    else:
        _output.as_table(["name", "what it is"], [[name, summary] for name, summary in known.items()])
