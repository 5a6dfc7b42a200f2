"""The sound of one segment, cut by sample, mended or refused, at the recipe's rate and length."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame

from limbeck.errors import MediaError
from limbeck.media._container import Damage, Media, sane_seconds
from limbeck.media._resample import resample
from limbeck.media.recipe import MelRecipe

_MIN_RATE_HZ, _MAX_RATE_HZ = 1_000, 768_000
_MAX_FRAMES_A_SECOND = 2_000
_JITTER_S = 0.01
_LATE_STAMP_TOLERANCES = 10
_CUT_SHORT_S = 0.1
_PREROLL_S = 0.25
_BACK_UP_S = (0.0, 1.0, 10.0, 60.0)
_SILENCE = 1e-5
_ABSURD_PEAK = 16.0
_TOLD_PEAK = 1.1
_LEAST_SOUND = 0.1
_CANCELLED = 0.02
_PIECE_SAMPLES = 1024
_NOT_QUIET = 0.25

Mono = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sound:
    """Waveform of shape (sample,) by the recipe, the segment it is of (start and end in seconds), and repairs.

    `damaged` says whether something on the way to it could not be decoded.
    """

    waveform: Mono
    segment: tuple[float, float]
    repairs: tuple[str, ...]
    damaged: bool


class Piece(NamedTuple):
    """Decoded samples, (sample,), from index `at` in the track on; one of channels that cancel each other out."""

    at: int
    mono: Mono
    cancels: bool = False


@dataclass
class _Buffer:
    """Mono samples of one segment from sample `first` of the track on, filled frame by frame; the rest is 0.

    Decoded were the track's samples from `begin` to before `end`; `holes` are samples missing between frames within,
    and in `cancelled` ones channels cancel each other out. The segment is `length_s` long (None: to the end of the
    track) from `start_s` on, of which the recipe keeps `kept_s`.
    """

    start_s: float
    length_s: float | None
    rate: int
    recipe: MelRecipe
    begin: int | None = None
    end: int = 0
    holes: int = 0
    cancelled: int = 0
    damage: Damage = field(default_factory=Damage)

    def __post_init__(self) -> None:
        self.kept_s = min(self.length_s or math.inf, self.recipe.clip_seconds)
        self.first = round(self.start_s * self.rate)
        self.samples = np.zeros(max(1, round(self.kept_s * self.rate)), np.float32)

    @property
    def last(self) -> int:
        return self.first + len(self.samples)

    @property
    def missing_front(self) -> int:
        return len(self.samples) if self.begin is None else min(max(0, self.begin - self.first), len(self.samples))

    @property
    def missing_back(self) -> int:
        return 0 if self.begin is None else min(max(0, self.last - self.end), len(self.samples))

    @property
    def there(self) -> int:
        return max(0, len(self.samples) - self.missing_front - self.missing_back - self.holes)

    def put(self, piece: Piece) -> None:
        at, mono, cancels = piece
        if self.begin is None:
            self.begin = self.end = at
        self.holes += max(0, min(at, self.last) - max(self.end, self.first))
        self.end = max(self.end, at + len(mono))
        left, right = max(at, self.first), min(at + len(mono), self.last)
        if left < right:
            self.cancelled += cancels * (right - left)
            self.samples[left - self.first : right - self.first] = mono[left - at : right - at]


def read(media: Media, start_s: float, length_s: float | None, recipe: MelRecipe) -> Sound:
    """Sound of a segment; errors by the table of `media.decode`."""
    rate = checked_rate_hz(media)
    for back in _BACK_UP_S:
        buffer = _Buffer(start_s, length_s, rate, recipe)
        begins = _fill(media, rate, start_s - _PREROLL_S - back, [buffer])
        if buffer.missing_front == 0 or begins:
            break
    return _finished(_claimed_s(media), buffer)


def of_array(samples: npt.NDArray[Any], rate_hz: int, recipe: MelRecipe) -> Sound:
    """Sound of decoded samples, (channel, sample), float with full scale 1 or PCM; errors as of a file's sound."""
    _check_rate(rate_hz)
    buffer = _Buffer(0.0, None, rate_hz, recipe)
    for piece in pieces(samples):
        buffer.put(piece)
    return _finished(None, buffer)


def pieces(samples: npt.NDArray[Any]) -> Iterator[Piece]:
    """Decoded samples, (channel, sample), in pieces as decoders give them: channels may cancel out in some alone."""
    for at in range(0, samples.shape[1], _PIECE_SAMPLES):
        yield Piece(at, *mono(samples[:, at : at + _PIECE_SAMPLES]))


