"""``limbeck sounds page``: a classifier to a page to look at and listen to."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds page classifier/ --out page/",
    "limbeck sounds page classifier/ --root /media/archive/ --out page/",
    "limbeck sounds page classifier/ --index moved/index/ --points 500 --out page/",
)


def run(
    classifier: _options.Classifier,
    *,
    out: _options.Page,
    index: _options.MovedIndex = None,
    points: Annotated[int, Option(min=1, help="Most windows on the map.")] = 1500,
    root: Annotated[
        Path | None, Option(help="Folder the recordings were moved to, if they are not where they were indexed.")
    ] = None,
    title: _options.Heading = None,
    seed: _options.Seed = 0,
    quiet: _options.Quiet = False,
) -> None:
    """Write one HTML page: what each word stands for, with players, a map of the index, and what to check by ear.

    What is wrong can be marked in it; it then shows the limbeck sounds correct command that mends the classifier.
    """
    from limbeck import sounds

    settings: dict[str, Any] = {"index": index, "points": points, "title": title, "root": root, "seed": seed}
    made = sounds.page(classifier, out=out, progress=not quiet, told=partial(_output.note, quiet=quiet), **settings)
    _output.note("Open this page in a browser:", quiet=quiet)
    typer.echo(made)
