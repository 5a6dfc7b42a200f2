"""From where in a picture sound comes, by what moves when something begins to sound; mono sound gets that direction.

This is the plain way, without anything learned: in each cell of the picture the change from frame to frame is
correlated with the rises of the loudness, over a second and a half to either side. One source is followed at a time,
which is where the correlation is largest along a way without jumps. Where it is nowhere large enough (a source out of
the picture, a voice over it) the sound has no direction, and stays in W alone.

W is the sound that came, bit for bit: what is added, Y, Z and X, can be left out again.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError, MediaError
from limbeck.media.projection import Picture
from limbeck.spatial import directions, files
from limbeck.spatial.render import Ambisonic

Array = npt.NDArray[np.float64]
Sound = npt.NDArray[np.float32]

CELLS = (16, 32)
"""Rows and columns of cells that a picture is seen in."""
AROUND_S = 1.5
LEAST = 0.52
"""Least correlation of a source: among 512 cells and four seconds one of 0.5 is there by chance in 1 of 6 videos."""
_TURN = 0.02
"""What a degree from one frame to the next costs, in correlation."""
_EDGE_S = 0.1
_LATE_S = 0.01
"""By which sound comes later than light, from a few metres away, and a picture is open."""
_BLUR, _NEAR = 1.5, 4
"""In cells."""
_POWER = 2


@dataclass(frozen=True)
class Located:
    """Where what sounds is seen.

    Attributes:
        times: Of the frames, in seconds from the first sample of the sound, (frame,).
        vectors: Unit vectors, (3, frame).
        score: Correlation of motion and onsets there, (frame,); below `LEAST` nothing that is seen sounds.
    """

    times: Array
    vectors: Array
    score: Array

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Frames in which something that is seen sounds, (frame,)."""
        return self.score >= LEAST


def motion(frames: Iterable[npt.NDArray[np.uint8]]) -> Array:
    """Change of the picture, (frame, row, column) of `CELLS`, as the root of its mean square in each cell.

    Args:
        frames: Grey pictures, uint8, (height, width), each at least as large as `CELLS`.
    """
    rows, columns = CELLS
    before: Array | None = None
    made = []
    for frame in frames:
        if frame.ndim != 2 or frame.shape[0] < rows or frame.shape[1] < columns:
            raise InputError(f"Frames are grey and at least {rows} x {columns} pixels, but one of {frame.shape} came.")
        now = frame.astype(np.float64)
        change = np.square(now - (now if before is None else before))
        before = now
        down = np.linspace(0, frame.shape[0], rows + 1).astype(int)[:-1]
        along = np.linspace(0, frame.shape[1], columns + 1).astype(int)[:-1]
        total = np.add.reduceat(np.add.reduceat(change, down, axis=0), along, axis=1)
        made.append(np.sqrt(total / (frame.size / (rows * columns))))
    if len(made) < 3:
        raise InputError(f"A video needs three frames for something to move in it, but {len(made)} came.")
    return np.stack(made)


def onsets(waveform: npt.NDArray[np.floating[Any]], rate: int, times: Array) -> Array:
    """Rises of the loudness up to each frame, (frame,), >= 0, in nepers.

    What moves a picture has happened since the frame before it, and so has what is heard with it.

    Args:
        waveform: Mono, (sample,).
        rate: Samples a second, in Hz.
        times: Of the frames, in seconds from its first sample, growing.
    """
    total = np.concatenate([[0.0], np.cumsum(np.square(waveform, dtype=np.float64))])
    step = float(np.median(np.diff(times)))
    edges = np.append(times[0] - step, times) + _LATE_S
    edges = np.clip(np.round(edges * rate), 0, len(waveform)).astype(int)
    energy = np.diff(total[edges]) / np.maximum(np.diff(edges), 1)
    # What is 40 dB below the loudest frame is no rise.
    level = 0.5 * np.log(energy + 1e-4 * energy.max() + 1e-12)
    return np.asarray(np.maximum(np.diff(level, prepend=level[0]), 0))


def locate(moved: Array, rises: Array, times: Array, picture: Picture, *, shape: float = 0.5) -> Located:
    """Where in each frame what sounds is.

    Args:
        moved: Of `motion`, (frame, row, column).
        rises: Of `onsets`, (frame,).
        times: Of the frames, in seconds.
        picture: How directions are in it.
        shape: Height of the picture by its width.
    """
    from scipy.ndimage import gaussian_filter

    rows, columns = moved.shape[1:]
    correlation, spread = _correlations(moved.reshape(len(moved), -1), rises, times)
    # What hardly moves correlates with anything, and so does all that blinks a little with a camera's noise.
    size = np.sqrt(spread / np.maximum(spread.max(axis=1, keepdims=True), 1e-9))
    salience = np.maximum(correlation, 0) ** _POWER * size
    # Of a thing that swells the rim moves: together it is about its middle.
    sides = ("nearest", "wrap" if picture.width is None else "nearest")
    blurred = gaussian_filter(salience.reshape(moved.shape), (0, _BLUR, _BLUR), mode=("nearest", *sides))
    blurred = blurred.reshape(correlation.shape)
    down, along = ((np.arange(n) + 0.5) / n for n in (rows, columns))
    down, along = np.meshgrid(down, along, indexing="ij")
    cells = picture.vectors(down, along, shape).reshape(3, -1)
    way = _way(blurred / np.maximum(blurred.max(axis=1, keepdims=True), 1e-9), cells)
    # Between cells: the middle of what is as good, in them and beside them.
    near = directions.great_circle(cells[:, :, None], cells[:, None, :])
    cell = np.degrees(np.sqrt(4 * np.pi / cells.shape[1])) if picture.width is None else picture.width / columns
    beside = near[way] < _NEAR * cell
    weight = salience * beside
    middle = (cells @ weight.T) + 1e-9 * cells[:, way]
    return Located(times, middle / np.linalg.norm(middle, axis=0), np.where(beside, correlation, 0).max(axis=1))


