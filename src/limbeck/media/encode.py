"""Arrays to the bytes of image and sound files. The same array gives the same bytes."""

from __future__ import annotations

import importlib.util
import io
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import MissingExtraError

MP3_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


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
    import soxr

    rate = next((r for r in MP3_RATES_HZ if r >= sample_rate_hz), MP3_RATES_HZ[-1])
    resampled = soxr.resample(np.clip(waveform, -1, 1), sample_rate_hz, rate)
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
