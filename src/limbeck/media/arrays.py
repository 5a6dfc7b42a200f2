"""Samples that are decoded already, as clips: pictures and waveforms in memory by a recipe."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck.errors import MediaError
from limbeck.media import _sound
from limbeck.media._picture import fitted
from limbeck.media.recipe import ClipRecipe, MelRecipe

_CHANNELS = (1, 3, 4)
_CHANNEL_AXES = {(3,): 3, (0, 3): 3, (1,): 1, (0, 1): 1, (0,): 0}
"""Which axis of a video has the channels, by the axes that are as short as that."""
_MOST_CHANNELS = 32
_SLACK = 1e-3
_PCM = ("uint8", "int16", "int32")


def picture_of(pixels: npt.NDArray[Any], recipe: ClipRecipe) -> npt.NDArray[np.uint8]:
    """A picture in memory as the frame of a clip, RGB, uint8, (size, size, 3).

    One that is RGB, uint8 and of the recipe's size comes back bit by bit.

    Args:
        pixels: Grey or RGB, (height, width), (height, width, channel) or (channel, height, width) with one, three or,
            with an alpha channel that is dropped, four channels; uint8 from 0 to 255, or floats from 0 to 1.
        recipe: Size, and what is done with pictures that are not square.

    Raises:
        MediaError: It is no such array: ``bad_shape``, ``bad_dtype``, ``not_finite``, ``out_of_range``,
            ``absurd_picture_size``.

    Example:
        >>> picture_of(np.ones((1, 28, 28)), ClipRecipe(image_size=32)).shape
        (32, 32, 3)
    """
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim == 3 and pixels.shape[-1] not in _CHANNELS and pixels.shape[0] in _CHANNELS:
        pixels = pixels.transpose(1, 2, 0)
    if pixels.ndim != 3 or pixels.shape[-1] not in _CHANNELS or not pixels.size:
        raise MediaError(
            "bad_shape",
            "A picture is (height, width), (height, width, channel) or (channel, height, width) with 1, 3 or 4 "
            f"channels, but this one is {pixels.shape}.",
        )
    image = _bytes(pixels[:, :, :3])
    return fitted(np.broadcast_to(image, (*image.shape[:2], 3)), recipe)


def video_of(pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A video in memory as (time, height, width, channel), in its own number format, once its axes are known.

    No side of a frame is 1, 3 or 4 pixels, so that an axis of these is one of channels or of time.

    Args:
        pixels: (time, height, width, channel), (time, channel, height, width) or (channel, time, height, width), with
            one, three or four channels; or grey, (time, height, width).

    Raises:
        MediaError: ``bad_shape``: it is none of these, or may be two of them.

    Example:
        >>> [video_of(np.zeros(shape)).shape for shape in ((9, 3, 8, 6), (3, 9, 8, 6), (3, 8, 6, 1), (9, 8, 6))]
        [(9, 8, 6, 3), (9, 8, 6, 3), (3, 8, 6, 1), (9, 8, 6, 1)]
    """
    video = pixels[..., None] if pixels.ndim == 3 else pixels
    small = tuple(axis for axis, length in enumerate(video.shape) if length in _CHANNELS)
    is_either = small == (0, 1) and video.shape[:2] != (1, 1)
    if is_either or (pixels.ndim == 3 and small == (0, 3) and len(video) > 1):
        raise MediaError(
            "bad_shape",
            f"Of a video that is {pixels.shape} it cannot be known which axis is time and which has the channels. Give "
            "it as (time, height, width, channel).",
        )
    channels = _CHANNEL_AXES.get(small) if video.ndim == 4 and video.size else None
    if channels is None:
        raise MediaError(
            "bad_shape",
            "A video is (time, height, width, channel), (time, channel, height, width), (channel, time, height, width) "
            f"or (time, height, width), with 1, 3 or 4 channels and larger frames, but this one is {pixels.shape}.",
        )
    return np.moveaxis(video, channels, -1)


