"""Mono sound to Opus packets and back, without a container. Same sound, same bytes."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame
from av.codec.context import CodecContext

from limbeck.errors import InputError
from limbeck.media import resample

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

    The gain brings the loudest sample to half of full scale: quiet clips would be lost otherwise.
    """
    peak = float(np.abs(waveform).max(initial=0.0))
    gain = int(np.clip(np.floor(_PEAK_DB - 20 * np.log10(max(peak, 1e-10))), -_GAIN_BIAS, _GAIN_BIAS - 1))
    rate = next((r for r in RATES_HZ if r >= sample_rate_hz), _OUT_HZ)
    sound = resample(waveform * np.float32(10 ** (gain / 20)), sample_rate_hz, rate)
    return bytes([gain + _GAIN_BIAS]) + b"".join(_length(len(p)) + p for p in _packets(sound, rate, bitrate))


def decode_opus(content: bytes, sample_rate_hz: int, samples: int) -> npt.NDArray[np.float64]:
    """So many samples of the clip again at a wanted rate, float64 in [-1, 1]; what is missing at the end is silence."""
    context = CodecContext.create("opus", "r")
    context.extradata = _HEAD
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
