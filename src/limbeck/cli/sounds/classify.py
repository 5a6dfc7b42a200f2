"""``limbeck sounds classify``: new recordings to names."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds classify classifier/ new/a.wav new/b.wav",
    "limbeck sounds classify classifier/ new/ --json",
    "limbeck sounds classify classifier/ recordings/ --append results.csv --min-score 0.6",
    "limbeck sounds classify classifier/ night.flac --by window --window 5 --hop 2.5 --top 2",
)

NATURES = {"silence": "silence", "noise": "noise", "unsure": "unsure", "unknown": "none of these"}
"""What is printed of a sound that gets no word."""


def run(
    classifier: _options.Classifier,
    files: Annotated[list[Path], Argument(help="Recordings, or folders of them.")],
    *,
    by: Annotated[
        Literal["file", "window"], Option(help="What is named: each recording, or each window of it.")
    ] = "file",
    top: _options.Top = 3,
    always: _options.Always = False,
    min_score: _options.MinScore = None,
    append: Annotated[
        Path | None,
        Option(
            dir_okay=False,
            help="Table (CSV) that rows are added to; recordings that are in it, by their content, are skipped.",
        ),
    ] = None,
    window: _options.Window = None,
    hop: _options.Hop = None,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Name recordings: the likeliest words with their scores, or none of these.

    Files that cannot be read are told and skipped; only if all of them are is that an error.
    """
    from limbeck import sounds
    from limbeck.errors import InputError

    naming: dict[str, Any] = {"top": top, "always": always, "window": window, "hop": hop}
    naming |= {"weights": weights, "offline": offline, "device": device}
    naming |= {"min_score": min_score, "append": append, "told": partial(_output.note, quiet=quiet)}
    found = list(sounds.classify(classifier, files, by=by, progress=not quiet, **naming))
    cells = []
    for row in found:
        if isinstance(row, sounds.Unread):
            _output.note(row.sentence(), quiet=quiet)
            continue
        then = ", ".join(f"{label} {score:.2f}" for label, score in row.scores[row.label is not None :])
        score = f"{row.scores[0][1]:.2f}" if row.label is not None else ""
        cells.append(
            [str(row.path), f"{row.start_s:.1f}", row.label or f"({NATURES[row.nature or 'unknown']})", score, then]
        )
    if json:
        _output.as_json([row.to_json() for row in found])
    elif cells:
        _output.as_table(["recording", ">from s", "name", ">score", "then"], cells, unbroken=1)
    if not cells and found:
        raise InputError(f"None of the {len(found)} recordings can be read; the reasons are above.")
