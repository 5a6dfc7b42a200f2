"""`best`: its loss against a naive one, how it fits the data's size, and that it stops where it should."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge
from tests.helpers.clips import three_modalities, toy_clips
from tests.helpers.resume import distil_in_two_goes, same_bits

import limbeck
from limbeck import methods
from limbeck.errors import InputError
from limbeck.parameterisations import parse

ENCODERS = {"network": {"options": {"width": 4}}, "bank": 2, "batch": 5}


def make(**settings):
    return methods.load("best").from_json({"steps": 4, "freeze_above": 64, "encoders": ENCODERS, **settings})


def features(seed=0):
    """Random embeddings of three classes: real sound, real images, synthetic sound, synthetic images."""
    source = torch.Generator().manual_seed(seed)
    reals = [[torch.randn(n, d, generator=source) + 3 for n in (6, 7, 8)] for d in (20, 15)]
    return [*reals, *(torch.randn(3, 2, d, generator=source) + 3 for d in (20, 15))]


def loss(method, real_audio, real_image, audio, image):
    return method._loss("audio", real_audio, audio) + method._loss("image", real_image, image)


def test_the_loss_is_a_distance_of_means_and_the_error_of_scikit_learns_ridge():
    real_audio, real_image, audio, image = features()
    ours = loss(make(ridge=0.5), real_audio, real_image, audio, image).numpy()

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


def test_order_of_clips_does_not_matter():
    real_audio, real_image, audio, image = features()
    plain = loss(make(), real_audio, real_image, audio, image)
    backwards = ([x.flip(0) for x in real] for real in (real_audio, real_image))
    torch.testing.assert_close(loss(make(), *backwards, audio.flip(1), image.flip(1)), plain)


def test_modalities_never_meet():
    """Sounds and echoes are moved the same without images beside them, whose encoder is drawn last."""
    real, method = three_modalities(), make(steps=2, hold="plain", start="random", losses={"echo": "ridge"})
    every, two = method.distill(real), method.distill(real.seen_by(["audio", "echo"]))
    for modality, tensor in two.tensors.items():
        assert (tensor - two.start[modality]).abs().max() > 1e-3
        assert torch.equal(tensor, every.tensors[modality])


def test_each_modality_has_the_loss_that_is_named_for_it():
    real_audio, real_image, audio, image = features()
    for named, method in (
        ({}, make(losses={})),
        ({"audio", "image"}, make(losses={"audio": "ridge", "image": "ridge"})),
    ):
        for modality, real, synthetic in (("audio", real_audio, audio), ("image", real_image, image)):
            means = make(losses={})._loss(modality, real, synthetic)
            assert torch.equal(method._loss(modality, real, synthetic), means) is (modality not in named)


@pytest.mark.parametrize(
    ("clips", "sounds", "expected"),
    [(120, 120, "36"), (36, 36, "36"), (35, 35, "35"), (14.5, 14.5, "14"), (2, 2, "2"),
     (120, 24, "audio=24,image=48"), (12, 2.4, "audio=3,image=12"), (40, 24, "24"), (120, 1, "audio=1,image=36"),
     (100, 20, "audio=20,image=40")],
)  # fmt: skip
def test_as_many_clips_as_there_are_and_no_sound_twice(clips, sounds, expected):
    widest = methods.load("best")().hold
    assert str(widest.narrowed(clips, {"audio": sounds, "image": clips})) == f"frequencies:{expected}"


def test_one_clip_is_stored_whole():
    widest = methods.load("best")().hold
    for few in (1, 0.5):  # too few clips are refused when chosen
        assert widest.narrowed(few, {"audio": few, "image": few}) == parse("plain")
    assert len(make().distill(toy_clips(per_class=1))) == 3


def test_a_set_says_how_it_was_held_and_takes_the_clips_there_are():
    made = make().distill(toy_clips(per_class=9))
    assert made.hold == parse("frequencies:9")
    assert made.provenance["settings"]["hold"] == "frequencies:9"
    assert len(made) == 3 * 9
    assert not any(torch.equal(tensor, made.start[m]) for m, tensor in made.tensors.items())
    grids = "mosaic:audio=1x4,image=2x2"
    assert make(hold=grids).distill(toy_clips(per_class=9)).hold == parse(grids)


def with_few(modality):
    """Clips of which every class has three different arrays of one modality, each four times."""
    clips = toy_clips(per_class=12)
    few = torch.cat([clips.array(modality, clips.of_class(c)[:3]).repeat(4, 1, 1, 1) for c in range(3)])
    arrays = clips.arrays() | {modality: few}
    return type(clips).from_arrays(arrays, clips.labels, clips.classes, recipe=clips.recipe, name="few")


def test_a_sound_beside_several_pictures_is_kept_once():
    few = with_few("audio")
    assert make(freeze_above=1).distill(few).hold == parse("frequencies:audio=3,image=12")
    assert make(freeze_above=1, per_class=2).distill(few).hold == parse("frequencies:audio=2,image=6")


@pytest.mark.parametrize("modality", ["audio", "image"])
def test_nothing_is_kept_twice_whichever_modality_it_is_and_beside_whatever(modality):
    other = {"audio": "image", "image": "audio"}[modality]
    made = make(freeze_above=1).distill(with_few(modality))
    assert made.hold == parse(f"frequencies:{modality}=3,{other}=12")
    alone = make(freeze_above=1).distill(with_few(modality).seen_by([modality]))
    assert alone.hold == parse("frequencies:3")


@pytest.mark.parametrize("freeze_above", [1, 9])
def test_from_many_clips_on_it_is_what_herding_chose(freeze_above):
    real = toy_clips(per_class=9)
    made = make(freeze_above=freeze_above).distill(real, seed=3)
    herded = methods.load("herding").from_json({"hold": "frequencies:9", "network": ENCODERS["network"]})
    assert same_bits(made, herded.distill(real, seed=3))


def test_a_run_that_was_stopped_ends_with_the_same_bits():
    real, method = toy_clips(), make()
    assert same_bits(distil_in_two_goes(method, real, seed=2, stop_at=3), method.distill(real, seed=2))


def test_it_is_a_method_and_not_the_one_by_default():
    made = limbeck.distill(toy_clips(), "best", progress=False, device="cpu", steps=1, encoders=ENCODERS)
    assert made.provenance["method"] == "best"
    assert limbeck.plan(toy_clips(), device="cpu")["method"] == "avdd"


def test_bytes_are_filled_with_clips_as_coarsely_as_lets_enough_of_them_in():
    real = toy_clips(classes=2, per_class=12)
    best = methods.load("best")(enough=10, encoders=ENCODERS)
    taken, coarsest = [], []
    for room in (60_000, 1_000):
        method = best.within(room, real).resolved_for(real)
        choice, made = method.choice(real), method.distill(real, seed=1)
        assert made.stored_bytes <= room
        assert made.provenance["method"] == "best"
        assert made.provenance["settings"]["set_bytes"] == room
        filled = methods.load("transform_coded").from_json(
            {name: choice[name] for name in ("finest", "coarsest", "pictures")}
            | {"set_bytes": room, "network": ENCODERS["network"]}
        )
        assert same_bits(made, filled.distill(real, seed=1))
        assert f"{room:,} bytes" in choice["why"]
        taken.append(len(made))
        coarsest.append(choice["coarsest"])
    assert taken == [24, 24]
    assert coarsest == [1.0, 2.0]
    even = best.within(60, real).choice(real)
    assert even["coarsest"] == 2.0
    assert "10 clips of a class do not fit in 60 bytes" in even["why"]


def test_a_budget_in_bytes_is_planned_and_told():
    real = toy_clips(per_class=5)
    planned = limbeck.plan(real, "best", bytes="8KB", device="cpu", encoders=ENCODERS)
    assert planned["settings"]["set_bytes"] == 8_000
    assert planned["choice"]["method"] == "transform_coded"
    assert "5 clips of a class" in planned["choice"]["why"]
    assert "choice" not in limbeck.plan(real, "best", device="cpu", encoders=ENCODERS)
    made = limbeck.distill(real, "best", bytes="8KB", progress=False, device="cpu", encoders=ENCODERS)
    assert made.stored_bytes <= 8_000
    with pytest.raises(InputError, match="all classes share the bytes"):
        limbeck.plan(real, "best", bytes="8KB", device="cpu", blocks=3)
