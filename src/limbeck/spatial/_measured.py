"""What a file says of directions, and how far that is from a scene."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError
from limbeck.spatial import ambisonics, directions, files, measure, render
from limbeck.spatial.scene import Scene

Array = npt.NDArray[np.float64]

WINDOW_S = 1.0
"""Sources are told apart in windows of this length."""
_STRONGEST = 200


@dataclass(frozen=True)
class Scores:
    """How near to the truth directions are.

    Attributes:
        error: Mean angle of found and true sources in degrees, paired in windows of a second; 180 without a pair.
        recall: Share of the true sources that were paired, at whatever angle.
        hits: F-score of pairs within 20 degrees.
        alone: Median angle in frames in which one source sounds alone, in degrees; NaN where there is none.
        misses: Share of those frames with an angle above 20 degrees.
    """

    error: float
    recall: float
    hits: float
    alone: float
    misses: float


@dataclass(frozen=True)
class FileMeasured:
    """Directions of a file.

    Attributes:
        output: What it is, as `render.OUTPUTS` calls it.
        convention: Of ambisonic sound; None of other sound.
        seconds: Its length.
        ratio: `ambisonics.energy_ratio` of ambisonic sound, as it is stored; NaN of other sound.
        doubt: A warning where that speaks against the convention.
        peaks: Where sound comes from over all of it, the strongest first.
        scores: Against a scene: ``measured``, and the controls of `measure.controls`; empty without one, and
            where no frame of the sound can tell.
    """

    output: str
    convention: str | None
    seconds: float
    ratio: float
    doubt: str | None
    peaks: tuple[measure.Peak, ...]
    scores: Mapping[str, Scores]

    def to_json(self) -> dict[str, Any]:
        """All of it; what is not a number is None."""
        return {
            "output": self.output,
            "convention": self.convention,
            "seconds": round(self.seconds, 3),
            "energy_ratio": _number(self.ratio),
            "doubt": self.doubt,
            "peaks": [{k: _number(v) for k, v in vars(peak).items()} for peak in self.peaks],
            "scores": {name: {k: _number(v) for k, v in vars(row).items()} for name, row in self.scores.items()},
        }


def measure_file(
    path: Path, *, truth: Scene | None = None, output: str = "", convention: str | None = None
) -> FileMeasured:
    """Measure from where the sound of a file comes, piece after piece.

    Args:
        path: The file.
        truth: The scene that it should be.
        output: What it is (`render.OUTPUTS`), if it does not say so itself.
        convention: That of ambisonic sound, if the file does not say it.

    Raises:
        InputError: The file does not say what it is, or is of another length or rate than the scene.
        MediaError: It cannot be read.
    """
    told = files.about(path)
    kind = render.output(_kind(path, told, output))
    if len(kind.channels) != len(told.channels):
        raise InputError(
            f"{path} has {len(told.channels)} channels, but {output or told.output} has {len(kind.channels)}. Say what "
            f"it is: {', '.join(render.OUTPUTS)}."
        )
    around = isinstance(kind, render.Ambisonic)
    named = (convention or told.convention) if around else None
    if around and named is None:
        raise InputError(
            f"{path} does not say its convention, and nothing in it does. Give the one its maker says: "
            f"{', '.join(ambisonics.CONVENTIONS)}."
        )
    heard: list[measure.Heard] = []
    windows: list[list[measure.Peak]] = []
    strongest: list[measure.Heard] = []
    energies, samples = np.zeros(2), 0
    for raw in files.read(path, piece=round(WINDOW_S * told.rate)):
        squares = np.square(raw[:4], dtype=np.float64).sum(axis=1)
        energies += squares[0], squares[1:].sum()
        piece = ambisonics.convert(raw, named) if named else raw
        start_s = samples / told.rate
        samples += raw.shape[1]
        heard.append(kind.heard(piece, told.rate, start_s=start_s))
        if around:
            bins = measure.intensity(piece, told.rate, start_s=start_s, bands=None)
            windows.append(measure.peaks(bins))
            strongest.append(_strongest(bins))
    if not heard:
        raise InputError(f"{path} is empty, so there is nothing to measure.")
    whole = measure.Heard.joined(heard)
    ratio = float(energies[1] / energies[0]) if around and energies[0] else float("nan")
    return FileMeasured(
        output=_kind(path, told, output),
        convention=named,
        seconds=samples / told.rate,
        ratio=ratio,
        doubt=ambisonics.doubt(ratio, named) if named else None,
        peaks=tuple(measure.peaks(measure.Heard.joined(strongest) if around else whole)),
        scores={} if truth is None else _scores(path, samples / told.rate, whole, windows, truth, kind),
    )


def _scores(
    path: Path,
    seconds: float,
    whole: measure.Heard,
    windows: list[list[measure.Peak]],
    truth: Scene,
    kind: render.Output,
) -> dict[str, Scores]:
    if abs(seconds - truth.duration) > measure.FRAME_S:
        raise InputError(
            f"{path} is {seconds:.2f} s long, but the scene {truth.duration:g} s; give the scene it was rendered from."
        )
    true = render.heard_from(truth, whole.times)
    true = true[:, np.isfinite(true[0]).any(axis=1)]
    if not true.shape[1]:
        raise InputError("Every source of the scene comes from everywhere, so there is no direction to measure.")
    length = round(WINDOW_S / measure.FRAME_S)
    middles = np.minimum(np.arange(len(windows)) * length + length // 2, true.shape[2] - 1)
    ambient = any(source.extent == "around" for source in truth.sources)
    # Frames of one source and nothing else tell of that source.
    alone = (np.isfinite(true[0]).sum(axis=0) == 1) & whole.counts & (not ambient)
    if not windows and not alone.any():
        return {}

    def scored(found: list[Array], single: Array) -> Scores:
        there = [_finite(true[:, :, at]) for at in middles]
        pairs = measure.localisation(found, there)
        wanted = kind.kept(np.nansum(true[:, :, alone], axis=1))
        errors = directions.great_circle(single, wanted)
        known = errors[np.isfinite(errors)]
        return Scores(
            pairs.error if windows else float("nan"),
            pairs.recall if windows else float("nan"),
            pairs.hits if windows else float("nan"),
            float(np.median(known)) if len(known) else float("nan"),
            measure.error_rate(errors),
        )

    peaks = [
        directions.vectors([p.azimuth for p in window], [p.elevation for p in window]).reshape(3, -1)
        for window in windows
    ]
    vectors = whole.vectors.sum(axis=2)[:, alone]
    rows = {"measured": scored(peaks, vectors)}
    for name, guess in measure.controls(true).items():
        if name == "swapped":  # sources have no names here: to find each in the other's place is to find both
            continue
        guess = np.where(np.isfinite(true), guess, np.nan)
        single = np.nansum(guess[:, :, alone], axis=1) if name != "mono" else np.full(vectors.shape, np.nan)
        level = np.linalg.norm(single, axis=0)
        single = kind.kept(single / np.where(level > 0, level, np.nan)) if name != "mono" else single
        rows[name] = scored([_finite(guess[:, :, at]) for at in middles], single)
    return rows


def _kind(path: Path, told: files.About, output: str) -> str:
    if name := output or told.output:
        return name
    order = ambisonics.CHANNELS.get(len(told.channels), 0) if told.convention else 0
    if order:
        return {1: "foa", 2: "hoa2", 3: "hoa3"}[order]
    raise InputError(
        f"{path} has {len(told.channels)} channels and does not say what they are. Say it: "
        f"{', '.join(render.OUTPUTS)}; ambisonics need their convention, too."
    )


def _strongest(heard: measure.Heard) -> measure.Heard:
    """The bands of a window that say most, as one frame of them."""
    flat = heard.vectors.reshape(3, -1)
    best = np.argsort(-np.linalg.norm(flat, axis=0))[:_STRONGEST]
    pad = _STRONGEST - len(best)
    energy = np.pad(heard.energy.ravel()[best], (0, pad))
    return measure.Heard(heard.times[:1], np.pad(flat[:, best], ((0, 0), (0, pad)))[:, None], energy[None])


def _finite(vectors: Array) -> Array:
    return vectors[:, np.isfinite(vectors[0])]


def _number(value: float) -> float | None:
    return round(value, 3) if np.isfinite(value) else None
