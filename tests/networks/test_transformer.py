from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.errors import InputError
from limbeck.networks import Architecture
from limbeck.networks.transformer import Transformer, TransformerEncoder, patch_side


def test_weights_are_as_many_as_in_the_published_tiny_one() -> None:
    encoders = Transformer(width=192, depth=12, heads=3).encoders(
        {"audio": (1, 128, 112), "image": (3, 224, 224)}, generator=torch.Generator()
    )
    # ViT-Ti has 5,717,416, of which 1000 classes, a class token and its position are not here.
    assert sum(p.numel() for p in encoders["image"].parameters()) == 5_717_416 - 193_000 - 2 * 192
    assert encoders["image"].side == 16


@pytest.mark.parametrize(("size", "tokens"), [((32, 32), 64), ((64, 56), 56), ((128, 56), 112), ((224, 224), 196)])
def test_tokens_stay_few(size: tuple[int, int], tokens: int) -> None:
    side = patch_side(*size)
    assert (size[0] // side) * (size[1] // side) == tokens
    encoder = TransformerEncoder((1, *size), Transformer(width=4, depth=1, heads=1), torch.Generator())
    assert encoder.position.shape == (tokens, 4)


def _naive(encoder: TransformerEncoder, x: Tensor) -> Tensor:
    """One token after the other; torch's own attention."""
    side, rows, columns = encoder.side, -(-x.shape[2] // encoder.side), -(-x.shape[3] // encoder.side)
    padded = torch.zeros(*x.shape[:2], rows * side, columns * side, dtype=x.dtype)
    padded[:, :, : x.shape[2], : x.shape[3]] = x
    weights = encoder.state_dict()
    tokens = []
    for r in range(rows):
        for c in range(columns):
            patch = padded[:, :, r * side : (r + 1) * side, c * side : (c + 1) * side].flatten(1)
            position = weights["position"][len(tokens)]
            tokens.append(patch @ weights["patches.weight"].T + weights["patches.bias"] + position)
    y = torch.stack(tokens, 1)
    for b, block in enumerate(encoder.blocks):
        own = {name.removeprefix(f"blocks.{b}."): w for name, w in weights.items() if name.startswith(f"blocks.{b}.")}
        z = F.layer_norm(y, y.shape[-1:], own["norms.0.weight"], own["norms.0.bias"], 1e-6)
        together = z @ own["queries_keys_values.weight"].T + own["queries_keys_values.bias"]
        heads = [t.unflatten(2, (block.heads, -1)).transpose(1, 2) for t in together.chunk(3, dim=2)]
        mixed = F.scaled_dot_product_attention(*heads).transpose(1, 2).flatten(2)
        y = y + mixed @ own["out.weight"].T + own["out.bias"]
        z = F.layer_norm(y, y.shape[-1:], own["norms.1.weight"], own["norms.1.bias"], 1e-6)
        z = F.gelu(z @ own["mlp.0.weight"].T + own["mlp.0.bias"])
        y = y + z @ own["mlp.2.weight"].T + own["mlp.2.bias"]
    return F.layer_norm(y, y.shape[-1:], weights["norm.weight"], weights["norm.bias"], 1e-6).mean(1)


def _disturbed(shape: tuple[int, int, int]) -> tuple[TransformerEncoder, Tensor]:
    draw = torch.Generator().manual_seed(0)
    encoder = TransformerEncoder(shape, Transformer(width=12, depth=2, heads=3), draw).double()
    with torch.no_grad():
        for weight in encoder.parameters():
            weight += 0.1 * torch.randn(weight.shape, dtype=weight.dtype, generator=draw)
    return encoder, torch.randn(2, *shape, dtype=torch.float64, generator=draw)


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 30, 21)])
def test_it_is_the_network_written_out(shape: tuple[int, int, int]) -> None:
    encoder, x = _disturbed(shape)
    torch.testing.assert_close(encoder(x), _naive(encoder, x))


def test_only_positions_know_where_a_patch_lies() -> None:
    encoder, x = _disturbed((3, 16, 16))
    swapped = torch.cat([x[..., 8:], x[..., :8]], 3)
    assert not torch.allclose(encoder(x), encoder(swapped))
    with torch.no_grad():
        encoder.position.zero_()
    torch.testing.assert_close(encoder(x), encoder(swapped))


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(InputError, match="width 10 does not divide into 4 heads"):
        Architecture(name="transformer", options={"width": 10}).build()
