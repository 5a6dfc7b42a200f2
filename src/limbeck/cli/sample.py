"""``limbeck sample``: samples of a distilled set that is a model, any number."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sample model/ --per-class 50 --out samples/",
    "limbeck sample model/ --per-class 50 --seed 1 --out others/",
)


def run(
    distilled: _options.Distilled,
    *,
    per_class: Annotated[int, Option(min=1, help="Samples of each class.")],
    out: Annotated[Path, Option(help="Folder of the set that holds them; it is new or empty.")],
    seed: _options.Seed = 0,
    quiet: _options.Quiet = False,
) -> None:
    """Draw samples from a set that is a model (method generator), as a set that holds them."""
    import limbeck
    from limbeck import _files

    _files.refuse_full(out)
    made = limbeck.DistilledSet.load(distilled).drawn(per_class, seed=seed).unpacked()
    made.save(out)
    _output.note(
        f"{made.rows} samples of {len(made.classes)} classes, {made.stored_bytes:,} bytes as {made.storage.name}.",
        quiet=quiet,
    )
    typer.echo(out)
