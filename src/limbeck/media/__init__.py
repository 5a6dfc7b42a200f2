"""Files to arrays: decode frames and sound, resample, log-mel and back. No networks here."""

from limbeck.media import encode, table, tar
from limbeck.media._picture import fitted
from limbeck.media._resample import resample
from limbeck.media._sound import is_silent
from limbeck.media.arrays import channels_of, frames_of, mono_of, picture_of, sound_of, video_of
from limbeck.media.boxes import Box, fitted_box, frames_at
from limbeck.media.decode import MediaInfo, RawClip, probe, read_clip, read_frame, read_sound
from limbeck.media.encode import write_video, write_wav
from limbeck.media.listing import could_be_media, files_below
from limbeck.media.recipe import MIDDLE, TRACKS, ClipRecipe, MelRecipe, Track, even_times
from limbeck.media.recording import Encoded, Recording, holder
from limbeck.media.several import read_clips
from limbeck.media.spectrogram import invert_log_mel, invert_magnitude, istft, log_mel, stft
from limbeck.media.stream import AROUND_S, SoundStretch, SoundWindow, sound_stretches, sound_windows

__all__ = [
    "AROUND_S",
    "MIDDLE",
    "TRACKS",
    "Box",
    "ClipRecipe",
    "Encoded",
    "MediaInfo",
    "MelRecipe",
    "RawClip",
    "Recording",
    "SoundStretch",
    "SoundWindow",
    "Track",
    "channels_of",
    "could_be_media",
    "encode",
    "even_times",
    "files_below",
    "fitted",
    "fitted_box",
    "frames_at",
    "frames_of",
    "holder",
    "invert_log_mel",
    "invert_magnitude",
    "is_silent",
    "istft",
    "log_mel",
    "mono_of",
    "picture_of",
    "probe",
    "read_clip",
    "read_clips",
    "read_frame",
    "read_sound",
    "resample",
    "sound_of",
    "sound_stretches",
    "sound_windows",
    "stft",
    "table",
    "tar",
    "video_of",
    "write_video",
    "write_wav",
]
