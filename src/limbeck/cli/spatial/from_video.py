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
    "limbeck spatial from-video walk360.mp4 --all-around --localiser localiser/ --out foa.wav",
)


def run(
    video: Annotated[Path, Argument(help="Video with mono sound; of more channels the mean is taken.")],
    *,
    out: Annotated[Path, Option(dir_okay=False, help="File of the sound: .wav, .flac, .opus, .mp4.")],
    all_around: Annotated[bool, Option("--all-around", help="The picture shows all around (equirectangular).")] = False,
    field_of_view: Annotated[
        float | None, Option(metavar="DEGREES", help="Degrees from the left to the right edge of a flat picture.")
    ] = None,
    localiser: Annotated[
        str, Option(help="What finds what sounds: motion, or the folder of one that limbeck spatial learn trained.")
    ] = "motion",
    most: Annotated[int, Option(min=1, help="Sources that are looked for.")] = 2,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Give the sound of a video the direction of what sounds in it; where nothing that is seen does, it has none.

    By itself nothing is learned: a source is what moves when the sound rises. A second one away from the first gets
    its part of the sound. W of the result is the sound that came, bit for bit in WAV.
    """
    from limbeck.errors import InputError
    from limbeck.media.projection import Picture
    from limbeck.spatial import localisers
    from limbeck.spatial.directions import angles
    from limbeck.spatial.video import from_video

    if all_around == (field_of_view is not None):
        raise InputError(
            "Say how the picture shows the world: --all-around for 360 degrees (equirectangular), or --field-of-view "
            "DEGREES for an ordinary camera (a phone has about 70). It is not told by the file."
        )
    picture = Picture(field_of_view)
    sources = from_video(video, out, picture, localiser=localisers.opened(localiser), most=most)
    if json:
        told = []
        for source in sources:
            azimuth, elevation = angles(source.vectors)
            columns = {"time": source.times, "azimuth": azimuth, "elevation": elevation, "score": source.score}
            rounded = {name: column.round(3).tolist() for name, column in columns.items()}
            told.append({**rounded, "least": source.least, "seen": source.seen.tolist()})
        _output.as_json(told)
        return
    rows = []
    for number, source in enumerate(sources, 1):
        azimuth, elevation = angles(source.vectors)
        for second in range(int(source.times[-1]) + 1):
            i = int(abs(source.times - second).argmin())
            where = [f"{azimuth[i]:.0f}", f"{elevation[i]:.0f}"] if source.seen[i] else ["", ""]
            rows.append([f"{number}", f"{second}", *where, f"{source.score[i]:.2f}"])
    _output.as_table([">source", ">s", ">azimuth", ">elevation", ">score"], rows)
    for number, source in enumerate(sources, 1):
        share = f"{100 * source.seen.mean():.0f} %"
        _output.note(
            f"In {share} of the frames source {number} is seen to sound (score {source.least:.2f}).", quiet=quiet
        )
    typer.echo(out)
