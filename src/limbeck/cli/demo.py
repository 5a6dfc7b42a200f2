"""``limbeck demo``: the whole way on generated videos, with every baseline, in a few minutes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from limbeck.cli import _options, _output

if TYPE_CHECKING:
    from limbeck.evaluation import Score

EXAMPLES = ("limbeck demo --out demo/",)

CLIPS = 800
IMAGE_SIZE = 64
PER_CLASS = 1
MOSAIC = 2
STEPS = 200
REPEATS = 3
WHOLE_REPEATS = 1
SHOWN = "avdd"


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


ROWS = (
    Row("random", "random", {"mosaic": 1}),
    Row("herding", "herding", {"mosaic": 1}),
    Row("herding+mosaic", "herding", {"mosaic": MOSAIC}),
    Row("dm", "dm", {"mosaic": MOSAIC, "steps": STEPS}),
    Row("avdd", "avdd", {"mosaic": MOSAIC, "steps": STEPS}),
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

    _output.note(f"1/4 Making {CLIPS} videos with sound in {out / 'videos'} and preparing them", quiet=quiet)
    prepared = verbs.prepare(
        "playground",
        out / "videos",
        out=out / "prepared",
        image_size=IMAGE_SIZE,
        progress=not quiet,
        clips=CLIPS,
        seed=seed,
    )
    shared: dict[str, Any] = {"seed": seed, "device": device, "progress": not quiet}
    scores: dict[str, Score] = {}
    for row in ROWS:
        folder = out / "distilled" / row.title
        if row.method is not None:
            _output.note(f"2/4 Distilling: {row.title}, {PER_CLASS} pair(s) a class", quiet=quiet)
            verbs.distill(prepared, row.method, out=folder, per_class=PER_CLASS, **row.settings, **shared)
        _output.note(f"3/4 Training from scratch on: {row.title}, testing on real clips", quiet=quiet)
        scores[row.title] = verbs.evaluate(
            folder if row.method else None,
            on=prepared,
            repeats=REPEATS if row.method else WHOLE_REPEATS,
            out=out / "scores",
            title=row.title,
            **shared,
        )
    _output.note("4/4 Writing the page", quiet=quiet)
    page = verbs.make_report(out / "distilled" / SHOWN, out=out / "page", on=prepared, compare=[out / "scores"])
    _output.as_scores(
        report.table.rows(scores),
        title=f"Accuracy on real test clips, {PER_CLASS} pair(s) a class, mean ± standard deviation over networks",
    )
    _output.note("The page to look at and listen to:", quiet=quiet)
    typer.echo(page)
