"""The frames of one segment, upright, with square pixels, at the recipe's size."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import islice
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
SEEK_AHEAD_S = 5.0
"""How far ahead a time must lie that is sought, and not decoded up to."""
_GUESSED_FRAME_S = 0.04

Image = npt.NDArray[np.uint8]
Timed = tuple[float, VideoFrame]


class Picture(NamedTuple):
    """RGB frames, uint8, of shape (time, size, size, 3), and repairs."""

    frames: Image
    repairs: tuple[str, ...]


class Fitted(NamedTuple):
    """RGB frame, uint8, of shape (size, size, 3), and repairs."""

    frame: Image
    repairs: tuple[str, ...]


class _Around(NamedTuple):
    """Frames around a wanted time, each with its time in seconds: the one shown then, and the next.

    They are the last of `passed` frames; `damage` is that of the whole pass through the file.
    """

    shown: Timed | None
    following: Timed | None
    passed: int
    from_start: bool
    damage: Damage


def read(media: Media, segment: tuple[float, float], at_s: float | None, recipe: ClipRecipe) -> Picture:
    """The frames nearest to the recipe's times in the segment; errors by the table of `media.decode`.

    Where it is given, `at_s` is the time of all frames.
    """
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
    every_s = wanted(segment, recipe) if at_s is None else [at_s] * len(recipe.times)
    if at_s is not None:
        segment = min(segment[0], at_s), max(segment[1], at_s)
    still = media.is_still
    aspect = stream.sample_aspect_ratio
    frame_s = 1 / float(stream.average_rate) if stream.average_rate else _GUESSED_FRAME_S
    fitted: dict[int, Fitted] = {}
    found: list[Fitted] = []
    told: tuple[str, ...] = ()
    looked = _look_around(media, frame_s, [0.0] * len(every_s) if still else every_s)
    for wanted_s, around in zip(every_s, looked, strict=True):
        shown_s, frame = nearest(around.shown, around.following, wanted_s, segment[1])
        if not still:
            lasts_s = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else frame_s
            # Later times lie farther beyond an early end: what is told of the last is told.
            told = _check_shown(media, around, shown_s, shown_s + lasts_s, wanted_s, segment) or told
        if id(frame) not in fitted:  # which `looked` keeps alive
            turn = turn_of_photo(media.recording) if still else turn_of_video(frame)
            fitted[id(frame)] = fit(frame, turn, aspect, recipe)
        found.append(fitted[id(frame)])
    return together(found, (*Damage.total({id(a.damage): a.damage for a in looked}.values()).told("picture"), *told))


def wanted(segment: tuple[float, float], recipe: ClipRecipe) -> list[float]:
    """The recipe's times in a segment, in seconds."""
    return [(1 - part) * segment[0] + part * segment[1] for part in recipe.times]


def together(frames: Sequence[Fitted], told: tuple[str, ...] = ()) -> Picture:
    """Frames as one, in their order; what was mended, of all and, the same of several once, of each."""
    each = (repair for frame in frames for repair in frame.repairs)
    return Picture(np.stack([frame.frame for frame in frames]), (*told, *dict.fromkeys(each)))


def segment(media: Media, start_s: float, length_s: float | None, recipe: ClipRecipe) -> tuple[float, float]:
    """Start and end in seconds of a clip whose sound is not read; a length of None means to the end of the file."""
    if length_s is None:
        whole_s = None if media.is_still else media.length_s()
        length_s = math.inf if whole_s is None else max(whole_s - start_s, 0.0)
    return start_s, start_s + min(length_s, recipe.mel.clip_seconds)


def _look_around(media: Media, frame_s: float, every_s: Sequence[float]) -> list[_Around]:
    """Frames around some times, ascending, in one pass as far as these lie near each other."""
    found: list[_Around] = []
    while len(found) < len(every_s):
        found += _pass(media, frame_s, every_s[len(found) :])
    return found


def _pass(media: Media, frame_s: float, every_s: Sequence[float]) -> list[_Around]:
    """Frames around the first time and those soon after it, seeking earlier where a format's seek lands too late."""
    for back in _BACK_UP_S:
        found: list[_Around] = []
        shown: Timed | None = None
        damage, now, count, is_done = Damage(), -frame_s, 0, False
        from_start, frames = media.frames("picture", every_s[0] - back, damage)
        for frame in frames:
            at = media.seconds(frame)
            if not isinstance(frame, VideoFrame) or (at is None and not from_start):
                break
            now = now + frame_s if at is None else at
            count += 1
            while len(found) < len(every_s) and now > every_s[len(found)]:
                found.append(_Around(shown, (now, frame), count, from_start, damage))
            is_done = bool(found) and (len(found) == len(every_s) or every_s[len(found)] - now > SEEK_AHEAD_S)
            if is_done:
                break
            shown = (now, frame)
        if not is_done:
            found += [_Around(shown, None, count, from_start, damage) for _ in every_s[len(found) :]]
        if found[0].shown is not None or from_start:
            break
    return found


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
    if around.passed == 1 and (
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


def fit(frame: VideoFrame, turn: Turn, pixel_aspect: Fraction | None, recipe: ClipRecipe) -> Fitted:
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
    width, height = scaled(across, down, recipe)
    image = frame.reformat(width, height, "rgb24", interpolation=_SCALING, threads=1).to_ndarray()
    if turn.is_odd:
        told.append("the picture is turned by an odd angle: turned by the nearest right angle")
    return Fitted(turn.apply(_middle(np.asarray(image, np.uint8), recipe.image_size)), tuple(told))


def scaled(across: float, down: float, recipe: ClipRecipe) -> tuple[int, int]:
    """Width and height in pixels that a picture is scaled to by a `recipe`, before it is cut or filled up."""
    size = recipe.image_size
    scale = {"stretch": 0.0, "crop": size / min(across, down), "letterbox": size / max(across, down)}[recipe.fit]
    width, height = (max(1, round(side * scale)) if scale else size for side in (across, down))
    return width, height


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