def read_counted(
    media: Media, segments: Sequence[tuple[float, float | None]], recipe: MelRecipe
) -> list[Sound | MediaError]:
    """Sound of several segments, or why there is none; for tracks that are read from their beginning, read once."""
    rate = checked_rate_hz(media)
    buffers = [_Buffer(*segment, rate, recipe) for segment in segments]
    _fill(media, rate, 0.0, buffers)
    sounds: list[Sound | MediaError] = []
    for buffer in buffers:
        try:
            sounds.append(_finished(_claimed_s(media), buffer))
        except MediaError as error:
            sounds.append(error)
    return sounds


def checked_rate_hz(media: Media) -> int:
    """Sample rate of the sound track, which must be there and have a sensible one."""
    stream = media.sound
    if stream is None:
        reason = "unknown_codec" if media.container.streams.audio else "no_audio_track"
        raise MediaError(reason, "There is no sound track that can be decoded.")
    _check_rate(rate := stream.codec_context.sample_rate)
    return rate


def _check_rate(rate_hz: int) -> None:
    if not _MIN_RATE_HZ <= rate_hz <= _MAX_RATE_HZ:
        raise MediaError("absurd_sample_rate", f"The sound claims {rate_hz} samples a second.")


def _claimed_s(media: Media) -> float | None:
    """How long a file's sound is by its own word."""
    stream = media.sound
    claimed_s = sane_seconds(stream.duration, float(stream.time_base or 0)) if stream else None
    return claimed_s or sane_seconds(media.container.duration, 1 / av.time_base)


def _finished(claimed_s: float | None, buffer: _Buffer) -> Sound:
    recipe, rate, start_s = buffer.recipe, buffer.rate, buffer.start_s
    told = list(buffer.damage.told("sound")) if buffer.there < len(buffer.samples) else []
    if buffer.length_s is None and buffer.there:  # the segment ends where the sound ends, whatever the recipe's length
        if buffer.missing_back:
            early_s = min(claimed_s or 0.0, buffer.last / rate) - buffer.end / rate
            if early_s > _CUT_SHORT_S:
                told.append(f"sound ended {early_s:.2f} s before the file's claimed end")
            buffer.samples = buffer.samples[: len(buffer.samples) - buffer.missing_back]
        buffer.kept_s = len(buffer.samples) / rate
    kept_s = buffer.kept_s
    if buffer.there < max(1.0, _LEAST_SOUND * len(buffer.samples)):
        if buffer.damage.packets and (claimed_s is None or claimed_s > start_s):
            raise MediaError("undecodable", f"No sound between {start_s:g} and {start_s + kept_s:g} s can be decoded.")
        held = f"The segment {start_s:g} to {start_s + kept_s:g} s holds {buffer.there / rate:.2f} s of sound"
        length = f"; the track is {claimed_s:.2f} s long." if claimed_s else "."
        raise MediaError("beyond_end", held + length)
    gaps = (
        (buffer.missing_front, "sound began {:.2f} s late: silence put before it"),
        (buffer.holes, "sound had holes of {:.2f} s: filled with silence"),
        (buffer.missing_back, "sound ended {:.2f} s early: padded with silence"),
        (buffer.cancelled, "the channels cancel each other out for {:.2f} s: one of them used"),
    )
    told += [text.format(samples / rate) for samples, text in gaps if samples > _JITTER_S * rate]
    if recipe.clip_seconds - kept_s > _JITTER_S:
        told.append(f"the clip is {kept_s:.2f} s long: padded to {recipe.clip_seconds:.2f} s with silence")
    wave = resample(_mended(buffer.samples, told), rate, recipe.sample_rate_hz, kind=recipe.resampler)
    fixed = np.zeros(recipe.samples, np.float32)
    kept = min(len(wave), recipe.samples)
    fixed[:kept] = np.clip(wave[:kept], -1.0, 1.0)
    return Sound(fixed, (start_s, start_s + kept_s), tuple(told), bool(buffer.damage))


def _fill(media: Media, rate: int, from_s: float, buffers: Sequence[_Buffer]) -> bool:
    """Decode what some buffers want; whether from the track's beginning."""
    damage, open_ones = Damage(), list(buffers)
    most = max(len(b.samples) if not media.counts_sound else b.last for b in buffers) * _MAX_FRAMES_A_SECOND // rate
    begins, pieces = placed(media, rate, from_s, damage, most)
    for piece in pieces:
        for buffer in open_ones:
            if piece.at < buffer.last:
                buffer.put(piece)
            buffer.damage = replace(damage)
        open_ones = [b for b in open_ones if piece.at + len(piece.mono) < b.last]
        if not open_ones:
            break
    for buffer in open_ones:
        buffer.damage = replace(damage)
    return begins


