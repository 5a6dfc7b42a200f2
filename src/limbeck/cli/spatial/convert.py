"""``limbeck spatial convert``: an ambisonic file in another convention."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck spatial convert --from fuma b-format.wav ambix.wav",
    "limbeck spatial convert --from fuma b-format.ogg ambix.opus",
    "limbeck spatial convert --from ambix --to n3d foa.wav n3d.wav",
    "limbeck spatial convert --from ambix --yaw 90 foa.wav turned.wav",
)


def run(
    source: Annotated[Path, Argument(help="File with 4, 9 or 16 channels.")],
    target: Annotated[Path, Argument(help="File to write: .wav, .flac, .opus, .mp4.")],
    *,
    from_: Annotated[str, Option("--from", help="Convention of the file: ambix, fuma or n3d. It is never guessed.")],
    to: Annotated[str, Option(help="Convention to write; .opus and .mp4 know AmbiX alone.")] = "ambix",
    yaw: Annotated[float, Option(help="Degrees that the sound is turned to the left.")] = 0.0,
    pitch: Annotated[float, Option(help="Degrees that the front is turned up.")] = 0.0,
    roll: Annotated[float, Option(help="Degrees that the left is turned up.")] = 0.0,
    quiet: _options.Quiet = False,
) -> None:
    """Convert an ambisonic file to another convention, and turn it if asked to."""
    from limbeck.spatial import convert

    doubt = convert(source, target, from_, to, yaw=yaw, pitch=pitch, roll=roll)
    if doubt is not None:
        _output.note(doubt, quiet=quiet)
    typer.echo(target)
