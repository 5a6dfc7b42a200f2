"""`best`: its loss against a naive one, how it fits the data's size, and that it stops where it should."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from tests.helpers.clips import toy_clips
from tests.helpers.resume import distil_in_two_goes, same_bits

import limbeck
from limbeck import methods
from limbeck.augment import Frequencies, Mosaic
from limbeck.methods.best import WIDEST, narrowed

ENCODERS = {"network": {"options": {"width": 4}}, "bank": 2, "batch": 5}


def make(**settings):
    return methods.load("best").from_json({"steps": 4, "settled": 64, "encoders": ENCODERS, **settings})


def features(seed=0):
    """Random embeddings of three classes: real sound, real pictures, synthetic sound, synthetic pictures."""
    source = torch.Generator().manual_seed(seed)
    reals = [[torch.randn(n, d, generator=source) + 3 for n in (6, 7, 8)] for d in (20, 15)]
    return [*reals, *(torch.randn(3, 2, d, generator=source) + 3 for d in (20, 15))]


def test_the_loss_is_a_distance_of_means_and_the_error_of_scikit_learns_ridge():
    real_audio, real_image, audio, image = features()
    ours = make(ridge=0.5).loss(real_audio, real_image, audio, image).numpy()

    def unit(x):
        x = x.numpy() - np.concatenate(real_image).mean(0)
        return x / np.sqrt((x**2).sum(1, keepdims=True))

    wanted = np.eye(3) - 1 / 3
    fitted = Ridge(alpha=0.5, fit_intercept=False).fit(
        np.concatenate([unit(x) for x in image]), np.repeat(wanted, 2, axis=0)
    )
    for c in range(3):
        far = ((real_audio[c].numpy().mean(0) - audio[c].numpy().mean(0)) ** 2).sum()
        wrong = ((fitted.predict(unit(real_image[c])) - wanted[c]) ** 2).sum(1).mean()
        np.testing.assert_allclose(ours[c], far + wrong, rtol=1e-4)


def test_order_of_clips_does_not_matter_and_modalities_never_meet():
    real_audio, real_image, audio, image = features()
    plain = make().loss(real_audio, real_image, audio, image)
    turned = make().loss([x.flip(0) for x in real_audio], [x.flip(0) for x in real_image], audio.flip(1), image.flip(1))
    torch.testing.assert_close(turned, plain)
    other = make().loss(real_audio, real_image, audio + 1, image) - make().loss(
        real_audio, real_image, audio + 1, image * 2
    )
    same = plain - make().loss(real_audio, real_image, audio, image * 2)
    torch.testing.assert_close(other, same, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("clips", "sounds", "expected"),
    [(120, 120, "dct36"), (36, 36, "dct36"), (35, 35, "dct35"), (14.5, 14.5, "dct14"), (2, 2, "dct2"),
     (120, 24, "dct24,48"), (12, 2.4, "dct3,12"), (40, 24, "dct24"), (120, 1, "dct1,36"), (100, 20, "dct20,40")],
)  # fmt: skip
def test_as_many_clips_as_there_are_and_no_sound_twice(clips, sounds, expected):
    assert str(narrowed(WIDEST, clips, sounds)) == expected


def test_one_clip_is_stored_whole():
    assert narrowed(WIDEST, 1, 1) == narrowed(WIDEST, 0.5, 0.5) == 1  # too few clips are refused when chosen
    assert len(make().distill(toy_clips(per_class=1))) == 3


def test_a_set_says_how_it_was_packed_and_takes_the_clips_there_are():
    made = make().distill(toy_clips(per_class=9))
    assert made.mosaic == Frequencies(audio=9, image=9)
    assert made.provenance["settings"]["mosaic"] == "dct9"
    assert len(made) == 3 * 9
    assert not torch.equal(made.audio, made.start[0])
    assert not torch.equal(made.image, made.start[1])
    assert make(mosaic="1x4,2x2").distill(toy_clips(per_class=9)).mosaic == Mosaic(audio=(1, 4), image=(2, 2))


def test_a_sound_beside_several_pictures_is_kept_once():
    clips = toy_clips(per_class=12)
    audio = torch.cat([clips.audio(clips.of_class(c)[:3]).repeat(4, 1, 1, 1) for c in range(3)])
    frames = clips.frames(torch.arange(36))
    few = type(clips).from_arrays(audio, frames, clips.labels, clips.classes, recipe=clips.recipe, name="few")
    assert make(settled=1).distill(few).mosaic == Frequencies(audio=3, image=12)
    assert make(settled=1, per_class=2).distill(few).mosaic == Frequencies(audio=2, image=6)


@pytest.mark.parametrize("settled", [1, 9])
def test_from_many_clips_on_it_is_what_herding_chose(settled):
    real = toy_clips(per_class=9)
    made = make(settled=settled).distill(real, seed=3)
    herded = methods.load("herding").from_json({"mosaic": "dct9", "network": ENCODERS["network"]})
    chosen = herded.distill(real, seed=3)
    assert torch.equal(made.audio, chosen.audio)
    assert torch.equal(made.image, chosen.image)


def test_a_run_that_was_stopped_ends_with_the_same_bits():
    real, method = toy_clips(), make()
    assert same_bits(distil_in_two_goes(method, real, seed=2, stop_at=3), method.distill(real, seed=2))


def test_it_is_a_method_and_not_the_one_by_default():
    made = limbeck.distill(toy_clips(), "best", progress=False, device="cpu", steps=1, encoders=ENCODERS)
    assert made.provenance["method"] == "best"
    assert limbeck.plan(toy_clips(), device="cpu")["method"] == "avdd"
