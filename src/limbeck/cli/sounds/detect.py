"""``limbeck sounds detect``: a classifier and an archive of recordings to events in time."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds detect classifier/ archive/ --out detections/",
    "limbeck sounds detect classifier/ archive/ --out detections/ --form raven --form audacity",
    'limbeck sounds detect classifier/ archive/ --out detections/ --min-confidence 0.7 --threshold "dog bark=0.9"',
    'limbeck sounds detect classifier/ archive/ --out detections/ --names "{site}_%d%m%y_%H%M"',
    "limbeck sounds detect classifier/ archive/ --out detections/ --page",
    "limbeck sounds detect classifier/ index/ --out detections/",
)


def run(
    classifier: _options.Classifier,
    archive: Annotated[
        list[Path], Argument(help="Folders of recordings, searched at all depths, or recordings; or an index.")
    ],
    *,
    out: Annotated[Path, Option(help="Folder of the detections; what it holds already is not heard again.")],
    form: Annotated[
        list[str] | None,
        _options.named(
            "limbeck.detections",
            "Form to write, see limbeck list detections; may be repeated. csv and parquet by default.",
        ),
    ] = None,
    min_confidence: Annotated[
        float | None,
        Option(
            help="Confidence that an event must reach, from 0 to 1, a probability where the classifier is calibrated; "
            "each word's own, if it has one, or else 0.5 by default."
        ),
    ] = None,
    threshold: Annotated[
        list[str] | None, Option(metavar="WORD=CONFIDENCE", help="The same for one word; may be repeated.")
    ] = None,
    release: Annotated[
        float, Option(help="An event goes on while its score is at least this fraction of what it must reach.")
    ] = 0.7,
    merge: Annotated[
        float | None, Option(help="Seconds between two events of a word that are one; a step by default.")
    ] = None,
    min_length: Annotated[float, Option(help="Shorter events are left out, in seconds.")] = 0.0,
    names: Annotated[
        str | None,
        Option(
            metavar="PATTERN",
            help="How recordings are named, with %Y %m %d %H %M %S, * and {site}; AudioMoth, Song Meter and ISO 8601 "
            "are known.",
        ),
    ] = None,
    window: _options.Window = None,
    hop: Annotated[float | None, Option(help="Seconds from one window to the next; half a window by default.")] = None,
    workers: Annotated[int | None, Option(min=1, help="Processes that decode; one a core by default.")] = None,
    page: Annotated[
        bool, Option("--page", help="Write a page to look at, page/index.html: by word, hour, day and site.")
    ] = False,
    fresh: Annotated[
        bool, Option("--fresh", help="Forget what another classifier, or one of other windows, heard.")
    ] = False,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Find events in all recordings of an archive, with beginnings and ends, and write them for other tools.

    Given again, only new recordings are heard; other thresholds, forms and names need no sound at all. Killed at any
    moment, the same command goes on.
    """
    levels: dict[str, float] = {}
    for pair in threshold or ():
        label, _, level = pair.rpartition("=")
        if label in levels:
            raise typer.BadParameter(f"{label!r} is given more than once.", param_hint="--threshold")
        levels[label] = _level(pair, level)

    from limbeck import sounds
    from limbeck.detections import EventSettings

    said = {"thresholds": levels, "release": release, "merge_s": merge, "min_s": min_length}
    said |= {} if min_confidence is None else {"threshold": min_confidence}
    settings = EventSettings.from_json(said)
    how: dict[str, Any] = {"settings": settings, "names": names, "window": window, "hop": hop, "workers": workers}
    how |= {"weights": weights, "offline": offline, "device": device, "fresh": fresh, "page": page}
    how |= {"forms": form} if form else {}
    made = sounds.detect(classifier, archive, out=out, progress=not quiet, **how)
    for _, _, detail in made.rejected:
        _output.note(detail, quiet=quiet)
    for path in made.damaged:
        what = "was heard anew" if path.exists() else "is in no table any more: the recording is not there"
        _output.note(f"What was known of {path} was damaged; it {what}.", quiet=quiet)
    for one in made.edited:
        _output.note(one.sentence(), quiet=quiet)
    gone = f", {made.gone} of them no longer there" if made.gone else ""
    _output.note(
        f"{made.recordings} recordings, {made.seconds / 3600:.1f} hours{gone}; {made.heard} heard now, "
        f"{len(made.rejected)} cannot be used.",
        quiet=quiet,
    )
    _output.note(made.confidence, quiet=quiet)
    if json:
        _output.as_json(made.to_json())
        return
    _output.as_table(["word", ">events"], [[label, str(count)] for label, count in made.counts.items()])
    typer.echo(out)


def _level(pair: str, level: str) -> float:
    try:
        return float(level)
    except ValueError:
        raise typer.BadParameter(f"{pair!r} is not of the form word=confidence.", param_hint="--threshold") from None
