"""`dm` and `avdd` against a plain second implementation, and what must not change their result."""

from __future__ import annotations

import pytest
import torch
from tests.helpers.clips import network_input, toy_clips
from tests.helpers.resume import same_bits

from limbeck import methods
from limbeck._runtime import choose_runtime, generator
from limbeck.errors import DivergedError, InputError
from limbeck.methods import RunContext, StepReport
from limbeck.methods._encoders import EncoderDraws
from limbeck.networks.convnet import ConvNet

NETWORK = {"options": {"width": 8}}
ENCODERS = {"network": NETWORK, "bank": None, "batch": None}


def make(name: str, **settings):
    base = {"steps": 3, "encoders": ENCODERS, "augment": None, "start": "random"}
    return methods.load(name).from_json({**base, **settings})


def naive(real, method, *, joint, gap, rate, momentum, seed):
    """The published loop as a person would write it first: class by class, sample by sample, torch's SGD."""
    began = method.model_copy(update={"steps": 0}).distill(real, seed=seed)
    audio, image = (began.tensors[m].clone().requires_grad_() for m in ("audio", "image"))
    clips = network_input(real, kind=method.sound)
    optimiser = torch.optim.SGD([audio, image], lr=rate, momentum=momentum)
    for step in range(method.steps):
        encoders = ConvNet(width=8).encoders(real.shapes, generator=generator(seed, "weights", step))
        for c in range(len(real.classes)):
            index, own = real.of_class(c), began.labels == c
            ra, rv = (
                torch.stack([encoders[m](clips[m][i : i + 1])[0] for i in index.tolist()]) for m in ("audio", "image")
            )
            a, v = encoders["audio"](audio[own]), encoders["image"](image[own])
            da, dv = ra.mean(0).detach() - a.mean(0), rv.mean(0).detach() - v.mean(0)
            cross = (da + dv).square().sum() * joint + (da - dv).square().sum() * gap
            optimiser.zero_grad(set_to_none=False)
            ((da.square().sum() + dv.square().sum()) + cross).backward()
            optimiser.step()
    return audio.detach(), image.detach()


@pytest.mark.parametrize(("name", "joint", "gap"), [("dm", 0, 0), ("avdd", 10, 10), ("avdd", 3, 1)])
def test_joint_loop_equals_the_naive_published_loop(name, joint, gap):
    real = toy_clips()
    weights = {"joint_weight": joint, "gap_weight": gap} if name == "avdd" else {}
    optimiser = {"kind": "sgd", "lr": 0.02, "momentum": 0.5, "loop": "joint"}
    method = make(name, optimiser=optimiser, per_class=2, **weights)
    made = method.distill(real, seed=5)
    audio, image = naive(real, method, joint=joint, gap=gap, rate=0.02, momentum=0.5, seed=5)
    for modality, theirs in (("audio", audio), ("image", image)):
        moved = (made.tensors[modality] - made.start[modality]).abs().max()
        assert moved > 1e-3
        torch.testing.assert_close(made.tensors[modality], theirs, rtol=0, atol=float(moved) * 1e-3)


