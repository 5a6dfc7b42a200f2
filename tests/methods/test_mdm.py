"""`mdm`: the geodesic kernel against loops, and what the two directions see."""

from __future__ import annotations

import math

import pytest
import torch
from tests.helpers.clips import toy_clips

from limbeck.errors import InputError
from limbeck.methods._losses import geodesic_kernel
from limbeck.methods.mdm import MDM


def features(real=6, synthetic=3, dim=5, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return [
        torch.randn(n, dim, generator=draw, dtype=torch.float64) + (n == synthetic)
        for n in (real, real, synthetic, synthetic)
    ]


def loss(method, real_audio, real_image, audio, image):
    return method._gap((real_audio, audio), (real_image, image))


def unit(row):
    norm = math.sqrt(sum(x * x for x in row))
    return [x / norm for x in row]


def directions(audio, image, sign):
    pairs = zip(audio.tolist(), image.tolist(), strict=True)
    return [unit([x + sign * y for x, y in zip(unit(a), unit(v), strict=True)]) for a, v in pairs]


def naive(method, ra, rv, a, v):
    total = 0.0
    for weight, sign in ((method.agreement_weight, 1), (method.discrepancy_weight, -1)):
        real, synthetic = directions(ra, rv, sign), directions(a, v, sign)
        squared = 0.0
        for factor, first, second in ((1, real, real), (1, synthetic, synthetic), (-2, real, synthetic)):
            for x in first:
                for y in second:
                    cosine = max(-1.0, min(1.0, sum(p * q for p, q in zip(x, y, strict=True))))
                    kernel = math.exp(-(math.acos(cosine) ** 2) / (2 * method.width**2))
                    squared += factor * kernel / (len(first) * len(second))
        total += weight * math.sqrt(squared)
    return total


@pytest.mark.parametrize("settings", [{}, {"agreement_weight": 2.0, "discrepancy_weight": 0.3, "width": 1.1}])
def test_loss_equals_loops(settings):
    sides, method = features(), MDM(**settings)
    assert loss(method, *sides).item() == pytest.approx(naive(method, *sides), rel=1e-4)


def test_sees_which_sound_goes_with_which_picture_where_means_do_not():
    ra, rv, _, _ = features(real=12)
    assert loss(MDM(), ra, rv, ra, torch.roll(rv, 1, dims=0)).item() > 0.1
    for settings in ({"agreement_weight": 0}, {"discrepancy_weight": 0}):
        assert loss(MDM(**settings), ra, rv, ra, torch.roll(rv, 1, dims=0)).item() > 0.05


def test_invariant_to_order_to_turning_both_modalities_and_to_the_scale_of_each():
    ra, rv, a, v = features()
    before = loss(MDM(), ra, rv, a, v)
    order = torch.randperm(len(ra), generator=torch.Generator().manual_seed(1))
    turn = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(2)))[0]
    torch.testing.assert_close(loss(MDM(), ra[order], rv[order], a, v), before)
    torch.testing.assert_close(loss(MDM(), *(x @ turn for x in (ra, rv, a, v))), before)
    torch.testing.assert_close(loss(MDM(), 3 * ra, rv, 5 * a, 2 * v), before)


def test_zero_with_no_gradient_where_synthetic_is_real():
    ra, rv, _, _ = features()
    a = ra.clone().requires_grad_()
    value = loss(MDM(), ra, rv, a, rv)
    assert value.item() == pytest.approx(0, abs=1e-6)
    assert torch.isfinite(torch.autograd.grad(value, a)[0]).all()


def test_gradient():
    ra, rv, a, v = features(real=4, synthetic=2, dim=3)
    assert torch.autograd.gradcheck(lambda x, y: loss(MDM(), ra, rv, x, y), (a.requires_grad_(), v.requires_grad_()))


def test_kernel_has_a_finite_gradient_for_equal_and_for_opposite_directions():
    x = torch.tensor([[1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]], requires_grad=True)
    kernel = geodesic_kernel(x, 0.5)
    torch.testing.assert_close(kernel[0, 1].detach(), torch.tensor(1.0), rtol=0, atol=1e-4)
    torch.testing.assert_close(kernel[0, 2].item(), math.exp(-(math.pi**2) / 0.5), rtol=0, atol=1e-4)
    assert torch.isfinite(torch.autograd.grad(kernel.sum(), x)[0]).all()


def test_refuses_features_of_different_lengths():
    ra, rv, a, v = features()
    with pytest.raises(InputError, match="5 and 4 numbers"):
        loss(MDM(), ra, rv[:, :4], a, v[:, :4])


def test_a_modality_alone_has_nothing_to_agree_with():
    with pytest.raises(InputError, match="mdm compares two modalities of a clip, but this data has image"):
        MDM().distill(toy_clips().seen_by(["image"]))
