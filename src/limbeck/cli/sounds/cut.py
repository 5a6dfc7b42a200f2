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
    "limbeck sounds cut detections/events.csv --root archive/ --margin 1 --out clips/",
)


def run(
    found: Annotated[
        Path,
        Argument(
            help="Table (CSV) of limbeck sounds classify --append or of detect, what classify or search print with "
            "--json, or a set of search --save."
        ),
    ],
    *,
    out: Annotated[Path, Option(help="Folder of the clips, with one for each label.")],
    root: Annotated[
        Path | None,
        Option(
            help="Folder that the table's paths begin from: for events of detect, the archive. By default the table's "
            "own folder."
        ),
    ] = None,
    label: Annotated[list[str] | None, Option(help="Only sounds of this label; may be repeated.")] = None,
    min_score: Annotated[float, Option(min=0, max=1, help="Only sounds with at least this score.")] = 0.0,
    margin: Annotated[float, Option(min=0, help="Seconds more before and after.")] = 0.0,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Cut what was found out of its recordings: a WAV file for each sound, in a folder for each label."""
    from limbeck import sounds
    from limbeck.errors import InputError

    rows = list(sounds.cut(found, out=out, root=root, labels=label or (), min_score=min_score, margin=margin))
    clips = [row for row in rows if isinstance(row, sounds.Clip)]
    # A recording that is gone says so once, whatever was found in it.
    for sentence in dict.fromkeys(row.sentence() for row in rows if isinstance(row, sounds.Unread)):
        _output.note(sentence, quiet=quiet)
    if rows and not clips:
        raise InputError(
            f"None of the {len(rows)} sounds of {found} could be cut; the reasons are above. If its recordings lie "
            "elsewhere, name the folder that its paths begin from with --root."
        )
    if json:
        _output.as_json([row.to_json() for row in rows])
        return
    _output.note(f"{len(clips)} clips were written, {len(rows) - len(clips)} could not be.", quiet=quiet)
    typer.echo(out)
