"""What moves when something begins to sound (`motion`): nothing is learned.

In each cell of the picture the change from frame to frame is correlated with the rises of the loudness, over a second
and a half to either side. The loudness is that of the whole sound or of a band, whichever goes best with the place.
"""

from collections.abc import Iterable
from typing import Any, final

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError
from limbeck.spatial.localisers._contract import Array, Film, Localiser, Maps, seconds_of

CELLS = (16, 32)
"""Rows and columns of cells that a picture is seen in."""
AROUND_S = 1.5
LEAST = 0.6
"""Least correlation of a source: with many cells and bands large ones are there by chance."""
BANDS_HZ = ((100.0, 600.0), (600.0, 1800.0), (1800.0, 6000.0))
"""Beside the whole sound: of several sources each is alone in some band, now and then."""
_LATE_S = 0.01
"""By which sound comes later than light, from a few metres away, and a picture is open."""
_POWER = 2


@final
class Motion(Localiser):
    """Correlation of motion and rises of the loudness. It learns nothing."""

    def maps(self, film: Film) -> Maps:
        """The score is Pearson's correlation; places that hardly move have little weight."""
        times: list[float] = []

        def pixels() -> Iterable[npt.NDArray[np.uint8]]:
            for seconds, frame in film.frames:
                times.append(seconds)
                yield frame.mean(axis=-1).astype(np.uint8)

        moved = motion(pixels())
        return correlated(moved, seconds_of(times, least=3), film.waveform, film.rate)


def correlated(moved: Array, times: Array, waveform: npt.NDArray[np.float32], rate: int) -> Maps:
    """How motion and sound go together.

    Args:
        moved: Of `motion`, (frame, row, column).
        times: Of the frames, in seconds.
        waveform: Mono, (sample,).
        rate: Samples a second, in Hz.
    """
    from scipy.signal import butter, sosfiltfilt

    cells = moved.reshape(len(moved), -1)
    correlation, spread = _correlations(cells, onsets(waveform, rate, times), times)
    for low, high in BANDS_HZ:
        if high < rate / 2:
            band = butter(3, (low, high), "band", fs=rate, output="sos")
            rises = onsets(sosfiltfilt(band, waveform), rate, times)
            correlation = np.maximum(correlation, _correlations(cells, rises, times)[0])
    # What hardly moves correlates with anything, and so does all that blinks a little with a camera's noise.
    size = np.sqrt(spread / np.maximum(spread.max(axis=1, keepdims=True), 1e-9))
    salience = np.maximum(correlation, 0) ** _POWER * size
    return Maps(times, correlation.reshape(moved.shape), salience.reshape(moved.shape), LEAST)


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
