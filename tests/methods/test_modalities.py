"""Methods on one modality, on three, held in every way, at rates of each modality's own."""

from __future__ import annotations

import pytest
import torch
from tests.helpers.clips import network_input, three_modalities, toy_clips, view_of
from tests.helpers.resume import distil_in_two_goes, same_bits

from limbeck import methods
from limbeck.errors import InputError
from limbeck.methods import Method
from limbeck.networks.convnet import ConvNet

NETWORK = {"options": {"width": 4}}
TRAINING = {"epochs": 3, "batch": 16}
OPTIMISED = tuple(name for name in methods.names() if "optimiser" in methods.load(name).model_fields)
OF_TWO = ("apm", "covmatch", "davdd", "mdm")
"""They compare two modalities."""
ALONE = tuple(name for name in OPTIMISED if name not in OF_TWO)
HOLDS = ("mosaic:audio=1x4,image=2x2", "frequencies:4", "frequencies:audio=2,image=4")


def make(name: str, **settings) -> Method:
    """At a size that runs in a blink; `best` moves what it holds."""
    method = methods.load(name)
    trained = method.model_fields["encoders"].default.training is not None
    encoders = {"network": NETWORK, "bank": 2, "batch": 6, "training": TRAINING if trained else None}
    moves = {"freeze_above": 1000, "hold": "plain"} if name == "best" else {}
    return method.configured(**{"steps": 2, "start": "random", "encoders": encoders, **moves, **settings})


def moved(made) -> dict[str, bool]:
    """Whether something of each modality's tensors changed."""
    return {m: not torch.equal(tensor, made.start[m]) for m, tensor in made.tensors.items()}


def test_all_methods_but_those_that_compare_two_take_one_modality():
    refused = set()
    for name in OPTIMISED:
        try:
            make(name, steps=0).distill(toy_clips().seen_by(["audio"]))
        except InputError:
            refused.add(name)
    assert refused == set(OF_TWO)


@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize("modality", ["audio", "image"])
@pytest.mark.parametrize("hold", ["plain", "frequencies:4"])
def test_one_modality_is_moved_alone(name, modality, hold):
    real = toy_clips().seen_by([modality])
    made = make(name, hold=hold).distill(real, seed=1)
    assert moved(made) == {modality: True}
    assert made.samples()[modality].shape == (3 * made.hold.cells, *real.shapes[modality])


@pytest.mark.parametrize("modality", ["audio", "image"])
@pytest.mark.parametrize("augment", [None, {}])
@pytest.mark.parametrize("hold", ["plain", "mosaic:2"])
def test_of_one_modality_avdd_is_dm_to_the_bit(modality, augment, hold):
    """There is nothing across modalities, so that its weights count nothing."""
    real, shared = toy_clips().seen_by([modality]), {"augment": augment, "hold": hold, "steps": 3}
    dm = make("dm", **shared).distill(real, seed=2)
    assert same_bits(make("avdd", **shared).distill(real, seed=2), dm)
    assert same_bits(make("avdd", joint_weight=3, gap_weight=0, **shared).distill(real, seed=2), dm)


@pytest.mark.parametrize("name", ALONE)
def test_three_modalities_are_moved_together(name):
    real = three_modalities()
    method = make(name, per_class=2)
    made = method.distill(real, seed=4)
    assert moved(made) == dict.fromkeys(("audio", "echo", "image"), True)
    assert {m: tuple(x.shape[1:]) for m, x in made.samples().items()} == real.shapes
    assert all(torch.isfinite(tensor).all() for tensor in made.tensors.values())
    assert same_bits(distil_in_two_goes(method, real, seed=4, stop_at=1), made)


@pytest.mark.parametrize("name", OF_TWO)
def test_three_modalities_are_one_too_many_for_methods_that_compare_two(name):
    with pytest.raises(InputError, match=f"{name} compares two modalities of a clip, .* has audio, echo, image"):
        make(name).distill(three_modalities())


