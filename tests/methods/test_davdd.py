"""`davdd`: the decouplers, the loss against a plain second implementation, the prototypes' average."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.helpers.clips import toy_clips
from tests.helpers.resume import distil_in_two_goes, same_bits

from limbeck import methods
from limbeck.errors import InputError
from limbeck.methods import RunContext
from limbeck.methods._decouple import decouple, rotation_onto
from limbeck.methods.davdd import Known, confusion, recency

ENCODERS = {
    "network": {"options": {"width": 4}},
    "bank": 2,
    "batch": 5,
    "training": {"epochs": 2, "batch": 18, "lr": 0.05},
}


def make(**settings):
    base = {"steps": 5, "per_class": 2, "encoders": ENCODERS, "start": "random", "common": 4}
    return methods.load("davdd").from_json({**base, **settings})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A cache in which the experts are trained once for all tests."""
    return RunContext(cache=tmp_path_factory.mktemp("cache"))


def sides(both):
    """By modality."""
    return dict(zip(("audio", "image"), both, strict=True))


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def correlated(clips=60, dims=(12, 9), shared=3, seed=0):
    """Features of which a few directions are the same in both modalities, in float64."""
    source = draw(seed)
    both = torch.randn(clips, shared, dtype=torch.float64, generator=source) * torch.tensor([9.0, 6.0, 4.0])[:shared]
    found = []
    for dim in dims:
        into = torch.linalg.qr(torch.randn(dim, shared, dtype=torch.float64, generator=source)).Q
        own = torch.randn(clips, dim, dtype=torch.float64, generator=source)
        found.append(both @ into.T + 0.1 * own + 5)
    return found


def test_bases_are_the_singular_vectors_of_the_covariance():
    audio, image = correlated()
    split = decouple(audio, image, common=3, draw=draw())
    u, _, vh = np.linalg.svd((audio - audio.mean(0)).T.numpy() @ (image - image.mean(0)).numpy())
    for basis, vectors in ((split[0].basis, u[:, :3]), (split[1].basis, vh[:3].T)):
        np.testing.assert_allclose(basis @ basis.T, vectors @ vectors.T, atol=1e-8)
        np.testing.assert_allclose(np.abs((basis.numpy() * vectors).sum(0)), 1, atol=1e-6)


def test_parts_are_orthogonal_lose_nothing_and_codes_agree():
    audio, image = correlated()
    split = decouple(audio, image, common=3, draw=draw())
    for side, x in zip(split, (audio, image), strict=True):
        codes, private = side.common(x), side.private(x)
        along = codes @ torch.linalg.inv(side.turn) @ side.basis.T
        torch.testing.assert_close((along + private) * side.length + side.mean, x)
        assert (private @ side.basis).abs().max() < 1e-9
        assert codes.square().sum(1).mean().item() == pytest.approx(1)
    sound, picture = split[0].common(audio), split[1].common(image)
    assert (sound - picture).square().sum(1).mean() < 0.01
    assert (sound - picture.roll(1, 0)).square().sum(1).mean() > 1


def test_more_common_numbers_than_there_are_dimensions_are_all_there_are():
    audio, image = correlated()
    assert decouple(audio, image, common=100, draw=draw())[0].basis.shape == (12, 9)
    assert decouple(audio[:4], image[:4], common=100, draw=draw())[1].basis.shape == (9, 4)


def test_parts_do_not_depend_on_rotation_shift_and_scale_of_features():
    """Invariance: codes stay, private parts turn with the features."""
    audio, image = correlated()
    turn = torch.linalg.qr(torch.randn(12, 12, dtype=torch.float64, generator=draw(4))).Q
    plain, turned = (decouple(a, image, common=3, draw=draw()) for a in (audio, 7 * audio @ turn + 1))
    ours, theirs = plain[0].common(audio), turned[0].common(7 * audio @ turn + 1)
    torch.testing.assert_close(ours @ ours.T, theirs @ theirs.T)
    torch.testing.assert_close(plain[0].private(audio) @ turn, turned[0].private(7 * audio @ turn + 1))


def test_a_rotation_is_found_again():
    codes = torch.randn(30, 4, dtype=torch.float64, generator=draw(1))
    turn = torch.linalg.qr(torch.randn(4, 4, dtype=torch.float64, generator=draw(2))).Q
    torch.testing.assert_close(rotation_onto(codes, codes @ turn), turn)


