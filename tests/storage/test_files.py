"""Pictures, sounds and pieces of different length: what comes back of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe, log_mel
from limbeck.modalities.image import PUBLISHED, Image
from limbeck.storage import Meaning, _chunks
from limbeck.storage._pictures import common_beginning, decode_grey, decode_rgb, encode_grey, encode_rgb
from limbeck.storage.coded import Coded
from limbeck.storage.recorded import _length, _split, decode_opus, encode_opus


def smooth(height: int, width: int) -> np.ndarray:
    across, down = np.meshgrid(np.linspace(0, 3, width), np.linspace(0, 2, height))
    return np.stack([128 + 100 * np.sin(across + k) * np.cos(down) for k in range(3)], -1).astype(np.uint8)


@pytest.mark.parametrize("codec", ["webp", "jpeg"])
@pytest.mark.parametrize("size", [(16, 16), (15, 15), (64, 48)])
def test_pictures_come_back_nearly_and_better_at_better_quality(codec, size):
    pixels = smooth(*size)
    errors, lengths = [], []
    for quality in (10, 90):
        content = encode_rgb(pixels, codec, quality)
        back = decode_rgb(content, codec)
        assert back.shape == pixels.shape
        errors.append(np.abs(back.astype(int) - pixels).mean())
        lengths.append(len(content))
    assert errors[1] < 6
    assert errors[1] <= errors[0]
    assert lengths[1] >= lengths[0]


@pytest.mark.parametrize("codec", ["webp", "jpeg", "png"])
def test_levels_keep_their_whole_range(codec):
    """No conversion between brightness and video levels: 0 stays 0 and 255 stays 255."""
    levels = np.repeat([[0] * 8 + [255] * 9], 24, 0).astype(np.uint8)
    back = decode_grey(encode_grey(levels, codec, 95), codec)
    assert back.shape == levels.shape
    assert np.abs(back.astype(int) - levels)[:, [0, 1, -1]].max() <= (0 if codec == "png" else 6)


def test_png_keeps_every_level():
    levels = np.random.default_rng(0).integers(0, 256, (13, 17), dtype=np.uint8)
    assert np.array_equal(decode_grey(encode_grey(levels, "png", 1), "png"), levels)


@pytest.mark.parametrize(("channels", "within"), [(3, 4), (6, 4), (12, 4), (1, 4), (4, 4)])
def test_pictures_of_any_number_of_channels_are_files(channels, within):
    """Several frames are a colour picture, one below the other; other numbers of channels a grey one."""

    class Frames(Image):
        @property
        def shape(self):
            return (channels, 24, 32)

    kind, form = Frames(ClipRecipe()), Coded(picture_quality=95, sound_quality=95)
    frames = torch.from_numpy(smooth(24, 32 * 4)).permute(2, 0, 1).reshape(3, 24, 4, 32).transpose(1, 2).flatten(0, 1)
    array = frames[:channels].contiguous()
    back = form._array(form.code(array), kind)
    assert back.dtype == torch.uint8
    assert back.shape == array.shape
    assert float((back.float() - array.float()).abs().mean()) < within
    assert (form.shared({"frames": form.code(array)}, {"frames": kind}) > 0) is False  # WebP files share nothing


def test_all_jpeg_files_of_a_kind_begin_alike():
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    files = [encode_rgb(pixels, "jpeg", 50) for pixels in (noise, smooth(32, 32), np.zeros_like(noise))]
    shared = common_beginning(files[0], "jpeg")
    assert shared > 300
    assert len({content[:shared] for content in files}) == 1
    packed = _chunks.pack("image", files)
    assert sum(t.numel() * t.element_size() for t in packed.values()) < sum(map(len, files)) - 2 * shared + 13


def test_what_is_no_picture_is_told():
    with pytest.raises(InputError, match="cannot be decoded"):
        decode_rgb(b"not a picture", "jpeg")
    with pytest.raises(InputError, match="cannot be decoded"):
        decode_grey(b"", "webp")


@pytest.mark.parametrize(("codec", "sound"), [("webp", "png"), ("jpeg", "jpeg")])
def test_a_picture_that_is_larger_than_a_sample_is_refused_before_it_takes_memory(codec, sound):
    """Few bytes can claim to be a hundred million pixels."""
    huge = encode_grey(np.zeros((10_000, 10_000), np.uint8), "png", 50)
    assert len(huge) < 200_000
    with pytest.raises(InputError, match="cannot be decoded"):
        decode_grey(huge, "png")
    kind = Image(ClipRecipe(image_size=15))
    meanings = {"image": Meaning(kind, PUBLISHED)}
    form = Coded(picture=codec, sound=sound)
    for size, said in ((600, "cannot be decoded"), (16, "it has 768 numbers, but a sample has 675")):
        payload = _chunks.pack("image", [encode_rgb(smooth(size, size), codec, 50)])
        with pytest.raises(InputError, match=said):
            form.decode(payload, meanings)
    payload = _chunks.pack("image", [encode_rgb(smooth(15, 15), codec, 50)])
    assert form.decode(payload, meanings)["image"].shape == (1, 3, 15, 15)


@pytest.mark.parametrize("chunks", [[], [b""], [b"abc"], [b"abc", b"abd"], [b"ab", b"abcd", b""]])
def test_pieces_come_back(chunks):
    assert _chunks.unpack("x", _chunks.pack("x", chunks)) == chunks


def test_pieces_that_do_not_add_up_are_told():
    packed = _chunks.pack("x", [b"abc", b"abd"])
    with pytest.raises(InputError, match="damaged"):
        _chunks.unpack("x", packed | {"x": packed["x"][:1]})


@pytest.mark.parametrize("count", [0, 1, 251, 252, 253, 254, 255, 256, 1000, 1275])
def test_lengths_of_packets_are_opuses_own(count):
    packets = [bytes(count), b"next"]
    assert _split(b"".join(_length(len(p)) + p for p in packets)) == packets
    assert len(_length(count)) == (1 if count < 252 else 2)


@pytest.mark.parametrize("rate", [4000, 11000, 16000, 44100, 96000])
@pytest.mark.parametrize("loudness", [1.0, 1e-3])
def test_opus_keeps_a_tone_its_place_and_its_loudness(rate, loudness):
    """A tone that begins half-way: same log-mel nearly, same beginning, however quiet it is."""
    seconds = np.arange(rate) / rate
    wave = (loudness * 0.5 * np.sin(2 * np.pi * 600 * seconds) * (seconds > 0.5)).astype(np.float32)
    back = decode_opus(encode_opus(wave, rate, 24_000), rate, rate)
    assert back.shape == wave.shape
    assert back.dtype == np.float64
    assert not np.array_equal(back, wave)
    energy = [float(np.square(x[int(0.55 * rate) : int(0.95 * rate)]).mean()) for x in (wave, back)]
    assert energy[1] == pytest.approx(energy[0], rel=0.3)
    quiet = slice(0, int(0.45 * rate))
    assert float(np.square(back[quiet]).mean()) < 0.01 * energy[0]


def test_more_bits_are_nearer():
    recipe = MelRecipe()
    noise = np.random.default_rng(0).normal(0, 0.1, recipe.samples).astype(np.float32)
    tone = np.sin(2 * np.pi * 440 * np.arange(recipe.samples) / recipe.sample_rate_hz).astype(np.float32) * 0.3
    wave = noise * np.linspace(0, 1, recipe.samples, dtype=np.float32) + tone
    errors, lengths = [], []
    for bitrate in (6_000, 48_000):
        content = encode_opus(wave, recipe.sample_rate_hz, bitrate)
        back = decode_opus(content, recipe.sample_rate_hz, recipe.samples)
        gap = log_mel(torch.from_numpy(back), recipe) - log_mel(torch.from_numpy(wave), recipe)
        errors.append(float(gap.abs().mean()))
        lengths.append(len(content))
    assert errors[1] < errors[0]
    assert lengths[0] < 1500 < lengths[1]


def test_silence_is_coded():
    back = decode_opus(encode_opus(np.zeros(4000, np.float32), 4000, 12_000), 4000, 4000)
    assert np.abs(back).max() < 1e-4


def test_what_is_no_sound_is_told():
    with pytest.raises(InputError, match="cannot be decoded"):
        decode_opus(bytes([128]), 8000, 8000)
