from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.errors import InputError
from limbeck.networks.convnet import ConvNet, ConvNetEncoder

PUBLISHED = {"audio": (1, 128, 56), "image": (3, 224, 224)}
# The stored numbers were made in float64 with constants that had been rounded to float32.
MEAN = torch.tensor([0.425, 0.396, 0.370])[:, None, None].double()
STD = torch.tensor([0.229, 0.224, 0.221])[:, None, None].double()


def _golden_encoder(encoder: ConvNetEncoder, stored: dict[str, np.ndarray]) -> ConvNetEncoder:
    """Put a reference network's weights into ours: its layers 4i, 4i + 1 are our block i."""
    tensors = {}
    for i in range(len(encoder.blocks)):
        tensors[f"blocks.{i}.weight"] = stored[f"w__features__{4 * i}__weight"]
        tensors[f"blocks.{i}.scale"] = stored[f"w__features__{4 * i + 1}__weight"]
        tensors[f"blocks.{i}.shift"] = stored[f"w__features__{4 * i + 1}__bias"]
    encoder = encoder.double()
    encoder.load_state_dict({k: torch.from_numpy(v.astype(np.float64)) for k, v in tensors.items()})
    return encoder


def _agrees(encoder: ConvNetEncoder, x: Tensor, features: np.ndarray, gradient: np.ndarray, seed: int) -> None:
    x = x.requires_grad_()
    out = encoder(x)
    cotangent = torch.from_numpy(np.random.RandomState(seed).standard_normal(features.shape))
    (found,) = torch.autograd.grad((out * cotangent).sum(), x)
    # The reference's convolution biases (up to 0.3) are left out here: the difference is rounding.
    np.testing.assert_allclose(out.detach().numpy(), features, rtol=0, atol=1e-9)
    tolerance = 1e-9 if gradient.dtype == np.float64 else 1e-6
    np.testing.assert_allclose(found.numpy(), gradient, rtol=1e-6, atol=tolerance * np.abs(gradient).max())


def test_sound_encoder_agrees_with_the_reference(golden: Path) -> None:
    stored = dict(np.load(golden / "convnet_audio.npz"))
    encoder = _golden_encoder(ConvNet().encoders(PUBLISHED, generator=torch.Generator())["audio"], stored)
    _agrees(encoder, torch.from_numpy(stored["x"]).double(), stored["embed"], stored["grad_in"], seed=31)


@pytest.mark.parametrize(("size", "seed"), [(224, 32), (64, 33)])
def test_picture_encoder_agrees_with_the_reference(golden: Path, size: int, seed: int) -> None:
    stored = dict(np.load(golden / "convnet_vision.npz"))
    network = ConvNet(depth={"audio": 3, "image": 5})
    encoder = _golden_encoder(
        network.encoders({"audio": PUBLISHED["audio"], "image": (3, size, size)}, generator=torch.Generator())["image"],
        stored,
    )
    x = (torch.from_numpy(stored[f"x_{size}"]).double() / 255 - MEAN) / STD
    assert encoder.dim == stored[f"embed_{size}"].shape[1]
    _agrees(encoder, x, stored[f"embed_{size}"], stored[f"grad_in_{size}"], seed=seed)


@pytest.mark.parametrize(
    ("size", "depth", "grid"),
    [((32, 32), 3, 4), ((64, 64), 4, 4), ((96, 128), 4, 6), ((128, 128), 5, 4), ((224, 224), 5, 7), ((8, 8), 1, 4)],
)
def test_depth_follows_the_picture(size: tuple[int, int], depth: int, grid: int) -> None:
    encoders = ConvNet(width=2).encoders({"audio": (1, 64, 30), "image": (3, *size)}, generator=torch.Generator())
    assert len(encoders["image"].blocks) == depth
    assert encoders["image"].dim == 2 * grid * (size[1] >> depth)
    assert encoders["audio"].dim == encoders["image"].dim
    assert encoders["audio"](torch.randn(2, 1, 64, 30)).shape == encoders["image"](torch.randn(2, 3, *size)).shape


@pytest.mark.parametrize("audio_shape", [(1, 4, 3), (1, 80, 101), (1, 128, 56), (1, 33, 700)])
@pytest.mark.parametrize("size", [(17, 40), (45, 45)])
def test_any_size_gives_both_modalities_the_same_length(
    audio_shape: tuple[int, int, int], size: tuple[int, int]
) -> None:
    encoders = ConvNet(width=3).encoders({"audio": audio_shape, "image": (3, *size)}, generator=torch.Generator())
    sound, picture = encoders["audio"](torch.randn(1, *audio_shape)), encoders["image"](torch.randn(1, 3, *size))
    assert sound.shape == picture.shape == (1, encoders["audio"].dim)


def test_parameter_counts_are_the_published_ones_without_convolution_biases() -> None:
    encoders = ConvNet().encoders(PUBLISHED, generator=torch.Generator())
    count = {m: sum(p.numel() for p in e.parameters()) for m, e in encoders.items()}
    assert count == {"audio": 297_216 - 3 * 128, "image": 595_200 - 5 * 128}


