"""Arrays to the bytes of picture and sound files, and names to harmless file names. Same array, same bytes."""

from __future__ import annotations

import base64
import importlib.util
import io
import re
import unicodedata
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import MissingExtraError

MP3_RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)


def require_pillow(extra: str) -> None:
    """Refuse early where PNG files cannot be written.

    Args:
        extra: Extra that brings Pillow.

    Raises:
        MissingExtraError: Pillow is not installed.
    """
    if importlib.util.find_spec("PIL") is None:
        raise MissingExtraError(extra, "pillow")


def png(pixels: npt.NDArray[Any], palette: npt.NDArray[np.uint8] | None = None) -> bytes:
    """A PNG file.

    Args:
        pixels: uint8 RGB (height, width, 3), uint16 grey (height, width), or uint8 palette numbers (height, width).
        palette: uint8, (256, 3): colours of palette numbers.
    """
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    if palette is not None:
        picture.putpalette(palette.tobytes())
    return _saved(picture, format="PNG", optimize=True)


def jpeg(pixels: npt.NDArray[np.uint8], *, largest: int, quality: int = 88) -> bytes:
    """A JPEG file.

    Args:
        pixels: uint8 RGB, (height, width, 3).
        largest: Pictures larger than this many pixels a side are reduced to it.
        quality: 1 to 95.
    """
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(pixels))
    picture.thumbnail((largest, largest), Image.Resampling.LANCZOS)
    return _saved(picture, format="JPEG", quality=quality, subsampling=0)


def wav(waveform: npt.NDArray[np.float32], sample_rate_hz: int) -> bytes:
    """A 16-bit WAV file of mono sound, (sample,), in [-1, 1]; louder samples are clipped."""
    import soundfile

    whole = np.rint(np.clip(waveform, -1, 1) * 32767).astype(np.int16)
    buffer = io.BytesIO()
    soundfile.write(buffer, whole, sample_rate_hz, format="WAV", subtype="PCM_16")
    return buffer.getvalue()


def mp3(waveform: npt.NDArray[np.float32], sample_rate_hz: int) -> bytes:
    """An MP3 file of mono sound, (sample,), in [-1, 1], resampled to the next rate MP3 knows.

    About a fifth of the WAV file, and unlike Ogg every browser plays it.
    """
    import soundfile
    import soxr

    rate = next((r for r in MP3_RATES_HZ if r >= sample_rate_hz), MP3_RATES_HZ[-1])
    resampled = soxr.resample(np.clip(waveform, -1, 1), sample_rate_hz, rate)
    buffer = io.BytesIO()
    soundfile.write(buffer, resampled, rate, format="MP3", subtype="MPEG_LAYER_III")
    return buffer.getvalue()


def data_uri(content: bytes, kind: str) -> str:
    """Bytes as an address a page can hold.

    Example:
        >>> data_uri(b"hi", "text/plain")
        'data:text/plain;base64,aGk='
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def slug(name: str) -> str:
    """The harmless letters of a name, for file names; not unique.

    Example:
        >>> slug("Dog bark/../<b>"), slug("Überflug"), slug("雨")
        ('dog-bark-b', 'uberflug', 'class')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "class"


def _saved(picture: Any, **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, **options)
    return buffer.getvalue()
