"""``limbeck sounds watch``: name what arrives."""

import json as _json
from typing import Annotated, Any

import typer
from typer import Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds watch classifier/ --input incoming/",
    "limbeck sounds watch classifier/ --input incoming/ --existing --json",
    "limbeck sounds watch classifier/ --input microphone --window 3 --hop 1",
)


def run(
    classifier: _options.Classifier,
    *,
    input: Annotated[str, Option(help="A folder files are written to, or the word microphone.")],
    existing: Annotated[bool, Option("--existing", help="Name the files that are in the folder already, too.")] = False,
    count: Annotated[int | None, Option(min=1, help="Leave after so many sounds.")] = None,
    top: _options.Top = 3,
    always: _options.Always = False,
    min_score: _options.MinScore = None,
    window: _options.Window = None,
    hop: _options.Hop = None,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    json: Annotated[bool, Option("--json", help="Print one JSON object a line.")] = False,
    quiet: _options.Quiet = False,
) -> None:
    """Name each file that arrives in a folder once it is complete, or what a microphone hears, until Ctrl-C."""
    from limbeck import sounds

    naming: dict[str, Any] = {"top": top, "always": always, "window": window, "hop": hop, "min_score": min_score}
    naming |= {"weights": weights, "offline": offline, "device": device}
    heard = sounds.watch(classifier, input, existing=existing, **naming)
    _output.note(f"Waiting for sounds from {input}; Ctrl-C ends it.", quiet=quiet)
    for done, row in enumerate(heard, 1):
        if json:
            typer.echo(_json.dumps(row.to_json()))
        elif isinstance(row, sounds.Unread):
            _output.note(row.sentence())
        else:
            scores = ", ".join(f"{label} {score:.2f}" for label, score in row.scores)
            typer.echo(f"{row.path} {row.start_s:.1f} s: {row.label or '(none of these)'} ({scores})")
        if done == count:
            return
