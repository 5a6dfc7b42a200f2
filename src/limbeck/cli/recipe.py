"""``limbeck recipe``: recipes that come with Limbeck, to be changed."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from limbeck import _recipes
from limbeck.cli import _options, _output
from limbeck.errors import InputError

NAME = "copy"
EXAMPLES = ("limbeck recipe copy playground", "limbeck recipe copy paired_small --out mine.toml")

ABOUT = "Recipes of whole comparisons that come with Limbeck: copy one, change it, run it."


def run(
    name: Annotated[
        str,
        Argument(
            help="See limbeck list recipes and limbeck list sound-recipes.",
            autocompletion=_options.completer("_recipes", *_recipes.KINDS),
        ),
    ],
    *,
    out: Annotated[Path | None, Option(help="The new file; NAME.toml here by default.")] = None,
    quiet: _options.Quiet = False,
) -> None:
    """Write a recipe to a file of your own. What it extends is still found by name."""
    found = _recipes.find(name)
    kind = next((kind for kind in _recipes.KINDS if _recipes.shipped(name, kind)), _recipes.METHODS)
    file = out or Path(f"{found.stem}.toml")
    if file.exists():
        raise InputError(f"{file} is there already; name another file with --out, or delete it.")
    file.write_text(found.read_text(encoding="utf-8"), encoding="utf-8")
    typer.echo(file)
    command = " ".join(filter(None, ("limbeck", kind, "benchmark")))
    _output.note(f"Change it, then: {command} {file} --out runs/", quiet=quiet)
