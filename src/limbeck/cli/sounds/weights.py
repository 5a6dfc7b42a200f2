"""``limbeck sounds weights``: all files of an encoder in one folder, for machines without network."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds weights yamnet --to weights/",
    "limbeck sounds weights clap --checkpoint larger_clap_general --to weights/",
)


def run(
    encoder: Annotated[
        str, _options.named("limbeck.encoders", "Whose weights; see limbeck list encoders.", typer.Argument)
    ],
    *,
    to: Annotated[Path, Option(help="Folder they are put into.")],
    checkpoint: Annotated[str | None, Option(help="One of the encoder's; its first by default.")] = None,
    offline: Annotated[bool, Option("--offline", help="Take them from the cache and never ask the network.")] = False,
    json: _options.Json = False,
) -> None:
    """Put all files of an encoder, texts' models too, into one folder.

    Bring the folder to a machine without network and give it there as --weights. What lies in it already is left.
    """
    from limbeck import sounds

    files = sounds.weights(encoder, to=to, checkpoint=checkpoint, offline=offline)
    if json:
        _output.as_json({"folder": str(to), "files": [str(file.relative_to(to)) for file in files]})
        return
    for file in files:
        _output.note(f"{file.relative_to(to)}: {file.stat().st_size / 1e6:.1f} MB")
    typer.echo(to)
