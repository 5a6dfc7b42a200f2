"""``limbeck sounds correct``: tell a classifier what it has wrong."""

from pathlib import Path
from typing import Annotated

import typer

from limbeck.cli import _options as _common
from limbeck.cli import _output
from limbeck.cli.sounds import _options

EXAMPLES = (
    'limbeck sounds correct classifier/ --remove "rain=recordings/applause.wav"',
    'limbeck sounds correct classifier/ --remove "rain=night.flac@120" --add "wind=night.flac@120"',
    "limbeck sounds correct classifier/ --corrections corrections.json",
)


def run(
    classifier: Annotated[Path, typer.Argument(help="Folder of a classifier.")],
    *,
    remove: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL=PATH[@SECONDS]", help="This sound does not stand for the label; may be repeated."),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL=PATH[@SECONDS]", help="This sound stands for the label; may be repeated."),
    ] = None,
    corrections: Annotated[Path | None, typer.Option(help="A file of them, as the page saves it.")] = None,
    index: Annotated[str | None, typer.Option(help="The index it was learned from, if it has moved.")] = None,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _common.Device = "auto",
    json: _common.Json = False,
    quiet: _common.Quiet = False,
) -> None:
    """Take wrong sounds from a word, give it right ones, and learn again at once.

    Corrections are kept with the classifier and hold when it is learned again. A sound that is not in the index can be
    added too.
    """
    if not (remove or add or corrections):
        raise typer.BadParameter("Give at least one --remove, --add or --corrections.")

    from limbeck import sounds

    made = sounds.correct(
        classifier,
        remove=remove or (),
        add=add or (),
        corrections=corrections,
        index=index,
        weights=weights,
        offline=offline,
        device=device,
    )
    if json:
        _output.as_json({"classifier": str(classifier), **sounds.summary(made)})
        return
    _output.note("Learned again with the corrections.", quiet=quiet)
    typer.echo(classifier)
