"""``limbeck sounds pull``: a classifier from the Hugging Face hub."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds pull ada/dawn-chorus --out classifier/",
    "limbeck sounds pull ada/dawn-chorus --revision v1 --out classifier/",
)


def run(
    name: Annotated[str, Argument(metavar="OWNER/NAME", help="Model repository of the hub.")],
    *,
    out: Annotated[Path, Option(help="Folder of the classifier.")],
    revision: _options.Revision = None,
    offline: _options.Cached = False,
    max_bytes: _options.MaxBytes = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Fetch a classifier from the Hugging Face hub. No code of its repository is run.

    Its encoder's weights are no part of it; limbeck sounds weights fetches them.
    """
    from limbeck import sounds

    limits = {} if max_bytes is None else {"max_bytes": max_bytes}
    learned = sounds.pull(name, out=out, revision=revision, offline=offline, progress=not quiet, **limits)
    if json:
        _output.as_json({"classifier": str(out), **sounds.summary(learned)})
        return
    _output.note(
        f"{learned.source}: {len(learned.labels)} words, by the encoder {learned.encoder.name}. How well it names "
        "recordings of yours is said by limbeck sounds check.",
        quiet=quiet,
    )
    typer.echo(out)