def test_avdd_with_equal_weights_is_dm_at_the_scaled_rate():
    real = toy_clips()
    ours = make("avdd", optimiser={"kind": "sgd", "lr": 0.01}).distill(real)
    scaled = make("dm", optimiser={"kind": "sgd", "lr": 0.21}).distill(real)
    for modality, tensor in ours.tensors.items():
        torch.testing.assert_close(tensor, scaled.tensors[modality], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("start", ["random", "herding", "noise"])
@pytest.mark.parametrize("hold", ["plain", "mosaic:2"])
def test_classes_distilled_apart_and_joined_are_the_whole(start, hold):
    real = toy_clips()
    method = make("avdd", start=start, hold=hold, augment={}, encoders=ENCODERS | {"batch": 5})
    whole = method.distill(real, seed=1)
    parts = [method.distill(real.only([c]), seed=1) for c in reversed(real.classes)]
    joined = type(whole).concat(parts, real.classes)
    assert torch.equal(joined.labels, whole.labels)
    for modality, tensor in joined.tensors.items():
        torch.testing.assert_close(tensor, whole.tensors[modality], rtol=1e-4, atol=1e-4)


def test_the_joint_loop_coasts_in_a_part_as_in_the_whole():
    real = toy_clips()
    method = make("dm", optimiser={"kind": "sgd", "lr": 0.02, "momentum": 0.5, "loop": "joint"})
    whole, part = method.distill(real), method.distill(real.part(real.classes[1:]))
    alone = method.distill(real.only(real.classes[1:]))
    for modality, tensor in part.tensors.items():
        torch.testing.assert_close(tensor, whole.tensors[modality][1:], rtol=1e-4, atol=1e-4)
        assert (tensor - alone.tensors[modality]).abs().max() > 1e-3


@pytest.mark.parametrize("optimiser", [{"kind": "sgd"}, {"kind": "sgd", "loop": "joint"}, {"kind": "adam"}])
def test_the_loss_goes_down(optimiser):
    losses = []
    run = RunContext(on_step=lambda report: losses.append(report.loss))
    method = make("avdd", steps=12, start="noise", optimiser=optimiser, encoders=ENCODERS | {"bank": 1})
    method.distill(toy_clips(), run=run)
    assert losses[-1] < 0.7 * losses[0]


def test_a_bank_keeps_real_means_on_disk_and_reuses_them(tmp_path, monkeypatch):
    real, run = toy_clips(), RunContext(cache=tmp_path)
    method = make("dm", steps=5, encoders=ENCODERS | {"bank": 2})
    first = method.distill(real, run=run)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 2
    monkeypatch.setattr(EncoderDraws, "_mean", lambda *a: pytest.fail("computed again"))
    assert same_bits(first, method.distill(real, run=run))


def test_a_bank_as_long_as_the_run_is_fresh_encoders():
    real = toy_clips()
    fresh = make("avdd", augment={}).distill(real)
    bank = make("avdd", augment={}, encoders=ENCODERS | {"bank": 3}).distill(real)
    assert same_bits(fresh, bank)


def test_divergence_names_the_step_and_the_cause():
    method = make("avdd", steps=200, optimiser={"kind": "sgd", "lr": 1e38})
    with pytest.raises(DivergedError, match=r"at step \d+ of 200.*lower the optimiser's lr \(now 1e\+38\)"):
        method.distill(toy_clips())


def test_samples_that_the_last_step_spoilt_are_no_result():
    method = make("avdd", steps=1, joint_weight=1e9, optimiser={"kind": "sgd", "lr": 1e38})
    with pytest.raises(DivergedError, match="or the samples after it are not finite"):
        method.distill(toy_clips())


def test_bfloat16_real_branch_stays_close():
    real = toy_clips()
    plain = make("dm").distill(real)
    half = make("dm").distill(real, run=RunContext(runtime=choose_runtime("cpu", "bfloat16")))
    moved = (plain.tensors["audio"] - plain.start["audio"]).norm()
    assert (half.tensors["audio"] - plain.tensors["audio"]).norm() < 0.2 * moved


def test_every_step_is_reported():
    reports: list[StepReport] = []
    make("dm", steps=4).distill(toy_clips(), run=RunContext(on_step=reports.append))
    assert [(r.step, r.steps) for r in reports] == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_all_mistakes_are_told_at_once():
    with pytest.raises(InputError, match=r"per_class[\s\S]*steps[\s\S]*nonsense"):
        methods.load("avdd").from_json({"per_class": 0, "steps": -1, "nonsense": 3})


def test_modality_aware_augmentation_knows_modality_and_scale(monkeypatch):
    from limbeck.augment import SiameseAugment

    seen = []
    real_apply = SiameseAugment.apply

    def spy(self, x, draw, *, modality=None, scale=None):
        seen.append((modality.name, len(scale.mean)))
        return real_apply(self, x, draw, modality=modality, scale=scale)

    monkeypatch.setattr(SiameseAugment, "apply", spy)
    make("dm", steps=1, augment={"modality_aware": True}).distill(toy_clips())
    assert set(seen) == {("audio", 16), ("image", 3)}
    assert seen.count(("audio", 16)) == 3 + 1  # three classes of real clips, all synthetic ones at once


def test_a_change_inside_a_part_leaves_the_rest_of_it_alone():
    kind = methods.load("avdd")
    method = kind.configured(encoders={"bank": 5}, optimiser={"lr": 4.2})
    assert method.encoders == kind().encoders.model_copy(update={"bank": 5})
    assert method.optimiser == kind().optimiser.model_copy(update={"lr": 4.2})
    other = "adam" if kind().optimiser.kind == "sgd" else "sgd"
    assert kind.configured(optimiser={"kind": other}).optimiser.kind == other
