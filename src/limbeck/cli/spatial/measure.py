"""``limbeck spatial measure``: from where the sound of a file comes."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck spatial measure out/foa.wav --truth out/scene.toml",
    "limbeck spatial measure out/5.1.wav --truth out/scene.toml --json",
    "limbeck spatial measure recording.wav --as foa --convention fuma",
)

_COLUMNS = {"error": ">error", "recall": ">recall", "hits": ">F 20°", "alone": ">alone", "misses": ">above 20°"}


def run(
    file: Annotated[Path, Argument(help="File of sound with directions.")],
    *,
    truth: Annotated[Path | None, Option(help="The scene (.toml) that it should be.")] = None,
    as_: Annotated[
        str, Option("--as", help="What it is, if it does not say so: foa, hoa2, hoa3, binaural, stereo, 5.1, 7.1.4.")
    ] = "",
    convention: Annotated[
        str | None, Option(help="Convention of ambisonics, if the file does not say it: ambix, fuma, n3d.")
    ] = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Measure from where the sound of a file comes, and how far that is from a scene."""
    from limbeck.spatial import Scene, measure_file

    scene = None if truth is None else Scene.load(truth)
    found = measure_file(file, truth=scene, output=as_, convention=convention)
    if found.doubt is not None:
        _output.note(found.doubt, quiet=quiet)
    if json:
        _output.as_json(found.to_json())
        return
    kind = found.output + (f", {found.convention}" if found.convention else "")
    rows = [[f"{peak.azimuth:.0f}", f"{peak.elevation:.0f}", f"{100 * peak.share:.0f}"] for peak in found.peaks]
    _output.as_table(
        [">azimuth", ">elevation", ">% of what has a direction"], rows, title=f"{kind}, {found.seconds:.1f} s"
    )
    if found.scores:
        told = [key for key in _COLUMNS if any(vars(row)[key] == vars(row)[key] for row in found.scores.values())]
        rows = [[name, *(f"{vars(row)[key]:.2f}" for key in told)] for name, row in found.scores.items()]
        _output.as_table(["against the scene", *(_COLUMNS[key] for key in told)], rows)
        _output.note(
            "Degrees. Error, recall and F: sources paired in windows of 1 s; alone (median) and above 20°: frames of "
            "0.1 s with one source.",
            quiet=quiet,
        )
    elif scene is not None:
        _output.note("There is no frame with one source alone, so nothing can be told from this output.", quiet=quiet)
