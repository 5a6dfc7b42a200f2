"""``limbeck demo``: the whole way on generated videos, with every baseline, in a few minutes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from limbeck.cli import _options, _output

if TYPE_CHECKING:
    from limbeck.evaluation import Score

EXAMPLES = ("limbeck demo --out demo/",)

SHOWN = "avdd"


class Sizes(NamedTuple):
    """How large the demonstration is; chosen so that it ends within minutes on two cores.

    Attributes:
        clips: Generated videos.
        image_size: Height and width of frames in pixels.
        width: Channels of the networks.
        per_class: Pairs stored a class.
        mosaic: Cells a side of packed pairs.
        steps: Optimisation steps.
        bank: Fixed random networks that real clips are seen through.
        repeats: Networks trained on each set.
        whole_repeats: Networks trained on the whole split.
        epochs: Of their training.
    """

    clips: int = 800
    image_size: int = 64
    width: int = 32
    per_class: int = 1
    mosaic: int = 2
    steps: int = 200
    bank: int = 20
    repeats: int = 5
    whole_repeats: int = 2
    epochs: int = 30


SIZES = Sizes()


class Row(NamedTuple):
    """One row of the demonstration's table.

    Attributes:
        title: Name in the table and of the folder.
        method: Name of the method; None for the whole training split.
        settings: What differs from the method's defaults.
    """

    title: str
    method: str | None
    settings: dict[str, Any]


def rows(sizes: Sizes) -> tuple[Row, ...]:
    """The rows of the table, in order."""
    network = {"options": {"width": sizes.width}}
    encoders = {"network": network, "bank": sizes.bank, "batch": None}
    matching = {"mosaic": sizes.mosaic, "steps": sizes.steps, "encoders": encoders}
    return (
        Row("random", "random", {"mosaic": 1}),
        Row("herding", "herding", {"mosaic": 1, "network": network}),
        Row("herding+mosaic", "herding", {"mosaic": sizes.mosaic, "network": network}),
        Row("dm", "dm", matching),
        Row("avdd", "avdd", matching),
        Row("whole", None, {}),
    )


def run(
    *,
    out: Annotated[Path, typer.Option(help="Folder everything is written to.")],
    seed: _options.Seed = 0,
    device: _options.Device = "auto",
    quiet: _options.Quiet = False,
) -> None:
    """Generate videos, prepare them, distil them with each method, compare the methods, write a page."""
    from limbeck import report, verbs
    from limbeck.evaluation import Protocol
    from limbeck.networks import Architecture

    sizes = SIZES

    _output.note(f"1/4 Making {sizes.clips} videos with sound in {out / 'videos'} and preparing them", quiet=quiet)
    prepared = verbs.prepare(
        "playground",
        out / "videos",
        out=out / "prepared",
        image_size=sizes.image_size,
        progress=not quiet,
        clips=sizes.clips,
        seed=seed,
    )
    shared: dict[str, Any] = {"seed": seed, "device": device, "progress": not quiet}
    scores: dict[str, Score] = {}
    for row in rows(sizes):
        folder = out / "distilled" / row.title
        if row.method is not None:
            _output.note(f"2/4 Distilling: {row.title}, {sizes.per_class} pair(s) a class", quiet=quiet)
            verbs.distill(prepared, row.method, out=folder, per_class=sizes.per_class, **row.settings, **shared)
        _output.note(f"3/4 Training from scratch on: {row.title}, testing on real clips", quiet=quiet)
        scores[row.title] = verbs.evaluate(
            folder if row.method else None,
            on=prepared,
            repeats=sizes.repeats if row.method else sizes.whole_repeats,
            network=Architecture(options={"width": sizes.width}),
            protocol=Protocol(epochs=sizes.epochs),
            out=out / "scores",
            title=row.title,
            **shared,
        )
    _output.note("4/4 Writing the page", quiet=quiet)
    page = verbs.make_report(out / "distilled" / SHOWN, out=out / "page", on=prepared, compare=[out / "scores"])
    _output.as_scores(
        report.table.rows(scores),
        title=f"Accuracy on real test clips, {sizes.per_class} pair(s) a class, mean ± sd over networks",
        quiet=quiet,
    )
    _output.note("The page to look at and listen to:", quiet=quiet)
    typer.echo(page)
