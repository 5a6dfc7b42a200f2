"""A clip that shows whether a player has its axes right: clicks in front, left, behind, right, above, and where."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from limbeck import _files
from limbeck.spatial import ambisonics, boxes, directions, files, measure, render

PLACES = MappingProxyType(
    {"front": (0.0, 0.0), "left": (90.0, 0.0), "back": (180.0, 0.0), "right": (-90.0, 0.0), "up": (0.0, 90.0)}
)
"""Azimuth and elevation in degrees, in the order of time; place number n has n clicks."""
SECOND_S = 2.0
RATE = 48_000
_SIZE = (256, 512)
_FPS = 4


def sound() -> npt.NDArray[np.float32]:
    """The clicks, AmbiX of order 1, (4, sample), two seconds for each of `PLACES`."""
    length = round(SECOND_S * RATE)
    burst = np.random.default_rng(0).standard_normal(RATE // 100) * np.hanning(RATE // 100) * 0.2
    parts = []
    for number, place in enumerate(PLACES.values(), 1):
        clicks = np.zeros(length)
        for click in range(number):
            at = round((0.25 + 0.25 * click) * RATE)
            clicks[at : at + len(burst)] += burst
        parts.append(ambisonics.encode(clicks, *place))
    return np.concatenate(parts, axis=1)


def frames() -> Iterator[npt.NDArray[np.uint8]]:
    """Equirectangular pictures, uint8 (256, 512, 3): a disc where the clicks are, above it as many dots."""
    height, width = _SIZE
    around = 180 - (np.arange(width) + 0.5) * 360 / width
    up = 90 - (np.arange(height) + 0.5) * 180 / height
    seen = directions.vectors(around[None, :], up[:, None])
    level = np.repeat((np.abs(up) < 0.8)[:, None], width, axis=1)
    for number, place in enumerate(PLACES.values(), 1):
        apart = directions.great_circle(seen, directions.vectors(*place)[:, None, None])
        picture = np.full((height, width, 3), 40, np.uint8)
        picture[level] = 90
        picture[apart < 18] = (230, 120, 40)
        for dot in range(number):
            column = width // 2 + (dot - (number - 1) // 2) * 14
            picture[height - 40 : height - 30, column - 5 : column + 5] = 220
        yield from [picture] * round(SECOND_S * _FPS)


def selftest(out: Path) -> dict[str, tuple[float, float]]:
    """Write the clip to a folder, as ``selftest.wav`` and, with its pictures all around, ``selftest.mp4``.

    Args:
        out: The folder.

    Returns:
        Azimuth and elevation in degrees, by place, as measured in the file of MP4 that was read back.
    """
    made = render.Ambisonic(1)
    about = files.About("foa", made.channels, RATE, made.layout, made.about())
    clicks = sound()
    files.write(out / "selftest.wav", [clicks], about)
    film = out / "selftest.mp4"
    with _files.atomic(film) as temporary:
        with _opened(temporary, about) as put:
            put(clicks)
        boxes.tag(temporary, channels=len(about.channels), spherical=True)
    back = np.concatenate(list(files.read(film)), axis=1)
    length = round(SECOND_S * RATE)
    return {
        name: measure.intensity(back[:, number * length : (number + 1) * length], RATE).mean()
        for number, name in enumerate(PLACES)
    }


@contextmanager
def _opened(path: Path, about: files.About) -> Iterator[Any]:
    with av.open(str(path), "w", format="mp4") as out:
        picture = out.add_stream("libx264", rate=_FPS, options={"crf": "20", "preset": "veryfast"})
        picture.height, picture.width = _SIZE
        picture.pix_fmt = "yuv420p"
        track = files.aac(out, about)
        for number, pixels in enumerate(frames()):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, _FPS)
            out.mux(picture.encode(frame))
        out.mux(picture.encode(None))
        with files.sounding(out, track, 1024, about) as put:
            yield put
