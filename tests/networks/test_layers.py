from __future__ import annotations

import pytest
import torch

from limbeck.networks._layers import conv_norm, is_large, norm_layer


@pytest.mark.parametrize(("norm", "groups"), [("instance", 12), ("group", 4), ("layer", 1)])
def test_norms_are_what_they_are_called(norm: str, groups: int) -> None:
    layer = norm_layer(norm, 12).double()
    with torch.no_grad():
        layer.weight.copy_(torch.linspace(0.5, 2, 12))
        layer.bias.copy_(torch.linspace(-1, 1, 12))
    x = torch.randn(3, 12, 5, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = layer(x)
    for sample in range(3):
        for group in torch.arange(12).chunk(groups):
            part = x[sample, group]
            spread = ((part - part.mean()) ** 2).mean()
            for c in group.tolist():
                expected = (x[sample, c] - part.mean()) / (spread + 1e-5).sqrt() * layer.weight[c] + layer.bias[c]
                torch.testing.assert_close(found[sample, c], expected)


def test_no_norm_changes_nothing_and_has_no_weights() -> None:
    layer, x = norm_layer("none", 6), torch.randn(2, 6, 3, 3)
    assert torch.equal(layer(x), x)
    assert not list(layer.parameters())


@pytest.mark.parametrize(("channels", "groups"), [(6, 2), (7, 1), (8, 4)])
def test_channels_that_do_not_divide_make_fewer_groups(channels: int, groups: int) -> None:
    assert norm_layer("group", channels).num_groups == groups


@pytest.mark.parametrize(("kernel", "stride", "size"), [(3, 1, 20), (5, 1, 20), (7, 2, 10), (11, 4, 5), (1, 2, 10)])
def test_convolutions_keep_the_size_of_maps_but_for_their_stride(kernel: int, stride: int, size: int) -> None:
    layer, _ = conv_norm(3, 4, kernel, "none", stride=stride, generator=torch.Generator())
    assert layer(torch.zeros(1, 3, 20, 20)).shape == (1, 4, size, size)


def test_convolutions_are_he_normal() -> None:
    layer, _ = conv_norm(50, 60, 3, "none", generator=torch.Generator().manual_seed(0))
    assert float(layer.weight.detach().std()) == pytest.approx((2 / (9 * 50)) ** 0.5, rel=0.02)
    assert layer.bias is not None
    assert not layer.bias.any()
    assert conv_norm(50, 60, 3, "group", generator=torch.Generator())[0].bias is None


def test_the_stem_changes_above_96_by_96() -> None:
    sizes = ((96, 96), (97, 96), (128, 56), (32, 32), (224, 224))
    assert [is_large((1, *size)) for size in sizes] == [False, True, False, False, True]
