"""Opening media files: one thread, no other files, bounded work, and only `MediaError` comes out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import av
import av.error
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard, Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from limbeck.errors import MediaError

MAX_SECONDS = 10 * 365 * 86_400.0
MAX_FRAMES = 50_000
_MAX_DRY_PACKETS = 5_000
_MAX_READS = 16
_FREE_BYTES = 256 * 2**20
_OPEN_SECONDS = 60.0
_POINTERS = frozenset({"hls", "dash", "concat", "sdp", "rtsp", "rtp", "imf", "webm_dash_manifest", "lavfi", "vobsub"})
_TOLD_BY_HEADER = ("mov,", "matroska,")
_TEXT_ART = frozenset({"tty", "bin", "xbin", "adf", "idf"})


@contextmanager
def opened(path: Path, *, passed_over: Sequence[bool] = ()) -> Iterator[InputContainer]:
    """The file as a container with one thread a decoder; every failure inside comes out as `MediaError`.

    Args:
        path: The file.
        passed_over: For each track whether nothing of it is decoded to learn more than the header says, which for
            pictures takes longer than all the rest; from `pictures_to_pass_over`.
    """
    source: _Bytes | None = None
    try:
        if not path.exists():
            raise MediaError("missing_file", f"{path} does not exist.")
        if not path.is_file():
            raise MediaError("unreadable_file", f"{path} is not a file.")
        if path.stat().st_size == 0:
            raise MediaError("empty_file", f"{path} has no bytes.")
        source = _Bytes(path)
        with _open(path, source, passed_over) as container:
            for stream in container.streams:
                if stream.type in ("audio", "video") and stream.codec_context is not None:
                    stream.codec_context.thread_count = 1
            yield container
    except MediaError as error:
        if str(path) in error.detail:
            raise
        raise MediaError(error.reason, f"{path}: {error.detail}") from error
    except PermissionError as error:
        raise MediaError("unreadable_file", f"{path} cannot be read: {error.strerror}.") from error
    except MemoryError as error:
        raise MediaError("too_much_work", f"{path} asks for more memory than there is.") from error
    except Exception as error:  # whatever a broken file brings up in ffmpeg, PyAV or numpy is that file's fault
        raise MediaError("undecodable", f"{path} cannot be decoded: {type(error).__name__}: {error}") from error
    finally:
        if source is not None:
            source.close()


def pictures_to_pass_over(container: InputContainer) -> tuple[bool, ...]:
    """Which tracks to pass over when the file is opened again for its sound; none unless the header tells all."""
    if not container.format.name.startswith(_TOLD_BY_HEADER):
        return ()
    return tuple(s.type == "video" for s in container.streams)


def audio_stream(container: InputContainer) -> AudioStream | None:
    """The first sound track that can be decoded."""
    return next((s for s in container.streams.audio if s.codec_context is not None), None)


def video_stream(container: InputContainer) -> VideoStream | None:
    """The first picture track that can be decoded and is not a cover picture."""
    streams = (s for s in container.streams.video if s.codec_context is not None)
    return next((s for s in streams if not s.disposition & Disposition.attached_pic), None)


def is_still(container: InputContainer) -> bool:
    """Whether the format holds one picture and no time."""
    return container.format.name.endswith("_pipe")


def sane_seconds(ticks: int | None, tick_s: float) -> float | None:
    """A claimed duration in seconds, or None where it is absent or absurd."""
    seconds = (ticks or 0) * tick_s
    return seconds if 0 < seconds <= MAX_SECONDS else None


def origin_s(container: InputContainer) -> float:
    """Second 0 of the file's clock: recorded streams (MPEG-TS) begin anywhere, times below zero are priming."""
    return max(0.0, (container.start_time or 0) / av.time_base)


def only(container: InputContainer, wanted: AudioStream | VideoStream) -> None:
    """Let the demuxer skip all other tracks."""
    for stream in container.streams:
        stream.discard = Discard.default if stream.index == wanted.index else Discard.all


def seek(container: InputContainer, stream: AudioStream | VideoStream, to_s: float) -> bool:
    """Go to the last key frame at or before `to_s` on the file's clock; where that cannot be done, to the beginning.

    Returns:
        False if it is the beginning for want of a way to seek.
    """
    tick = float(stream.time_base or 0)
    try:
        container.seek(int(to_s / tick) if tick else 0, stream=stream)
    except (av.error.FFmpegError, OverflowError):
        with suppress(av.error.FFmpegError):
            container.seek(0, unsupported_byte_offset=True)
        return False
    return True


@dataclass
class Damage:
    """What could not be decoded on the way."""

    packets: int = 0
    frames: int = 0

    def told(self, what: str) -> tuple[str, ...]:
        """The damage in words, if there is any."""
        count = self.packets + self.frames
        return (f"{count} corrupt {'piece' if count == 1 else 'pieces'} of {what} skipped",) if count else ()


def frames(
    container: InputContainer, stream: AudioStream | VideoStream, damage: Damage, *, more: int = 0
) -> Iterator[AudioFrame | VideoFrame]:
    """Whole frames from where the container stands; the end of what can be read is the end.

    Args:
        container: An open file.
        stream: The track.
        damage: Counts up what could not be decoded.
        more: Frames that may be decoded beyond the usual limit.

    Raises:
        MediaError: ``too_much_work``.
    """
    dry = made = 0
    packets = container.demux(stream)
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


class _Bytes:
    """A file without a name, so that formats are told by content; gives up when it is read over and over."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 (closed by `opened`)
        self._left = _MAX_READS * os.fstat(self._file.fileno()).st_size + _FREE_BYTES

    def read(self, size: int) -> bytes:
        self._left -= size
        if self._left < 0:
            raise MediaError("too_much_work", f"The file was read {_MAX_READS} times over without an end.")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()


def _open(path: Path, source: _Bytes, passed_over: Sequence[bool]) -> InputContainer:
    def refuse(url: str, *_: object) -> NoReturn:
        raise MediaError("not_media", f"{path} points to another file ({url[:80]}), which is not followed.")

    options: Any = [{"skip_frame": "all"} if over else {} for over in passed_over]  # PyAV's stub says list[str]
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
            "not_media", f"{path} is not media, or its head or index is broken: {type(error).__name__}."
        ) from error
    if container.format.name in _POINTERS | _TEXT_ART:
        container.close()
        raise MediaError("not_media", f"{path} is of the kind {container.format.name!r}, not a recording or picture.")
    return container
