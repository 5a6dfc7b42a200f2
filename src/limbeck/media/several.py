"""Several clips of one file: the picture track is decoded once, in order, instead of once a clip from a key frame on.

Only whole files go this way. Whatever is odd (damage, no time stamps, a picture that ends early) is left to
`read_clip`, so that a clip comes out the same, or is refused for the same reason, as when it is read alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from limbeck.errors import MediaError
from limbeck.media import _picture, _sound
from limbeck.media._container import (
    Damage,
    frames,
    is_still,
    only,
    opened,
    origin_s,
    pictures_to_pass_over,
    seek,
    video_stream,
)
from limbeck.media._orientation import turn_of_video
from limbeck.media.clip import RawClip
from limbeck.media.decode import read_clip
from limbeck.media.recipe import ClipRecipe

_SEEK_AHEAD_S = 5.0

Segment = tuple[float, float | None]


def read_clips(path: Path, segments: Sequence[Segment], *, recipe: ClipRecipe) -> list[RawClip | MediaError]:
    """Decode several segments of one file; much faster than one by one where they are neighbours.

    Args:
        path: File of both tracks.
        segments: Start and length of each in seconds, as for `read_clip`, in any order.
        recipe: Rate and length of the waveform, size of the frame.

    Returns:
        For each segment what `read_clip` returns, or the error it raises.
    """
    sounds = _sounds(path, segments, recipe)
    wanted = {i: sound.segment for i, sound in enumerate(sounds) if sound is not None}
    pictures: dict[int, _picture.Picture] = {}
    if len(wanted) > 1:
        try:
            with opened(path) as container:
                pictures = _in_one_pass(container, wanted, recipe)
        except MediaError:
            pictures = {}
    return [
        RawClip(sound.waveform, pictures[i].frame, (*sound.repairs, *pictures[i].repairs))
        if sound is not None and i in pictures
        else _alone(path, segment, recipe)
        for i, (segment, sound) in enumerate(zip(segments, sounds, strict=True))
    ]


def _sounds(path: Path, segments: Sequence[Segment], recipe: ClipRecipe) -> list[_sound.Sound | None]:
    """The sound of each segment, None where it cannot be had; a decoder of its own each, for decoders remember."""
    sounds: list[_sound.Sound | None] = []
    passed_over: tuple[bool, ...] = ()
    for segment in segments:
        try:
            with opened(path, passed_over=passed_over) as container:
                passed_over = passed_over or pictures_to_pass_over(container)
                sounds.append(_sound.read(container, *segment, recipe.mel))
        except MediaError:
            sounds.append(None)
    return sounds


def _alone(path: Path, segment: Segment, recipe: ClipRecipe) -> RawClip | MediaError:
    try:
        return read_clip(path, path, start_s=segment[0], length_s=segment[1], recipe=recipe)
    except MediaError as error:
        return error


def _in_one_pass(
    container: InputContainer, wanted: dict[int, tuple[float, float]], recipe: ClipRecipe
) -> dict[int, _picture.Picture]:
    """The frames nearest to the middles of some segments, as far as they come out of a faultless track."""
    stream = video_stream(container)
    if stream is None or is_still(container):
        return {}
    _picture.check_size(stream.codec_context.width, stream.codec_context.height)
    only(container, stream)
    found: dict[int, _picture.Picture] = {}
    left = sorted(wanted, key=lambda i: sum(wanted[i]), reverse=True)
    while left:
        if not seek(container, stream, origin_s(container) + sum(wanted[left[-1]]) / 2):
            break
        damage = Damage()
        nearest = _nearest_frames(container, stream, left, wanted, damage)
        if nearest is None or damage.packets + damage.frames:
            break
        if not nearest:
            left.pop()
        for i, frame in nearest.items():
            found[i] = _picture.Picture(*_picture.fit(frame, turn_of_video(frame), stream.sample_aspect_ratio, recipe))
    return found


def _nearest_frames(
    container: InputContainer,
    stream: VideoStream,
    left: list[int],
    wanted: dict[int, tuple[float, float]],
    damage: Damage,
) -> dict[int, VideoFrame] | None:
    """Frames for the last of `left`, which they leave, until the next is far ahead; None where times make no sense."""
    nearest: dict[int, VideoFrame] = {}
    shown: tuple[float, VideoFrame] | None = None
    for frame in frames(container, stream, damage):
        if not isinstance(frame, VideoFrame) or frame.pts is None or not frame.time_base:
            return None
        now = float(frame.pts * frame.time_base) - origin_s(container)
        if shown is not None and now < shown[0]:
            return None
        while left and now > sum(wanted[left[-1]]) / 2:
            if shown is None:
                return nearest
            start_s, end_s = wanted[left[-1]]
            nearest[left.pop()] = _picture.nearest(shown, (now, frame), (start_s + end_s) / 2, end_s)[1]
        shown = (now, frame)
        if not left or (nearest and sum(wanted[left[-1]]) / 2 - now > _SEEK_AHEAD_S):
            break
    return nearest
