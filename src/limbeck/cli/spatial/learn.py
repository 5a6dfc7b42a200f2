"""``limbeck spatial learn``: a localiser, from videos of things that sound."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck spatial learn prepared/ --out localiser/",
    "limbeck spatial learn prepared/ prepared_flat/ --steps 2000 --out localiser/",
)


def run(
    data: Annotated[
        list[Path], Argument(help="Prepared datasets, or distilled sets, with sound and pictures of the same classes.")
    ],
    *,
    out: Annotated[Path, Option(help="Folder of the localiser.")],
    steps: Annotated[int, Option(min=1, help="Steps of its training.")] = 1000,
    batch: Annotated[int, Option(min=4, help="Clips that are told from one another in a step.")] = 32,
    seed: _options.Seed = 0,
    quiet: _options.Quiet = False,
) -> None:
    """Train a small network to find in a picture what sounds, for limbeck spatial from-video --localiser.

    It learns which looks go with which sounds from clips of one thing that is seen and heard; labels say which clips
    are no counterexamples of each other. Where things are is not shown to it.
    """
    from limbeck.engine import bar
    from limbeck.spatial import learn

    with bar("Learning", show=not quiet) as tell:
        made = learn(data, out, steps=steps, batch=batch, seed=seed, tell=lambda step, _: tell(step, steps))
    _output.note(f"From a score of {made.settings.least:.2f} on, something that is seen sounds.", quiet=quiet)
    typer.echo(out)
