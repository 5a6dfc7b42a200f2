from __future__ import annotations

import torch
import torch.nn.functional as F

from limbeck.networks.alexnet import AlexNet


def test_weights_are_as_many_as_in_the_published_small_network_without_its_classifier() -> None:
    encoders = AlexNet().encoders({"audio": (1, 64, 56), "image": (3, 32, 32)}, generator=torch.Generator())
    filters = [(128, 3, 5), (192, 128, 5), (256, 192, 3), (192, 256, 3), (192, 192, 3)]
    expected = sum(out * (channels * side * side + 1) for out, channels, side in filters)
    assert sum(p.numel() for p in encoders["image"].parameters()) == expected == 1_841_472
    assert encoders["image"].dim == encoders["audio"].dim == 192 * 4 * 4


def test_it_is_the_network_written_out() -> None:
    draw = torch.Generator().manual_seed(0)
    encoder = AlexNet(width=4).encoders({"audio": (1, 32, 32), "image": (3, 32, 32)}, generator=draw)["image"].double()
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64, generator=draw)
    weights = iter(encoder.state_dict().values())
    y = x
    for layer, side in enumerate((5, 5, 3, 3, 3)):
        y = F.conv2d(y, next(weights), next(weights), padding=side // 2).relu()
        if layer in (0, 1, 4):
            y = F.max_pool2d(y, 2)
    assert y.shape == (2, 6, 4, 4)
    torch.testing.assert_close(encoder(x), y.flatten(1))


def test_large_pictures_get_the_large_first_filters_and_features_of_the_same_length() -> None:
    encoders = AlexNet(width=4).encoders(
        {"audio": (1, 64, 56), "image": (3, 224, 224)}, generator=torch.Generator().manual_seed(0)
    )
    assert [e.layers[0].kernel_size for e in (encoders["audio"], encoders["image"])] == [(5, 5), (11, 11)]
    assert (
        encoders["audio"](torch.zeros(1, 1, 64, 56)).shape
        == encoders["image"](torch.zeros(1, 3, 224, 224)).shape
        == (1, 96)
    )


def test_without_a_norm_activations_keep_their_size() -> None:
    encoders = AlexNet(width=64).encoders(
        {"audio": (1, 32, 32), "image": (3, 32, 32)}, generator=torch.Generator().manual_seed(0)
    )
    x = torch.randn(8, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    layers = [m for m in encoders["image"].layers if isinstance(m, torch.nn.Conv2d)]
    sizes = []
    for layer in layers:
        layer.register_forward_hook(lambda _m, _i, out: sizes.append(float(out.square().mean().sqrt())))
    with torch.no_grad():
        encoders["image"](x)
    assert len(sizes) == 5
    assert all(0.5 < size < 4 for size in sizes)
