"""The frame of one segment, upright, with square pixels, at the recipe's size."""

import math
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation

from limbeck.errors import MediaError
from limbeck.media._container import Damage, Media, is_part
from limbeck.media._orientation import Turn, turn_of_photo, turn_of_video
from limbeck.media.recipe import ClipRecipe

_MAX_PIXELS = 2**27
_MAX_RATIO = 50
_PLAUSIBLE_PIXEL = 10
_SCALING = Interpolation.BILINEAR | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT | Interpolation.BITEXACT

_BACK_UP_S = (0.0, 1.0, 10.0, 60.0, math.inf)
_SLACK_S = 0.01
_GUESSED_FRAME_S = 0.04

Image = npt.NDArray[np.uint8]
Timed = tuple[float, VideoFrame]


class Picture(NamedTuple):
    """RGB frame, uint8, of shape (size, size, 3), and repairs."""

    frame: Image
    repairs: tuple[str, ...]


@dataclass
class _Around:
    """Frames around the wanted time, each with its time in seconds: the one shown then, and the next."""

    shown: Timed | None = None
    following: Timed | None = None
    count: int = 0
    from_start: bool = False
    damage: Damage = field(default_factory=Damage)


def read(path: Path, media: Media, segment: tuple[float, float], at_s: float | None, recipe: ClipRecipe) -> Picture:
    """The frame nearest to `at_s`, or else to the middle of the segment; errors by the table of `media.decode`."""
    stream = media.picture
    if stream is None:
        unknown = any(s.codec_context is None for s in media.container.streams.video)
        reason = "unknown_codec" if unknown else "no_picture_track"
        raise MediaError(reason, "There is no picture track that can be decoded.")
    if is_part(stream):
        raise MediaError(
            "tiled_picture", "The picture is stored in tiles, which are not put together; save it as JPEG or PNG."
        )
    check_size(stream.codec_context.width, stream.codec_context.height)
    wanted_s = sum(segment) / 2 if at_s is None else at_s
    if at_s is not None:
        segment = min(segment[0], at_s), max(segment[1], at_s)
    still = media.is_still
    aspect = stream.sample_aspect_ratio
    frame_s = 1 / float(stream.average_rate) if stream.average_rate else _GUESSED_FRAME_S
    around = _look_around(media, frame_s, 0.0 if still else wanted_s)
    shown_s, frame = nearest(around.shown, around.following, wanted_s, segment[1])
    told = around.damage.told("picture")
    if not still:
        lasts_s = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else frame_s
        told += _check_shown(media, around, shown_s, shown_s + lasts_s, wanted_s, segment)
    image, repairs = fit(frame, turn_of_photo(path) if still else turn_of_video(frame), aspect, recipe)
    return Picture(image, told + repairs)


def segment(media: Media, start_s: float, length_s: float | None, recipe: ClipRecipe) -> tuple[float, float]:
    """Start and end in seconds of a clip whose sound is not read; a length of None means to the end of the file."""
    if length_s is None:
        whole_s = None if media.is_still else media.length_s()
        length_s = math.inf if whole_s is None else max(whole_s - start_s, 0.0)
    return start_s, start_s + min(length_s, recipe.mel.clip_seconds)


def _look_around(media: Media, frame_s: float, wanted_s: float) -> _Around:
    """Frames around a time, seeking earlier where a format's seek lands too late."""
    for back in _BACK_UP_S:
        around, now = _Around(), -frame_s
        around.from_start, frames = media.frames("picture", wanted_s - back, around.damage)
        for frame in frames:
            at = media.seconds(frame)
            if not isinstance(frame, VideoFrame) or (at is None and not around.from_start):
                break
            now = now + frame_s if at is None else at
            around.count += 1
            if now > wanted_s:
                around.following = (now, frame)
                break
            around.shown = (now, frame)
        if around.shown is not None or around.from_start:
            break
    return around


