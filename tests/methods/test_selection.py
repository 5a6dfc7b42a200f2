"""What selection methods share: which clips are taken, by which features, and what is refused."""

from __future__ import annotations

import pytest
import torch
from tests.helpers.clips import network_input, three_modalities, toy_clips

from limbeck import methods
from limbeck._runtime import generator
from limbeck.errors import BudgetError
from limbeck.methods import RunContext, Selection
from limbeck.methods._experts import Experts, Training
from limbeck.methods.herding import herding_order
from limbeck.methods.kcenter import kcenter_order
from limbeck.networks import Architecture
from limbeck.networks.convnet import ConvNet
from limbeck.parameterisations import mosaic

NETWORK = {"options": {"width": 8}}
TRAINING = {"epochs": 2, "batch": 18}
SELECTIONS = [name for name in methods.names() if issubclass(methods.load(name), Selection)]
BY_FEATURES = ("herding", "kcenter", "kmedoids")


def taken(made, real) -> list[list[int]]:
    """Positions of the clips a set is made of, class by class."""
    modality = next(iter(real.modalities))
    scaled, rows = network_input(real)[modality], made.tensors[modality]
    found = [int((scaled - row).abs().flatten(1).amax(1).argmin()) for row in rows]
    per_class = made.rows // len(made.classes)
    assert all(torch.equal(rows[i], scaled[n]) for i, n in enumerate(found))
    return [found[i : i + per_class] for i in range(0, made.rows, per_class)]


def small(name: str, **settings):
    known = methods.load(name).model_fields
    base = {"network": NETWORK, "training": TRAINING if name == "forgetting" else None}
    return methods.load(name).from_json({k: v for k, v in base.items() if k in known} | settings)


@pytest.mark.parametrize(("name", "order"), [("herding", herding_order), ("kcenter", kcenter_order)])
@pytest.mark.parametrize("seen", [("audio", "image"), ("audio",), ("image",), ("audio", "echo", "image")])
def test_clips_are_those_of_the_order_on_features_taken_one_by_one(name, order, seen):
    real = three_modalities().seen_by(seen)
    made = small(name, per_class=4).distill(real, seed=5)
    encoders, inputs = ConvNet(width=8).encoders(real.shapes, generator=generator(5, "features")), network_input(real)
    for label, clips in enumerate(taken(made, real)):
        index = real.of_class(label)
        sides = []
        for modality, encoder in encoders.items():
            x = torch.stack([encoder(one[None])[0].detach() for one in inputs[modality][index]])
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
        torch.testing.assert_close(first.tensors["audio"], second.tensors["audio"])
    for made in (first, second):
        clips = taken(made, real)
        assert all(len(set(own)) == 3 and set(own) <= set(real.of_class(c).tolist()) for c, own in enumerate(clips))


@pytest.mark.parametrize("name", ["random", *BY_FEATURES])
def test_a_class_is_chosen_the_same_without_the_others(name):
    real = toy_clips()
    method = small(name, per_class=3)
    whole, part = method.distill(real, seed=4), method.distill(real.only(["class b"]), seed=4)
    assert all(torch.equal(tensor, whole.tensors[m][3:6]) for m, tensor in part.tensors.items())


@pytest.mark.parametrize("name", SELECTIONS)
def test_mosaics_pack_the_clips_that_are_chosen_unpacked(name, tmp_path):
    real, run = toy_clips(per_class=9), RunContext(cache=tmp_path)
    one, packed = (
        small(name, per_class=n, hold=hold).distill(real, seed=1, run=run).tensors
        for n, hold in ((8, "plain"), (2, "mosaic:2"))
    )
    assert torch.equal(mosaic.pack(one["audio"][:8], (2, 2)), packed["audio"][:2])
    assert torch.equal(mosaic.pack(one["image"][8:16], (2, 2)), packed["image"][2:4])


@pytest.mark.parametrize("name", SELECTIONS)
def test_too_few_clips_are_told_before_networks_are_built(name, monkeypatch):
    monkeypatch.setattr(Architecture, "build", lambda self: pytest.fail("built"))
    real = toy_clips(per_class=5).take(torch.arange(12))
    with pytest.raises(BudgetError, match=rf"{name} with per_class=1 and hold=mosaic:2 needs 4 .*'class c' has 2"):
        small(name, hold="mosaic:2").distill(real)


def test_training_is_a_setting_with_its_own_defaults():
    assert methods.load("herding").configured(training={}).training == Training()