def encode(waveform: Sound, rate: int, located: Located) -> Sound:
    """An AmbiX sound of first order, float32 (4, sample), whose W is the `waveform`, bit for bit.

    Args:
        waveform: Mono, (sample,), float32.
        rate: Samples a second, in Hz.
        located: Where it comes from; where nothing is seen that sounds, and where there is no picture, Y, Z and X fade
            to silence within 0.1 s.
    """
    out = np.empty((4, len(waveform)), np.float32)
    out[0] = waveform
    # The last frame is seen until the next one would come.
    times = np.append(located.times, located.times[-1] + np.median(np.diff(located.times)))
    grid = np.arange(0, max(times[-1], 0) + 2 * _EDGE_S, _EDGE_S / 4)
    smooth = np.hanning(11)[1:-1] / np.hanning(11).sum()
    ways = np.append(located.vectors * located.seen, (located.vectors * located.seen)[:, -1:], axis=1)
    x, y, z = (
        np.convolve(np.pad(np.interp(grid, times, axis, left=0, right=0), 4, mode="edge"), smooth, "valid")
        for axis in ways
    )
    at = np.arange(len(waveform)) / rate
    for channel, axis in enumerate((y, z, x), 1):
        out[channel] = waveform * np.interp(at, grid, axis)
    return out


def from_video(path: Path, out: Path, picture: Picture) -> Located:
    """Write the sound of a video as ambisonics, from where it is seen to come.

    Args:
        path: The video; of several channels of sound the mean is taken.
        out: File to write: ``.wav``, whose W is that sound bit for bit, ``.flac``, ``.opus`` or ``.mp4`` (sound alone).
        picture: How directions are in its picture.

    Raises:
        InputError: Too little is in it, or the form cannot hold it.
        MediaError: It has no picture or no sound, or cannot be read.
    """
    told = files.about(path)
    kind = Ambisonic(1)
    about = files.About("foa", kind.channels, told.rate, kind.layout, kind.about())
    files.check(out, about)
    waveform = np.concatenate([piece.mean(axis=0, dtype=np.float32) for piece in files.read(path)])
    seen = _frames(path)
    times, shape = np.array([time for time, _, _ in seen]) - _begins(path), seen[0][2] if seen else 0.5
    moved = motion(frame for _, frame, _ in seen)
    located = locate(moved, onsets(waveform, told.rate, times), times, picture, shape=shape)
    files.write(out, [encode(waveform, told.rate, located)], about)
    return located


def _begins(path: Path) -> float:
    """The second of a video at which its sound begins."""
    with av.open(str(path)) as media:
        return next((float(frame.time or 0) for frame in media.decode(audio=0)), 0.0)


def _frames(path: Path) -> list[tuple[float, npt.NDArray[np.uint8], float]]:
    """Time, small grey picture and height by width of frames, at least 1 / 15 s apart."""
    rows, columns = (4 * side for side in CELLS)
    made: list[tuple[float, npt.NDArray[np.uint8], float]] = []
    try:
        with av.open(str(path)) as media:
            if not media.streams.video:
                raise MediaError("no_picture_track", f"{path} has no picture.")
            for frame in media.decode(video=0):
                if frame.time is not None and (not made or frame.time >= made[-1][0] + 1 / 15.5):
                    small = frame.reformat(columns, rows, "gray").to_ndarray()
                    # A phone held upright stores its picture lying, and says how it is turned.
                    upright = np.rot90(np.asarray(small, np.uint8), round(frame.rotation / 90))
                    shape = frame.height / frame.width
                    made.append((frame.time, upright, shape if upright.shape == small.shape else 1 / shape))
    except av.error.FFmpegError as error:
        raise MediaError("undecodable", f"{path} cannot be read: {error}.") from error
    return made


def _correlations(moved: Array, rises: Array, times: Array) -> tuple[Array, Array]:
    """Pearson's correlation of each cell's motion with the rises, about each frame, and its spread, (frame, cell)."""
    first = np.searchsorted(times, times - AROUND_S)
    last = np.searchsorted(times, times + AROUND_S, side="right")

    def around(values: Array) -> Array:
        total = np.concatenate([np.zeros_like(values[:1]), np.cumsum(values, axis=0)])
        return np.asarray((total[last] - total[first]) / (last - first).reshape(-1, *[1] * (values.ndim - 1)))

    means, mean = around(moved), around(rises)
    together = around(moved * rises[:, None]) - means * mean[:, None]
    spread = np.maximum(around(moved**2) - means**2, 0)
    own = np.maximum(around(rises**2) - mean**2, 0)
    scale = np.sqrt(spread * own[:, None])
    return np.asarray(np.where(scale > 1e-6, together / np.maximum(scale, 1e-6), 0.0)), np.sqrt(spread)


def _way(correlation: Array, cells: Array) -> npt.NDArray[np.intp]:
    """The cell of each frame on the way with the largest sum of correlations, less what its turns cost."""
    cost = _TURN * directions.great_circle(cells[:, :, None], cells[:, None, :])
    best = correlation[0]
    came: list[npt.NDArray[np.intp]] = []
    for row in correlation[1:]:
        reached = best[:, None] - cost
        came.append(reached.argmax(axis=0))
        best = reached.max(axis=0) + row
    way = [int(best.argmax())]
    for back in reversed(came):
        way.append(int(back[way[-1]]))
    return np.array(way[::-1])
