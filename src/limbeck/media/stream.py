"""Windows of a whole recording, however long, decoded once from beginning to end.

Memory does not grow with the recording: what is held is one window, one decoded frame, and the resampler's filter.

Windows begin every hop, at second 0 first. The last one may be shorter: what is left after the last whole window
becomes a window of its own if a tenth of a window in it is new, and is left out otherwise. A recording shorter than a
window is one window of its own length.

Bad media follow the table in `limbeck.media.decode`, read for a segment that is the whole file, and with these rules
where a stream must decide before it has seen the end:

- A silent window (below -100 dBFS throughout, about whatever constant level it has) is left out. A recording that has
  no other is refused, ``silent_audio``.
- Holes are silence. A clock that steps back by more than a second, or ahead by hours, is not believed: holes make up
  an hour of a recording at most, and beyond that sound is taken to go on.
- ``nan_audio`` (more than half of all samples), ``silent_audio`` and damage that ends a file can only be told at the
  end: windows that came before an error belong to a recording that is to be refused, so use them after the last.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from limbeck.errors import InputError, MediaError
from limbeck.media import _sound
from limbeck.media._container import MAX_SECONDS, Damage, Media, opened
from limbeck.media.recording import Recording

_LONGEST_HOLES_S = 3600.0
_STEP_BACK_S = 1.0
AROUND_S = 0.5
"""So much of the sound around windows is kept where a stretch is cut."""
_BLOCK = 2**16
_LEAST_NEW = 0.1

Mono = npt.NDArray[np.float32]


@dataclass(frozen=True)
class SoundWindow:
    """A piece of a recording.

    Attributes:
        start_s: Where it begins, in seconds from the recording's beginning.
        duration_s: How long it is, in seconds.
        samples: Mono, float32 in [-1, 1], (sample,), at the rate asked for.
    """

    start_s: float
    duration_s: float
    samples: Mono


@dataclass(frozen=True)
class SoundStretch:
    """Windows of a recording that overlap or follow each other, as one piece of sound, and half a second around them.

    That half second is there where the sound goes on in another stretch; else nothing is around.

    Attributes:
        start_s: Where the sound begins, in seconds from the recording's beginning.
        rate_hz: Samples a second.
        samples: Mono, float32 in [-1, 1], (sample,).
        windows: First sample and number of samples of each window, in order.
    """

    start_s: float
    rate_hz: int
    samples: Mono
    windows: tuple[tuple[int, int], ...]

    @property
    def begins(self) -> int:
        """The first sample's number in the recording."""
        return round(self.start_s * self.rate_hz)

    def times_s(self) -> list[tuple[float, float]]:
        """Beginning, from the recording's beginning, and length of each window, in seconds."""
        return [((self.begins + first) / self.rate_hz, count / self.rate_hz) for first, count in self.windows]

    def waves(self) -> list[Mono]:
        """The samples of each window, which are views."""
        return [self.samples[first : first + count] for first, count in self.windows]


def sound_windows(path: Recording, *, sample_rate_hz: int, window_s: float, hop_s: float) -> Iterator[SoundWindow]:
    """Cut a recording into windows while it is decoded, once, with memory that does not grow with its length.

    Args:
        path: Any file with a sound track; of a video the pictures are skipped.
        sample_rate_hz: Rate of the windows, in Hz, >= 1; the sound is resampled by soxr.
        window_s: Length of a window in seconds, > 0.
        hop_s: From the beginning of one to the beginning of the next, in seconds, > 0; longer than a window leaves
            sound out between them.

    Returns:
        The windows in order. The file is opened when the first is asked for.

    Raises:
        InputError: A rate or length is not positive, or is less than a sample.
        MediaError: While windows are taken, by the table of `limbeck.media.decode` and the rules above.
    """
    check_lengths(sample_rate_hz, window_s, hop_s)
    rate_hz = sample_rate_hz
    cut_there = _windows(path, rate_hz, round(window_s * rate_hz), round(hop_s * rate_hz))
    return (SoundWindow(start / rate_hz, len(samples) / rate_hz, samples) for start, samples in cut_there)


