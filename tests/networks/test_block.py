from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.networks._block import LARGE, Grid, conv_norm_relu_pool

CASES = [
    pytest.param(3, (40, 36), 1, None, id="large, first layer"),
    pytest.param(5, (40, 37), 1, None, id="large, odd"),
    pytest.param(5, (9, 7), 1, None, id="small, odd"),
    pytest.param(1, (30, 30), 3, None, id="one channel"),
    pytest.param(4, (13, 15), 1, (4, 3), id="small, grid"),
    pytest.param(4, (50, 23), 1, (7, 7), id="large, grid"),
    pytest.param(2, (3, 2), 1, (4, 4), id="grid larger than the map"),
]


def _reference(x: Tensor, w: Tensor, s: Tensor, b: Tensor, padding: int, grid: Grid | None) -> Tensor:
    y = F.instance_norm(F.conv2d(x, w, padding=padding), weight=s, bias=b).relu()
    return F.avg_pool2d(y, 2) if grid is None else F.adaptive_avg_pool2d(y, grid)


def _inputs(channels: int, size: tuple[int, int], width: int = 6) -> list[Tensor]:
    g = torch.Generator().manual_seed(1)
    shapes = (3, channels, *size), (width, channels, 3, 3), (width,), (width,)
    return [torch.randn(s, generator=g, dtype=torch.float64).requires_grad_() for s in shapes]


def _all(block: object, inputs: list[Tensor], padding: int, grid: Grid | None) -> list[Tensor]:
    out = block(*inputs, padding, grid)  # type: ignore[operator]
    return [out, *torch.autograd.grad((out * torch.linspace(-1, 2, out.numel()).view_as(out)).sum(), inputs)]


def test_the_cases_lie_on_both_sides_of_the_threshold() -> None:
    assert 9 * 7 < LARGE < 40 * 36


@pytest.mark.parametrize(("channels", "size", "padding", "grid"), CASES)
def test_value_and_gradients_agree_with_torch_in_float64(
    channels: int, size: tuple[int, int], padding: int, grid: Grid | None
) -> None:
    inputs = _inputs(channels, size)
    found = _all(conv_norm_relu_pool, inputs, padding, grid)
    for mine, theirs in zip(found, _all(_reference, inputs, padding, grid), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-9, atol=1e-11)
    with torch.no_grad():
        torch.testing.assert_close(conv_norm_relu_pool(*inputs, padding, grid), found[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize(("channels", "size", "padding", "grid"), CASES)
def test_bfloat16_stays_near_float32(channels: int, size: tuple[int, int], padding: int, grid: Grid | None) -> None:
    inputs = [t.detach().float().requires_grad_() for t in _inputs(channels, size)]
    exact = _all(_reference, inputs, padding, grid)
    with torch.autocast("cpu", torch.bfloat16):
        found = _all(conv_norm_relu_pool, inputs, padding, grid)
    errors = [
        float(((mine - theirs).norm() / theirs.norm()).detach()) for mine, theirs in zip(found, exact, strict=True)
    ]
    assert errors[0] < 0.01
    # A ReLU that opens on one side of the rounding and not on the other changes a gradient wholly.
    assert max(errors[1:]) < 0.12


@pytest.mark.parametrize(("size", "grid"), [((34, 34), None), ((6, 5), (2, 2))])
def test_gradients_of_gradients(size: tuple[int, int], grid: Grid | None) -> None:
    inputs = _inputs(2, size, width=3)

    def second(block: object) -> tuple[Tensor, ...]:
        out = block(*inputs, 1, grid)  # type: ignore[operator]
        first = torch.autograd.grad(out.pow(2).sum(), inputs, create_graph=True)
        return torch.autograd.grad(sum(g.pow(2).sum() for g in first), inputs)

    for mine, theirs in zip(second(conv_norm_relu_pool), second(_reference), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-8, atol=1e-8)


def test_only_the_input_needs_a_gradient_or_only_the_weights() -> None:
    x, weight, scale, shift = (t.detach() for t in _inputs(4, (12, 12)))
    for wanted in ([x], [weight], [scale, shift]):
        for t in wanted:
            t.requires_grad_()
        found, expected = (
            torch.autograd.grad(block(x, weight, scale, shift, 1, None).pow(2).sum(), wanted)
            for block in (conv_norm_relu_pool, _reference)
        )
        torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-11)
        for t in wanted:
            t.requires_grad_(False)


def test_a_picture_of_one_colour_gives_finite_features_and_gradients() -> None:
    _, *weights = (t.detach().float() for t in _inputs(3, (40, 40)))
    x = torch.full((1, 3, 40, 40), -100.0).requires_grad_()
    out = conv_norm_relu_pool(x, *weights, 1, None)
    (gradient,) = torch.autograd.grad(out.sum(), x)
    assert bool(torch.isfinite(out).all())
    assert bool(torch.isfinite(gradient).all())


def test_a_samples_features_do_not_depend_on_its_neighbours() -> None:
    inputs = _inputs(3, (40, 40))
    alone = conv_norm_relu_pool(inputs[0][1:2], *inputs[1:], 1, None)
    torch.testing.assert_close(conv_norm_relu_pool(*inputs, 1, None)[1:2], alone, rtol=0, atol=1e-12)
