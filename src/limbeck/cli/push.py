"""``limbeck push``: a distilled set to the Hugging Face hub."""

from typing import Annotated

from typer import Argument

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck push distilled/ ada/bells-distilled --licence cc-by-4.0 --dry-run",
    "limbeck push distilled/ ada/bells-distilled --licence cc-by-4.0 --private",
)


def run(
    distilled: _options.Distilled,
    name: Annotated[str, Argument(metavar="OWNER/NAME", help="Dataset repository of the hub; made if need be.")],
    *,
    licence: _options.Licence = "",
    private: _options.Private = False,
    dry_run: _options.DryRun = False,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Put a distilled set on the Hugging Face hub, with a card, pictures and its accuracies.

    Log in once with hf auth login. Others load it with limbeck pull, or limbeck.DistilledSet.from_pretrained.
    """
    import limbeck

    upload = limbeck.push(distilled, name, licence=licence, private=private, dry_run=dry_run, progress=not quiet)
    _output.as_upload(upload, json=json, quiet=quiet)
