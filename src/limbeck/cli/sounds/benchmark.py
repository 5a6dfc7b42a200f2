"""``limbeck sounds benchmark``: a whole comparison of classifiers of sounds from one file."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds benchmark esc10",
    "limbeck sounds benchmark esc50 --out runs/ --data ESC-50-master/",
    "limbeck sounds benchmark esc10 --out runs/ --data esc10/ --weights weights/ --offline",
)


def run(
    recipe: Annotated[str, _options.recipe("sounds", "sound-recipes")],
    *,
    out: Annotated[Path, Option(help="Folder of all runs; they share embeddings.")] = Path("runs"),
    data: Annotated[Path | None, Option(help="Where the recordings are, if not where the recipe says.")] = None,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Measure every classifier of a recipe on every fold, and its ablations; stopped, it goes on.

    The tables and figures are in OUT/NAME.
    """
    from limbeck import comparison

    place: dict[str, Any] = {"data": data, "weights": weights, "offline": offline, "device": device}
    results = comparison.run(
        comparison.Recipe.load(recipe, kind="sounds"),
        name=Path(recipe).stem,
        out=out,
        progress=not quiet,
        on_job=lambda what, done, total: _output.note(what, quiet=quiet or not what),
        command=_output.typed(),
        **place,
    )
    table = out / results.name / ("table.json" if json else "table.md")
    typer.echo(table.read_text(encoding="utf-8"))
    _output.note(f"Tables and figures: {out / results.name}", quiet=quiet)
    if results.about["failed"]:
        raise typer.Exit(1)
