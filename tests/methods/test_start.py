"""What optimisation starts from: any selection method by name, with settings, or noise."""

from __future__ import annotations

import json

import pytest
import torch
from tests.helpers.clips import network_input, toy_clips
from tests.helpers.resume import same_bits

from limbeck import methods
from limbeck.errors import BudgetError, InputError, UnknownNameError
from limbeck.methods import Selection, Start

NETWORK = {"options": {"width": 8}}
TRAINING = {"epochs": 2, "batch": 12}
ENCODERS = {"network": NETWORK, "bank": None, "batch": 5}
SELECTIONS = [name for name in methods.names() if issubclass(methods.load(name), Selection)]


def make(**settings):
    return methods.load("dm").from_json({"steps": 0, "encoders": ENCODERS, **settings})


@pytest.mark.parametrize("name", SELECTIONS)
@pytest.mark.parametrize("hold", ["plain", "mosaic:2", "frequencies:3"])
def test_a_start_is_what_the_method_of_that_name_distils(name, hold):
    real = toy_clips()
    extra = {"training": TRAINING} if name == "forgetting" else {}
    own = {"network": NETWORK} if "network" in methods.load(name).model_fields else {}
    shared = {"per_class": 2, "hold": hold, "sound": "raw"}
    started = make(start={"method": name, "settings": extra}, **shared).distill(real, seed=6)
    chosen = methods.load(name).from_json({**shared, **own, **extra}).distill(real, seed=6)
    assert same_bits(started, chosen)


def test_settings_reach_the_method():
    real = toy_clips()
    start = {"method": "kmedoids", "settings": {"training": TRAINING}}
    started = make(start=start, per_class=3).distill(real)
    chosen = methods.load("kmedoids").from_json({"network": NETWORK, "training": TRAINING, "per_class": 3})
    assert same_bits(started, chosen.distill(real))
    assert not same_bits(started, make(start="kmedoids", per_class=3).distill(real))


@pytest.mark.parametrize("start", ["noise", "herding", {"method": "kmedoids", "settings": {"training": TRAINING}}])
def test_it_goes_to_json_and_back_as_it_was_given(start):
    method = make(start=start)
    data = json.loads(json.dumps(method.to_json()))
    assert data["start"] == start or data["start"]["settings"]["training"]["epochs"] == 2
    assert type(method).from_json(data) == method


def test_a_changed_start_replaces_the_whole():
    kind = methods.load("dm")
    assert kind.configured(start="noise").start == Start(method="noise")
    assert kind.configured("faithful", start={"method": "kcenter"}).start.method == "kcenter"


@pytest.mark.parametrize("name", ["nonsense", "dm", "", "_start"])
def test_an_unknown_start_is_told_with_the_known_ones(name):
    known = "starts from noise, or from real clips .*: " + ", ".join(SELECTIONS)
    with pytest.raises(UnknownNameError, match=known):
        Start(method=name).selection()
    with pytest.raises(InputError, match=r"start: [\s\S]*" + known):
        make(start=name)


@pytest.mark.parametrize(
    ("start", "said"),
    [
        ({"method": "herding", "settings": {"per_class": 3}}, "its settings name per_class too"),
        ({"method": "herding", "settings": {"nosuch": 3}}, "nosuch"),
        ({"method": "noise", "settings": {"training": {}}}, "Noise has no settings"),
        ({"methd": "herding"}, "methd"),
        (3, "start"),
    ],
)
def test_settings_that_do_not_fit_are_told_at_once(start, said):
    with pytest.raises(InputError, match=said):
        make(start=start)


def test_too_few_clips_name_the_method_and_the_start():
    real = toy_clips(per_class=5).take(torch.arange(12))
    with pytest.raises(
        BudgetError, match=r"dm with start='kmedoids' with per_class=3 and hold=plain .*'class c' has 2"
    ):
        make(start="kmedoids", per_class=3).distill(real)
    assert make(start="noise", per_class=3).distill(real).rows == 9


@pytest.mark.parametrize(
    ("settings", "seen"),
    [
        ({"start": "herding"}, False),
        ({"start": "noise"}, False),
        ({"start": "forgetting"}, True),
        ({"start": {"method": "herding", "settings": {"training": {}}}}, True),
        ({"start": "noise", "encoders": {**ENCODERS, "training": TRAINING}}, True),
    ],
)
def test_labels_are_seen_through_the_start_or_the_encoders(settings, seen):
    assert make(**settings).sees_labels is seen


def test_what_cannot_be_noise_is_told():
    with pytest.raises(InputError, match="frequencies:4 cannot start from noise"):
        make(start="noise", hold="frequencies:4").distill(toy_clips())


def test_noise_has_the_mean_and_the_spread_of_the_data():
    real = toy_clips(per_class=60)
    made, wanted = make(start="noise", per_class=60).distill(real), network_input(real)
    for modality, tensor in made.tensors.items():
        torch.testing.assert_close(tensor.mean((0, 2, 3)), wanted[modality].mean((0, 2, 3)), rtol=0, atol=0.2)
        torch.testing.assert_close(tensor.std(), wanted[modality].std(), rtol=0.2, atol=0)
