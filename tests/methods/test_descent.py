import numpy as np
import pytest
import torch

from limbeck.methods._descent import SGD, Adam


def test_joint_loop_matches_the_reference(golden):
    file = np.load(golden / "momentum_loop.npz")
    x = torch.tensor(file["x0"])
    settings = SGD(audio_lr=file["lr"].item(), image_lr=1.0, momentum=file["momentum"].item(), loop="joint")
    descent = settings.over([x, torch.zeros(4, 1, dtype=torch.float64)], [1.0, 1.0], classes=4)
    for target, after in zip(torch.tensor(file["target"]), file["after"], strict=True):
        descent.before()
        descent.after([2 * (x - target), torch.zeros(4, 1, dtype=torch.float64)])
        np.testing.assert_allclose(x, after, rtol=0, atol=1e-14)


@pytest.mark.parametrize("rows", [1, 3])
def test_joint_loop_is_one_torch_optimiser_stepped_once_per_class(rows):
    """The reference's loop written out: zero_grad, backward of one class, step; for every class in turn."""
    classes, source = 4, torch.Generator().manual_seed(0)
    start = torch.randn(classes * rows, 2, dtype=torch.float64, generator=source)
    targets = torch.randn(5, classes * rows, 2, dtype=torch.float64, generator=source)
    plain = start.clone().requires_grad_()
    optimiser = torch.optim.SGD([plain], lr=0.05, momentum=0.5)
    x, still = start.clone(), torch.zeros(classes, 1, dtype=torch.float64)
    descent = SGD(audio_lr=0.05, loop="joint").over([x, still], [1.0, 1.0], classes)
    for target in targets:
        for c in range(classes):
            own = slice(c * rows, (c + 1) * rows)
            optimiser.zero_grad(set_to_none=False)
            (plain[own] - target[own]).square().sum().backward()
            optimiser.step()
        descent.before()
        descent.after([2 * (x - target), torch.zeros_like(still)])
    torch.testing.assert_close(x, plain.detach(), rtol=0, atol=1e-12)


def test_adam_steps_are_relative_to_the_spread():
    tensors = [torch.zeros(2, 3), torch.zeros(2, 3)]
    descent = Adam(audio_lr=0.1, image_lr=0.1).over(tensors, [20.0, 0.5], classes=2)
    descent.before()
    descent.after([torch.full((2, 3), 7.0), torch.full((2, 3), -1e-3)])
    torch.testing.assert_close(tensors[0], torch.full((2, 3), -2.0))
    torch.testing.assert_close(tensors[1], torch.full((2, 3), 0.05), rtol=1e-4, atol=0)


@pytest.mark.parametrize("settings", [SGD(), SGD(loop="joint"), Adam()], ids=["sgd", "joint", "adam"])
def test_a_restored_optimiser_goes_on_with_the_same_bits(settings):
    source = torch.Generator().manual_seed(1)
    gradients = [[torch.randn(4, 3, generator=source) for _ in range(2)] for _ in range(6)]

    def run(tensors, descent, rows):
        for row in rows:
            descent.before()
            descent.after([g.clone() for g in row])
        return tensors

    whole = [torch.ones(4, 3), torch.ones(4, 3)]
    run(whole, settings.over(whole, [1.0, 1.0], 2), gradients)
    half = [torch.ones(4, 3), torch.ones(4, 3)]
    first = settings.over(half, [1.0, 1.0], 2)
    run(half, first, gradients[:3])
    saved = {k: v.clone() for k, v in first.state().items()}
    second = settings.over(half, [1.0, 1.0], 2)
    second.restore(saved)
    run(half, second, gradients[3:])
    assert all(torch.equal(a, b) for a, b in zip(whole, half, strict=True))
