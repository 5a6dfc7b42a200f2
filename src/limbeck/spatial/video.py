"""From where in a picture sound comes; mono sound gets that direction.

A localiser says how much each place of the picture sounds, frame by frame (`localisers`). A source is where that is
largest along a way without jumps; then another one away from it, if that sounds, too. Of two each gets its part of the
sound, by the bands that are loud when it moves. Where nothing that is seen sounds (a source out of the picture, a voice
over it) the sound has no direction, and stays in W alone.

W is the sound that came, bit for bit: what is added, Y, Z and X, can be left out again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError, MediaError
from limbeck.media.projection import Picture
from limbeck.spatial import directions, files
from limbeck.spatial.localisers import Film, Frame, Localiser, Maps
from limbeck.spatial.localisers.motion import Motion, motion
from limbeck.spatial.render import Ambisonic

Array = npt.NDArray[np.float64]
Sound = npt.NDArray[np.float32]

MOST = 2
"""Sources that are looked for."""
_TURN = 0.02
"""What a degree from one frame to the next costs, in parts of the largest weight."""
_EDGE_S = 0.1
_BLUR, _NEAR = 1.5, 4
"""In cells of a map."""
_THING = 40.0, 0.25
"""How wide a thing may look: in degrees all around, and in parts of the width of a flat picture."""
_SECOND = 0.3
"""Least weight of another source, by that of the first."""
_MOVES_S = 0.3
"""For how long a thing is taken to sound after it moved."""
_WINDOW_S, _BLOCK_S, _UPDATES = 0.064, 30.0, 30


@dataclass(frozen=True)
class Located:
    """Where a thing that sounds is seen.

    Attributes:
        times: Of the frames, in seconds from the first sample of the sound, (frame,).
        vectors: Unit vectors, (3, frame).
        score: How well it goes with the sound, as the localiser says, (frame,).
        least: The score below which it is not taken to sound.
    """

    times: Array
    vectors: Array
    score: Array
    least: float

    @property
    def seen(self) -> npt.NDArray[np.bool_]:
        """Frames in which it is taken to sound, (frame,)."""
        return self.score >= self.least


def locate(maps: Maps, picture: Picture, *, shape: float = 0.5, most: int = MOST) -> list[Located]:
    """Where in each frame what sounds is: one source, and others that sound in half of the frames or more.

    Args:
        maps: Of a localiser.
        picture: How directions are in it.
        shape: Height of the picture by its width.
        most: Sources that are looked for, at least 1.
    """
    from scipy.ndimage import gaussian_filter

    rows, columns = maps.score.shape[1:]
    down, along = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
    cells = picture.vectors(down, along, shape).reshape(3, -1)
    near = directions.great_circle(cells[:, :, None], cells[:, None, :])
    cell = np.degrees(np.sqrt(4 * np.pi / cells.shape[1])) if picture.width is None else picture.width / columns
    sides = ("nearest", "wrap" if picture.width is None else "nearest")
    score, weight = (each.reshape(len(maps.times), -1) for each in (maps.score, maps.weight))
    found: list[Located] = []
    heaviest = 0.0
    thing = _widest(picture)
    for _ in range(most):
        # Of a thing that swells the rim moves: together it is about its middle.
        blurred = gaussian_filter(weight.reshape(maps.score.shape), (0, _BLUR, _BLUR), mode=("nearest", *sides))
        blurred = blurred.reshape(weight.shape)
        way = _way(blurred / np.maximum(blurred.max(axis=1, keepdims=True), 1e-9), near)
        # Between cells: the middle of what is as good, in them and beside them.
        beside = near[way] < _NEAR * cell
        middle = (cells @ (weight * beside).T) + 1e-9 * cells[:, way]
        best = np.where(beside, score, -np.inf).max(axis=1)
        source = Located(maps.times, middle / np.linalg.norm(middle, axis=0), best, maps.least)
        heavy = float(blurred.max(axis=1).mean())
        if found and (source.seen.mean() < 0.5 or heavy < _SECOND * heaviest):
            break
        heaviest = max(heavy, heaviest)
        found.append(source)
        score, weight = np.where(near[way] < thing, -np.inf, score), np.where(near[way] < thing, 0.0, weight)
    return found


def activity(moved: Array, sources: Sequence[Located], picture: Picture, *, shape: float = 0.5) -> Array:
    """How much each source moved a moment ago, (source, frame), >= 0.

    Args:
        moved: Of `motion`, (frame, row, column).
        sources: Where they are.
        picture: How directions are in it.
        shape: Height of the picture by its width.
    """
    rows, columns = moved.shape[1:]
    down, along = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns, indexing="ij")
    cells = picture.vectors(down, along, shape).reshape(3, -1)
    made = []
    for source in sources:
        beside = directions.great_circle(source.vectors[:, :, None], cells[:, None]) < _widest(picture) / 2
        own = (moved.reshape(len(moved), -1) * beside).sum(axis=1) / np.maximum(beside.sum(axis=1), 1)
        own = np.maximum(own - np.median(own), 0)
        gone = source.times[:, None] - source.times
        made.append(np.where(gone >= 0, np.exp(-gone / _MOVES_S), 0) @ own)
    return np.stack(made)


def split(waveform: Sound, rate: int, active: Array, times: Array) -> list[Sound]:
    """Parts of a sound, one for each source, (sample,), whose sum it is up to rounding.

    Each source has a spectrum and a course of loudness that begins as that of its motion; both are fitted to the sound
    (non-negative matrix factorisation), and each part is what passes its share of the fit, in blocks of half a minute.

    Args:
        waveform: Mono, (sample,).
        rate: Samples a second, in Hz.
        active: Of `activity`, (source, frame).
        times: Of the frames, in seconds.
    """
    from scipy.signal import istft, stft

    window, step = round(_WINDOW_S * rate), round(_BLOCK_S * rate)
    if len(active) == 1:
        return [waveform]
    parts: list[list[Sound]] = [[] for _ in active]
    for begin in range(0, len(waveform), step):
        block = np.pad(waveform[begin : begin + step], (0, max(window - len(waveform) + begin, 0)))
        _, when, spectrum = stft(block, rate, nperseg=window)
        size = np.abs(spectrum) + 1e-9
        course = np.stack([np.interp(when + begin / rate, times, each) for each in active])
        course = course / np.maximum(course.max(axis=1, keepdims=True), 1e-9) + 0.05
        colour = size @ course.T / size.sum()
        for _ in range(_UPDATES):
            colour *= (size / (colour @ course)) @ course.T / course.sum(axis=1)
            course *= colour.T @ (size / (colour @ course)) / colour.sum(axis=0)[:, None]
        for number, part in enumerate(parts):
            share = np.outer(colour[:, number], course[number]) / (colour @ course)
            _, own = istft(spectrum * share, rate, nperseg=window)
            part.append(own[: min(step, len(waveform) - begin)].astype(np.float32))
    return [np.concatenate(part) for part in parts]


def encode(waveform: Sound, rate: int, sources: Sequence[Located], parts: Sequence[Sound]) -> Sound:
    """An AmbiX sound of first order, float32 (4, sample), whose W is the `waveform`, bit for bit.

    Args:
        waveform: Mono, (sample,), float32.
        rate: Samples a second, in Hz.
        sources: Where they are; where one is not taken to sound, and where there is no picture, its part of Y, Z and X
            fades to silence within 0.1 s.
        parts: The part of the sound that each has, (sample,).
    """
    out = np.zeros((4, len(waveform)), np.float32)
    out[0] = waveform
    at = np.arange(len(waveform)) / rate
    smooth = np.hanning(11)[1:-1] / np.hanning(11).sum()
    for source, part in zip(sources, parts, strict=True):
        # The last frame is seen until the next one would come.
        times = np.append(source.times, source.times[-1] + np.median(np.diff(source.times)))
        grid = np.arange(0, max(times[-1], 0) + 2 * _EDGE_S, _EDGE_S / 4)
        ways = source.vectors * source.seen
        x, y, z = (
            np.convolve(np.pad(np.interp(grid, times, axis, left=0, right=0), 4, mode="edge"), smooth, "valid")
            for axis in np.append(ways, ways[:, -1:], axis=1)
        )
        for channel, axis in enumerate((y, z, x), 1):
            out[channel] += part * np.interp(at, grid, axis)
    return out


def from_video(
    path: Path, out: Path, picture: Picture, *, localiser: Localiser | None = None, most: int = MOST
) -> list[Located]:
    """Write the sound of a video as ambisonics, from where it is seen to come.

    Args:
        path: The video; of several channels of sound the mean is taken.
        out: File to write: ``.wav``, whose W is that sound bit for bit, ``.flac``, ``.opus`` or ``.mp4`` (sound alone).
        picture: How directions are in its picture.
        localiser: What finds in it what sounds; by what moves when the sound rises, unless another is given.
        most: Sources that are looked for, at least 1.

    Returns:
        The sources; of the first one it may be that it is never taken to sound.

    Raises:
        InputError: Too little is in it, or the form cannot hold it.
        MediaError: It has no picture or no sound, or cannot be read.
    """
    if most < 1:
        raise InputError(f"At least one source is looked for, but got most={most}.")
    told = files.about(path)
    kind = Ambisonic(1)
    about = files.About("foa", kind.channels, told.rate, kind.layout, kind.about())
    files.check(out, about)
    waveform = np.concatenate([piece.mean(axis=0, dtype=np.float32) for piece in files.read(path)])
    sources, moved, shape = _found(path, waveform, told.rate, picture, localiser or Motion(), most)
    parts = split(waveform, told.rate, activity(moved, sources, picture, shape=shape), sources[0].times)
    files.write(out, [encode(waveform, told.rate, sources, parts)], about)
    return sources


def _found(
    path: Path, waveform: Sound, rate: int, picture: Picture, localiser: Localiser, most: int
) -> tuple[list[Located], Array, float]:
    """The sources of a video, how much each cell of its picture moved, and its height by its width."""
    grey: list[npt.NDArray[np.uint8]] = []
    shapes: list[float] = []

    def watched() -> Iterator[Frame]:
        begins = _begins(path)
        for frame, shape in _frames(path, localiser.size):
            grey.append(frame.pixels.mean(axis=-1).astype(np.uint8))
            shapes.append(shape)
            yield frame._replace(seconds=frame.seconds - begins)

    maps = localiser.maps(Film(watched(), waveform, rate))
    return locate(maps, picture, shape=shapes[0], most=most), motion(grey), shapes[0]


def _widest(picture: Picture) -> float:
    around, part = _THING
    return around if picture.width is None else part * picture.width


def _begins(path: Path) -> float:
    """The second of a video at which its sound begins."""
    with av.open(str(path)) as media:
        return next((float(frame.time or 0) for frame in media.decode(audio=0)), 0.0)


def _frames(path: Path, size: tuple[int, int]) -> Iterator[tuple[Frame, float]]:
    """Small frames, at least 1 / 15 s apart, and the height of the picture by its width."""
    rows, columns = size
    last = -1.0
    try:
        with av.open(str(path)) as media:
            if not media.streams.video:
                raise MediaError("no_picture_track", f"{path} has no picture.")
            for frame in media.decode(video=0):
                if frame.time is not None and frame.time >= last + 1 / 15.5:
                    last = frame.time
                    # A phone held upright stores its picture lying, and says how it is turned.
                    turns = round(frame.rotation / 90)
                    height, width = (rows, columns) if turns % 2 == 0 else (columns, rows)
                    small = frame.reformat(width, height, "rgb24").to_ndarray()
                    shape = frame.height / frame.width
                    upright = np.ascontiguousarray(np.rot90(np.asarray(small, np.uint8), turns))
                    yield Frame(frame.time, upright), shape if turns % 2 == 0 else 1 / shape
    except av.error.FFmpegError as error:
        raise MediaError("undecodable", f"{path} cannot be read: {error}.") from error


def _way(weight: Array, near: Array) -> npt.NDArray[np.intp]:
    """The cell of each frame on the way with the largest sum of weights, less what its turns cost."""
    cost = _TURN * near
    best = weight[0]
    came: list[npt.NDArray[np.intp]] = []
    for row in weight[1:]:
        reached = best[:, None] - cost
        came.append(reached.argmax(axis=0))
        best = reached.max(axis=0) + row
    way = [int(best.argmax())]
    for back in reversed(came):
        way.append(int(back[way[-1]]))
    return np.array(way[::-1])
