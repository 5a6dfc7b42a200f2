"""``limbeck spatial from-video``: the sound of a video, from where it is seen to come."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

NAME = "from-video"
EXAMPLES = (
    "limbeck spatial from-video walk360.mp4 --all-around --out foa.wav",
    "limbeck spatial from-video street.mp4 --field-of-view 70 --out foa.opus",
)


def run(
    video: Annotated[Path, Argument(help="Video with mono sound; of more channels the mean is taken.")],
    *,
    out: Annotated[Path, Option(dir_okay=False, help="File of the sound: .wav, .flac, .opus, .mp4.")],
    all_around: Annotated[bool, Option("--all-around", help="The picture shows all around (equirectangular).")] = False,
    field_of_view: Annotated[
        float | None, Option(metavar="DEGREES", help="Degrees from the left to the right edge of a flat picture.")
    ] = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Give the sound of a video the direction of what moves when it rises; where nothing does, it has none.

    Nothing is learned: one source is followed, which must be seen to move as it sounds. W of the result is the sound
    that came, bit for bit in WAV.
    """
    from limbeck.errors import InputError
    from limbeck.media.projection import Picture
    from limbeck.spatial.directions import angles
    from limbeck.spatial.video import from_video

    if all_around == (field_of_view is not None):
        raise InputError(
            "Say how the picture shows the world: --all-around for 360 degrees (equirectangular), or --field-of-view "
            "DEGREES for an ordinary camera (a phone has about 70). It is not told by the file."
        )
    found = from_video(video, out, Picture(field_of_view))
    azimuth, elevation = angles(found.vectors)
    if json:
        columns = {"time": found.times, "azimuth": azimuth, "elevation": elevation, "correlation": found.score}
        rounded = {name: column.round(3).tolist() for name, column in columns.items()}
        _output.as_json({**rounded, "seen": found.seen.tolist()})
        return
    rows = []
    for second in range(int(found.times[-1]) + 1):
        i = int(abs(found.times - second).argmin())
        where = [f"{azimuth[i]:.0f}", f"{elevation[i]:.0f}"] if found.seen[i] else ["", ""]
        rows.append([f"{second}", *where, f"{found.score[i]:.2f}"])
    _output.as_table([">s", ">azimuth", ">elevation", ">correlation"], rows)
    _output.note(f"In {100 * found.seen.mean():.0f} % of the frames something is seen that sounds.", quiet=quiet)
    typer.echo(out)
