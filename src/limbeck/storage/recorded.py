"""Real clips as JPEG and Opus: the recordings' own tracks, not the numbers networks see (`recorded`).

A student sees what comes back: the picture decoded, the sound decoded and resampled, and of these the array of each
modality. Only recordings can be kept so (a log-mel holds no phase), so the method `coded` makes such sets.

Size:     measured. Counted are the bytes of every Opus packet with its length (one or two bytes), a byte of gain a
          clip, every picture file, four bytes for the length of either, and once the beginning all picture files share.
          Not counted are the 19 bytes of Opus's own header, which are the same for every sound.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, final

import av
import numpy as np
import numpy.typing as npt
import torch
from av.audio.frame import AudioFrame
from av.codec.context import CodecContext
from pydantic import Field
from torch import Tensor

from limbeck.errors import InputError
from limbeck.media import ClipRecipe, RawClip, resample
from limbeck.modalities import Modality
from limbeck.storage._chunks import Pieces, unpack
from limbeck.storage._contract import Meanings, Payload
from limbeck.storage._pictures import PictureCodec, common_beginning, decode_rgb, encode_rgb

_STEPS = 256


@final
class Recorded(Pieces):
    """Opus packets of the sound and a file of the frames, one below the other, of the tracks that modalities need.

    Attributes:
        picture: Kind of file of the frames.
        picture_quality: 1 (worst) to 100.
        opus_bitrate: Bits a second, about.
    """

    picture: PictureCodec = "jpeg"
    picture_quality: int = Field(50, ge=1, le=100)
    opus_bitrate: int = Field(12_000, ge=6_000, le=256_000)

    def code(self, clip: RawClip, modalities: Mapping[str, Modality]) -> dict[str, bytes]:
        """The bytes of a `clip`'s tracks, by track, of those that the `modalities` are made of."""
        found, tracks, recipe = {}, *_tracks(modalities.values())
        if "audio" in tracks:
            found["audio"] = encode_opus(clip.sound, recipe.mel.sample_rate_hz, self.opus_bitrate)
        if "image" in tracks:
            frames = clip.pictures(len(recipe.times))
            found["image"] = encode_rgb(frames.reshape(-1, *frames.shape[2:]), self.picture, self.picture_quality)
        return found

    def shared(self, code: Mapping[str, bytes]) -> int:
        """Bytes that the pictures of all clips of this size and quality begin with."""
        return common_beginning(code["image"], self.picture) if "image" in code else 0

    def decode(self, payload: Payload, meanings: Meanings) -> dict[str, Tensor]:
        tracks, recipe = _tracks(meaning.modality for meaning in meanings.values())
        pieces = zip(*(unpack(track, payload) for track in tracks), strict=True)
        mel = recipe.mel
        clips = [
            RawClip(
                decode_opus(chunks["audio"], mel.sample_rate_hz, mel.samples) if "audio" in chunks else None,
                _frames(decode_rgb(chunks["image"], self.picture), recipe) if "image" in chunks else None,
            )
            for chunks in (dict(zip(tracks, each, strict=True)) for each in pieces)
        ]
        return {
            name: modality.to_network(_rounded(np.stack([modality.array(clip) for clip in clips])), scale)
            for name, (modality, scale) in meanings.items()
        }


def _rounded(arrays: npt.NDArray[Any]) -> Tensor:
    """Arrays as they are prepared; floating-point ones in steps of 1/256 of their unit.

    They come in float64: in float32 a Fourier transform comes out otherwise with another instruction set, and with some
    libraries at another place in memory. That is lost in the rounding, and a set decodes to the same.
    """
    x = torch.from_numpy(arrays)
    return x.mul(_STEPS).round().div(_STEPS).float() if x.is_floating_point() else x


def _frames(pixels: npt.NDArray[np.uint8], recipe: ClipRecipe) -> npt.NDArray[np.uint8]:
    """The frames of a picture that has one below the other."""
    return pixels.reshape(len(recipe.times), -1, *pixels.shape[1:])