def test_the_loss_is_the_sum_a_person_would_write():
    classes, samples, common = 3, 4, 2
    real = correlated(classes * 20)
    split = decouple(*real, common=common, draw=draw())
    means = [x.view(classes, 20, -1).mean(1) for x in real]
    prototypes = torch.randn(classes, common, dtype=torch.float64, generator=draw(5))
    features = [torch.randn(classes, samples, x.shape[1], dtype=torch.float64, generator=draw(6)) + 5 for x in real]
    method = make(common_weight=2, across_weight=3, sample_weight=5, temperature=0.5)

    def parts(side, x):
        scaled = (x - real[side].numpy().mean(0)) / split[side].length.item()
        basis = split[side].basis.numpy()
        return scaled @ basis @ split[side].turn.numpy(), scaled - scaled @ basis @ basis.T

    wanted = []
    for c in range(classes):
        mean_codes, total = [], 0.0
        for side in (0, 1):
            clips = [parts(side, x) for x in features[side][c].numpy()]
            code, private = (np.mean(p, 0) for p in zip(*clips, strict=True))
            real_code, real_private = parts(side, means[side][c].numpy())
            mean_codes.append((code, real_code))
            total += ((private - real_private) ** 2).sum() + 2 * ((code - real_code) ** 2).sum()
            for own, _ in clips:
                near = [own @ p / np.linalg.norm(own) / np.linalg.norm(p) / 0.5 for p in prototypes.numpy()]
                total -= 5 / samples * (near[c] - np.log(np.exp(near).sum()))
        (a, ra), (v, rv) = mean_codes
        wanted.append(total + 3 * (((a - rv) ** 2).sum() + ((v - ra) ** 2).sum()))
    known = Known(sides(split), sides(means), torch.empty(0))
    ours = method._loss(known, prototypes, slice(0, 3), sides(features))
    np.testing.assert_allclose(ours, wanted, rtol=1e-9)
    some = method._loss(known, prototypes, slice(1, 3), sides([x[1:3] for x in features]))
    np.testing.assert_allclose(some, wanted[1:], rtol=1e-9)


def test_private_parts_of_the_modalities_never_meet():
    """Turning every synthetic sound along private directions changes no gradient of the pictures."""
    real = correlated()
    split = decouple(*real, common=3, draw=draw())
    known = Known(sides(split), sides([x[None].mean(1) for x in real]), torch.empty(0))
    audio, image = (x[None, :5].clone() for x in real)
    free = torch.randn(1, 5, 12, dtype=torch.float64, generator=draw(3))
    private = free - free @ split[0].basis @ split[0].basis.T

    def pull(sound):
        leaf = image.clone().requires_grad_()
        prototypes = torch.ones(1, 3, dtype=torch.float64)
        value = make()._loss(known, prototypes, slice(0, 1), sides((sound, leaf)))
        return torch.autograd.grad(value.sum(), leaf)[0]

    torch.testing.assert_close(pull(audio), pull(audio + private))


@pytest.mark.parametrize("views", [1, 3, 5])
def test_the_moving_average_is_the_one_kept_by_hand(views):
    memory, values = 0.8, torch.randn(views, dtype=torch.float64, generator=draw()).tolist()
    total = weight = 0.0
    for step in range(11):
        total, weight = memory * total + values[step % views], memory * weight + 1
        known = min(step + 1, views)
        ours = sum(w * values[(step - ago) % views] for ago, w in enumerate(recency(step, memory, known)))
        assert ours == pytest.approx(total / weight)


def test_confusion_is_least_at_the_own_prototype():
    prototypes = torch.eye(3)
    right, wrong = (confusion(p[:, None], prototypes, slice(0, 3), 0.1) for p in (prototypes, prototypes.roll(1, 0)))
    assert (right < 1e-3).all()
    assert (wrong > 9).all()


@pytest.mark.parametrize("hold", ["plain", "mosaic:2"])
def test_a_run_that_was_stopped_ends_with_the_same_bits(hold, run):
    real, method = toy_clips(), make(hold=hold)
    assert same_bits(
        distil_in_two_goes(method, real, seed=2, stop_at=3, run=run), method.distill(real, seed=2, run=run)
    )


def test_the_loss_goes_down(run):
    losses = []
    method = make(steps=20, start="noise", encoders=ENCODERS | {"bank": 1})
    method.distill(toy_clips(), run=RunContext(cache=run.cache, on_step=lambda report: losses.append(report.loss)))
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize("lacking", [{"training": None}, {"bank": None}])
def test_a_bank_of_experts_is_asked_for(lacking):
    with pytest.raises(InputError, match="a bank of networks trained on the real clips"):
        make(encoders=ENCODERS | lacking)
    assert make().sees_labels


@pytest.mark.parametrize("modality", ["audio", "image"])
def test_a_modality_alone_shares_nothing(modality):
    with pytest.raises(InputError, match=f"davdd compares two modalities of a clip, but this data has {modality}"):
        make().distill(toy_clips().seen_by([modality]))