def nearest(shown: Timed | None, following: Timed | None, wanted_s: float, end_s: float) -> Timed:
    """The nearer of two frames with their times, but one from after the segment only where none is shown in it."""
    if following is None or shown is None:
        if one := shown or following:
            return one
        raise MediaError("undecodable", f"No whole frame at {wanted_s:g} s can be decoded.")
    nearer = following[0] - wanted_s < wanted_s - shown[0] and following[0] <= end_s
    return following if nearer else shown


def _check_shown(
    media: Media, around: _Around, shown_s: float, until_s: float, wanted_s: float, segment: tuple[float, float]
) -> tuple[str, ...]:
    """Refuse a frame that has nothing to do with the segment; tell where it is not quite the wanted one."""
    start_s, end_s = segment
    if shown_s > end_s + _SLACK_S:
        raise MediaError("beyond_end", f"The picture begins at {shown_s:.2f} s, after {end_s:g} s.")
    if around.damage and until_s < start_s - _SLACK_S:
        raise MediaError("undecodable", f"No whole frame between {start_s:g} and {end_s:g} s can be decoded.")
    if around.following is not None or until_s >= wanted_s:
        return ()
    if around.count == 1 and (
        around.from_start or len(list(islice(media.frames("picture", 0.0, Damage())[1], 2))) == 1
    ):
        return ("the picture track has one frame only: used for the whole clip",)
    if until_s < start_s - _SLACK_S:
        raise MediaError("beyond_end", f"The picture ends at {until_s:.2f} s, before {start_s:g} s.")
    return (f"the picture ended {wanted_s - until_s:.2f} s before the wanted time: last frame used",)


def check_size(width: int, height: int) -> None:
    """Refuse pictures that only a broken or hostile file would claim."""
    if width * height > _MAX_PIXELS or max(width, height) > _MAX_RATIO * max(1, min(width, height)):
        raise MediaError("absurd_picture_size", f"The picture claims to be {width} x {height} pixels.")


def fit(frame: VideoFrame, turn: Turn, pixel_aspect: Fraction | None, recipe: ClipRecipe) -> Picture:
    """A frame as RGB, uint8, shape (size, size, 3), turned upright; and what was mended."""
    check_size(frame.width, frame.height)
    told: list[str] = []
    aspect = Fraction(pixel_aspect or 1)
    if not Fraction(1, _PLAUSIBLE_PIXEL) <= aspect <= _PLAUSIBLE_PIXEL:
        told.append(f"pixels claimed to be {float(aspect):.3g} times as wide as high: taken as square")
        aspect = Fraction(1)
    across, down = float(frame.width * aspect), float(frame.height)
    if max(across, down) > _MAX_RATIO * min(across, down):
        raise MediaError("absurd_picture_size", f"The picture is {across:.0f} x {down:.0f} pixels.")
    size = recipe.image_size
    scale = {"stretch": 0.0, "crop": size / min(across, down), "letterbox": size / max(across, down)}[recipe.fit]
    width, height = (max(1, round(side * scale)) if scale else size for side in (across, down))
    image = frame.reformat(width, height, "rgb24", interpolation=_SCALING, threads=1).to_ndarray()
    if turn.is_odd:
        told.append("the picture is turned by an odd angle: turned by the nearest right angle")
    return Picture(turn.apply(_middle(np.asarray(image, np.uint8), size)), tuple(told))


def fitted(image: Image, recipe: ClipRecipe) -> Image:
    """An `image` in memory, RGB, uint8, (height, width, 3), at a recipe's size, (size, size, 3), as files' frames are.

    One that has the size comes back as it is, bit by bit.

    Raises:
        MediaError: It claims an absurd size.
    """
    if image.shape[:2] == (recipe.image_size, recipe.image_size):
        return np.ascontiguousarray(image)
    return fit(VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24"), Turn(), None, recipe).frame


def _middle(image: Image, size: int) -> Image:
    """The middle (size, size) of a picture, with black where it has none."""
    for axis in (0, 1):
        if (spare := image.shape[axis] - size) > 0:
            image = np.take(image, range(spare // 2, spare // 2 + size), axis)
        elif spare < 0:
            before = -spare // 2
            image = np.pad(image, [(before, -spare - before) if a == axis else (0, 0) for a in range(3)])
    return image
