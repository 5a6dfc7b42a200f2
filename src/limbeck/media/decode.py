"""Sound and picture of any file ffmpeg reads, through PyAV: seek, decode a little, never the whole file.

Second 0 is when the first of the file's sound or picture is presented, whatever its clock shows then. A clip is the
segment from `start_s` on, `length_s` long (to the end of the sound where that is None), and never longer than the
recipe's `clip_seconds`: its sound, and the frames nearest to its middle, or to other times in it, by time stamp. A
track that the recipe does not ask for is not looked at: where it is the sound, the segment goes to the end of the file.
Memory and work depend on the segment and on the distance of key frames, not on how long the file is; only where a
file's own way to a time cannot be trusted (ADPCM in WAV, say) is it read from its beginning.

What happens to bad media (R rejected with `MediaError(reason)`, M mended, told in `RawClip.repairs`, N normal):

=================================  =  ===============================================================================
what                               .  rule
=================================  =  ===============================================================================
no such file                       R  ``missing_file``
a folder, or not permitted to read R  ``unreadable_file``
zero bytes                         R  ``empty_file``
not media at all (also: text,      R  ``not_media``; the content decides, never the name's ending. Playlists and other
playlists, no index, head cut off)    formats that point to other files are refused
no decoder for the track           R  ``unknown_codec``
no sound track                     R  ``no_audio_track``
picture in tiles (HEIC, AVIF)      R  ``tiled_picture``
no picture track                   R  ``no_picture_track``; a cover picture inside a sound file is none
sound all below -100 dBFS          R  ``silent_audio`` (in the segment; about whatever constant level it has)
channels that cancel each other    M  where their mean is 20 dB below them, the first channel that is not quiet is
out                                   used
NaN or infinite samples            M  set to 0; more than half of them: R ``nan_audio``
samples beyond full scale          M  clipped to [-1, 1]; beyond 16 (24 dB over): R ``absurd_loudness``. Lossy coding
                                      and resampling overshoot by up to 10 %: clipped without a word
sample rate not in 1-768 kHz       R  ``absurd_sample_rate``
sample rate changes in the track   R  ``format_changes``
sound ends, begins late or has     M  the missing part is silence; less than a tenth of the segment there: R
holes in the segment                  ``beyond_end``
clip shorter than the recipe's     M  silence put behind it
segment beyond the end             R  ``beyond_end``, of sound or picture
start or length not a sensible     R  ``bad_segment``
number
file cut short                     M  what is there is used, by the rules above; nothing decodable: R ``undecodable``
corrupt packets                    M  skipped: the nearest whole frame is used, sound has a hole; no whole frame or no
                                      sound in the segment: R ``undecodable``. Damage that decoders conceal and do not
                                      tell cannot be seen
one frame only                     M  in a video: that frame, at all times. N in a still picture
picture ends in the segment        M  its last frame, if it is shown at least into the segment
variable frame rate                N  time stamps decide; a frame from after the segment is used only where none is
                                      shown in it
clock that goes back, or ahead by  N  it is taken to go on where it was (broadcasts, files put end to end: transport
more than an hour                     and program streams, FLV, Ogg)
clock that begins below 0 or runs  N  nothing moves; what an edit list or an encoder's delay hides is not shown
over
no time stamps                     N  frames are counted at the claimed rate, only from the beginning of the file
absurd frame rate or duration      N  neither is believed
absurd picture size                R  ``absurd_picture_size``: above 2^27 pixels, or longer than 50 times its width
absurd pixel aspect                M  taken as square outside of 1:10 to 10:1
turned by an odd angle             M  turned by the nearest right angle
too much work                      R  ``too_much_work``: 50,000 frames from a key frame to the wanted one, 5,000 packets
                                      without a frame, or the file read 16 times over
=================================  =  ===============================================================================

Any other failure of ffmpeg is ``undecodable``. Alpha channels are dropped. Nothing but `MediaError` comes out.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from limbeck.errors import MediaError
from limbeck.media import _picture, _sound
from limbeck.media._container import MAX_SECONDS, opened, sane_seconds
from limbeck.media.recipe import TRACKS, ClipRecipe, MelRecipe, Track
from limbeck.media.recording import Recording

_NO_PICTURE = "the recipe asks for no picture, so none was decoded"


@dataclass(frozen=True)
class RawClip:
    """Sound and picture of one clip, decoded but not yet a spectrogram.

    Attributes:
        waveform: Mono, float32 in [-1, 1], shape (sample,), at the recipe's rate and length; None where the recipe asks
            for no sound.
        frames: RGB, uint8, shape (time, height, width, 3), at the recipe's times and size, or (height, width, 3) where
            the picture stands still; None where the recipe asks for no picture.
        repairs: What was mended on the way, for people (``"sound ended 0.20 s early: padded with silence"``).
    """

    waveform: npt.NDArray[np.floating[Any]] | None
    frames: npt.NDArray[np.uint8] | None
    repairs: tuple[str, ...] = ()

    @classmethod
    def blank(cls, recipe: ClipRecipe) -> Self:
        """Silence and black frames, as far as the recipe asks for either."""
        size = recipe.image_size
        return cls(
            np.zeros(recipe.mel.samples, np.float32) if "audio" in recipe.tracks else None,
            np.zeros((len(recipe.times), size, size, 3), np.uint8) if "image" in recipe.tracks else None,
        )

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of what there is, by name.

        Example:
            >>> RawClip.blank(ClipRecipe(image_size=8)).shapes
            {'waveform': (11000,), 'frames': (1, 8, 8, 3)}
        """
        parts = {"waveform": self.waveform, "frames": self.frames}
        return {name: array.shape for name, array in parts.items() if array is not None}

    @property
    def sound(self) -> npt.NDArray[np.floating[Any]]:
        """The waveform, of a clip that has one."""
        if self.waveform is None:
            raise ValueError("the recipe asks for no sound, so none was decoded")
        return self.waveform

    @property
    def frame(self) -> npt.NDArray[np.uint8] | None:
        """The frame in the middle of all, (height, width, 3); None where there are no pictures."""
        return self.frames if self.frames is None or self.frames.ndim == 3 else self.frames[len(self.frames) // 2]

    @property
    def picture(self) -> npt.NDArray[np.uint8]:
        """The frame in the middle, of a clip that has pictures."""
        if self.frame is None:
            raise ValueError(_NO_PICTURE)
        return self.frame

    def pictures(self, count: int) -> npt.NDArray[np.uint8]:
        """So many frames of a clip that has pictures, (time, height, width, 3); a still is the same at all times."""
        if self.frames is None:
            raise ValueError(_NO_PICTURE)
        return np.broadcast_to(self.frames, (count, *self.frames.shape[-3:]))


@dataclass(frozen=True)
class MediaInfo:
    """What a file says about itself; nothing is decoded, and files lie.

    Where the header tells no length, or only guesses it from the size of the file, all packets are read to find it.

    Attributes:
        format: ffmpeg's name of the container.
        duration_s: Length in seconds from second 0; None where it cannot be told or is absurd, and for stills.
        sound_seconds: Length of the sound track, or None.
        picture_seconds: Length of the picture track, or None.
        sample_rate_hz: Of the first sound track, as `channels`; None without one.
        height: Of the first picture track in stored pixels, before turning, as `width`; None without one.
        fps: Its mean frame rate as claimed; None where unknown and for stills.
    """

    format: str
    duration_s: float | None
    sound_seconds: float | None
    picture_seconds: float | None
    sample_rate_hz: int | None
    channels: int | None
    height: int | None
    width: int | None
    fps: float | None

    @property
    def has_audio(self) -> bool:
        """Whether there is a sound track that can be decoded."""
        return self.sample_rate_hz is not None

    @property
    def has_picture(self) -> bool:
        """Whether there is a picture track that can be decoded."""
        return self.height is not None

    @property
    def tracks(self) -> tuple[Track, ...]:
        """The tracks that can be decoded."""
        return tuple(t for t, has in zip(TRACKS, (self.has_audio, self.has_picture), strict=True) if has)


def probe(path: Recording) -> MediaInfo:
    """Look at the tracks of a file at a `path`, or of bytes, without decoding them.

    Raises:
        MediaError: The file is missing, empty, not media, or broken at its head.
    """
    with opened(path) as media:
        container, sound, picture = media.container, media.sound, media.picture
        return MediaInfo(
            format=container.format.name,
            duration_s=None if media.is_still else media.length_s(),
            sound_seconds=sane_seconds(sound.duration, float(sound.time_base or 0)) if sound else None,
            picture_seconds=sane_seconds(picture.duration, float(picture.time_base or 0)) if picture else None,
            sample_rate_hz=sound.codec_context.sample_rate if sound else None,
            channels=sound.codec_context.channels if sound else None,
            height=picture.codec_context.height if picture else None,
            width=picture.codec_context.width if picture else None,
            fps=float(picture.average_rate) if picture and picture.average_rate and not media.is_still else None,
        )


def read_clip(
    audio: Recording | None,
    image: Recording | None,
    *,
    start_s: float = 0.0,
    length_s: float | None = None,
    recipe: ClipRecipe,
    frame_at_s: float | None = None,
) -> RawClip:
    """Decode the sound of a segment and frames of it, or one of the two, by the recipe's tracks.

    Args:
        audio: File, or bytes (`media.Encoded`), whose sound track is used: the first that is marked as default, or the
            first. A path may lead into a tar archive or a table, see `media.recording`.
        image: File or bytes whose picture track is used, chosen likewise, or a still; may be the same (opened once).
        start_s: Where the segment begins, in seconds, >= 0.
        length_s: Its length in seconds, > 0; None means to the end of the sound.
        recipe: Tracks to read, rate and length of the waveform, times and size of the frames.
        frame_at_s: When all frames are taken, in seconds from the file's beginning; None means the recipe's times in
            the segment (in that part of it that the recipe's length keeps).

    Returns:
        The clip; `repairs` tells what was mended.

    Raises:
        MediaError: By the table of this module. Nothing else is raised for whatever the files hold.
    """
    _check_segment(start_s, length_s, frame_at_s)
    sound: _sound.Sound | None = None
    picture: _picture.Picture | None = None
    if "audio" in recipe.tracks:
        if audio is None:
            raise MediaError("no_audio_track", "The clip names no file to take sound from.")
        with opened(audio) as media:
            sound = _sound.read(media, start_s, length_s, recipe.mel)
            if audio == image and "image" in recipe.tracks:
                picture = _picture.read(media, sound.segment, frame_at_s, recipe)
    if "image" in recipe.tracks and picture is None:
        if image is None:
            raise MediaError("no_picture_track", "The clip names no file to take a picture from.")
        with opened(image) as media:
            segment = sound.segment if sound else _picture.segment(media, start_s, length_s, recipe)
            picture = _picture.read(media, segment, frame_at_s, recipe)
    return joined(sound, picture)


def joined(sound: _sound.Sound | None, picture: _picture.Picture | None) -> RawClip:
    """A clip of what was read of it: its `sound`, its `picture` or both."""
    repairs = [told for part in (sound, picture) if part for told in part.repairs]
    return RawClip(sound.waveform if sound else None, picture.frames if picture else None, tuple(repairs))


def read_sound(
    path: Recording, *, start_s: float = 0.0, length_s: float | None = None, recipe: MelRecipe
) -> tuple[npt.NDArray[np.float32], tuple[str, ...]]:
    """The sound half of `read_clip`: the waveform of `path`, (sample,), by a mel `recipe`, and repairs.

    The segment begins at `start_s` and is `length_s` long, in seconds; None is all that follows.

    Raises:
        MediaError: By the table of this module.
    """
    _check_segment(start_s, length_s, None)
    with opened(path) as media:
        sound = _sound.read(media, start_s, length_s, recipe)
    return sound.waveform, sound.repairs


def read_frame(
    path: Recording, *, at_s: float = 0.0, recipe: ClipRecipe
) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """The picture half of `read_clip`: the frame of `path` at `at_s` by a `recipe`, (height, width, 3), and repairs.

    Raises:
        MediaError: By the table of this module.
    """
    _check_segment(at_s, None, None)
    with opened(path) as media:
        found = _picture.read(media, (at_s, at_s), at_s, recipe)
    return found.frames[0], found.repairs


def is_segment(start_s: float, length_s: float | None) -> bool:
    """Whether a segment from `start_s` on of `length_s` seconds (None where that is not said) is sensible."""
    return 0 <= start_s <= MAX_SECONDS and (length_s is None or 0 < length_s <= MAX_SECONDS)


def _check_segment(start_s: float, length_s: float | None, at_s: float | None) -> None:
    if not (is_segment(start_s, length_s) and (at_s is None or 0 <= at_s <= MAX_SECONDS)):
        raise MediaError(
            "bad_segment",
            "A segment needs a start >= 0, a length > 0 and a frame's time >= 0 in seconds, "
            f"but {start_s}, {length_s} and {at_s} came.",
        )
