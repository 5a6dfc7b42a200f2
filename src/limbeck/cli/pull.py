"""``limbeck pull``: a distilled set from the Hugging Face hub."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck pull ada/bells-distilled --out distilled/",
    "limbeck pull ada/bells-distilled --revision v1 --out distilled/",
)


def run(
    name: Annotated[str, Argument(metavar="OWNER/NAME", help="Dataset repository of the hub.")],
    *,
    out: Annotated[Path, Option(help="Folder of the distilled set.")],
    revision: _options.Revision = None,
    offline: _options.Cached = False,
    max_bytes: _options.MaxBytes = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Fetch a distilled set from the Hugging Face hub. No code of its repository is run."""
    import limbeck

    limits = {} if max_bytes is None else {"max_bytes": max_bytes}
    made = limbeck.pull(name, out=out, revision=revision, offline=offline, progress=not quiet, **limits)
    if json:
        _output.as_json(limbeck.inspect(out))
        return
    _output.note(f"{made.provenance['hub']}: {len(made)} samples of {len(made.classes)} classes.", quiet=quiet)
    typer.echo(out)
