"""``limbeck demo``: the whole way on generated videos, with every baseline, in a few minutes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer
from typer import Option

from limbeck.cli import _options, _output

if TYPE_CHECKING:
    from limbeck.evaluation import Score

EXAMPLES = ("limbeck demo --out demo/",)

SHOWN = "avdd"
CONTROLS = 3
"""So many rows are shown together, as the first table; then each as it comes."""


class Sizes(NamedTuple):
    """How large the demonstration is; chosen so that the first table is there in a minute, on two cores."""

    clips: int = 300  # generated videos
    test_fraction: float = 0.4  # of them that is tested on
    image_size: int = 40  # height and width of frames in pixels
    mels: int = 64
    width: int = 32  # channels of the networks
    per_class: int = 1  # samples stored per class
    hold: str = "mosaic:2"
    steps: int = 60  # of the optimisation
    bank: int = 20  # fixed random networks that real clips are seen through
    repeats: int = 3  # networks trained on each set of few samples
    whole_repeats: int = 2  # networks trained on the whole split, or on a set of nearly as many samples
    epochs: int = 30  # of their training


SIZES = Sizes()


def rows(sizes: Sizes) -> dict[str, tuple[str | None, int, dict[str, Any]]]:
    """The rows of the table by title, the name of their folder, in order: the controls, which are quick, first.

    Each has its method (None for the whole split), networks trained on it, and settings that are not the defaults.
    """
    network = {"options": {"width": sizes.width}}
    encoders = {"network": network, "bank": sizes.bank, "batch": None}
    matching = {"hold": sizes.hold, "steps": sizes.steps, "encoders": encoders}
    return {
        "random": ("random", sizes.repeats, {}),
        "herding": ("herding", sizes.repeats, {"network": network}),
        "herding+mosaic": ("herding", sizes.repeats, {"hold": sizes.hold, "network": network}),
        "dm": ("dm", sizes.repeats, matching),
        "avdd": ("avdd", sizes.repeats, matching),
        "best": ("best", sizes.whole_repeats, {"encoders": encoders}),
        "whole": (None, sizes.whole_repeats, {}),
    }


def run(
    *,
    out: Annotated[Path, Option(help="Folder everything is written to.")],
    seed: _options.Seed = 0,
    device: _options.Device = "auto",
    quiet: _options.Quiet = False,
) -> None:
    """Generate videos, prepare them, distil them with each method, compare the methods, write a page."""
    import limbeck
    from limbeck import report
    from limbeck.datasets.playground import Playground
    from limbeck.engine import bar
    from limbeck.evaluation import Protocol
    from limbeck.media import ClipRecipe, MelRecipe
    from limbeck.networks import Architecture, keep_freed_memory

    keep_freed_memory()
    sizes = SIZES
    heading = f"Accuracy on real test clips, {sizes.per_class} stored sample per class, mean ± sd over networks"

    _output.note(f"1/4 Making {sizes.clips} videos with sound in {out / 'videos'} and preparing them", quiet=quiet)
    videos = Playground(out / "videos", clips=sizes.clips, seed=seed, test_fraction=sizes.test_fraction)
    with bar("Making videos", show=not quiet) as tell:
        videos.make(tell)
    recipe = ClipRecipe(image_size=sizes.image_size, mel=MelRecipe(mels=sizes.mels))
    prepared = limbeck.prepare(videos, out=out / "prepared", recipe=recipe, progress=not quiet)
    shared: dict[str, Any] = {"seed": seed, "device": device, "progress": not quiet}
    scores: dict[str, Score] = {}
    network, protocol = Architecture(options={"width": sizes.width}), Protocol(epochs=sizes.epochs)
    for title, (method, repeats, settings) in rows(sizes).items():
        folder = out / "distilled" / title
        if method is not None:
            _output.note(f"2/4 Distilling: {title}, {sizes.per_class} stored sample per class", quiet=quiet)
            limbeck.distill(prepared, method, out=folder, per_class=sizes.per_class, **settings, **shared)
        _output.note(f"3/4 Training from scratch on: {title}, testing on real clips", quiet=quiet)
        scores[title] = limbeck.evaluate(
            folder if method else None, on=prepared, out=out / "scores", title=title, repeats=repeats,
            network=network, protocol=protocol, **shared,
        )  # fmt: skip
        done = report.table.rows(scores)
        if len(done) == CONTROLS and not quiet:
            _output.as_scores(done, title=f"{heading}: the controls first", quiet=True)
        elif len(done) > CONTROLS:
            found = (f"{key} {spread} %" for key, spread in done[-1].accuracy.items())
            _output.note(f"    {title}: {', '.join(found)}", quiet=quiet)
    _output.note("4/4 Writing the page", quiet=quiet)
    page = report.page(out / "distilled" / SHOWN, on=prepared, out=out / "page", compare=[out / "scores"])
    _output.as_scores(report.table.rows(scores), title=heading, quiet=quiet)
    _output.note("The page to look at and listen to:", quiet=quiet)
    typer.echo(page)
