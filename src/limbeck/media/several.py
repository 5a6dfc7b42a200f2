"""Several clips of one file: the picture track is decoded once, in order, instead of once a clip from a key frame on.

Only whole files go this way. Whatever is odd (damage, no time stamps, a picture that ends early) is left to
`read_clip`, so that a clip comes out the same, or is refused for the same reason, as when it is read alone.
"""

from collections.abc import Container, Sequence
from contextlib import suppress
from pathlib import Path

from av.video.frame import VideoFrame

from limbeck.errors import MediaError
from limbeck.media import _picture, _sound
from limbeck.media._container import Damage, Media, opened, pictures_to_skip
from limbeck.media._orientation import turn_of_video
from limbeck.media.decode import RawClip, is_segment, joined, read_clip
from limbeck.media.recipe import ClipRecipe

_SEEK_AHEAD_S = 5.0

Segment = tuple[float, float | None]


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
    """The frames nearest to the middles of some segments, as far as they come out of a faultless track."""
    stream = media.picture
    if stream is None or media.is_still:
        return {}
    _picture.check_size(stream.codec_context.width, stream.codec_context.height)
    aspect = stream.sample_aspect_ratio
    found: dict[int, _picture.Picture] = {}
    left = sorted(wanted, key=lambda i: sum(wanted[i]), reverse=True)
    while left:
        damage = Damage()
        nearest = _nearest_frames(media, left, wanted, damage)
        if nearest is None or damage:
            break
        if not nearest:
            left.pop()
        for i, frame in nearest.items():
            found[i] = _picture.fit(frame, turn_of_video(frame), aspect, recipe)
    return found


def _nearest_frames(
    media: Media, left: list[int], wanted: dict[int, tuple[float, float]], damage: Damage
) -> dict[int, VideoFrame] | None:
    """Frames for the last of `left`, which they leave, until the next is far ahead; None where times make no sense."""
    nearest: dict[int, VideoFrame] = {}
    shown: tuple[float, VideoFrame] | None = None
    is_done = False  # told one frame later, which shows whether the clock makes sense
    for frame in media.frames("picture", sum(wanted[left[-1]]) / 2, damage)[1]:
        now = media.seconds(frame)
        if not isinstance(frame, VideoFrame) or now is None or (shown is not None and now < shown[0]):
            return None
        if is_done:
            break
        while left and now > sum(wanted[left[-1]]) / 2:
            if shown is None:
                return nearest
            start_s, end_s = wanted[left[-1]]
            nearest[left.pop()] = _picture.nearest(shown, (now, frame), (start_s + end_s) / 2, end_s)[1]
        shown = (now, frame)
        is_done = not left or (bool(nearest) and sum(wanted[left[-1]]) / 2 - now > _SEEK_AHEAD_S)
    return nearest