@pytest.mark.parametrize(
    ("name", "settings", "meet"),
    [("dm", {}, False), ("krr", {}, False), ("m3d", {}, False), ("ncfm", {"joint": False}, False),
     ("avdd", {"gap_weight": 0}, True), ("krr", {"joint": True}, True), ("ncfm", {}, True)],
)  # fmt: skip
def test_whether_modalities_meet(name, settings, meet):
    """Without the last of three, whose encoder is drawn last, the others move otherwise only where they meet it."""
    real, method = three_modalities(), make(name, **settings)
    two = method.distill(real.seen_by(["audio", "echo"]), seed=1)
    every = method.distill(real, seed=1)
    assert moved(two) == {"audio": True, "echo": True}
    for modality, tensor in two.tensors.items():
        assert torch.equal(tensor, every.tensors[modality]) is not meet


@pytest.mark.parametrize("name", [name for name in OPTIMISED if name not in ("dsa", "best")])
@pytest.mark.parametrize("hold", HOLDS)
def test_every_way_to_hold_samples_is_moved_and_resumed(name, hold):
    """Tensors move, students see what they decode to, and a stop in the middle changes no bit."""
    real, method = toy_clips(), make(name, hold=hold)
    made = method.distill(real, seed=5)
    assert moved(made) == {"audio": True, "image": True}
    assert str(made.hold) == hold
    decoded = made.hold.decode(made.tensors, real.modalities)
    assert all(torch.equal(x, decoded[m]) for m, x in made.samples().items())
    assert len(made) == 3 * made.hold.cells
    assert same_bits(distil_in_two_goes(method, real, seed=5, stop_at=1), made)


@pytest.mark.parametrize("kind", ["sgd", "adam"])
@pytest.mark.parametrize("name", ["dm", "krr"])
def test_rates_by_modality_are_each_modality_s_own(name, kind):
    """The same rate written twice is that rate; another rate of one changes that one alone."""
    real = toy_clips()

    def made(lr):
        return make(name, optimiser={"kind": kind, "lr": lr}, augment=None).distill(real, seed=6).tensors

    one, both, other = made(0.05), made({"audio": 0.05, "image": 0.05}), made({"audio": 0.05, "image": 0.5})
    assert all(torch.equal(one[m], both[m]) for m in one)
    assert torch.equal(one["audio"], other["audio"])
    assert not torch.equal(one["image"], other["image"])


def test_a_rate_for_a_modality_is_a_change_of_that_rate_alone():
    kind = methods.load("dm")
    method = kind.configured(optimiser={"lr": {"audio": 0.1, "image": 0.3}})
    assert method.optimiser.lr == {"audio": 0.1, "image": 0.3}
    assert kind.from_json(method.to_json()) == method


@pytest.mark.parametrize("name", ALONE)
def test_a_rate_that_is_missing_is_told_before_the_first_step(name):
    steps = []
    method = make(name, optimiser={"kind": "adam", "lr": {"audio": 0.1}})
    with pytest.raises(InputError, match="no learning rate of image; there is one of audio"):
        method.distill(toy_clips(), run=methods.RunContext(on_step=steps.append))
    assert not steps
    assert moved(method.distill(toy_clips().seen_by(["audio"]))) == {"audio": True}


@pytest.mark.parametrize("name", OPTIMISED)
def test_videos_and_sounds_in_segments_are_moved(name):
    real = toy_clips(classes=2, per_class=6, modalities=("segments", "video"))
    made = make(name).distill(real, seed=0)
    assert moved(made) == {"segments": True, "video": True}
    assert {m: x.shape[1:] for m, x in made.samples().items()} == real.shapes


def test_many_frames_are_looked_at_a_few_clips_at_a_time():
    real = toy_clips(classes=2, per_class=5, modalities=("video",))
    view, index = view_of(real), torch.arange(10)
    encoder = ConvNet(width=4).encoders(real.shapes, generator=torch.Generator())["video"]
    sizes = []
    encoder.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
    found = view.features(encoder, "video", index)
    assert sizes == [3, 3, 3, 1]
    torch.testing.assert_close(found, encoder(network_input(real)["video"]).detach())
