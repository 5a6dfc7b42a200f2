"""``limbeck spatial page``: a rendered scene to a page to hear and to look at."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck spatial page out/ --out page/",
    'limbeck spatial page out/ --seconds 120 --title "A night in the woods" --out page/',
)


def run(
    rendered: Annotated[Path, Argument(help="Folder that limbeck spatial render wrote, with foa among the outputs.")],
    *,
    out: _options.Page,
    seconds: Annotated[float, Option(help="Seconds that can be heard at most; ten of them are about 5 MB.")] = 60.0,
    title: _options.Heading = None,
    quiet: _options.Quiet = False,
) -> None:
    """Write one HTML page: hear a scene with the head turned by mouse, see where sounds were meant and measured."""
    from limbeck.spatial import page

    made = page(rendered, out=out, title=title, most_seconds=seconds)
    _output.note("Open this page in a browser:", quiet=quiet)
    typer.echo(made)
