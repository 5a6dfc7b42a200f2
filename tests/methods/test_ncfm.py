"""`ncfm`: characteristic functions against complex loops, and which dependence it sees."""

from __future__ import annotations

import cmath

import pytest
import torch
from tests.helpers.clips import toy_clips

from limbeck.methods._losses import characteristic_gap
from limbeck.methods.ncfm import NCFM


def normal(name, rows, columns):
    return torch.randn(rows, columns, generator=torch.Generator().manual_seed(len(name)), dtype=torch.float64)


def loss(method, real_audio, real_image, audio, image):
    """Of one class, at the same frequencies every time."""
    frequencies = {"audio": normal("audio", method.frequencies, audio.shape[1]).T}
    frequencies |= {"image": normal("image", method.frequencies, image.shape[1]).T}
    return method._gap({"audio": (real_audio, audio), "image": (real_image, image)}, frequencies)


def features(real=6, synthetic=3, dim=5, seed=0):
    draw = torch.Generator().manual_seed(seed)
    return [
        torch.randn(n, dim, generator=draw, dtype=torch.float64) + (n == synthetic)
        for n in (real, real, synthetic, synthetic)
    ]


def naive(real, synthetic, frequencies, weight):
    """Mean over frequencies of the published distance, `real` and `synthetic` lists of rows."""
    total = 0.0
    for t in frequencies:
        phi = [
            sum(cmath.exp(1j * sum(a * b for a, b in zip(t, x, strict=True))) for x in rows) / len(rows)
            for rows in (real, synthetic)
        ]
        amplitude = (abs(phi[0]) - abs(phi[1])) ** 2
        phase = 2 * (abs(phi[0]) * abs(phi[1]) - (phi[0] * phi[1].conjugate()).real)
        total += (weight * amplitude + (1 - weight) * phase) ** 0.5
    return total / len(frequencies)


def rows(x, width):
    unit = [[n / sum(m * m for m in row) ** 0.5 for n in row] for row in x.tolist()]
    return [[n / width for n in row] for row in unit]


def median_width(x):
    unit = rows(x, 1.0)
    apart = [
        sum((a - b) ** 2 for a, b in zip(unit[i], unit[j], strict=True)) for i in range(len(unit)) for j in range(i)
    ]
    return sorted(apart)[(len(apart) - 1) // 2] ** 0.5


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("width", [None, 0.4])
@pytest.mark.parametrize("joint", [True, False])
def test_loss_equals_complex_loops(joint, width, weight):
    ra, rv, a, v = features()
    method = NCFM(frequencies=7, joint=joint, width=width, amplitude_weight=weight)
    wa, wv = (width or median_width(torch.cat(pair)) for pair in ((ra, a), (rv, v)))
    ta, tv = normal("audio", 7, 5).tolist(), normal("image", 7, 5).tolist()
    sides = [rows(ra, wa), rows(rv, wv), rows(a, wa), rows(v, wv)]
    if joint:
        real = [x + y for x, y in zip(sides[0], sides[1], strict=True)]
        synthetic = [x + y for x, y in zip(sides[2], sides[3], strict=True)]
        wanted = naive(real, synthetic, [x + y for x, y in zip(ta, tv, strict=True)], weight)
    else:
        wanted = naive(sides[0], sides[2], ta, weight) + naive(sides[1], sides[3], tv, weight)
    assert loss(method, ra, rv, a, v).item() == pytest.approx(wanted, rel=1e-6)


def test_only_the_joint_function_sees_which_sound_goes_with_which_picture():
    ra, rv, _, _ = features(real=12)
    shuffled = torch.roll(rv, 1, dims=0)
    joint, apart = NCFM(frequencies=64), NCFM(frequencies=64, joint=False)
    assert loss(apart, ra, rv, ra, shuffled).item() == pytest.approx(0, abs=1e-5)
    assert loss(joint, ra, rv, ra, shuffled).item() > 0.05


def test_the_order_of_pairs_does_not_matter():
    ra, rv, a, v = features()
    order = torch.randperm(len(ra), generator=torch.Generator().manual_seed(1))
    before, after = (loss(NCFM(), x, y, a, v) for x, y in ((ra, rv), (ra[order], rv[order])))
    torch.testing.assert_close(before, after)


@pytest.mark.parametrize("joint", [True, False])
def test_zero_with_no_gradient_where_synthetic_is_real(joint):
    ra, rv, _, _ = features()
    a = ra.clone().requires_grad_()
    found = loss(NCFM(joint=joint), ra, rv, a, rv)
    assert found.item() == pytest.approx(0, abs=1e-6)
    assert torch.autograd.grad(found, a)[0].abs().max() < 1e-6


def test_several_scales_are_an_adversary():
    ra, rv, a, v = features()
    each = [loss(NCFM(scales_tried=(s,)), ra, rv, a, v) for s in (0.25, 1.0, 4.0)]
    most = loss(NCFM(scales_tried=(0.25, 1.0, 4.0)), ra, rv, a, v)
    assert most == max(each) > min(each)


def test_same_clips_everywhere_are_no_division_by_zero():
    one = torch.ones(3, 4, dtype=torch.float64)
    assert loss(NCFM(), one, one, one[:1], one[:1]).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("joint", [True, False])
def test_gradient(joint):
    ra, rv, a, v = features(real=4, synthetic=2, dim=3)
    method = NCFM(frequencies=4, joint=joint, width=0.7, amplitude_weight=0.3, scales_tried=(1.0, 2.0))
    assert torch.autograd.gradcheck(lambda x, y: loss(method, ra, rv, x, y), (a.requires_grad_(), v.requires_grad_()))


def test_half_the_weight_is_the_plain_distance():
    real, synthetic = (torch.randn(n, 9, generator=torch.Generator().manual_seed(n)) for n in (5, 3))
    phi = [torch.complex(x.cos().mean(0), x.sin().mean(0)) for x in (real, synthetic)]
    torch.testing.assert_close(characteristic_gap(real, synthetic), (phi[0] - phi[1]).abs().mean() / 2**0.5)


def test_frequencies_are_new_each_step_and_the_same_for_every_class(monkeypatch):
    drawn = []
    plain = NCFM._gap

    def spy(self, sides, frequencies):
        drawn.append((frequencies["audio"], frequencies["image"]))
        return plain(self, sides, frequencies)

    monkeypatch.setattr(NCFM, "_gap", spy)
    encoders = {"network": {"options": {"width": 4}}, "bank": 1, "batch": 5}
    NCFM.from_json({"steps": 2, "start": "random", "encoders": encoders}).distill(toy_clips())
    assert len(drawn) == 2 * 3
    assert all(torch.equal(x, y) for pair in drawn[:3] for x, y in zip(pair, drawn[0], strict=True))
    assert not torch.equal(drawn[0][0], drawn[3][0])
    assert not torch.equal(drawn[0][0], drawn[0][1])
