"""What every form of storage must do, whoever wrote it."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from typing import ClassVar

import torch

from limbeck import _discover, storage
from limbeck.datasets import Scale
from limbeck.storage import Form, payload_bytes
from limbeck.testing._clips import RECIPE, toy_clips


def _pairs() -> tuple[torch.Tensor, torch.Tensor, Scale]:
    real = toy_clips(per_class=3)
    scale = Scale.of(real.statistics, "standardised")
    return scale.audio(real.audio()), scale.image(real.frames()), scale


class StorageContract:
    """What a form of storage must do."""

    def test_says_what_it_is(self, name: str) -> None:
        assert _discover.summary("limbeck.storage", name).endswith(".")
        assert "Size:" in (inspect.getdoc(inspect.getmodule(storage.load(name))) or "")
        assert storage.load(name)().name == name

    def test_settings_come_back_from_json(self, name: str) -> None:
        form = storage.load(name)()
        assert type(form).from_json(json.loads(json.dumps(form.to_json()))) == form


class CoderContract(StorageContract):
    """What a form that any pairs can be put in must do besides.

    Attributes:
        within_db: Largest error, by name of the form, of a log-mel of toy clips, which are noise: the worst there is
            to code.
    """

    within_db: ClassVar[Mapping[str, float]] = {}

    def test_comes_back_within_its_error(self, name: str) -> None:
        audio, image, scale = _pairs()
        form = Form(name=name).build()
        back_audio, back_image = form.decode(form.encode(audio, image, scale), scale, RECIPE)
        assert back_audio.dtype == back_image.dtype == torch.float32
        assert back_audio.shape == audio.shape
        assert back_image.shape == image.shape
        assert (scale.to_db(back_audio) - scale.to_db(audio)).abs().max() <= self.within_db.get(name, 10.0)
        seen, was = scale.to_pixels(back_image).float(), scale.to_pixels(image).float()
        assert torch.corrcoef(torch.stack([seen.flatten(), was.flatten()]))[0, 1] > 0.7

    def test_same_pairs_same_bytes_and_same_payload_same_bits(self, name: str) -> None:
        audio, image, scale = _pairs()
        form = Form(name=name).build()
        one, two = form.encode(audio, image, scale), form.encode(audio.clone(), image.clone(), scale)
        assert one.keys() == two.keys()
        assert all(torch.equal(one[key], two[key]) for key in one)
        first, second = form.decode(one, scale, RECIPE), form.decode(two, scale, RECIPE)
        assert torch.equal(first[0], second[0])
        assert torch.equal(first[1], second[1])

    def test_pairs_are_kept_apart(self, name: str) -> None:
        """Joined in another order without decoding, they decode to the same bits."""
        audio, image, scale = _pairs()
        form = Form(name=name).build()
        halves = [form.encode(audio[rows], image[rows], scale) for rows in (slice(0, 4), slice(4, 9))]
        order = torch.randperm(9, generator=torch.Generator().manual_seed(0))
        whole = form.decode(form.encode(audio, image, scale), scale, RECIPE)
        joined = form.decode(form.join(halves, order), scale, RECIPE)
        assert torch.equal(joined[0], whole[0][order])
        assert torch.equal(joined[1], whole[1][order])

    def test_bytes_are_those_of_the_tensors(self, name: str) -> None:
        audio, image, scale = _pairs()
        payload = Form(name=name).build().encode(audio, image, scale)
        assert payload_bytes(payload) == sum(len(t.numpy().tobytes()) for t in payload.values())
        assert payload_bytes(payload) <= 4 * (audio.numel() + image.numel())