def placed(media: Media, rate: int, from_s: float, damage: Damage, most: int) -> tuple[bool, Iterator[Piece]]:
    """Whether the track is read from its beginning, and decoded pieces at `rate` Hz; see `Media.frames`."""
    begins, frames = media.frames("sound", from_s, damage, more=most)
    return begins, _in_place(media, rate, (f for f in frames if isinstance(f, AudioFrame)))


def _in_place(media: Media, rate: int, frames: Iterator[AudioFrame]) -> Iterator[Piece]:
    """Decoded pieces with the index of their first sample in the track.

    Time stamps of many containers are coarser than a sample, so samples are counted until a stamp disagrees. Ogg
    Vorbis also stamps the frame between two block sizes late: a stamp that disagrees is believed only if the next
    frame's does not contradict it.
    """
    tolerance = _JITTER_S * rate
    counted: int | None = None
    waiting: Piece | None = None  # as stamped: its place is decided by the next
    for frame in frames:
        if frame.sample_rate != rate:
            raise MediaError("format_changes", f"The sample rate changes from {rate} to {frame.sample_rate} Hz.")
        at_s = media.seconds(frame)
        piece = Piece((counted or 0) if at_s is None else round(at_s * rate), *_mono(frame))
        if waiting is not None:
            by_next, at = piece.at - len(waiting.mono), waiting.at
            if counted is not None and abs(by_next - counted) <= tolerance:
                at = counted
            elif tolerance < at - by_next <= _LATE_STAMP_TOLERANCES * tolerance:
                at = by_next
            yield waiting._replace(at=at)
            counted, waiting = at + len(waiting.mono), None
        if counted is None or abs(piece.at - counted) > tolerance:
            waiting = piece
        else:
            yield piece._replace(at=counted)
            counted += len(piece.mono)
    if waiting is not None:
        yield waiting


def _mono(frame: AudioFrame) -> tuple[Mono, bool]:
    raw = frame.to_ndarray()
    return mono(raw if frame.format.is_planar else raw.reshape(-1, frame.layout.nb_channels).T)


def mono(raw: npt.NDArray[Any]) -> tuple[Mono, bool]:
    """Mean of channels, (channel, sample), full scale 1; where they cancel out, the first that is not quiet, and True.

    They are floats with full scale 1, or integers whose full scale is that of their number format.
    """
    if len(raw) == 1 and raw.dtype == np.float32:
        return raw[0].copy(), False
    scale = 1.0 if raw.dtype.kind == "f" else 2.0 ** (8 * raw.dtype.itemsize - 1)
    middle = scale if raw.dtype.kind == "u" else 0.0
    if len(raw) == 1 and raw.dtype.kind in "iu":
        return ((raw[0].astype(np.float64) - middle) / scale).astype(np.float32), False
    with np.errstate(invalid="ignore", over="ignore"):
        mean = (raw.mean(0, dtype=np.float64) - middle) / scale
        if len(raw) > 1 and mean.size:
            channels = raw.astype(np.float64)
            channels = (channels - middle) / scale
            power = np.einsum("cs,cs->c", channels, channels) / mean.size
            if len(raw) * np.dot(mean, mean) / mean.size < _CANCELLED * power.mean() and power.max() > _SILENCE**2:
                return channels[int(np.argmax(power >= _NOT_QUIET * power.max()))].astype(np.float32), True
        return mean.astype(np.float32), False


def is_silent(samples: Mono) -> bool:
    """Whether nothing is to be heard: below -100 dBFS throughout, about whatever constant level a recorder adds."""
    return float(np.ptp(samples)) < 2 * _SILENCE


def _mended(samples: Mono, told: list[str]) -> Mono:
    bad = ~np.isfinite(samples)
    count = int(bad.sum())
    if 2 * count > len(samples):
        raise MediaError("nan_audio", f"{count} of {len(samples)} samples are NaN or infinite.")
    if count:
        told.append(f"{count} samples were NaN or infinite: set to 0")
        samples = np.where(bad, np.float32(0), samples)
    peak = float(np.abs(samples).max())
    if is_silent(samples):
        raise MediaError("silent_audio", "The segment's sound is silent (below -100 dBFS throughout).")
    if peak > _ABSURD_PEAK:
        raise MediaError(
            "absurd_loudness", f"Samples reach {peak:.3g}, where 1 is full scale; were whole numbers stored as floats?"
        )
    if peak > _TOLD_PEAK:
        told.append(f"samples reached {peak:.2f}: clipped to 1")
    return np.clip(samples, -1.0, 1.0)
