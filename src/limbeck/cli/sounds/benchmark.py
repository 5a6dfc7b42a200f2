"""``limbeck sounds benchmark``: a whole comparison of classifiers of sounds from one file."""

from pathlib import Path
from typing import Annotated, Any

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds benchmark esc10",
    "limbeck sounds benchmark esc50 --out runs/ --data ESC-50-master/",
    "limbeck sounds benchmark esc10 --out runs/ --data esc10/ --weights weights/ --offline",
)


def run(
    recipe: Annotated[str, _options.recipe("sounds", "sound-recipes")],
    *,
    out: _options.Runs = Path("runs"),
    data: _options.Data = None,
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

    asked = comparison.Recipe.load(recipe, kind="sounds")
    place: dict[str, Any] = {"data": data, "weights": weights, "offline": offline, "device": device}
    found = comparison.run(
        asked, name=Path(recipe).stem, out=out, progress=not quiet, command=_output.typed(),
        on_job=lambda what, done, total: _output.note(what, quiet=quiet or not what), **place,
    )  # fmt: skip
    _output.as_comparison(found, out / found.name, json=json, quiet=quiet)
