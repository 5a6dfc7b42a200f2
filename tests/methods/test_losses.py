import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from limbeck.methods import _losses


def both(audio, image):
    return {"audio": audio, "image": image}


def _means(file, *names):
    return [torch.tensor(file[n]) for n in names]


@pytest.mark.parametrize(("joint", "gap"), [(10, 10), (3, 7), (0, 0), (10, 0), (0, 10)])
def test_cross_modal_gap_and_gradients_match_the_reference(golden, joint, gap):
    file = np.load(golden / "loss_embedding.npz")
    real_a, real_v = _means(file, "emb_aud_real", "emb_img_real")
    a, v = (torch.tensor(file[n], requires_grad=True) for n in ("emb_aud_syn", "emb_img_syn"))
    real, synthetic = both(real_a.mean(0), real_v.mean(0)), both(a.mean(0), v.mean(0))
    loss = _losses.cross_modal_gap(real, synthetic, joint_weight=joint, gap_weight=gap)
    loss.backward()
    key = f"icm{joint}_cgm{gap}"
    assert loss.item() == pytest.approx(file[f"loss_{key}"].item(), rel=1e-12)
    np.testing.assert_allclose(a.grad, file[f"gaud_{key}"], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(v.grad, file[f"gimg_{key}"], rtol=1e-10, atol=1e-14)


def test_single_terms_match_the_reference(golden):
    file = np.load(golden / "loss_embedding.npz")
    means = [m.mean(0) for m in _means(file, "emb_aud_real", "emb_img_real", "emb_aud_syn", "emb_img_syn")]
    ra, rv, a, v = means
    sides = {"audio": ra, "image": rv}, {"audio": a, "image": v}
    plain, joint, gap = (
        _losses.cross_modal_gap(*sides, joint_weight=weights[0], gap_weight=weights[1])
        for weights in ((0, 0), (1, 0), (0, 1))
    )
    ours = [_losses.squared_gap(ra, a), _losses.squared_gap(rv, v), joint - plain, gap - plain]
    np.testing.assert_allclose(torch.stack(ours), file["terms_audDM_imgDM_ICM_CGM"], rtol=1e-12)


@given(st.integers(0, 2**31), st.floats(0, 50))
def test_equal_weights_are_a_factor_and_no_more(seed, weight):
    source = torch.Generator().manual_seed(seed)
    ra, rv, a, v = (torch.randn(3, 7, dtype=torch.float64, generator=source) for _ in range(4))
    plain = _losses.squared_gap(ra, a) + _losses.squared_gap(rv, v)
    ours = _losses.cross_modal_gap(both(ra, rv), both(a, v), joint_weight=weight, gap_weight=weight)
    torch.testing.assert_close(ours, (1 + 2 * weight) * plain)


def test_unequal_weights_couple_the_modalities_by_the_stated_cross_term():
    source = torch.Generator().manual_seed(0)
    ra, rv, a, v = (torch.randn(7, dtype=torch.float64, generator=source) for _ in range(4))
    da, dv = ra - a, rv - v
    ours = _losses.cross_modal_gap(both(ra, rv), both(a, v), joint_weight=3, gap_weight=1)
    torch.testing.assert_close(ours, 5 * (da @ da + dv @ dv) + 2 * (3 - 1) * (da @ dv))


@given(st.integers(0, 2**31), st.floats(0, 9), st.floats(0, 9))
def test_three_modalities_have_both_terms_of_every_two(seed, joint, gap):
    """The sum over pairs written out, and blind to the order in which modalities come."""
    source = torch.Generator().manual_seed(seed)
    real, synthetic = ({m: torch.randn(3, 7, dtype=torch.float64, generator=source) for m in "xyz"} for _ in range(2))
    d = {m: real[m] - synthetic[m] for m in "xyz"}
    wanted = sum(gaps.square().sum(1) for gaps in d.values())
    for one, other in ("xy", "xz", "yz"):
        wanted = wanted + joint * (d[one] + d[other]).square().sum(1) + gap * (d[one] - d[other]).square().sum(1)
    ours = _losses.cross_modal_gap(real, synthetic, joint_weight=joint, gap_weight=gap)
    torch.testing.assert_close(ours, wanted)
    turned = {m: real[m] for m in "zxy"}
    torch.testing.assert_close(_losses.cross_modal_gap(turned, synthetic, joint_weight=joint, gap_weight=gap), wanted)


def test_one_modality_has_no_cross_modal_terms():
    source = torch.Generator().manual_seed(0)
    real, synthetic = ({"image": torch.randn(3, 7, generator=source)} for _ in range(2))
    ours = _losses.cross_modal_gap(real, synthetic, joint_weight=10, gap_weight=3)
    assert torch.equal(ours, _losses.squared_gap(real["image"], synthetic["image"]))


def test_gradient_distance_matches_the_reference(golden):
    file = np.load(golden / "dc_match_loss.npz")
    real = [torch.tensor(file[f"real{i}"]) for i in range(7)]
    synthetic = [torch.tensor(file[f"syn{i}"], requires_grad=True) for i in range(7)]
    loss = _losses.gradient_distance(real, synthetic)
    loss.backward()
    assert loss.item() == pytest.approx(file["loss_ours"].item(), rel=1e-6)
    for i, tensor in enumerate(synthetic):
        ours = np.zeros(tensor.shape) if tensor.grad is None else tensor.grad
        np.testing.assert_allclose(ours, file[f"grad_ours_{i}"], rtol=1e-4, atol=1e-6)


def test_trajectory_distance_matches_the_reference(golden):
    """Four plain SGD steps of a linear softmax student, written out, then the loss and its gradients."""
    file = np.load(golden / "mtt_loss.npz")
    x = torch.tensor(file["x"], requires_grad=True)
    rate = torch.tensor(file["syn_lr"], requires_grad=True)
    labels, theta0, target = (torch.tensor(file[n]) for n in ("y", "theta0", "target"))
    theta = theta0.clone().requires_grad_()
    for row in file["indices"]:
        batch = [i for i in row.tolist() if i >= 0]
        logits = x[batch] @ theta[:18].view(3, 6).T + theta[18:]
        loss = torch.nn.functional.cross_entropy(logits, labels[batch])
        (gradient,) = torch.autograd.grad(loss, theta, create_graph=True)
        theta = theta - rate * gradient
    np.testing.assert_allclose(theta.detach(), file["theta_T"], rtol=1e-10)
    distance = _losses.trajectory_distance(theta, target, theta0)
    distance.backward()
    assert distance.item() == pytest.approx(file["loss"].item(), rel=1e-10)
    np.testing.assert_allclose(x.grad, file["grad_x"], rtol=1e-8, atol=1e-13)
    assert rate.grad.item() == pytest.approx(file["grad_lr"].item(), rel=1e-8)
