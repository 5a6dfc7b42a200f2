"""``limbeck sounds cut``: clips of what was found."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds cut results.csv --out clips/",
    "limbeck sounds cut results.csv --label rain --min-score 0.8 --margin 0.5 --out clips/",
    "limbeck sounds cut hits.json --out clips/",
)


def run(
    found: Annotated[
        Path,
        Argument(help="Table (CSV) of limbeck sounds classify --append, or what classify or search print with --json."),
    ],
    *,
    out: Annotated[Path, Option(help="Folder of the clips, with one for each label.")],
    label: Annotated[list[str] | None, Option(help="Only sounds of this label; may be repeated.")] = None,
    min_score: Annotated[float, Option(min=0, max=1, help="Only sounds with at least this score.")] = 0.0,
    margin: Annotated[float, Option(min=0, help="Seconds more before and after.")] = 0.0,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Cut what was found out of its recordings: a WAV file for each sound, in a folder for each label."""
    from limbeck import sounds

    rows = list(sounds.cut(found, out=out, labels=label or (), min_score=min_score, margin=margin))
    clips = [row for row in rows if isinstance(row, sounds.Clip)]
    for row in rows:
        if isinstance(row, sounds.Unread):
            _output.note(row.sentence(), quiet=quiet)
    if json:
        _output.as_json([row.to_json() for row in rows])
        return
    _output.note(f"{len(clips)} clips were written, {len(rows) - len(clips)} could not be.", quiet=quiet)
    typer.echo(out)
