"""``limbeck sounds correct``: tell a classifier what it has wrong."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from limbeck.cli import _options, _output

EXAMPLES = (
    'limbeck sounds correct classifier/ --remove "rain=recordings/applause.wav"',
    'limbeck sounds correct classifier/ --rename "rain=drizzle" --merge "dog+puppy=dog" --drop wind',
    'limbeck sounds correct classifier/ --remove "rain=night.flac@120" --add "wind=night.flac@120"',
    "limbeck sounds correct classifier/ --corrections corrections.json",
)


def run(
    classifier: _options.Classifier,
    *,
    remove: Annotated[
        list[str] | None,
        Option(metavar="LABEL=PATH[@SECONDS]", help="This sound does not stand for the label; may be repeated."),
    ] = None,
    add: Annotated[
        list[str] | None,
        Option(metavar="LABEL=PATH[@SECONDS]", help="This sound stands for the label; may be repeated."),
    ] = None,
    rename: Annotated[
        list[str] | None, Option(metavar="LABEL=NEW", help="Another word for the same; may be repeated.")
    ] = None,
    merge: Annotated[
        list[str] | None, Option(metavar="LABEL+LABEL=NEW", help="One word for several; may be repeated.")
    ] = None,
    drop: Annotated[list[str] | None, Option(metavar="LABEL", help="A word that goes; may be repeated.")] = None,
    corrections: Annotated[Path | None, Option(help="A file of them, as the page saves it.")] = None,
    index: _options.MovedIndex = None,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Take wrong sounds from a word, give it right ones, change the words, and learn again at once.

    Corrections are kept with the classifier and hold when it is learned again. A sound that is not in the index can be
    added too. Words are changed first, so sounds are given to, or taken from, the new ones.
    """
    if not (remove or add or corrections or rename or merge or drop):
        raise typer.BadParameter("Give at least one --remove, --add, --rename, --merge, --drop or --corrections.")
    words: dict[str, Any] = {
        "rename": dict(map(_pair, rename or ())),
        "merge": {new: [one.strip() for one in olds.split("+")] for olds, new in map(_pair, merge or ())},
        "drop": drop or (),
    }

    from limbeck import sounds
    from limbeck.prototypes import SoundClassifier

    encoder: dict[str, Any] = {"weights": weights, "offline": offline, "device": device}
    calibrated = SoundClassifier.load(classifier).calibration is not None
    made = sounds.correct(
        classifier, remove=remove or (), add=add or (), corrections=corrections, index=index, **words, **encoder
    )
    told = sounds.summary(made)
    if json:
        _output.as_json({"classifier": str(classifier), **told})
        return
    _output.note("Learned again with the corrections.", quiet=quiet)
    if calibrated and told["confidence"] is None:
        _output.note(
            "What labelled recordings told of its confidence was of the classifier before; measure it again: limbeck "
            "sounds check --keep.",
            quiet=quiet,
        )
    if told["probe"]:
        _output.note(told["probe"]["said"], quiet=quiet)
    typer.echo(classifier)


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (equals and old.strip() and new.strip()):
        raise typer.BadParameter(f"{text!r} is not of the form OLD=NEW.")
    return old.strip(), new.strip()
