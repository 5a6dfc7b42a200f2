"""Arrays to image, sound and video files, or to their bytes.

The same arrays give the same bytes on the same kind of machine. Videos are MP4 with H.264 and AAC.
"""

import importlib.util
import io
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

from limbeck._files import atomic
from limbeck.errors import InputError, MissingExtraError

RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_BITEXACT = {"flags": "+bitexact", "threads": "1"}
# The macroblock tree reads memory it never wrote at the borders: with it the bytes differ from call to call.
_X264 = {"preset": "veryfast", "x264-params": "mbtree=0:rc-lookahead=0"}
_SOUND_CHUNK = 1024
_LAYOUTS = {1: "mono", 2: "stereo"}


def require_pillow(extra: str) -> None:
    """Refuse early, naming the `extra` that brings Pillow, where PNG files cannot be written."""
    if importlib.util.find_spec("PIL") is None:
        raise MissingExtraError(extra, "pillow")


def png(pixels: npt.NDArray[Any], palette: npt.NDArray[np.uint8] | None = None) -> bytes:
    """A PNG file of uint8 RGB (height, width, 3), uint16 grey (height, width), or uint8 palette numbers (likewise).

    The `palette` has their colours, uint8, (256, 3); `pixels` are the picture.
    """
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(pixels))
    if palette is not None:
        image.putpalette(palette.tobytes())
    return _saved(image, format="PNG", optimize=True)


def smaller(file: bytes, *, largest: int, quality: int = 88) -> tuple[bytes, str]:
    """A PNG `file` of colours as JPEG of `quality` 1 to 95, reduced to `largest` pixels a side, and its media type.

    With a palette it stays as it is.
    """
    from PIL import Image

    image = Image.open(io.BytesIO(file))
    if image.mode == "P":
        return file, "image/png"
    image.thumbnail((largest, largest), Image.Resampling.LANCZOS)
    return _saved(image, format="JPEG", quality=quality, subsampling=0), "image/jpeg"


