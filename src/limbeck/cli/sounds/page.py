"""``limbeck sounds page``: a classifier to a page to look at and listen to."""

from pathlib import Path
from typing import Annotated

import typer

from limbeck.cli import _options as _common
from limbeck.cli import _output

EXAMPLES = (
    "limbeck sounds page classifier/ --out page/",
    "limbeck sounds page classifier/ --root /media/archive/ --out page/",
    "limbeck sounds page classifier/ --index moved/index/ --points 500 --out page/",
)


def run(
    classifier: Annotated[Path, typer.Argument(help="Folder of a classifier.")],
    *,
    out: Annotated[Path, typer.Option(help="Folder of the page.")],
    index: Annotated[str | None, typer.Option(help="The index it was learned from, if it has moved.")] = None,
    points: Annotated[int, typer.Option(min=1, help="Most windows on the map.")] = 1500,
    root: Annotated[
        Path | None, typer.Option(help="Folder the recordings were moved to, if they are not where they were indexed.")
    ] = None,
    title: Annotated[str | None, typer.Option(help="Heading of the page.")] = None,
    seed: _common.Seed = 0,
    quiet: _common.Quiet = False,
) -> None:
    """Write one HTML page: what each word stands for, with players, a map of the index, and what to check by ear.

    What is wrong can be marked in it; it then shows the limbeck sounds correct command that mends the classifier.
    """
    from limbeck import sounds

    made = sounds.page(
        classifier,
        out=out,
        index=index,
        points=points,
        title=title,
        root=root,
        seed=seed,
        progress=not quiet,
        told=lambda what: _output.note(what, quiet=quiet),
    )
    _output.note("Open this page in a browser:", quiet=quiet)
    typer.echo(made)
