"""``limbeck spatial selftest``: a clip that shows whether a player has its axes right."""

from pathlib import Path
from typing import Annotated

from typer import Option

from limbeck.cli import _options, _output

EXAMPLES = ("limbeck spatial selftest --out selftest/",)


def run(
    *,
    out: Annotated[Path, Option(help="Folder of the clip.")],
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Write clicks in front, left, behind, right and above, with the picture that belongs to them, all around.

    Play selftest.mp4: one click in front, two to the left, three behind, four to the right, five above, and a disc in
    each place. Where a player shows the disc elsewhere than you hear the clicks, its axes are not those of AmbiX.
    """
    from limbeck.spatial.directions import great_circle, vectors
    from limbeck.spatial.selftest import PLACES, selftest

    found = selftest(out)
    if json:
        _output.as_json({name: {"azimuth": place[0], "elevation": place[1]} for name, place in found.items()})
        return
    rows = []
    for name, place in found.items():
        error = float(great_circle(vectors(*place), vectors(*PLACES[name])))
        rows.append([name, *(f"{value:.0f}" for value in (*PLACES[name], *place)), f"{error:.1f}"])
    _output.as_table(["clicks", ">azimuth", ">elevation", ">measured", ">elevation", ">error"], rows)
    _output.note(
        f"The clip, with pictures all around: {out / 'selftest.mp4'}; its sound alone: selftest.wav", quiet=quiet
    )
