"""Files to arrays: decode frames and sound, resample, log-mel and back. No networks here."""

from limbeck.media.clip import RawClip
from limbeck.media.decode import read_clip
from limbeck.media.recipe import ClipRecipe, MelRecipe
from limbeck.media.spectrogram import invert_log_mel, log_mel

__all__ = ["ClipRecipe", "MelRecipe", "RawClip", "invert_log_mel", "log_mel", "read_clip"]
