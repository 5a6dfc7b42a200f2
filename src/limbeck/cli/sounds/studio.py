"""``limbeck sounds studio``: find, hear, name and correct in a browser."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds studio index/",
    "limbeck sounds studio index/ --classifier classifier/",
    "limbeck sounds studio index/ --classifier classifier/ --port 8000 --points 3000",
)


def run(
    index: _options.Index,
    *,
    classifier: Annotated[
        Path | None,
        Option(
            help="Folder the classifier and all work on it are kept in, new or a classifier's; INDEX-classifier by "
            "default."
        ),
    ] = None,
    port: Annotated[int, Option(min=0, max=65535, help="Port of this machine; 0 for any that is free.")] = 0,
    points: Annotated[int, Option(min=1, help="Most windows on the map.")] = 1500,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    seed: _options.Seed = 0,
    quiet: _options.Quiet = False,
) -> None:
    """Serve a page on this machine to search sounds, listen, name them and correct, until Ctrl-C.

    Every click is kept at once and learned at once. The address has a secret in it: nobody else can use the page.
    """
    from limbeck import studio

    def opened(address: str) -> None:
        _output.note("Open this address in a browser on this machine; Ctrl-C ends the studio.", quiet=quiet)
        typer.echo(address)

    encoder: dict[str, Any] = {"weights": weights, "offline": offline, "device": device}
    studio.serve(index, classifier, port=port, points=points, seed=seed, opened=opened, **encoder)
