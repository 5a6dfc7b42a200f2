"""``limbeck sounds push``: a classifier to the Hugging Face hub."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds push classifier/ ada/dawn-chorus --licence cc-by-4.0 --dry-run",
    "limbeck sounds push classifier/ ada/dawn-chorus --licence cc-by-4.0 --check labels.csv",
)


def run(
    classifier: _options.Classifier,
    name: Annotated[str, Argument(metavar="OWNER/NAME", help="Model repository of the hub; made if need be.")],
    *,
    licence: _options.Licence = "",
    check: Annotated[
        Path | None,
        Option(help="CSV file of labelled recordings that it is measured on first, as by limbeck sounds check."),
    ] = None,
    recordings: Annotated[
        bool, Option("--recordings", help="Name the files of the recordings behind the words; else they are numbered.")
    ] = False,
    private: _options.Private = False,
    dry_run: _options.DryRun = False,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Put a classifier on the Hugging Face hub, with a card that says what it names and how well.

    Log in once with hf auth login. Others load it with limbeck sounds pull, or limbeck.SoundClassifier.from_pretrained.
    """
    from limbeck import sounds

    encoder: dict[str, Any] = {"weights": weights, "offline": offline, "device": device}
    upload = sounds.push(
        classifier, name, licence=licence, check=check, recordings=recordings, private=private, dry_run=dry_run,
        progress=not quiet, **encoder,
    )  # fmt: skip
    _output.as_upload(upload, json=json, quiet=quiet)
