"""`dc`, and what it shares with `dsa`: against a plain second implementation, and what must not change the result."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from tests.helpers.clips import toy_clips
from tests.helpers.gradients import make, naive
from tests.helpers.resume import distil_in_two_goes, same_bits

from limbeck import methods
from limbeck._runtime import choose_runtime
from limbeck.datasets import LabelledClips
from limbeck.methods import RunContext
from limbeck.methods._branch import Branch
from limbeck.methods._gradients import Follower, weight_gradients
from limbeck.networks import Student, heads
from limbeck.networks.convnet import ConvNet


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def student_of(shapes, draw, *, width=4, classes=3):
    """Encoders and the head of classifiers that never meet."""
    encoders = ConvNet(width=width).encoders(shapes, generator=draw)
    dims, letters = {m: e.dim for m, e in encoders.items()}, {m: m[0].upper() for m in encoders}
    return Student(encoders, heads.load("ensemble")(dims, classes, letters, generator=draw))


SQUARE = {"audio": (1, 16, 16), "image": (3, 16, 16)}


@pytest.mark.parametrize("settings", [{"per_class": 2}, {"per_class": 1, "network_epochs": 0, "updates": 1}])
def test_the_method_equals_the_naive_loop(settings):
    real, losses = toy_clips(), []
    method = make("dc", **settings)
    made = method.distill(real, seed=5, run=RunContext(on_step=lambda r: losses.append(r.loss)))
    audio, image, expected = naive(real, method, seed=5, change=lambda x: x)
    assert losses == pytest.approx(expected, rel=1e-3)
    for modality, theirs in (("audio", audio), ("image", image)):
        ours = made.tensors[modality]
        moved = float((ours - made.start[modality]).abs().max())
        assert moved > 1e-3
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-2 * moved)


def test_gradients_of_one_class_are_those_of_the_whole_loss():
    draw = torch.Generator().manual_seed(0)
    student = student_of(SQUARE, draw)
    samples = {m: torch.randn(5, *shape, generator=draw) for m, shape in SQUARE.items()}
    student.loss(samples, torch.full((5,), 2)).backward()
    for modality, x in samples.items():
        branch = Branch(student, modality)
        ours = weight_gradients(branch, x, 2)
        theirs = [w.grad for w in branch.parameters() if w.ndim > 1]
        assert len(ours) == len(theirs)
        assert all(torch.allclose(a, b, rtol=1e-3, atol=1e-5) for a, b in zip(ours, theirs, strict=True))
        flat = branch.with_weights(branch.flat(), x)
        torch.testing.assert_close(flat, branch(x))


def test_pairs_that_are_the_real_clips_have_nothing_to_learn():
    real, losses = toy_clips(per_class=3), []
    run = RunContext(on_step=lambda r: losses.append(r.loss))
    method = make("dc", per_class=3, updates=1)
    method.distill(real, run=run)
    make("dc", per_class=1, updates=1).distill(real, run=run)
    assert losses[0] < 0.01 * losses[method.steps]


def test_the_order_of_the_clips_of_a_class_does_not_matter():
    real = toy_clips()
    order = torch.arange(len(real)).view(3, -1).flip(1).flatten()
    turned = LabelledClips.from_arrays(
        real.arrays(order), real.labels[order], real.classes, recipe=real.recipe, name="turned"
    )
    losses = []
    run = RunContext(on_step=lambda r: losses.append(r.loss))
    for clips in (real, turned):  # from the same noise, under the same network
        make("dc", start="noise", steps=1).distill(clips, run=run)
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("stop_at", [1, 2, 3, 4])
def test_resumed_in_the_life_of_a_network_it_ends_with_the_same_bits(stop_at):
    real = toy_clips()
    method = make("dc", steps=5, updates=3, network_epochs=2, hold="mosaic:2")
    whole = method.distill(real, seed=2)
    assert same_bits(whole, distil_in_two_goes(method, real, seed=2, stop_at=stop_at))


class Watch:
    """A checkpoint that remembers every state and gives none back."""

    def __init__(self):
        self.states = []

    def load(self):
        return None

    def offer(self, step, tensors):
        self.states.append({k: v.clone() for k, v in tensors().items()})


def test_the_network_is_trained_on_the_pairs_between_steps():
    watch = Watch()
    method = make("dc", steps=4, updates=2, network_epochs=3, network_lr=0.05, optimiser={"lr": 1e-9})
    real = toy_clips()
    made = method.distill(real, run=RunContext(checkpoint=watch))
    student = student_of(real.shapes, torch.Generator().manual_seed(0), width=6)
    losses = []
    for tensors in watch.states:
        student.load_state_dict({k.removeprefix("state."): v for k, v in tensors.items() if k.startswith("state.")})
        losses.append(student.loss(made.samples(), made.labels).item())
    fresh, trained, again, once_more = losses
    assert trained < 0.95 * fresh
    assert once_more < 0.95 * again
    assert again > trained


def test_the_loss_goes_down():
    losses = []
    method = make("dc", steps=12, updates=1, start="noise", encoders={"bank": 1}, optimiser={"kind": "adam"})
    method.distill(toy_clips(), run=RunContext(on_step=lambda r: losses.append(r.loss)))
    assert losses[-1] < 0.9 * losses[0]


def test_a_random_network_is_felt_in_every_layer():
    """Rows of a gradient must stand out from the 1e-6 beside their lengths, or the distance sees classifiers only."""
    method = make("dc")
    real = toy_clips()
    network = Follower(method, real, 0, RunContext())
    x = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    for gradient in weight_gradients(Branch(network.student, "image"), x, 0):
        assert gradient.flatten(1).norm(dim=1).square().median() > 1e-4


def test_experts_can_be_where_networks_begin(tmp_path):
    training = {"epochs": 2, "batch": 12}
    method = make("dc", encoders={"bank": 2, "training": training, "age": "last"}, updates=2)
    made = method.distill(toy_clips(), run=RunContext(cache=tmp_path))
    assert list(tmp_path.rglob("2.safetensors"))
    assert torch.isfinite(made.tensors["audio"]).all()
    assert method.sees_labels


def test_bfloat16_on_real_clips_stays_close():
    real, method = toy_clips(), make("dc")
    plain = method.distill(real)
    half = method.distill(real, run=RunContext(runtime=choose_runtime("cpu", "bfloat16")))
    moved = (plain.tensors["audio"] - plain.start["audio"]).norm()
    assert (half.tensors["audio"] - plain.tensors["audio"]).norm() < 0.3 * moved


@pytest.mark.parametrize(
    ("per_class", "loops"), [(1, (1, 1)), (5, (1, 1)), (10, (10, 50)), (20, (20, 25)), (50, (50, 10)), (100, (50, 10))]
)
def test_published_loops(per_class, loops):
    for name in ("dc", "dsa"):
        assert methods.load(name).configured("faithful", per_class=per_class).loops == loops


def test_plans_count_the_second_order_and_the_training():
    method = make("dc", steps=6, per_class=2, hold="mosaic:2", updates=3, network_epochs=5, encoders={"batch": 10})
    assert method.passes([12, 8, 12]).backward == 6 * (10 + 8 + 10) + 3 * 6 * 24 + 4 * 5 * 24


def test_cross_entropy_is_what_is_differentiated():
    """A linear branch by hand: the gradient of the classifier is (probabilities - one-hot) times features."""
    draw = torch.Generator().manual_seed(0)
    student = student_of(SQUARE, draw)
    x = torch.randn(5, 1, 16, 16, generator=draw)
    features = student.encoders["audio"](x)
    error = student.head.classifiers["audio"](features).softmax(1) - F.one_hot(torch.full((5,), 1), 3)
    torch.testing.assert_close(weight_gradients(Branch(student, "audio"), x, 1)[-1], error.T @ features / 5)
