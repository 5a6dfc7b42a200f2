from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from limbeck.errors import InputError
from limbeck.networks import Encoder, embed
from limbeck.networks import _embed as room
from limbeck.networks.convnet import ConvNet

needs_compiler = pytest.mark.skipif(not shutil.which("g++"), reason="no C++ compiler here")


def _encoder(seed: int = 0, modality: str = "image") -> Encoder:
    shapes, draw = {"audio": (1, 40, 30), "image": (3, 40, 40)}, torch.Generator().manual_seed(seed)
    return ConvNet(width=16).encoders(shapes, generator=draw)[modality]


def _samples(count: int, channels: int = 3) -> Tensor:
    size = (40, 40) if channels == 3 else (40, 30)
    return torch.randn(count, channels, *size, generator=torch.Generator().manual_seed(1))


def _naive(encoder: Encoder, x: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """Means and the gradient of a loss of them, in float64, one sample at a time."""
    double = encoder.double()
    leaf = x.detach().double().requires_grad_()
    size = len(x) // groups
    means = torch.stack(
        [sum(double(leaf[i : i + 1])[0] for i in range(g * size, (g + 1) * size)) / size for g in range(groups)]
    )
    gradient = torch.autograd.grad(_loss(means), leaf)[0]
    encoder.float()
    return means.detach(), gradient


def _loss(means: Tensor) -> Tensor:
    return (means - torch.linspace(0, 1, means.numel(), dtype=means.dtype).view_as(means)).square().sum()


def _error(found: Tensor, expected: Tensor) -> float:
    return float((found.detach().double() - expected).norm() / expected.norm())


@pytest.mark.parametrize("modality", ["audio", "image"])
@pytest.mark.parametrize("chunk", [None, 4, 1])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("kept", [True, False])
def test_means_and_gradients_agree_with_a_naive_loop_in_float64(
    modality: str, chunk: int | None, dtype: torch.dtype, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "GRAPH_PIXELS", room.GRAPH_PIXELS if kept else 0)
    encoder, x = _encoder(modality=modality), _samples(6, 1 if modality == "audio" else 3)
    expected, gradient = _naive(encoder, x, 3)
    leaf = x.requires_grad_()
    found = embed(encoder, leaf, dtype=dtype, chunk=chunk).reshape(3, 2, -1).mean(1)
    (g,) = torch.autograd.grad(_loss(found), leaf)
    assert found.dtype == g.dtype == torch.float32
    values, slopes = (2e-6, 2e-5) if dtype == torch.float32 else (0.01, 0.2)
    assert _error(found, expected) < values
    assert _error(g, gradient) < slopes
    assert all(p.requires_grad and p.grad is None for p in encoder.parameters())


def test_without_gradient_the_same_features_come() -> None:
    encoder, x = _encoder(), _samples(8)
    with_gradient = embed(encoder, x.clone().requires_grad_()).detach()
    without = embed(encoder, x)
    assert not without.requires_grad
    torch.testing.assert_close(without, with_gradient, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(embed(encoder, x, chunk=3), without, rtol=1e-5, atol=1e-6)


def test_few_activations_are_kept_when_there_are_many_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    """What autograd holds between forward and backward is bounded by the inputs once recomputation sets in."""
    encoder, x = _encoder(), _samples(12).requires_grad_()
    held = {}
    for limit in (room.GRAPH_PIXELS, 0):
        monkeypatch.setattr(room, "GRAPH_PIXELS", limit)
        sizes: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t, s=sizes: s.append(t.numel()) or t, lambda t: t):  # type: ignore[func-returns-value,misc]
            embed(encoder, x, chunk=2)
        held[limit] = sum(sizes)
    assert held[0] <= x.numel() * 1.1 < held[room.GRAPH_PIXELS or 80 * 224 * 224] / 4


def test_no_samples_have_no_features() -> None:
    encoder = _encoder()
    assert embed(encoder, _samples(0)).shape == (0, encoder.dim)


def test_chunks_are_those_that_were_measured() -> None:
    sizes = {shape: room._chunk(torch.empty(1, 1, *shape)) for shape in ((224, 224), (128, 56), (32, 32), (4096, 4096))}
    assert sizes == {(224, 224): 8, (128, 56): 56, (32, 32): 256, (4096, 4096): 1}


def test_gradients_of_gradients_pass_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "GRAPH_PIXELS", 0)
    encoder = _encoder().double()
    x = _samples(2).double().requires_grad_()
    (kept,) = torch.autograd.grad(encoder(x).mean(0).square().sum(), x, create_graph=True)
    (again,) = torch.autograd.grad(embed(encoder, x).mean(0).square().sum(), x, create_graph=True)
    expected, found = (torch.autograd.grad(g.square().sum(), x)[0] for g in (kept, again))
    torch.testing.assert_close(found, expected)


def test_compile_without_a_compiler_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    room._compiled.cache_clear()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(InputError, match=r"C\+\+ compiler"):
        embed(_encoder(), _samples(1), compile=True)


COMPILED = """
import torch
from torch._dynamo.utils import counters
from limbeck.networks import embed
from limbeck.networks.convnet import ConvNet

def run(seed, dtype, compile):
    g = torch.Generator().manual_seed(seed)
    encoder = ConvNet(width=8).encoders({"audio": (1, 20, 16), "image": (3, 16, 16)}, generator=g)["image"]
    x = torch.randn(5, 3, 16, 16, generator=g)
    leaf = x.clone().requires_grad_()
    means = embed(encoder, leaf, dtype=dtype, compile=compile, chunk=2)
    (gradient,) = torch.autograd.grad(means.square().sum(), leaf)
    real = embed(encoder, x, dtype=dtype, compile=compile, chunk=2)
    return means.detach(), gradient, real

for dtype, tolerance in ((torch.float32, 1e-5), (torch.bfloat16, 0.2)):
    for seed in range(3):
        for mine, theirs in zip(run(seed, dtype, True), run(seed, dtype, False)):
            assert float((mine - theirs).norm() / theirs.norm()) < tolerance, (dtype, seed)
        if seed == 0:
            graphs = counters["stats"]["unique_graphs"]
    assert counters["stats"]["unique_graphs"] == graphs, counters["stats"]
assert graphs == 4, graphs
print("compiled", graphs)
"""


@needs_compiler
@pytest.mark.slow
def test_compiled_agrees_and_fresh_nets_are_not_compiled_again() -> None:
    done = subprocess.run([sys.executable, "-c", COMPILED], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "compiled 4", done.stderr


def test_frames_are_seen_one_by_one_and_averaged() -> None:
    shapes, draw = {"video": (5, 3, 16, 16)}, torch.Generator().manual_seed(0)
    encoder = ConvNet(width=8).encoders(shapes, generator=draw)["video"]
    (alone,) = ConvNet(width=8).encoders({"image": (3, 16, 16)}, generator=draw.manual_seed(0)).values()
    x = torch.randn(3, *shapes["video"], generator=draw)
    found = embed(encoder, x, chunk=2)
    assert found.shape == (3, alone.dim) == (3, encoder.dim)
    torch.testing.assert_close(found, torch.stack([embed(alone, frame) for frame in x.unbind(1)]).mean(0))
    torch.testing.assert_close(embed(encoder, x.flip(1)), found)
