"""``limbeck sounds check``: how well a classifier names recordings of one's own."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds check classifier/ labels.csv",
    "limbeck sounds check classifier/ labels.csv --keep",
    "limbeck sounds check classifier/ labels.csv --json",
)


def run(
    classifier: _options.Classifier,
    labels: Annotated[
        Path, Argument(help="CSV file with a column path (relative to the file) and a column label for recordings.")
    ],
    *,
    keep: Annotated[
        bool,
        Option(
            "--keep",
            help="Keep the suggested thresholds, below which sounds are named by none of the words, and what the "
            "labels say of confidence.",
        ),
    ] = False,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Measure accuracy on labelled recordings, what is confused with what, and from which score on to believe a word.

    Twenty recordings tell something. A recording with an empty label, or one that is no word of the classifier, should
    be named by none.
    """
    from limbeck import sounds
    from limbeck.prototypes.confidence import ENOUGH

    encoder: dict[str, Any] = {"weights": weights, "offline": offline, "device": device}
    found = sounds.check(classifier, labels, keep=keep, progress=not quiet, **encoder)
    for row in found.unread:
        _output.note(row.sentence(), quiet=quiet)
    if json:
        _output.as_json(found.to_json())
        return
    low, high = found.interval
    typer.echo(
        f"accuracy: {100 * found.accuracy:.1f} % ({found.right} of {found.recordings}; 95 % interval "
        f"{100 * low:.1f} to {100 * high:.1f} %)"
    )
    if found.foreign:
        said = ", ".join(f"{label} ({count})" for label, count in found.foreign)
        typer.echo(
            f"{sum(count for _, count in found.foreign)} recordings have labels that are no word of this classifier; "
            f"they count as right where they get none: {said}. Is a word meant, write it as the classifier does, or "
            "rename its word (limbeck sounds correct --rename)."
        )
    cells = []
    for word in found.words:
        there = [(precision, recall) for at, precision, recall in word.curve if at >= (word.threshold or 0)]
        then = there[0] if word.threshold is not None and there else (None, None)
        numbers = [_percent(value) for value in (word.precision, word.recall)]
        least = "" if word.threshold is None else f"{word.threshold:.3f}"
        cells.append([word.label, str(word.recordings), *numbers, least, *map(_percent, then)])
    heads = [">recordings", ">precision %", ">recall %", ">threshold", ">then precision %", ">then recall %"]
    _output.as_table(["word", *heads], cells)
    if found.windows > found.recordings:
        _output.note(
            f"Thresholds and confidence are measured on {found.windows} windows, as they are used; the other numbers "
            "are of recordings.",
            quiet=quiet,
        )
    if found.confusions:
        none = "(none of the words)"
        lines = [[true or none, named or none, str(count)] for true, named, count in found.confusions]
        _output.as_table(["is", "was named", ">times"], lines, title="Mistakes")
    if found.confidence is None:
        typer.echo(
            f"Confidence is not calibrated: that takes {ENOUGH} right and {ENOUGH} wrong words that were scored."
        )
    else:
        typer.echo(found.confidence.sentence())
        _output.as_table(
            [">said %", ">was right %", ">cases"],
            [[_percent(one.said), _percent(one.right), str(one.cases)] for one in found.confidence.bins],
            title="Reliability on recordings left out",
        )
    _output.note(
        "The thresholds are kept with the classifier; limbeck sounds classify goes by them."
        if found.kept
        else "--keep keeps the thresholds with the classifier. They were chosen on these very recordings, which "
        "flatters what stands beside them.",
        quiet=quiet,
    )


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"
