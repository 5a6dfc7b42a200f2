import numpy as np
import pytest
import torch

from limbeck.errors import InputError
from limbeck.methods._descent import SGD, Adam

EVEN = {"audio": 1.0, "image": 1.0}


def named(tensors):
    return dict(zip(("audio", "image"), tensors, strict=True))


def test_joint_loop_matches_the_reference(golden):
    file = np.load(golden / "momentum_loop.npz")
    x = torch.tensor(file["x0"])
    rates = {"audio": file["lr"].item(), "image": 1.0}
    settings = SGD(lr=rates, momentum=file["momentum"].item(), loop="joint")
    descent = settings.over({"audio": x, "image": torch.zeros(4, 1, dtype=torch.float64)}, EVEN, classes=4)
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
    descent = SGD(lr=0.05, loop="joint").over({"audio": x, "image": still}, EVEN, classes)
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
    descent = Adam(lr=0.1).over(named(tensors), {"audio": 20.0, "image": 0.5}, classes=2)
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
    run(whole, settings.over(named(whole), EVEN, 2), gradients)
    half = [torch.ones(4, 3), torch.ones(4, 3)]
    first = settings.over(named(half), EVEN, 2)
    run(half, first, gradients[:3])
    saved = {k: v.clone() for k, v in first.state().items()}
    second = settings.over(named(half), EVEN, 2)
    second.restore(saved)
    run(half, second, gradients[3:])
    assert all(torch.equal(a, b) for a, b in zip(whole, half, strict=True))


@pytest.mark.parametrize("kind", [SGD, Adam])
@pytest.mark.parametrize("loop", ["joint", "independent"])
def test_every_modality_steps_at_its_own_rate_whatever_its_tensors_are_called(kind, loop):
    """A modality's tensors all have its rate; the names before the dot say which modality that is."""
    settings = {"lr": {"audio": 0.1, "image": 0.3}} | ({"loop": loop} if kind is SGD else {})
    tensors = {name: torch.zeros(2, 3) for name in ("audio", "image.low", "image.high")}
    descent = kind(**settings).over(tensors, EVEN, classes=2)
    descent.before()
    descent.after([torch.ones(2, 3) for _ in tensors])
    coasting = 0.5 if kind is SGD and loop == "joint" else 0.0  # of the first class, while the other steps
    expected = torch.tensor([[1 + coasting], [1.0]]).expand(2, 3)
    for name, rate in (("audio", 0.1), ("image.low", 0.3), ("image.high", 0.3)):
        torch.testing.assert_close(tensors[name], -rate * expected)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_modality_without_a_rate_is_told(kind):
    with pytest.raises(InputError, match=r"no learning rate of image; there is one of audio\. Give one of image"):
        kind(lr={"audio": 0.1}).over(named([torch.zeros(1, 1)] * 2), EVEN, classes=1)


@pytest.mark.parametrize("kind", [SGD, Adam])
@pytest.mark.parametrize("lr", [0, -1.0, {"audio": 0.0}, "fast"])
def test_rates_are_numbers_above_zero(kind, lr):
    with pytest.raises(InputError, match="lr"):
        kind.from_json({"lr": lr})


def test_buffers_come_back_in_the_memory_format_of_their_weights():
    """Sums over other strides could round differently."""
    tensor = torch.zeros(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    saved = {}
    for restored in (False, True):
        descent = SGD().over({"image": tensor}, EVEN, classes=2)
        if restored:
            descent.restore(saved)
            (buffer,) = descent.state().values()
            assert buffer.stride() == tensor.stride()
        descent.after([torch.ones_like(tensor)])
        saved = {name: value.contiguous() for name, value in descent.state().items()}