def frames_of(
    pixels: npt.NDArray[Any], recipe: ClipRecipe, part: tuple[float, float] = (0.0, 1.0)
) -> npt.NDArray[np.uint8]:
    """A picture or a video in memory as the frames of a clip, RGB, uint8.

    Of a picture they are its one frame, (size, size, 3); of a video those that are shown at the recipe's times, (time,
    size, size, 3).

    Args:
        pixels: The picture, as `picture_of` takes it, or the frames of a video at equal steps of time, as `video_of`
            does.
        recipe: Times, size, and what is done with pictures that are not square.
        part: Where in a video the clip begins and ends, as parts of its length, 0 to 1.

    Raises:
        MediaError: It is no video, or a frame that is wanted is no picture.

    Example:
        >>> frames_of(np.zeros((9, 8, 8, 3), np.uint8), ClipRecipe(image_size=8, times=(0.2, 0.8))).shape
        (2, 8, 8, 3)
    """
    if pixels.ndim != 4:
        return picture_of(pixels, recipe)
    video = video_of(pixels)
    times = ((1 - time) * part[0] + time * part[1] for time in recipe.times)
    return np.stack([picture_of(video[min(int(time * len(video)), len(video) - 1)], recipe) for time in times])


def sound_of(
    waveform: npt.NDArray[Any], rate_hz: float, recipe: MelRecipe
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """A waveform in memory as the sound of a clip, (sample,), mono, at the `recipe`'s rate and length, and repairs.

    It is mended and refused by the rules of `media.decode`; what is longer than a clip is cut.

    Args:
        waveform: (sample,), (channel, sample) or (sample, channel), the shorter axis being the channels; floats with
            full scale 1, or PCM as uint8, int16 or int32.
        rate_hz: Its samples a second.
        recipe: Rate and length of what is made.

    Raises:
        MediaError: It is no such array: ``bad_shape``, ``bad_dtype``, ``absurd_sample_rate``, ``silent_audio``, ...
    """
    if not math.isfinite(rate_hz) or rate_hz != round(rate_hz):
        raise MediaError("absurd_sample_rate", f"A rate is a whole number of samples a second, but got {rate_hz}.")
    sound = _sound.of_array(channels_of(waveform), round(rate_hz), recipe)
    return sound.waveform, sound.repairs


def channels_of(waveform: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A waveform as (channel, sample), in its own number format, once it is known to be one; see `sound_of`."""
    samples = waveform[None] if waveform.ndim == 1 else waveform
    if samples.ndim == 2 and samples.shape[0] > samples.shape[1]:
        samples = samples.T
    if samples.ndim != 2 or not samples.size or len(samples) > _MOST_CHANNELS:
        raise MediaError(
            "bad_shape", f"A waveform is (sample,), (channel, sample) or (sample, channel), but is {waveform.shape}."
        )
    if samples.dtype.kind != "f" and samples.dtype.name not in _PCM:
        raise MediaError("bad_dtype", f"A waveform is of floats, uint8, int16 or int32, but is {samples.dtype}.")
    return samples


def mono_of(waveform: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The channels of a waveform in memory as one, (sample,), full scale 1, by the rule for those that cancel out.

    It is what `sound_of` takes, and is not mended.

    Example:
        >>> mono_of(np.array([[0.5, -0.5], [-0.5, 0.5]]))
        array([ 0.5, -0.5], dtype=float32)
    """
    return np.concatenate([piece.mono for piece in _sound.pieces(channels_of(waveform))])


def _bytes(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Pixel values as uint8: those they are, or floats from 0 to 1."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype.kind != "f":
        raise MediaError("bad_dtype", f"Pixels are uint8 from 0 to 255 or floats from 0 to 1, but are {pixels.dtype}.")
    if not np.isfinite(pixels).all():
        raise MediaError("not_finite", "The picture holds NaN or infinity.")
    lowest, highest = float(pixels.min()), float(pixels.max())
    if lowest < -_SLACK or highest > 1 + _SLACK:
        raise MediaError(
            "out_of_range",
            f"Pixels as floats lie from 0 to 1, but these lie from {lowest:.3g} to {highest:.3g}. Give them as uint8, "
            "and without normalisation: networks see a scale of their own.",
        )
    return np.rint(np.clip(pixels.astype(np.float64), 0, 1) * 255).astype(np.uint8)
