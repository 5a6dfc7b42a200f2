"""Opening media files: one thread, no other files, bounded work, and only `MediaError` comes out.

Second 0 of a file is when the first of its sound or picture is presented, whatever its clock shows then. A time is
found by the container's own means, or where these cannot be trusted by reading from the beginning.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property, lru_cache
from io import BufferedReader, BytesIO, FileIO
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NoReturn

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from limbeck.errors import MediaError
from limbeck.media._clock import Clock, from_key_frame, is_chained
from limbeck.media.recording import Encoded, Recording, binary, resolved

MAX_SECONDS = 10 * 365 * 86_400.0
MAX_FRAMES = 50_000
_MAX_DRY_PACKETS = 5_000
_MAX_READS = 16
_FREE_BYTES = 256 * 2**20
_OPEN_SECONDS = 60.0
_POINTERS = frozenset({"hls", "dash", "concat", "sdp", "rtsp", "rtp", "imf", "webm_dash_manifest", "lavfi", "vobsub"})
_CLOCKS_MAY_JUMP = frozenset({"mpegts", "mpeg", "flv", "live_flv"})
_TOLD_BY_HEADER = ("mov,", "matroska,")
_TELL_THEIR_LENGTH = frozenset(
    {"mov", "wav", "w64", "flac", "aiff", "au", "caf", "mxf", "asf", "mpegts", "mpeg", "tta", "wv"}
)
_TELL_THEIR_END = frozenset({"matroska", "nut", "ogg", "flv"})
_BYTES_FOR_TIME = frozenset({"wav", "w64", "aiff", "au", "voc", "ircam", "nistsphere", "sox", "avr", "pvf"})
_ADPCM_OF_BLOCKS = frozenset({"adpcm_ima_qt", "adpcm_ima_wav", "adpcm_ms"})
_TEXT_ART = frozenset({"tty", "bin", "xbin", "adf", "idf"})

Kind = Literal["sound", "picture"]


class Media:
    """An open file, its second 0 on its own clock (`origin_s`), and the way to any time in it."""

    def __init__(self, recording: Recording, skipped: Sequence[bool], origin_s: float | None) -> None:
        self.recording = recording
        self._skipped = skipped
        self._source = _Bytes(recording)
        try:
            self._open()
            may_jump = self.container.format.name in _CLOCKS_MAY_JUMP or (
                self.container.format.name == "ogg" and is_chained(recording, len(self.container.streams))
            )
            self._jumps = may_jump and self._survey.jumps > 0
            self.origin_s = self._second_zero() if origin_s is None else origin_s
        except BaseException:
            self._source.close()
            raise

    def _open(self) -> None:
        self._source.seek(0)
        self.container = _open(self.recording, self._source, self._skipped)
        self._at_beginning = True
        for stream in self.container.streams:
            if stream.type in ("audio", "video") and stream.codec_context is not None:
                stream.codec_context.thread_count = 1

    def close(self) -> None:
        self.container.close()
        self._source.close()

    @property
    def sound(self) -> AudioStream | None:
        """The sound track that players choose, of those that can be decoded: the first default one, or the first."""
        return min((t for t in _played(self.container) if isinstance(t, AudioStream)), key=_rank, default=None)

    @property
    def picture(self) -> VideoStream | None:
        """The picture track that players choose, of those that can be decoded and are no cover picture."""
        return min((t for t in _played(self.container) if isinstance(t, VideoStream)), key=_rank, default=None)

    @property
    def is_still(self) -> bool:
        """Whether the format holds one picture and no time."""
        return self.container.format.name.endswith("_pipe")

    @property
    def counts_sound(self) -> bool:
        """Whether sound keeps its time only from the beginning on.

        Files made for plain samples take bytes for time when they seek, which is wrong for anything coded; and most
        ADPCM goes on from the samples before.
        """
        codec = self.sound.codec_context.name if self.sound else "pcm"
        takes_bytes = self.container.format.name in _BYTES_FOR_TIME and not codec.startswith("pcm_")
        return takes_bytes or (codec.startswith("adpcm_") and codec not in _ADPCM_OF_BLOCKS)

    def frames(
        self, kind: Kind, from_s: float, damage: Damage, *, more: int = 0
    ) -> tuple[bool, Iterator[AudioFrame | VideoFrame]]:
        """Whether a track is read from its beginning, and its whole frames; the end of what can be read is the end.

        They begin with the last key frame at or before `from_s` seconds, or soon after, by how well the container
        seeks; at the beginning for 0 or less, or where it cannot seek. `damage` counts up what could not be decoded,
        `more` frames may be decoded beyond the usual limit. `MediaError` (``too_much_work``) may come with any of them.
        """
        begins = from_s <= 0 or self.is_still or (kind == "sound" and self.counts_sound)
        sought = not begins and not self._jumps and self._seek(kind, from_s)
        if not sought:
            self._rewind()
        self._at_beginning = False
        stream = self._track(kind)
        if not self._jumps:
            return not sought, _frames(_packets(self.container, [stream]), stream, damage, more)
        packets = Clock().even(_packets(self.container, _played(self.container)))
        from_s = -math.inf if begins else self.origin_s + from_s
        return begins, _frames(from_key_frame(packets, stream.index, from_s), stream, damage, more)

    def seconds(self, frame: AudioFrame | VideoFrame) -> float | None:
        """When a frame is presented, in seconds of the file; None where it does not say."""
        stamp, tick = frame.pts, frame.time_base
        return None if stamp is None or not tick else stamp * tick.numerator / tick.denominator - self.origin_s

    def _track(self, kind: Kind) -> AudioStream | VideoStream:
        stream = self.sound if kind == "sound" else self.picture
        if stream is None:
            raise MediaError("undecodable", f"The {kind} track cannot be found again.")
        return stream

    def _seek(self, kind: Kind, to_s: float) -> bool:
        stream = self._track(kind)
        tick = float(stream.time_base or 0)
        self._at_beginning = False
        try:
            self.container.seek(int((self.origin_s + to_s) / tick) if tick else 0, stream=stream)
        except (av.error.FFmpegError, OverflowError):
            return False
        return True

    def length_s(self) -> float | None:
        """Length in seconds, as the header tells it, or else found by reading all packets without decoding them."""
        claimed_s = sane_seconds(self.container.duration, 1 / av.time_base)
        name = self.container.format.name.partition(",")[0]
        tells = name in _TELL_THEIR_LENGTH or (name in _TELL_THEIR_END and self.origin_s == 0)
        if claimed_s is None or self._jumps or not tells:
            claimed_s = max(self._survey.ends.values(), default=0.0) - self.origin_s
        return claimed_s if 0 < claimed_s <= MAX_SECONDS else None

    @cached_property
    def _survey(self) -> Clock:
        if isinstance(self.recording, Encoded):
            return _clock_of(self.recording)
        now = self.recording.stat()
        return _surveyed(self.recording, now.st_size, now.st_mtime_ns)

    def _rewind(self) -> None:
        if not self._at_beginning:
            self.container.close()
            self._open()

    def _second_zero(self) -> float:
        """When the first track begins; of tracks that begin below 0, when their first frame is presented.

        Below 0 lies what a decoder needs and drops, or a clock that runs over soon after the beginning.
        """
        begins = [
            float(t.start_time * t.time_base)
            for t in _played(self.container)
            if t.start_time is not None and t.time_base
        ]
        if self.is_still or min(begins, default=0.0) >= 0:
            return min(begins, default=0.0)
        self.origin_s = 0.0
        tracks: dict[Kind, AudioStream | VideoStream | None] = {"sound": self.sound, "picture": self.picture}
        there = [kind for kind, track in tracks.items() if track is not None]
        firsts = [self.seconds(frame) for kind in there for frame in islice(self.frames(kind, 0.0, Damage())[1], 1)]
        self._rewind()  # where a seek lands depends on what was read before
        return min((at for at in firsts if at is not None), default=0.0)


def _rank(stream: AudioStream | VideoStream) -> tuple[bool, bool, int]:
    """Order of choice among the tracks of a file: whole ones (see `is_part`), default ones, the first."""
    return is_part(stream), not stream.disposition & Disposition.default, stream.index


def is_part(stream: AudioStream | VideoStream) -> bool:
    """Whether a track holds a part of each picture, as in photos of phones (HEIC) and large AVIF."""
    return bool(stream.disposition & Disposition.dependent)


def _played(container: InputContainer) -> list[AudioStream | VideoStream]:
    """All tracks that can be decoded, without cover pictures."""
    tracks: list[AudioStream | VideoStream] = [*container.streams.audio, *container.streams.video]
    return [t for t in tracks if t.codec_context and not t.disposition & Disposition.attached_pic]


def _packets(container: InputContainer, tracks: Sequence[AudioStream | VideoStream]) -> Iterator[Packet[Any]]:
    """The packets of some tracks; the demuxer skips all others."""
    wanted = {t.index for t in tracks}
    for stream in container.streams:
        stream.discard = Discard.default if stream.index in wanted else Discard.all
    return container.demux(tracks)


@lru_cache(maxsize=4096)
def _surveyed(path: Path, _size: int, _modified_ns: int) -> Clock:
    return _clock_of(path)


def _clock_of(recording: Recording) -> Clock:
    clock = Clock()
    with (
        _Bytes(recording) as source,
        _open(recording, source, ()) as container,
        suppress(av.error.FFmpegError, OSError),
    ):
        for _ in clock.even(_packets(container, _played(container))):
            pass
    return clock


@contextmanager
def opened(recording: Recording, *, skipped: Sequence[bool] = (), origin_s: float | None = None) -> Iterator[Media]:
    """An open recording, with one thread a decoder; every failure inside comes out as `MediaError`.

    Of tracks that are `skipped` (from `pictures_to_skip`) nothing is decoded to learn more than the header says, which
    for pictures takes longer than all the rest; those do not tell when they begin. `origin_s` is second 0 if known.
    """
    media: Media | None = None
    try:
        found = resolved(recording)
        if isinstance(found, Path):
            if not found.exists():
                raise MediaError("missing_file", f"{found} does not exist.")
            if not found.is_file():
                raise MediaError("unreadable_file", f"{found} is not a file.")
        with binary(found) as file:
            if not file.read(1):
                raise MediaError("empty_file", f"{recording} has no bytes.")
        media = Media(found, skipped, origin_s)
        yield media
    except MediaError as error:
        if str(recording) in error.detail:
            raise
        raise MediaError(error.reason, f"{recording}: {error.detail}") from error
    except PermissionError as error:
        raise MediaError("unreadable_file", f"{recording} cannot be read: {error.strerror}.") from error
    except MemoryError as error:
        raise MediaError("too_much_work", f"{recording} asks for more memory than there is.") from error
    except Exception as error:  # whatever a broken file brings up in ffmpeg, PyAV or numpy is that file's fault
        raise MediaError("undecodable", f"{recording} cannot be decoded: {type(error).__name__}: {error}") from error
    finally:
        if media is not None:
            media.close()


def pictures_to_skip(media: Media) -> tuple[bool, ...]:
    """Which tracks to pass over when the file is opened again for its sound; none unless the header tells all."""
    if not media.container.format.name.startswith(_TOLD_BY_HEADER):
        return ()
    return tuple(s.type == "video" for s in media.container.streams)


def sane_seconds(ticks: int | None, tick_s: float) -> float | None:
    """A claimed duration in seconds, or None where it is absent or absurd."""
    seconds = (ticks or 0) * tick_s
    return seconds if 0 < seconds <= MAX_SECONDS else None


@dataclass
class Damage:
    """What could not be decoded on the way."""

    packets: int = 0
    frames: int = 0

    def __bool__(self) -> bool:
        return self.packets + self.frames > 0

    @classmethod
    def total(cls, parts: Collection[Damage]) -> Damage:
        """The damage of several passes."""
        return cls(sum(p.packets for p in parts), sum(p.frames for p in parts))

    def told(self, what: str) -> tuple[str, ...]:
        """The damage in words, if there is any."""
        count = self.packets + self.frames
        return (f"{count} corrupt {'piece' if count == 1 else 'pieces'} of {what} skipped",) if count else ()


def _frames(
    packets: Iterator[Packet[Any]], stream: AudioStream | VideoStream, damage: Damage, more: int
) -> Iterator[AudioFrame | VideoFrame]:
    dry = made = 0
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError):
            damage.packets += 1
            return
        if packet is None:
            return
        try:
            decoded = stream.decode(packet)
        except (av.error.FFmpegError, ValueError):
            damage.packets += packet.size > 0
            decoded = []
        dry = 0 if decoded else dry + 1
        made += len(decoded)
        if dry > _MAX_DRY_PACKETS:
            raise MediaError("too_much_work", f"{_MAX_DRY_PACKETS} packets came without a frame.")
        if made > MAX_FRAMES + more:
            raise MediaError("too_much_work", f"The wanted time did not come within {made} frames after a key frame.")
        for frame in decoded:
            if frame.is_corrupt:
                damage.frames += 1
            else:
                yield frame


class _Bytes(BufferedReader):
    """A file without a name, so that formats are told by content; gives up when it is read over and over."""

    name = "<none>"

    def __init__(self, recording: Recording) -> None:
        raw: Any = BytesIO(recording.content) if isinstance(recording, Encoded) else FileIO(recording)
        super().__init__(raw)
        self._left = _MAX_READS * self.seek(0, os.SEEK_END) + _FREE_BYTES
        self.seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= size or 0
        if self._left < 0:
            raise MediaError("too_much_work", f"The file was read {_MAX_READS} times over without an end.")
        return super().read(size)


def _open(recording: Recording, source: _Bytes, skipped: Sequence[bool]) -> InputContainer:
    def refuse(url: str, *_: object) -> NoReturn:
        raise MediaError("not_media", f"{recording} points to another file ({url[:80]}), which is not followed.")

    options: Any = [{"skip_frame": "all"} if over else {} for over in skipped]  # PyAV's stub says list[str]
    try:
        container = av.open(
            source,
            "r",
            container_options={"protocol_whitelist": "none"},
            stream_options=options,
            metadata_errors="replace",
            timeout=(_OPEN_SECONDS, _OPEN_SECONDS),
            io_open=refuse,
        )
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError(
            "not_media", f"{recording} is not media, or its head or index is broken: {type(error).__name__}."
        ) from error
    if container.format.name in _POINTERS | _TEXT_ART:
        container.close()
        raise MediaError(
            "not_media", f"{recording} is of the kind {container.format.name!r}, not a recording or picture."
        )
    return container