def sound_stretches(
    path: Recording,
    *,
    sample_rate_hz: int,
    window_s: float,
    hop_s: float,
    stretch_s: float = 60.0,
    ended: Callable[[float], object] | None = None,
) -> Iterator[SoundStretch]:
    """Cut a recording into the windows of `sound_windows`, those that overlap or touch together as one piece of sound.

    A stretch ends where silent windows are left out, and with the window that reaches `stretch_s` seconds, so that
    memory does not grow with the recording. `ended` is told how long the recording is, in seconds, silence and all, as
    soon as its end is reached, also where it is then refused as silent. What `path`, `sample_rate_hz`, `window_s` and
    `hop_s` are, and which errors come, `sound_windows` says.
    """
    check_lengths(sample_rate_hz, window_s, hop_s)
    rate_hz = sample_rate_hz
    cut_there = _windows(path, rate_hz, round(window_s * rate_hz), round(hop_s * rate_hz), ended)
    runs = joined(cut_there, round(stretch_s * rate_hz), round(AROUND_S * rate_hz))
    return (SoundStretch(start / rate_hz, rate_hz, samples, windows) for start, samples, windows in runs)


def joined(
    windows: Iterable[tuple[int, Mono]], most: int, around: int
) -> Iterator[tuple[int, Mono, tuple[tuple[int, int], ...]]]:
    """Join windows, each its first sample and its samples, without gaps; none is taken up behind `most` samples.

    Gives the first sample of each run, its samples, and where in them each window begins and how many samples it has.
    Where a run is cut for its length, both sides have `around` samples of each other, if there are as many.

    Example:
        >>> sound = np.arange(12, dtype=np.float32)
        >>> [(start, len(run), at) for start, run, at in joined([(s, sound[s:s + 4]) for s in (0, 2, 6, 8)], 9, 1)]
        [(0, 11, ((0, 4), (2, 4), (6, 4))), (7, 5, ((1, 4),))]
    """
    run: list[Mono] = []
    places: list[tuple[int, int]] = []
    first = end = 0
    for start, samples in windows:
        before: list[Mono] = []
        if places and (start > end or end - first >= most):
            if start <= end:
                run.append(samples[end - start : end - start + around])
            whole = np.concatenate(run)
            yield first, whole, tuple(places)
            if start <= end:
                # A copy: a view would keep all of it.
                before = [whole[max(0, start - around - first) : start - first].copy()]
            run, places = [], []
        if not places:
            run, first, end = before, start - sum(map(len, before)), start
        run.append(samples[end - start :])
        places.append((start - first, len(samples)))
        end = start + len(samples)
    if places:
        yield first, np.concatenate(run), tuple(places)


def check_lengths(sample_rate_hz: int, window_s: float, hop_s: float) -> None:
    """Refuse windows that cannot be cut, before anything is opened or made for them; see `sound_windows`.

    Raises:
        InputError: The rate is below 1 Hz, or a length is no number, less than a sample, or more than ten years.
    """
    if sample_rate_hz < 1 or not all(1 / sample_rate_hz <= s <= MAX_SECONDS for s in (window_s, hop_s)):
        raise InputError(
            f"A window and the way from one to the next are at least a sample long, and no more than ten years, but "
            f"{window_s:g} and {hop_s:g} s were asked for at {sample_rate_hz} Hz."
        )


def sound_pieces(path: Path, *, sample_rate_hz: int) -> Iterator[Mono]:
    """All sound of a recording in pieces of any lengths, (sample,) each, to the last sample, silence and all.

    Raises:
        MediaError: While pieces are taken, as by other ways to read; for the arguments see `sound_windows`.
    """
    with opened(path) as media:
        for piece in _sound_of(media, sample_rate_hz):
            yield np.clip(piece, -1.0, 1.0)


def _windows(
    path: Recording, rate_hz: int, window: int, hop: int, ended: Callable[[float], object] | None = None
) -> Iterator[tuple[int, Mono]]:
    """First sample and samples of each window that is not silent."""
    heard, ends, count = False, list[np.float32](), 0

    def counted(pieces: Iterator[Mono]) -> Iterator[Mono]:
        nonlocal count
        for piece in pieces:
            count += len(piece)
            yield piece

    with opened(path) as media:
        for start, samples in cut(counted(_sound_of(media, rate_hz, ends)), window, hop):
            if not _sound.is_silent(samples):
                heard = True
                yield start, np.clip(samples, -1.0, 1.0)
        if ended is not None:
            ended(count / rate_hz)
        # A constant level rings at its ends once it is resampled, which is no sound.
        if not heard or _sound.is_silent(np.array(ends, np.float32)):
            raise MediaError("silent_audio", "The whole recording is silent (below -100 dBFS throughout).")


