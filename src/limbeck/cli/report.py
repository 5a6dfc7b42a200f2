"""``limbeck report``: a distilled set to a page to look at and listen to."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck report distilled/ --out page/",
    "limbeck report distilled/ --on prepared/ --compare herding/ --compare scores/ --out page/",
)


def run(
    distilled: _options.Distilled,
    *,
    out: _options.Page,
    on: Annotated[
        str | None, Option(help="The prepared dataset; needed to show each sample's nearest real clips.")
    ] = None,
    compare: Annotated[
        list[Path] | None,
        Option(help="Folder of further scores, or of another distilled set, for the table; may be repeated."),
    ] = None,
    title: _options.Heading = None,
    quiet: _options.Quiet = False,
) -> None:
    """Write one HTML page that opens from disk: pictures, spectrograms, players, curves, table, provenance."""
    import limbeck

    page = limbeck.report.page(distilled, out=out, on=on, compare=compare or (), title=title, progress=not quiet)
    _output.note("Open this page in a browser:", quiet=quiet)
    typer.echo(page)
