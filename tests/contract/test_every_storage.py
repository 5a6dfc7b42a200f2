"""What every form of storage must do, found by listing the folder."""

from __future__ import annotations

import json

import pytest
import torch
from tests.helpers.clips import RECIPE, toy_clips

from limbeck import _discover, storage
from limbeck.datasets import Scale
from limbeck.errors import InputError, UnknownNameError
from limbeck.storage import Coder, Form, payload_bytes

CODERS = [name for name in storage.names() if issubclass(storage.load(name), Coder)]
WITHIN_DB = {"float32": 1e-4, "uint8": 0.5, "coded": 10.0}
"""Largest error of a log-mel of the toy clips, which are noise: the worst there is to code."""


def pairs():
    real = toy_clips(per_class=3)
    scale = Scale.of(real.statistics, "standardised")
    return scale.audio(real.audio()), scale.image(real.frames()), scale


@pytest.mark.parametrize("name", storage.names())
class TestEveryForm:
    def test_says_what_it_is(self, name):
        assert f"(`{name}`)" in _discover.summary("limbeck.storage", name)
        assert "Size:" in __import__(f"limbeck.storage.{name}", fromlist=["x"]).__doc__
        assert storage.load(name)().name == name

    def test_settings_come_back_from_json(self, name):
        form = storage.load(name)()
        assert type(form).from_json(json.loads(json.dumps(form.to_json()))) == form


@pytest.mark.parametrize("name", CODERS)
class TestEveryCoder:
    def test_comes_back_within_its_error(self, name):
        audio, image, scale = pairs()
        form = Form(name=name).build()
        back_audio, back_image = form.decode(form.encode(audio, image, scale), scale, RECIPE)
        assert back_audio.dtype == back_image.dtype == torch.float32
        assert back_audio.shape == audio.shape
        assert back_image.shape == image.shape
        assert (scale.to_db(back_audio) - scale.to_db(audio)).abs().max() <= WITHIN_DB[name]
        seen, was = scale.to_pixels(back_image).float(), scale.to_pixels(image).float()
        assert torch.corrcoef(torch.stack([seen.flatten(), was.flatten()]))[0, 1] > 0.7

    def test_same_pairs_same_bytes_and_same_payload_same_bits(self, name):
        audio, image, scale = pairs()
        form = Form(name=name).build()
        one, two = form.encode(audio, image, scale), form.encode(audio.clone(), image.clone(), scale)
        assert one.keys() == two.keys()
        assert all(torch.equal(one[key], two[key]) for key in one)
        first, second = form.decode(one, scale, RECIPE), form.decode(two, scale, RECIPE)
        assert torch.equal(first[0], second[0])
        assert torch.equal(first[1], second[1])

    def test_pairs_are_kept_apart(self, name):
        """Joined in another order without decoding, they decode to the same bits."""
        audio, image, scale = pairs()
        form = Form(name=name).build()
        halves = [form.encode(audio[rows], image[rows], scale) for rows in (slice(0, 4), slice(4, 9))]
        order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
        whole = form.decode(form.encode(audio, image, scale), scale, RECIPE)
        joined = form.decode(form.join(halves, order), scale, RECIPE)
        assert torch.equal(joined[0], whole[0][order])
        assert torch.equal(joined[1], whole[1][order])

    def test_bytes_are_those_of_the_tensors(self, name):
        audio, image, scale = pairs()
        payload = Form(name=name).build().encode(audio, image, scale)
        assert payload_bytes(payload) == sum(len(t.numpy().tobytes()) for t in payload.values())
        assert payload_bytes(payload) <= 4 * (audio.numel() + image.numel())


def test_an_unknown_form_is_named_with_the_known_ones():
    with pytest.raises(UnknownNameError, match="Did you mean 'uint8'"):
        Form(name="uint").build()


def test_a_form_of_recordings_is_not_for_pairs():
    with pytest.raises(InputError, match="the method 'coded' makes it"):
        Form(name="recorded").build()