def cut(pieces: Iterator[Mono], window: int, hop: int) -> Iterator[tuple[int, Mono]]:
    """First sample and copy of each window of a stream in `pieces` of any lengths, (sample,) each.

    A `window` has so many samples, the next begins `hop` samples later, both >= 1; for the last see this module.

    Example:
        >>> [(start, len(samples)) for start, samples in cut(iter([np.zeros(25, np.float32)]), 10, 10)]
        [(0, 10), (10, 10), (20, 5)]
    """
    shared, apart = max(0, window - hop), max(0, hop - window)
    buffer = np.empty(window, np.float32)
    start = filled = to_skip = 0
    for piece in pieces:
        at = 0
        while at < len(piece):
            skipped = min(to_skip, len(piece) - at)
            to_skip, at = to_skip - skipped, at + skipped
            taken = min(window - filled, len(piece) - at)
            buffer[filled : filled + taken] = piece[at : at + taken]
            filled, at = filled + taken, at + taken
            if filled == window:
                yield start, buffer.copy()
                buffer[:shared] = buffer[window - shared :].copy()
                start, filled, to_skip = start + hop, shared, apart
    new = filled - shared if start else filled
    if new > 0 and (start == 0 or new >= _LEAST_NEW * window):
        yield start, buffer[:filled].copy()


def _sound_of(media: Media, rate_hz: int, ends: list[np.float32] | None = None) -> Iterator[Mono]:
    source_hz = _sound.checked_rate_hz(media)
    return _resampled(_mended(_gathered(_whole(media, source_hz)), [] if ends is None else ends), source_hz, rate_hz)


def _whole(media: Media, rate: int) -> Iterator[Mono]:
    """All samples of a track from second 0 on, holes filled."""
    damage = Damage()
    end = shift = holes = 0
    no_limit = round(_sound._MAX_FRAMES_A_SECOND * MAX_SECONDS)
    for at, mono, _ in _sound.placed(media, rate, 0.0, damage, no_limit)[1]:
        gap = at + shift - end
        if gap < -_STEP_BACK_S * rate or holes + gap > _LONGEST_HOLES_S * rate:
            shift, gap = end - at, 0
        for begin in range(0, gap, _BLOCK):
            yield np.zeros(min(_BLOCK, gap - begin), np.float32)
        holes += max(0, gap)
        fresh = mono[max(0, -gap) :]
        end += max(0, gap) + len(fresh)
        if len(fresh):
            yield fresh
    if end == 0:
        reason = "undecodable" if damage else "beyond_end"
        raise MediaError(reason, "The sound track holds no sound that can be decoded.")


def _gathered(pieces: Iterator[Mono]) -> Iterator[Mono]:
    """The same in pieces of a block at least: a thousand samples at a time would cost more than their arithmetic."""
    waiting: list[Mono] = []
    count = 0
    for piece in pieces:
        waiting.append(piece)
        count += len(piece)
        if count >= _BLOCK:
            yield np.concatenate(waiting)
            waiting, count = [], 0
    if waiting:
        yield np.concatenate(waiting)


def _mended(pieces: Iterator[Mono], ends: list[np.float32]) -> Iterator[Mono]:
    """Finite samples in [-1, 1]; `ends` has the least and the greatest that came by."""
    count = bad = 0
    for piece in pieces:
        finite = np.isfinite(piece)
        count, bad = count + len(piece), bad + len(piece) - int(finite.sum())
        whole = piece if finite.all() else np.where(finite, piece, np.float32(0))
        if (peak := float(np.abs(whole).max())) > _sound._ABSURD_PEAK:
            raise MediaError("absurd_loudness", f"Samples reach {peak:.3g}, where 1 is full scale.")
        clipped = np.clip(whole, -1.0, 1.0)
        ends[:] = [end([*ends, end(clipped)]) for end in (np.min, np.max)]
        yield clipped
    if 2 * bad > count:
        raise MediaError("nan_audio", f"{bad} of {count} samples are NaN or infinite.")


def _resampled(pieces: Iterator[Mono], from_hz: int, to_hz: int) -> Iterator[Mono]:
    """The same as `media.resample` of all pieces joined, up to rounding."""
    if from_hz == to_hz:
        yield from pieces
        return
    import soxr

    resampler = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")
    taken = given = 0
    for piece in pieces:
        taken += len(piece)
        made = resampler.resample_chunk(piece)
        given += len(made)
        yield made
    left = max(0, -(-taken * to_hz // from_hz) - given)
    made = resampler.resample_chunk(np.zeros(0, np.float32), last=True)[:left]
    yield made
    yield np.zeros(left - len(made), np.float32)
