"""What selection methods share: which clips are taken, by which features, and what is refused."""

from __future__ import annotations

import pytest
import torch
from tests.helpers.clips import toy_clips

from limbeck import methods
from limbeck._runtime import generator
from limbeck.augment import mosaic
from limbeck.errors import BudgetError
from limbeck.methods import Work
from limbeck.methods._coresets import herding_order, kcenter_order
from limbeck.methods._experts import Experts, Training
from limbeck.methods._selection import Selection
from limbeck.networks import Architecture
from limbeck.networks.convnet import ConvNet

NETWORK = {"options": {"width": 8}}
TRAINING = {"epochs": 2, "batch": 18}
SELECTIONS = [name for name in methods.names() if issubclass(methods.load(name), Selection)]
BY_FEATURES = ("herding", "kcenter", "kmedoids")


def taken(made, real) -> list[list[int]]:
    """Positions of the clips a set is made of, class by class."""
    scaled = made.scale.audio(real.audio())
    found = [[int((scaled - pair).abs().flatten(1).amax(1).argmin()) for pair in made.audio]]
    per_class = made.pairs // len(made.classes)
    assert all(torch.equal(made.audio[i], scaled[n]) for i, n in enumerate(found[0]))
    return [found[0][i : i + per_class] for i in range(0, made.pairs, per_class)]


def small(name: str, **settings):
    known = methods.load(name).model_fields
    base = {"network": NETWORK, "training": TRAINING if name == "forgetting" else None}
    return methods.load(name).from_json({k: v for k, v in base.items() if k in known} | settings)


@pytest.mark.parametrize(("name", "order"), [("herding", herding_order), ("kcenter", kcenter_order)])
def test_clips_are_those_of_the_order_on_features_taken_one_by_one(name, order):
    real = toy_clips()
    made = small(name, per_class=4).distill(real, seed=5)
    pair = ConvNet(width=8).pair(real.audio_shape, real.image_shape, generator=generator(5, "features"))
    for label, clips in enumerate(taken(made, real)):
        index = real.of_class(label)
        sides = []
        for encoder, inputs in (
            (pair.audio, made.scale.audio(real.audio(index))),
            (pair.image, made.scale.image(real.frames(index))),
        ):
            x = torch.stack([encoder(one[None])[0].detach() for one in inputs])
            sides.append(x / (x.norm(dim=1) ** 2).mean() ** 0.5)
        assert clips == index[order(torch.cat(sides, 1), 4)].tolist()


@pytest.mark.parametrize("name", BY_FEATURES)
def test_a_trained_pair_is_the_expert_of_the_seed(name, monkeypatch):
    asked = []
    plain = Experts.snapshot
    monkeypatch.setattr(Experts, "snapshot", lambda self, *which: asked.append(which) or plain(self, *which))
    real = toy_clips()
    trained = small(name, per_class=3, training=TRAINING).distill(real, seed=21)
    assert asked == [(1, 2)]  # of twenty experts, after the last epoch
    assert taken(trained, real) != taken(small(name, per_class=3).distill(real, seed=21), real)


@pytest.mark.parametrize("name", SELECTIONS)
def test_it_says_whether_labels_were_seen(name):
    assert small(name).sees_labels is (name == "forgetting")
    if name in BY_FEATURES:
        assert small(name, training=TRAINING).sees_labels


@pytest.mark.parametrize("name", SELECTIONS)
def test_the_order_of_the_clips_in_the_dataset_changes_nothing_but_ties(name):
    """Invariance: shuffled clips, the same choice; for methods that draw, the same number of different clips."""
    real = toy_clips(per_class=9)
    shuffled = real.take(torch.randperm(len(real), generator=torch.Generator().manual_seed(1)))
    first, second = (small(name, per_class=3).distill(data, seed=2) for data in (real, shuffled))
    if name in ("herding", "kcenter"):
        torch.testing.assert_close(first.audio, second.audio)
    for made in (first, second):
        clips = taken(made, real)
        assert all(len(set(own)) == 3 and set(own) <= set(real.of_class(c).tolist()) for c, own in enumerate(clips))


@pytest.mark.parametrize("name", ["random", *BY_FEATURES])
def test_a_class_is_chosen_the_same_without_the_others(name):
    real = toy_clips()
    method = small(name, per_class=3)
    whole, part = method.distill(real, seed=4), method.distill(real.only(["class b"]), seed=4)
    assert torch.equal(part.image, whole.image[3:6])


@pytest.mark.parametrize("name", SELECTIONS)
def test_mosaics_pack_the_clips_that_are_chosen_unpacked(name, tmp_path):
    real, work = toy_clips(per_class=9), Work(cache=tmp_path)
    one, packed = (
        small(name, per_class=n, mosaic=cells).distill(real, seed=1, work=work) for n, cells in ((8, 1), (2, 2))
    )
    assert torch.equal(mosaic.pack(one.audio[:8], 2), packed.audio[:2])
    assert torch.equal(mosaic.pack(one.image[8:16], 2), packed.image[2:4])


@pytest.mark.parametrize("name", SELECTIONS)
def test_too_few_clips_are_told_before_networks_are_built(name, monkeypatch):
    monkeypatch.setattr(Architecture, "build", lambda self: pytest.fail("built"))
    real = toy_clips(per_class=5).take(torch.arange(12))
    with pytest.raises(BudgetError, match=rf"{name} with 1 pairs a class and mosaic 2x2 needs 4 .*'class c' has 2"):
        small(name, mosaic=2).distill(real)


def test_training_is_a_setting_with_its_own_defaults():
    assert methods.load("herding").configured(training={}).training == Training()
