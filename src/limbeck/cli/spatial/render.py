"""``limbeck spatial render``: a scene to files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from typer import Argument, Option

from limbeck.cli import _options, _output

if TYPE_CHECKING:
    from limbeck.spatial import Produced, Scene

_LATE_S = 0.3

EXAMPLES = (
    "limbeck spatial render scene.toml --out out/",
    "limbeck spatial render scene.toml --out out/ --to foa,binaural,5.1,stereo",
    "limbeck spatial render scene.toml --out out/ --to foa --form wav,opus,mp4",
    "limbeck spatial render scene.toml --out out/ --to binaural --hrtf head.sofa --air --gain -6",
)


def run(
    scene: Annotated[Path, Argument(help="File (.toml) of a scene whose sources have recordings.")],
    *,
    out: Annotated[Path, Option(help="Folder of the files.")],
    to: Annotated[
        str, Option(metavar="LIST", help="Outputs: foa, hoa2, hoa3 (AmbiX), binaural, stereo, 5.1, 7.1.4.")
    ] = "foa,binaural",
    form: Annotated[str, Option(metavar="LIST", help="Forms of the files: wav, flac, opus, mp4.")] = "wav",
    hrtf: Annotated[
        Path | None, Option(help="SOFA file of a head for binaural; by default a sphere, which needs no data.")
    ] = None,
    air: Annotated[bool, Option("--air", help="Let the air swallow what is high and far (ISO 9613-1).")] = False,
    gain: Annotated[float, Option(metavar="DB", help="How much louder all of it is, in dB.")] = 0.0,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Render a scene to files, and print from where each source is heard in each of them."""
    from limbeck.errors import InputError
    from limbeck.spatial import Scene, produce, render
    from limbeck.spatial.hrtf import Measured

    outputs = {name: render.output(name) for name in _listed(to)}
    if hrtf is not None:
        if "binaural" not in outputs:
            raise InputError(f"--hrtf is for binaural, which is not among the outputs {to}; add it with --to.")
        outputs["binaural"] = render.Binaural(Measured.load(hrtf))
    made = []
    loaded = Scene.load(scene)
    for produced in produce(loaded, out, outputs, forms=_listed(form), air=air, gain_db=gain, progress=not quiet):
        made.append(produced)
        names = ", ".join(str(file) for file in produced.files)
        _output.note(f"{names}: peak {produced.peak_db:.1f} dBFS", quiet=quiet)
        if produced.peak_db > 0:
            _output.note(
                f"It is {produced.peak_db:.1f} dB over full scale: WAV holds that, other forms and players clip it. "
                f"Give --gain {gain - produced.peak_db - 0.1:.0f} for none."
            )
    for late in (*loaded.unheard(), *_late(loaded, made)):
        _output.note(late)
    if json:
        _output.as_json([produced.to_json() for produced in made])
        return
    rows = [row for produced in made for row in _rows(loaded, produced)]
    _output.as_table(["output", "source", "from s", ">meant", ">measured", ">error", ">at most"], rows)


def _late(scene: "Scene", made: "Sequence[Produced]") -> Iterator[str]:
    """A sentence for each sound that is heard long after its beginning, since its recording begins with silence."""
    from limbeck.spatial.scene import SOUND_SPEED

    first = made[0].sources if made else ()
    for source, heard in zip(scene.sources, first, strict=False):
        begins = source.start + source.at(source.start)[2] / SOUND_SPEED
        if len(heard.times) and (silence := heard.times[0] - begins) > _LATE_S:
            yield (
                f"{source.words!r} begins at {source.start:g} s, but is first heard at {heard.times[0]:.1f} s, as what "
                f"its recording has first is silent: offset = {source.offset + silence:.1f} in the scene skips that."
            )


def _listed(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


def _rows(scene: "Scene", produced: "Produced") -> list[list[str]]:
    from limbeck.spatial.directions import angles

    def where(vectors: Any) -> str:
        first, last = ([f"{v:.0f}" for v in angles(vectors[:, at])] for at in (0, -1))
        return ", ".join(first) if first == last else f"{', '.join(first)} to {', '.join(last)}"

    rows = []
    for meant, source in zip(scene.sources, produced.sources, strict=True):
        told = ["", "everywhere" if meant.extent == "around" else "not heard", "", "", ""]
        if len(source.times):
            errors = [
                f"{value:.1f}" for value in (float(sorted(source.errors)[len(source.errors) // 2]), max(source.errors))
            ]
            told = [f"{source.times[0]:.1f}", where(source.meant), where(source.found), *errors]
        rows.append([produced.output, source.words, *told])
    return rows
