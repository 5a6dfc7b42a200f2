"""The page of a rendered scene: hear it with the head turned by mouse, and see where each sound was meant and measured.

One HTML file that opens from disk and asks the network for nothing.
"""

import base64
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck._words import duration, number, plural
from limbeck.report import _kit
from limbeck.report.model import Field, Sheet

Floats = npt.NDArray[np.floating[Any]]

_RADIUS = 100
_FULL = 32767


@dataclass(frozen=True)
class Sound:
    """A sound of the scene as the page shows it.

    Attributes:
        words: What it is.
        where: Where it was meant to be, in words.
        start: The second at which it begins.
        end: The second at which it ends.
        times: Seconds at which directions are known.
        meant: Azimuth and elevation in degrees at each of them.
        found: The same as it was measured.
        error_median: Median angle between the two, in degrees; None where nothing was measured.
        error_most: The largest.
        recording: Name of its file.
        licence: Of the file.
    """

    words: str
    where: str
    start: float
    end: float
    times: Sequence[float] = ()
    meant: Sequence[tuple[float, float]] = ()
    found: Sequence[tuple[float, float]] = ()
    error_median: float | None = None
    error_most: float | None = None
    recording: str = ""
    licence: str = ""


def page(
    out: Path | str,
    *,
    sounds: Sequence[Sound],
    waveform: Floats,
    rate: int,
    filters: Floats,
    seconds: float,
    yaw: float = 0.0,
    title: str | None = None,
    about: Mapping[str, Any] | None = None,
    remarks: Sequence[str] = (),
) -> Path:
    """Write ``index.html`` into the folder `out` and give its path back.

    Args:
        out: The folder.
        sounds: The sounds of the scene.
        waveform: First-order AmbiX, (4, sample), which is played.
        rate: Samples a second of `waveform` and `filters`, in Hz.
        filters: Impulse responses from W, Y, Z and X to the left ear, (4, tap); the right ear mirrors Y.
        seconds: Length of the scene; the waveform may be less.
        yaw: Degrees by which the head is turned to the left at first.
        title: Heading; made from the number of sounds by default.
        about: What else is known.
        remarks: What a reader must know, a sentence each.

    Raises:
        MissingExtraError: jinja2 or Pillow is not installed.
    """
    peak = float(np.abs(waveform).max(initial=0.0)) or 1.0
    scale = _FULL / max(peak, 1.0)
    stored = np.round(waveform.T * scale).astype("<i2").tobytes()
    return _kit.write(
        Path(out),
        "spatial",
        title=title or f"{plural(len(sounds), 'sound')} around a head",
        verdict=_verdict(sounds),
        facts=[
            ("sounds", number(len(sounds))),
            ("long", duration(seconds)),
            ("rate", f"{rate / 1000:g} kHz"),
        ],
        remarks=list(remarks),
        seconds=round(waveform.shape[1] / rate, 3),
        sources=[
            {
                "words": s.words,
                "where": s.where,
                "meant": _places(s.meant),
                "found": _places(s.found),
                "trails": _trails(s),
            }
            for s in sounds
        ],
        sheet=_sheet(sounds),
        provenance=_kit.flat(about or {}),
        data={
            "sound": base64.b64encode(stored).decode(),
            "scale": scale,
            "rate": rate,
            "seconds": waveform.shape[1] / rate,
            "filters": [[round(float(tap), 6) for tap in row] for row in filters],
            "yaw": yaw,
            "sources": [
                {
                    "start": s.start,
                    "end": s.end,
                    "times": list(s.times),
                    "meant": _places(s.meant),
                    "found": _places(s.found),
                }
                for s in sounds
            ],
        },
    )


def _places(directions: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Directions seen from above: x to the right, y down, the horizon as a circle."""
    return [
        (
            round(-_RADIUS * math.cos(math.radians(elevation)) * math.sin(math.radians(azimuth)), 1),
            round(-_RADIUS * math.cos(math.radians(elevation)) * math.cos(math.radians(azimuth)), 1),
        )
        for azimuth, elevation in directions
    ]


def _trails(sound: Sound) -> list[list[tuple[float, float]]]:
    """The places of a sound in pieces, each without a silence."""
    pieces: list[list[tuple[float, float]]] = []
    before = -math.inf
    step = 3 * (sound.end - sound.start) / max(1, len(sound.times))
    for time, place in zip(sound.times, _places(sound.meant), strict=True):
        if time - before > max(0.5, step):
            pieces.append([])
        pieces[-1].append(place)
        before = time
    return pieces


def _verdict(sounds: Sequence[Sound]) -> str:
    errors = sorted(s.error_median for s in sounds if s.error_median is not None)
    if not errors:
        return "No direction was measured: every sound comes from everywhere, or is silent."
    if len(errors) == 1:
        return f"The sound was measured {errors[0]:.1f}° from where it was meant to be."
    return (
        f"Each sound was measured by itself and without the room. Of {plural(len(errors), 'sound')} the median error "
        f"is {errors[len(errors) // 2]:.1f}°, the largest {errors[-1]:.1f}°."
    )


def _sheet(sounds: Sequence[Sound]) -> Sheet:
    lines = tuple(
        (
            Field(s.words),
            Field(s.where),
            Field(f"{s.start:g} to {s.end:g}", s.start),
            Field.of_number(s.error_median, "{:.1f}".format),
            Field.of_number(s.error_most, "{:.1f}".format),
            Field(s.recording or "—"),
            Field(s.licence or "unknown"),
        )
        for s in sounds
    )
    columns = ("sound", "meant", "from to, s", "error, degrees", "largest", "recording", "licence")
    rules = (
        "The error is the angle between where a sound was meant to be and where the intensity of the first-order file "
        "says it is: the median of frames of 0.1 s, and the largest. A sound from everywhere has none.",
    )
    return Sheet("sounds", "Sounds", columns, 2, lines, rules=rules)
