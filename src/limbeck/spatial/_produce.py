"""A scene to files, and what direction each source has in each of them."""

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck import _files
from limbeck.engine.progress import bar
from limbeck.errors import InputError
from limbeck.spatial import directions, files, render
from limbeck.spatial.measure import FRAME_S, Heard
from limbeck.spatial.scene import Scene, Source

Array = npt.NDArray[np.float64]

MEASURED = "measured.json"
_SAMPLES, _STEP, _VALUES = 2**16, 128, 2**26
_POINTS = 200


@dataclass(frozen=True)
class SourceHeard:
    """From where a source is heard in an output, by itself and without the room.

    Attributes:
        words: What it is.
        times: Middles of the frames of 0.1 s in which it is loud enough, in seconds.
        meant: Unit vectors of where it should be, as far as the output can tell, (3, frame).
        found: Unit vectors of where it was measured, (3, frame).
    """

    words: str
    times: Array
    meant: Array
    found: Array

    @property
    def errors(self) -> Array:
        """Angles between meant and found, in degrees, (frame,)."""
        return directions.great_circle(self.found, self.meant)

    def to_json(self) -> dict[str, Any]:
        """Directions in degrees at 200 times at most, median and largest error; None where nothing was measured."""
        step = max(1, -(-len(self.times) // _POINTS))
        degrees = [
            np.stack(directions.angles(v[:, ::step]), axis=1).round(1).tolist() for v in (self.meant, self.found)
        ]
        errors = self.errors
        return {
            "words": self.words,
            "times": self.times[::step].round(3).tolist(),
            "meant": degrees[0],
            "found": degrees[1],
            "error_median": float(np.median(errors).round(2)) if len(errors) else None,
            "error_most": float(errors.max().round(2)) if len(errors) else None,
        }


@dataclass(frozen=True)
class Produced:
    """A rendered output.

    Attributes:
        output: Its name.
        files: Where it is.
        peak_db: Its largest sample in dB re full scale; above 0 all forms but WAV were clipped.
        sources: From where each source is heard; one from everywhere has no frames.
    """

    output: str
    files: tuple[Path, ...]
    peak_db: float
    sources: tuple[SourceHeard, ...]

    def to_json(self) -> dict[str, Any]:
        """All of it."""
        return {
            "output": self.output,
            "files": [file.name for file in self.files],
            "peak_db": round(self.peak_db, 1),
            "sources": [source.to_json() for source in self.sources],
        }


def produce(
    scene: Scene,
    out: Path,
    outputs: Mapping[str, render.Output],
    *,
    forms: Sequence[str] = ("wav",),
    air: bool = False,
    gain_db: float = 0.0,
    progress: bool = True,
) -> Iterator[Produced]:
    """Render a scene to files, and measure in each output where its sources are.

    Args:
        scene: The scene; each source has a recording.
        out: Folder of the files, which are called after the outputs (``foa.wav``), of ``scene.toml``, and of what was
            measured (``measured.json``).
        outputs: Those wanted, by name; see `render.OUTPUTS`.
        forms: Those wanted of `files.FORMS`.
        air: Whether the air swallows high frequencies.
        gain_db: How much louder all of it is.
        progress: Draw a bar of the seconds that are rendered on standard error.

    Returns:
        The outputs, each as soon as its files are there.

    Raises:
        InputError: A form cannot hold an output, the scene cannot be rendered, or the folder holds other outputs of
            another scene.
        MediaError: A recording is not there, or cannot be read.
    """
    abouts = {
        name: files.About(name, made.channels, scene.rate, made.layout, made.about(), scene.duration)
        for name, made in outputs.items()
    }
    if not outputs or not forms:
        raise InputError("There is nothing to render to: name at least one output and one form.")
    paths = {name: tuple(out / f"{name}.{form}" for form in forms) for name in outputs}
    for name in outputs:
        for path in paths[name]:
            files.check(path, abouts[name])
    scene = scene.model_copy(update={"sources": tuple(map(_whole, scene.sources))})
    before = _before(scene, out, outputs)
    (out / MEASURED).unlink(missing_ok=True)  # if this is killed, it says nothing of files that are of another scene
    done: list[Produced] = []
    with render.opened(scene) as stems:
        for name, made in outputs.items():
            heard: list[list[Heard]] = [[] for _ in scene.sources]
            peak = 0.0
            with ExitStack() as stack:
                tell = stack.enter_context(bar(f"Rendering {name}, seconds", show=progress))
                puts = [stack.enter_context(files.writer(path, abouts[name])) for path in paths[name]]
                for block in render.blocks(scene, stems, made, block=_block(scene, made), air=air):
                    mix = block.mix * np.float32(10 ** (gain_db / 20))
                    peak = max([peak, *(put(mix) for put in puts)])
                    start_s = block.first / scene.rate
                    for own, sound in zip(heard, block.sources, strict=True):
                        own.append(made.heard(sound, scene.rate, start_s=start_s))
                    tell(round(start_s + block.mix.shape[1] / scene.rate), round(scene.duration))
            parts = [Heard.joined(own) for own in heard]
            truth = render.heard_from(scene, parts[0].times)
            sources = tuple(
                _compared(source.words, part, truth[:, number], made)
                for number, (source, part) in enumerate(zip(scene.sources, parts, strict=True))
            )
            done.append(Produced(name, paths[name], 20 * float(np.log10(max(peak, 1e-9))), sources))
            yield done[-1]
    scene.save(out / "scene.toml")
    _files.write_json(out / MEASURED, [*before, *(produced.to_json() for produced in done)])


def _whole(source: Source) -> Source:
    return source.model_copy(update={"recording": source.recording and str(Path(source.recording).absolute())})


def _before(scene: Scene, out: Path, outputs: Container[str]) -> list[dict[str, Any]]:
    """What was measured of other outputs that the folder holds, which must be of the same scene."""
    if not (out / MEASURED).is_file() or not (out / "scene.toml").is_file():
        return []
    others = [
        row for row in _files.read_json(out / MEASURED)
        if row["output"] not in outputs and all((out / file).is_file() for file in row["files"])
    ]  # fmt: skip
    if others and Scene.load(out / "scene.toml") != scene:
        raise InputError(
            f"{out} holds {', '.join(file for row in others for file in row['files'])} of another scene, and would "
            "hold outputs of two; choose another folder, render all of them anew, or remove them."
        )
    return others


def _compared(words: str, heard: Heard, truth: Array, output: render.Output) -> SourceHeard:
    there = heard.counts & np.isfinite(truth[0])
    found = heard.vectors.sum(axis=2)[:, there]
    return SourceHeard(words, heard.times[there], output.kept(truth[:, there]), found / np.linalg.norm(found, axis=0))


def _block(scene: Scene, output: render.Output) -> int:
    """Samples of a block: whole frames of measurement and steps of places; fewer where there are many sources."""
    frame = round(FRAME_S * scene.rate)
    both = frame * _STEP // gcd(frame, _STEP)
    wanted = min(_SAMPLES, _VALUES // (len(scene.sources) * len(output.channels)))
    return both * max(1, wanted // both)
