"""How a clip becomes arrays: every number that must be known to read the arrays again."""

from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from limbeck._config import Config

Track = Literal["audio", "image"]
TRACKS: tuple[Track, ...] = ("audio", "image")
MIDDLE = 0.5
MOST_FRAMES = 256


def even_times(count: int) -> tuple[float, ...]:
    """The middles of so many equal parts of a clip, as parts of its length.

    Example:
        >>> even_times(1), even_times(4)
        ((0.5,), (0.125, 0.375, 0.625, 0.875))
    """
    return tuple((i + 0.5) / count for i in range(count))


def _ascending(times: tuple[float, ...]) -> tuple[float, ...]:
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise ValueError(f"times ascend, each once, but are {', '.join(f'{t:g}' for t in times)}")
    return times


Times = Annotated[
    tuple[Annotated[float, Field(ge=0, le=1)], ...],
    Field(min_length=1, max_length=MOST_FRAMES),
    AfterValidator(_ascending),
]
"""Times in a clip as parts of its length, 0 to 1, ascending."""


class MelRecipe(Config):
    """Log-mel spectrogram of a fixed-length mono waveform (power, HTK mel scale, no mel norm, dB re 1.0).

    The defaults are the published recipe of audio-visual dataset distillation: 1 s at 11 kHz gives 128 x 56.

    Attributes:
        sample_rate_hz: Rate the sound is resampled to.
        clip_seconds: Length of the waveform; shorter sound is padded with zeros at its end, longer is cut.
        fft_samples: Length of the Hann window and of the FFT.
        hop_samples: Step between frames, less than `fft_samples`: windows must overlap for sound to come back.
        mels: Number of mel bands between 0 Hz and half the rate.
        resampler: ``"soxr"`` (high quality) or ``"sinc_hann"`` (the published reference's, see `media.resample`).
    """

    sample_rate_hz: int = Field(11000, ge=1000, le=192_000)
    clip_seconds: float = Field(1.0, gt=0, le=3600)
    fft_samples: int = Field(400, ge=16)
    hop_samples: int = Field(200, ge=1)
    mels: int = Field(128, ge=4)
    resampler: Literal["soxr", "sinc_hann"] = "soxr"

    @model_validator(mode="after")
    def _windows_overlap_and_fit(self) -> Self:
        if self.hop_samples >= self.fft_samples:
            raise ValueError(f"hop_samples must be below fft_samples ({self.fft_samples}), but is {self.hop_samples}")
        if self.samples <= self.fft_samples // 2:
            raise ValueError(
                f"clips of {self.clip_seconds:g} s at {self.sample_rate_hz} Hz have {self.samples} samples, too few "
                f"for one frame of {self.fft_samples}; make clip_seconds longer than "
                f"{self.fft_samples / 2 / self.sample_rate_hz:g}, or fft_samples smaller"
            )
        return self

    @property
    def samples(self) -> int:
        """Waveform length in samples."""
        return round(self.sample_rate_hz * self.clip_seconds)

    @property
    def shape(self) -> tuple[int, int]:
        """Bands and frames of the log-mel.

        Example:
            >>> MelRecipe().shape
            (128, 56)
        """
        return self.mels, self.samples // self.hop_samples + 1


class ClipRecipe(Config):
    """How a recording is decoded, for arrays of its sound, its picture or both.

    Attributes:
        tracks: Tracks that are read, ``"audio"``, ``"image"`` or both in this order; a file need not have the others.
        mel: The sound's recipe.
        image_size: Height and width of a frame in pixels.
        fit: What is done with pictures that are not square: squeeze (``stretch``, as published), cut the
            middle (``crop``) or add black bars (``letterbox``).
        frames: Frames of a video: how many, in the middles of equal parts of the clip, or at which `Times`.
        segments: Equal parts of the sound, each with a log-mel of its own.
        times: When frames are read; as `tracks`, what the modalities need that arrays are made for.
    """

    tracks: tuple[Track, ...] = Field(TRACKS, min_length=1)
    mel: MelRecipe = MelRecipe()
    image_size: int = Field(224, ge=8, le=4096)
    fit: Literal["stretch", "crop", "letterbox"] = "stretch"
    frames: Annotated[int, Field(ge=1, le=MOST_FRAMES)] | Times = 8
    segments: int = Field(4, ge=1, le=MOST_FRAMES)
    times: Times = (MIDDLE,)

    @property
    def video_times(self) -> tuple[float, ...]:
        """When the `frames` are taken, as parts of the clip.

        Example:
            >>> ClipRecipe(frames=2).video_times, ClipRecipe(frames=(0.1, 0.2)).video_times
            ((0.25, 0.75), (0.1, 0.2))
        """
        return even_times(self.frames) if isinstance(self.frames, int) else self.frames
