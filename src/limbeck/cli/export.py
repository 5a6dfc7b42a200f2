"""``limbeck export``: a distilled set to files other tools read."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from limbeck.cli import _options

EXAMPLES = (
    "limbeck export distilled/ --to folder --out samples/",
    "limbeck export distilled/ --to webdataset --out shards/",
    "limbeck export distilled/ --to huggingface --out hf/",
)


def run(
    distilled: _options.Distilled,
    *,
    to: Annotated[str, _options.named("limbeck.exports", "Form; see limbeck list exports.")],
    out: Annotated[Path, Option(help="Folder the files go to.")],
) -> None:
    """Write a distilled set as pictures and sounds, WebDataset shards, or a Hugging Face dataset."""
    import limbeck

    typer.echo(limbeck.export(distilled, to=to, out=out))
