"""Several clips of one file: the picture track is decoded once, in order, instead of once a clip from a key frame on.

Only whole files go this way. Whatever is odd (damage, no time stamps, a picture that ends early) is left to
`read_clip`, so that a clip comes out the same, or is refused for the same reason, as when it is read alone.
"""

from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from av.video.frame import VideoFrame

from limbeck.errors import MediaError
from limbeck.media import _picture, _sound
from limbeck.media._container import Damage, Media, opened, pictures_to_skip
from limbeck.media._orientation import turn_of_video
from limbeck.media.decode import RawClip, is_segment, joined, read_clip
from limbeck.media.recipe import ClipRecipe

Segment = tuple[float, float | None]


class Moment(NamedTuple):
    """When a frame is wanted, and when its segment ends, in seconds; which segment that is, and which frame of it."""

    at_s: float
    end_s: float
    segment: int
    frame: int


def read_clips(path: Path, segments: Sequence[Segment], *, recipe: ClipRecipe) -> list[RawClip | MediaError]:
    """Decode several segments of one file; much faster than one by one where they are neighbours.

    The `path` is that of all tracks the `recipe` asks for; `segments` have start and length in seconds, in any order.
    For each there is what `read_clip` returns, or the error it raises.
    """
    possible = {i: segment for i, segment in enumerate(segments) if is_segment(*segment)}
    sounds: dict[int, _sound.Sound] = {}
    pictures: dict[int, _picture.Picture] = {}
    if "audio" in recipe.tracks:
        sounds = _sounds(path, possible, recipe)
        possible = {i: possible[i] for i in sounds}
    if "image" in recipe.tracks and len(possible) > 1:
        with suppress(MediaError), opened(path) as media:
            wanted = {
                i: sounds[i].segment if i in sounds else _picture.segment(media, *s, recipe)
                for i, s in possible.items()
            }
            pictures = _in_one_pass(media, wanted, recipe)
    whole: Container[int] = pictures if "image" in recipe.tracks else sounds
    return [
        joined(sounds.get(i), pictures.get(i)) if i in whole else _alone(path, segment, recipe)
        for i, segment in enumerate(segments)
    ]


def _sounds(path: Path, segments: dict[int, Segment], recipe: ClipRecipe) -> dict[int, _sound.Sound]:
    """The sound of each segment that has some and no damage, each by a decoder of its own, for decoders remember."""
    sounds: dict[int, _sound.Sound] = {}
    skipped: tuple[bool, ...] = ()
    origin_s: float | None = None
    for i, segment in segments.items():
        with suppress(MediaError), opened(path, skipped=skipped, origin_s=origin_s) as media:
            if media.counts_sound:
                counted = _sound.read_counted(media, list(segments.values()), recipe.mel)
                sounds = {j: s for j, s in zip(segments, counted, strict=True) if isinstance(s, _sound.Sound)}
                break
            skipped, origin_s = skipped or pictures_to_skip(media), media.origin_s
            sounds[i] = _sound.read(media, *segment, recipe.mel)
    return {i: sound for i, sound in sounds.items() if not sound.damaged}


def _alone(path: Path, segment: Segment, recipe: ClipRecipe) -> RawClip | MediaError:
    try:
        return read_clip(path, path, start_s=segment[0], length_s=segment[1], recipe=recipe)
    except MediaError as error:
        return error


def _in_one_pass(
    media: Media, wanted: dict[int, tuple[float, float]], recipe: ClipRecipe
) -> dict[int, _picture.Picture]:
    """The frames nearest to the recipe's times in some segments, as far as they come out of a faultless track."""
    stream = media.picture
    if stream is None or media.is_still:
        return {}
    _picture.check_size(stream.codec_context.width, stream.codec_context.height)
    aspect = stream.sample_aspect_ratio
    found: dict[tuple[int, int], _picture.Fitted] = {}
    moments = (
        Moment(at_s, segment[1], i, k)
        for i, segment in wanted.items()
        for k, at_s in enumerate(_picture.wanted(segment, recipe))
    )
    left = sorted(moments, reverse=True)
    while left:
        damage = Damage()
        nearest = _nearest_frames(
            media, left, damage, lambda frame: _picture.fit(frame, turn_of_video(frame), aspect, recipe)
        )
        if nearest is None or damage:
            break
        if not nearest:
            left.pop()
        found |= nearest
    every = {i: [found.get((i, k)) for k in range(len(recipe.times))] for i in wanted}
    return {i: _picture.together([f for f in frames if f]) for i, frames in every.items() if all(frames)}


def _nearest_frames(
    media: Media, left: list[Moment], damage: Damage, fit: Callable[[VideoFrame], _picture.Fitted]
) -> dict[tuple[int, int], _picture.Fitted] | None:
    """Frames for the last of `left`, which they leave, until the next is far ahead; None where times make no sense."""
    nearest: dict[tuple[int, int], _picture.Fitted] = {}
    shown: tuple[float, VideoFrame] | None = None
    last: tuple[VideoFrame, _picture.Fitted] | None = None
    is_done = False  # told one frame later, which shows whether the clock makes sense
    for frame in media.frames("picture", left[-1].at_s, damage)[1]:
        now = media.seconds(frame)
        if not isinstance(frame, VideoFrame) or now is None or (shown is not None and now < shown[0]):
            return None
        if is_done:
            break
        while left and now > left[-1].at_s:
            if shown is None:
                return nearest
            moment = left.pop()
            best = _picture.nearest(shown, (now, frame), moment.at_s, moment.end_s)[1]
            # At once, for many frames as they are decoded take much memory; and one may be wanted several times.
            last = last if last and last[0] is best else (best, fit(best))
            nearest[moment.segment, moment.frame] = last[1]
        shown = (now, frame)
        is_done = not left or (bool(nearest) and left[-1].at_s - now > _picture.SEEK_AHEAD_S)
    return nearest