def test_weights_come_from_the_generator_alone_and_have_the_range_of_torch_convolutions() -> None:
    before = torch.random.get_rng_state()
    first, second = (
        ConvNet(width=64).encoders(PUBLISHED, generator=torch.Generator().manual_seed(5)) for _ in range(2)
    )
    other = ConvNet(width=64).encoders(PUBLISHED, generator=torch.Generator().manual_seed(6))
    assert torch.equal(torch.random.get_rng_state(), before)
    for modality, encoder in first.items():
        for name, weight in encoder.state_dict().items():
            assert torch.equal(weight, second[modality].state_dict()[name])
    weight = first["image"].blocks[1].weight
    assert not torch.equal(weight, other["image"].blocks[1].weight)
    bound = 1 / (9 * 64) ** 0.5
    assert 0.99 * bound < float(weight.detach().abs().max()) <= bound
    assert abs(float(weight.detach().std()) - bound / 3**0.5) < 0.01 * bound


def test_a_bias_before_the_norm_changes_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    encoder = (
        ConvNet(width=8).encoders({"audio": (1, 32, 16), "image": (3, 32, 32)}, generator=generator)["image"].double()
    )
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64, generator=generator)
    y = x
    for block in encoder.blocks:
        bias = torch.randn(8, dtype=torch.float64, generator=generator)
        y = F.avg_pool2d(F.instance_norm(F.conv2d(y, block.weight, bias, padding=1)).relu(), 2)
    torch.testing.assert_close(encoder(x), y.flatten(1), rtol=0, atol=1e-12)


def test_too_deep_for_the_picture_is_said_before_any_work() -> None:
    with pytest.raises(InputError, match="too small"):
        ConvNet(depth={"image": 6}).encoders({"audio": (1, 64, 64), "image": (3, 32, 32)}, generator=torch.Generator())


def test_autocast_and_evaluation_mode_and_inference_mode() -> None:
    encoder = ConvNet(width=16).encoders(
        {"audio": (1, 64, 40), "image": (3, 64, 64)}, generator=torch.Generator().manual_seed(0)
    )["image"]
    x = torch.randn(3, 3, 64, 64)
    exact = encoder(x)
    with torch.autocast("cpu", torch.bfloat16):
        loose = encoder(x)
        with torch.no_grad():
            looser = encoder(x)
    assert loose.dtype == looser.dtype == torch.bfloat16
    assert float(((loose - exact).norm() / exact.norm()).detach()) < 0.02
    assert float(((looser - exact).norm() / exact.norm()).detach()) < 0.02
    loose.float().sum().backward()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in encoder.parameters())
    with torch.inference_mode():
        torch.testing.assert_close(encoder.eval()(x), exact, rtol=1e-5, atol=1e-5)


def test_the_first_modality_without_a_padding_of_its_own_gives_the_grid_of_the_last_map() -> None:
    shapes = {"audio": (1, 64, 30), "echo": (2, 48, 40), "image": (3, 32, 32)}
    encoders = ConvNet(width=2).encoders(shapes, generator=torch.Generator().manual_seed(0))
    assert [len(e.blocks) for e in encoders.values()] == [3, 3, 3]
    assert [e.blocks[-1].grid for e in encoders.values()] == [(6, 5), None, (6, 5)]
    assert {e.dim for e in encoders.values()} == {2 * 6 * 5}
    for modality, encoder in encoders.items():
        assert encoder(torch.randn(1, *shapes[modality])).shape == (1, 60)


@pytest.mark.parametrize("alone", ["audio", "image", "echo"])
def test_alone_a_modality_keeps_the_map_that_halving_leaves(alone: str) -> None:
    shape = (2, 40, 33)
    (encoder,) = ConvNet(width=2).encoders({alone: shape}, generator=torch.Generator().manual_seed(0)).values()
    wider = 4 if alone == "audio" else 0  # its first padding is 3
    assert encoder.dim == 2 * (40 + wider >> 3) * (33 + wider >> 3)
    assert encoder(torch.randn(3, *shape)).shape == (3, encoder.dim)


def test_a_modality_of_one_row_keeps_its_row() -> None:
    """A wave's envelope, say: halved in time alone, and brought to the picture's grid where that leads."""
    line, draw = (2, 1, 60), torch.Generator().manual_seed(0)
    alone = ConvNet(width=2).encoders({"echo": line}, generator=draw)["echo"]
    assert alone.dim == 2 * 1 * 30
    assert alone(torch.randn(3, *line)).shape == (3, 60)
    both = ConvNet(width=2).encoders({"image": (3, 32, 32), "wave": line}, generator=draw)
    assert both["wave"](torch.randn(3, *line)).shape == (3, both["image"].dim) == (3, 2 * 4 * 4)


def test_depths_and_paddings_are_told_by_modality() -> None:
    network = ConvNet(width=2, depth={"image": 2, "echo": 1}, padding={"echo": 2})
    shapes = {"echo": (1, 20, 20), "image": (3, 32, 32)}
    encoders = network.encoders(shapes, generator=torch.Generator())
    assert [[b.padding for b in e.blocks] for e in encoders.values()] == [[2], [1, 1]]
    assert encoders["echo"].blocks[-1].grid == (8, 8)
    assert ConvNet.from_json(network.to_json()) == network
    with pytest.raises(InputError, match=r"depth\.image"):
        ConvNet.from_json({"depth": {"image": 0}})