def wav(waveform: npt.NDArray[np.float32], sample_rate_hz: int) -> bytes:
    """A 16-bit WAV file of mono sound, float32, (sample,), in [-1, 1]; louder samples of the `waveform` are clipped.

    Its rate is `sample_rate_hz`.
    """
    import soundfile

    whole = np.rint(np.clip(waveform, -1, 1) * 32767).astype(np.int16)
    buffer = io.BytesIO()
    soundfile.write(buffer, whole, sample_rate_hz, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def mp3(waveform: npt.NDArray[np.float32], sample_rate_hz: int, **options: Any) -> bytes:
    """An MP3 file of mono sound, float32, (sample,), in [-1, 1], resampled to the next rate MP3 knows.

    Louder samples of the `waveform`, at `sample_rate_hz`, are clipped; `options` go to soundfile's writer, as
    ``compression_level``. It is about a fifth of the WAV file, and unlike Ogg every browser plays it.
    """
    import soundfile

    resampled, rate = _at_known_rate(waveform, sample_rate_hz)
    buffer = io.BytesIO()
    soundfile.write(buffer, resampled, rate, format="MP3", subtype="MPEG_LAYER_III", **options)
    return buffer.getvalue()


def wav_to_mp3(file: bytes) -> bytes:
    """A WAV file from `wav` as MP3; see `mp3`."""
    import soundfile

    return mp3(*soundfile.read(io.BytesIO(file), dtype="float32"))


def _saved(image: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, **options)
    return buffer.getvalue()


def write_wav(path: Path, waveform: npt.NDArray[np.float32], sample_rate_hz: int) -> None:
    """Write sound as a 16-bit WAV file, atomically.

    Args:
        path: Where to; folders are made.
        waveform: Shape (sample,) or (channel, sample), in [-1, 1]; louder samples are clipped.
        sample_rate_hz: Its rate.

    Raises:
        InputError: The waveform has another shape or holds NaN or infinity.
    """
    import soundfile

    sound = _checked_sound(np.atleast_2d(waveform))
    whole = np.clip(np.rint(sound * 2.0**15), -(2**15), 2**15 - 1).astype(np.int16)
    # An open file: soundfile takes no path that is not UTF-8.
    with atomic(path) as temporary, open(temporary, "wb") as handle:
        soundfile.write(handle, whole.T, sample_rate_hz, subtype="PCM_16", format="WAV")


def write_video(
    path: Path,
    frames: Iterable[npt.NDArray[np.uint8]],
    *,
    fps: float,
    waveform: npt.NDArray[np.float32] | None = None,
    sample_rate_hz: int = 0,
    quality: int = 23,
) -> None:
    """Write frames and sound as an MP4 file (H.264, AAC), atomically and streaming over the frames.

    Args:
        path: Where to; folders are made. The container is MP4 whatever the name ends in.
        frames: RGB, uint8, each of shape (height, width, 3), all of one size,
            both sides even (H.264 halves the colours).
        fps: Frames a second; frame i is shown from i / fps on.
        waveform: float32, shape (channel, sample), one or two channels, in [-1, 1]; louder
            samples are clipped. None for a film without sound.
        sample_rate_hz: Its rate; one that AAC knows (8000, 11025, 16000, 22050, 32000, 44100, 48000, ...).
        quality: H.264's constant rate factor, 0 (lossless) to 51 (worst).

    Raises:
        InputError: There is no frame, sizes are odd or change, or the sound does not fit.
    """
    frames = iter(frames)
    if (first := next(frames, None)) is None:
        raise InputError("A video needs at least one frame, but none came.")
    sound = None if waveform is None else _checked_sound(waveform)
    rate = Fraction(fps).limit_denominator(1001)
    with atomic(path) as temporary:
        _film(str(temporary), _checked_frame(first), frames, rate, sound, sample_rate_hz, quality)


def mp4(
    frames: npt.NDArray[np.uint8],
    *,
    seconds: float,
    waveform: npt.NDArray[np.float32] | None = None,
    sample_rate_hz: int = 0,
    quality: int = 12,
) -> bytes:
    """An MP4 file (H.264, AAC) of `frames`, uint8 (time, height, width, 3), which take so many `seconds`.

    The `waveform` is mono, float32 (sample,) in [-1, 1]; it is resampled to the next rate AAC knows. Odd sides, which
    H.264 has not, get one pixel more, like the last. See `write_video`.
    """
    odd = [(0, 0), *((0, side % 2) for side in frames.shape[1:3]), (0, 0)]
    first, *others = np.pad(frames, odd, mode="edge")
    sound = None
    if waveform is not None:
        resampled, sample_rate_hz = _at_known_rate(waveform, sample_rate_hz)
        sound = _checked_sound(resampled[None])
    buffer = io.BytesIO()
    rate = Fraction(len(frames)) / Fraction(seconds).limit_denominator(1000)
    _film(buffer, _checked_frame(first), iter(others), rate, sound, sample_rate_hz, quality)
    return buffer.getvalue()


def _film(
    target: str | io.BytesIO,
    first: npt.NDArray[np.uint8],
    others: Iterator[npt.NDArray[np.uint8]],
    rate: Fraction,
    sound: npt.NDArray[np.float32] | None,
    sample_rate_hz: int,
    quality: int,
) -> None:
    height, width = first.shape[:2]
    with av.open(target, "w", format="mp4", options={"fflags": "+bitexact"}) as out:
        picture = out.add_stream("libx264", rate=rate, options={"crf": str(quality), **_X264, **_BITEXACT})
        picture.width, picture.height, picture.pix_fmt = width, height, "yuv420p"
        picture.codec_context.thread_count = 1
        track: Any = None
        chunks: Iterator[av.AudioFrame] = iter(())
        if sound is not None:
            track, chunks = _track(out, sound, sample_rate_hz)
        heard = 0
        for i, image in enumerate(chain([first], others)):
            if _checked_frame(image).shape[:2] != (height, width):
                raise InputError(f"All frames must be {height} x {width}, but frame {i} has shape {image.shape}.")
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts, frame.time_base = i, 1 / rate
            out.mux(picture.encode(frame))
            while heard * rate < (i + 1) * sample_rate_hz and (chunk := next(chunks, None)) is not None:
                out.mux(track.encode(chunk))
                heard += chunk.samples
        out.mux(picture.encode(None))
        for chunk in chunks:
            out.mux(track.encode(chunk))
        if track is not None:
            out.mux(track.encode(None))


def _track(out: Any, sound: npt.NDArray[np.float32], sample_rate_hz: int) -> tuple[Any, Iterator[av.AudioFrame]]:
    """A track for sound, and the sound in chunks."""
    try:
        track = out.add_stream("aac", rate=sample_rate_hz, options=dict(_BITEXACT), layout=_LAYOUTS[len(sound)])
        track.codec_context.open()
    except (av.error.FFmpegError, ValueError) as error:
        raise InputError(f"AAC sound has no sample rate of {sample_rate_hz} Hz; resample to 44100, say.") from error
    return track, _sound_chunks(sound, sample_rate_hz)


def _at_known_rate(waveform: npt.NDArray[np.float32], sample_rate_hz: int) -> tuple[npt.NDArray[np.float32], int]:
    """Sound at the next rate that MP3 and AAC know, and that rate."""
    import soxr

    rate = next((r for r in RATES_HZ if r >= sample_rate_hz), RATES_HZ[-1])
    return soxr.resample(np.clip(waveform, -1, 1), sample_rate_hz, rate), rate


def _sound_chunks(sound: npt.NDArray[np.float32], rate_hz: int) -> Iterator[av.AudioFrame]:
    """AAC's own block size, so that the encoder never has to wait for the rest of a block."""
    for at in range(0, sound.shape[1], _SOUND_CHUNK):
        chunk = np.ascontiguousarray(sound[:, at : at + _SOUND_CHUNK])
        frame = av.AudioFrame.from_ndarray(chunk, format="fltp", layout=_LAYOUTS[len(sound)])
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, at, Fraction(1, rate_hz)
        yield frame


def _checked_frame(image: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise InputError(
            f"A frame must be uint8 of shape (height, width, 3), but is {image.dtype} of shape {image.shape}."
        )
    if image.shape[0] % 2 or image.shape[1] % 2 or 0 in image.shape:
        raise InputError(
            f"H.264 needs even sides, but a frame of shape {image.shape} came; pad or cut it by one pixel."
        )
    return image


def _checked_sound(waveform: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    if waveform.ndim != 2 or len(waveform) not in _LAYOUTS:
        raise InputError(f"Sound must have shape (channel, sample) with one or two channels, but has {waveform.shape}.")
    if not np.isfinite(waveform).all():
        raise InputError("Sound must be finite, but holds NaN or infinity.")
    return np.clip(waveform, -1.0, 1.0).astype(np.float32)
