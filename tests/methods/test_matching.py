"""`dm` and `avdd` against a plain second implementation, and what must not change their result."""

from __future__ import annotations

import pytest
import torch
from tests.helpers.clips import toy_clips

from limbeck import methods
from limbeck._runtime import choose_runtime, generator
from limbeck.datasets import Scale
from limbeck.errors import DivergedError, InputError
from limbeck.methods import StepReport, Work
from limbeck.networks.convnet import ConvNet

NETWORK = {"options": {"width": 8}}
ENCODERS = {"network": NETWORK, "bank": None, "batch": None}


def make(name: str, **settings):
    base = {"steps": 3, "encoders": ENCODERS, "augment": None, "mosaic": 1, "start": "random"}
    return methods.load(name).from_json({**base, **settings})


def naive(real, method, *, joint, gap, rate, momentum, seed):
    """The published loop as a person would write it first: class by class, sample by sample, torch's SGD."""
    scale = Scale.of(real.statistics, method.sound)
    began = method.model_copy(update={"steps": 0}).distill(real, seed=seed)
    audio, image = (t.clone().requires_grad_() for t in (began.audio, began.image))
    optimiser = torch.optim.SGD([audio, image], lr=rate, momentum=momentum)
    for step in range(method.steps):
        pair = ConvNet(width=8).pair(real.audio_shape, real.image_shape, generator=generator(seed, "weights", step))
        for c in range(len(real.classes)):
            index, own = real.of_class(c), began.labels == c
            ra = torch.stack([pair.audio(scale.audio(real.audio(index[i : i + 1])))[0] for i in range(len(index))])
            rv = torch.stack([pair.image(scale.image(real.frames(index[i : i + 1])))[0] for i in range(len(index))])
            a, v = pair.audio(audio[own]), pair.image(image[own])
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
    optimiser = {"kind": "sgd", "audio_lr": 0.02, "image_lr": 0.02, "momentum": 0.5, "loop": "joint"}
    method = make(name, optimiser=optimiser, per_class=2, **weights)
    made = method.distill(real, seed=5)
    audio, image = naive(real, method, joint=joint, gap=gap, rate=0.02, momentum=0.5, seed=5)
    moved = (made.audio - made.start[0]).abs().max()
    assert moved > 1e-3
    torch.testing.assert_close(made.audio, audio, rtol=0, atol=float(moved) * 1e-3)
    torch.testing.assert_close(made.image, image, rtol=0, atol=float((made.image - made.start[1]).abs().max()) * 1e-3)


def test_avdd_with_equal_weights_is_dm_at_the_scaled_rate():
    real = toy_clips()
    ours = make("avdd", optimiser={"kind": "sgd", "audio_lr": 0.01, "image_lr": 0.01}).distill(real)
    scaled = make("dm", optimiser={"kind": "sgd", "audio_lr": 0.21, "image_lr": 0.21}).distill(real)
    torch.testing.assert_close(ours.audio, scaled.audio, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.image, scaled.image, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("start", ["random", "herding", "noise"])
@pytest.mark.parametrize("mosaic", [1, 2])
def test_classes_distilled_apart_and_joined_are_the_whole(start, mosaic):
    real = toy_clips()
    method = make("avdd", start=start, mosaic=mosaic, augment={}, encoders=ENCODERS | {"batch": 5})
    whole = method.distill(real, seed=1)
    parts = [method.distill(real.only([c]), seed=1) for c in reversed(real.classes)]
    joined = type(whole).concat(parts, real.classes)
    assert torch.equal(joined.labels, whole.labels)
    torch.testing.assert_close(joined.audio, whole.audio, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(joined.image, whole.image, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("optimiser", [{"kind": "sgd"}, {"kind": "sgd", "loop": "joint"}, {"kind": "adam"}])
def test_the_loss_goes_down(optimiser):
    losses = []
    work = Work(on_step=lambda report: losses.append(report.loss))
    method = make("avdd", steps=12, start="noise", optimiser=optimiser, encoders=ENCODERS | {"bank": 1})
    method.distill(toy_clips(), work=work)
    assert losses[-1] < 0.7 * losses[0]


def test_a_bank_keeps_real_means_on_disk_and_reuses_them(tmp_path, monkeypatch):
    from limbeck.methods import _encoders

    real, work = toy_clips(), Work(cache=tmp_path)
    method = make("dm", steps=5, encoders=ENCODERS | {"bank": 2})
    first = method.distill(real, work=work)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 2
    monkeypatch.setattr(_encoders, "real_means", lambda *a: pytest.fail("computed again"))
    again = method.distill(real, work=work)
    assert torch.equal(first.audio, again.audio)


def test_a_bank_as_long_as_the_run_is_fresh_encoders():
    real = toy_clips()
    fresh = make("avdd", augment={}).distill(real)
    bank = make("avdd", augment={}, encoders=ENCODERS | {"bank": 3}).distill(real)
    assert torch.equal(fresh.audio, bank.audio)


def test_divergence_names_the_step_and_the_cause():
    method = make("avdd", steps=200, optimiser={"kind": "sgd", "audio_lr": 1e38, "image_lr": 1e38})
    with pytest.raises(DivergedError, match=r"at step \d+ of 200.*lower audio_lr"):
        method.distill(toy_clips())


def test_bfloat16_real_branch_stays_close():
    real = toy_clips()
    plain = make("dm").distill(real)
    half = make("dm").distill(real, work=Work(runtime=choose_runtime("cpu", "bfloat16")))
    moved = (plain.audio - plain.start[0]).norm()
    assert (half.audio - plain.audio).norm() < 0.2 * moved


def test_every_step_is_reported():
    reports: list[StepReport] = []
    make("dm", steps=4).distill(toy_clips(), work=Work(on_step=reports.append))
    assert [(r.step, r.steps) for r in reports] == [(1, 4), (2, 4), (3, 4), (4, 4)]


def test_all_mistakes_are_told_at_once():
    with pytest.raises(InputError, match=r"per_class[\s\S]*steps[\s\S]*nonsense"):
        methods.load("avdd").from_json({"per_class": 0, "steps": -1, "nonsense": 3})


def test_audio_aware_augmentation_reaches_both_branches(monkeypatch):
    from limbeck.augment import SiameseAugment

    seen = []
    real_apply = SiameseAugment.apply

    def spy(self, x, draw, fill=0.0, modality="image"):
        seen.append((modality, isinstance(fill, torch.Tensor)))
        return real_apply(self, x, draw, fill, modality)

    monkeypatch.setattr(SiameseAugment, "apply", spy)
    make("dm", steps=1, augment={"audio_aware": True}).distill(toy_clips())
    assert set(seen) == {("audio", True), ("image", False)}
    assert seen.count(("audio", True)) == 3 + 1  # three classes of real clips, all synthetic ones at once


def test_a_change_inside_a_part_leaves_the_rest_of_it_alone():
    kind = methods.load("avdd")
    method = kind.configured(encoders={"bank": 5}, optimiser={"audio_lr": 4.2})
    assert method.encoders == kind().encoders.model_copy(update={"bank": 5})
    assert method.optimiser == kind().optimiser.model_copy(update={"audio_lr": 4.2})
    other = "adam" if kind().optimiser.kind == "sgd" else "sgd"
    assert kind.configured(optimiser={"kind": other}).optimiser.kind == other
