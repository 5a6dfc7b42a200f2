"""``limbeck inspect``: what is in a folder Limbeck wrote."""

from pathlib import Path
from typing import Annotated

import typer

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck inspect prepared/",
    "limbeck inspect distilled/ --json",
)


def run(
    path: Annotated[Path, typer.Argument(help="Folder of a prepared dataset, a distilled set or a run.")],
    *,
    json: _options.Json = False,
) -> None:
    """Describe a prepared dataset, a distilled set or a run."""
    from limbeck import verbs

    description = verbs.inspect(path)
    if json:
        _output.as_json(description)
    else:
        _output.as_outline(description)