def _tracks(modalities: Iterable[Modality]) -> tuple[list[str], ClipRecipe]:
    """The tracks that modalities are made of, in the order of their names, and how they are decoded."""
    listed = list(modalities)
    return sorted({modality.track for modality in listed}), listed[0].recipe


Mono = npt.NDArray[np.float32]

RATES_HZ = (8000, 12000, 16000, 24000, 48000)
_OUT_HZ = 48000
_PACKET_MS = 60
_PEAK_DB = -6
_GAIN_BIAS = 128
_SHORT = 252
_HEAD = b"OpusHead\x01\x01" + (312).to_bytes(2, "little") + _OUT_HZ.to_bytes(4, "little") + bytes(3)
"""The header of an Opus stream (RFC 7845, 5.1): one channel, 312 samples of run-in to be left out."""


def encode_opus(waveform: Mono, sample_rate_hz: int, bitrate: int) -> bytes:
    """A clip as a byte of gain and its packets, each behind its length as Opus itself writes lengths (RFC 6716, 3.2.1).

    The gain brings the loudest sample of the `waveform`, of a `sample_rate_hz`, to half of full scale: quiet clips
    would be lost otherwise. The `bitrate` is in bits a second, about.
    """
    peak = float(np.abs(waveform).max(initial=0.0))
    gain = int(np.clip(np.floor(_PEAK_DB - 20 * np.log10(max(peak, 1e-10))), -_GAIN_BIAS, _GAIN_BIAS - 1))
    rate = next((r for r in RATES_HZ if r >= sample_rate_hz), _OUT_HZ)
    sound = resample(waveform * np.float32(10 ** (gain / 20)), sample_rate_hz, rate)
    return bytes([gain + _GAIN_BIAS]) + b"".join(_length(len(p)) + p for p in _packets(sound, rate, bitrate))


def decode_opus(content: bytes, sample_rate_hz: int, samples: int) -> npt.NDArray[np.float64]:
    """So many `samples` of a clip's `content` again at a `sample_rate_hz`, float64 in [-1, 1]; missing ones are 0."""
    # Not FFmpeg's own decoder: its first samples can follow from what lay in memory before.
    context = CodecContext.create("libopus", "r")
    context.extradata, context.options = _HEAD, {"request_sample_fmt": "flt"}
    context.thread_count = 1
    try:
        frames = [f for packet in _split(content[1:]) for f in context.decode(av.Packet(packet))]
        frames += context.decode(None)
        heard = np.concatenate([f.to_ndarray()[0] for f in frames]).astype(np.float64)
    except (av.error.FFmpegError, ValueError, IndexError) as error:
        raise InputError(f"A sound of this set cannot be decoded ({error}); distil again.") from error
    quiet = heard * 10 ** ((_GAIN_BIAS - content[0]) / 20)
    sound = resample(quiet, _OUT_HZ, sample_rate_hz)[:samples]
    return np.clip(np.pad(sound, (0, samples - len(sound))), -1, 1)


def _packets(sound: Mono, rate: int, bitrate: int) -> list[bytes]:
    context = CodecContext.create("libopus", "w")
    context.sample_rate, context.format, context.bit_rate = rate, "flt", bitrate
    context.layout = "mono"
    context.time_base, context.thread_count = Fraction(1, rate), 1
    # Long packets: fewer headers and lengths, and nobody waits for these sounds.
    context.options = {"application": "audio", "vbr": "on", "frame_duration": str(_PACKET_MS)}
    context.open()
    size = context.frame_size
    packets: list[bytes] = []
    for at in range(0, len(sound), size):
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(sound[None, at : at + size]), format="flt", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        packets += [bytes(p) for p in context.encode(frame)]
    return packets + [bytes(p) for p in context.encode(None)]


def _length(count: int) -> bytes:
    if count < _SHORT:
        return bytes([count])
    first = _SHORT + (count & 3)
    return bytes([first, (count - first) >> 2])


def _split(content: bytes) -> list[bytes]:
    packets, at = [], 0
    while at < len(content):
        count = content[at]
        at += 1
        if count >= _SHORT:
            count += 4 * content[at]
            at += 1
        packets.append(content[at : at + count])
        at += count
    return packets
