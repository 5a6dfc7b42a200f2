from __future__ import annotations

import os
import signal
import warnings
from types import ModuleType

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck import _code
from limbeck._runtime import threads
from limbeck.networks import _kernels, _norm
from limbeck.networks._block import conv_norm_relu_pool
from limbeck.networks._norm import Grid
from limbeck.networks.convnet import ConvNet

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


def _both(by: ModuleType, y: Tensor, scale: Tensor, shift: Tensor, grid: Grid | None) -> list[Tensor]:
    out, mean, rstd = by.norm_relu_pool(y, scale, shift, grid)
    gradient = torch.linspace(-1, 2, out.numel()).bfloat16().view_as(out).to(y.dtype)
    return [out, mean, rstd, *by.norm_relu_pool_backward(gradient, y, mean, rstd, scale, shift, grid)]


def _maps(size: tuple[int, int], dtype: torch.dtype, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(seed)
    y, scale, shift = (torch.randn(s, generator=g) for s in ((5, 20, *size), (20,), (20,)))
    return (y * 3 + 1).to(dtype).contiguous(memory_format=torch.channels_last), scale, shift


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize(
    ("size", "grid"), [((40, 37), None), ((9, 7), None), ((13, 15), (4, 3)), ((3, 2), (4, 4)), ((40, 36), (40, 36))]
)
def test_loops_and_operations_agree_to_rounding(size: tuple[int, int], grid: Grid | None, seed: int) -> None:
    given = _maps(size, torch.float32, seed)
    for mine, theirs in zip(_both(_kernels, *given, grid), _both(_norm, *given, grid), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))


@pytest.mark.parametrize(("size", "grid"), [((40, 37), None), ((13, 15), (4, 3))])
def test_loops_on_bfloat16_stay_as_near_the_truth_as_it_allows(size: tuple[int, int], grid: Grid | None) -> None:
    y, scale, shift = _maps(size, torch.bfloat16)
    exact = _both(_norm, y.double(), scale.double(), shift.double(), grid)
    for mine, truth in zip(_both(_kernels, y, scale, shift, grid), exact, strict=True):
        assert float((mine.double() - truth).norm() / truth.norm()) < 6e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_is_not_finite_does_not_vanish_in_a_relu(dtype: torch.dtype, bad: float) -> None:
    y, scale, shift = _maps((6, 6), dtype)
    y[2, 3, 1, 1] = bad
    out, _, _, dy, dscale, _ = _both(_kernels, y, scale, shift, None)
    assert bool(out[2, 3].isnan().all())
    assert bool(dy[2, 3].isnan().all())
    assert int(out.isnan().sum()) == out[2, 3].numel()
    assert int(dscale.isnan().sum()) == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_number_of_threads_changes_no_bit(dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kernels, "WORTH_A_THREAD_BYTES", 1)
    given = _maps((16, 12), dtype)
    with threads(1):
        alone = _both(_kernels, *given, None)
    for count in (2, 3, 8):
        with threads(count):
            assert all(map(torch.equal, alone, _both(_kernels, *given, None)))


def test_the_loops_belong_to_the_code_that_results_are_known_by() -> None:
    modules = _code.of(ConvNet())["modules"]
    assert {f"limbeck.networks.{name}" for name in ("convnet", "_block", "_kernels", "_norm")} <= set(modules)


def test_a_forked_process_has_threads_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kernels, "WORTH_A_THREAD_BYTES", 1)
    given = _maps((16, 12), torch.float32)
    with threads(2):
        expected = _both(_kernels, *given, None)[0]
        with warnings.catch_warnings(action="ignore"):  # newer Pythons warn of just what is tried here
            child = os.fork()
        if not child:
            signal.alarm(30)
            os._exit(not torch.equal(_kernels.norm_relu_pool(*given, None)[0], expected))
        assert os.waitpid(child, 0)[1] == 0


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
