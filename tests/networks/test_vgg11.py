from __future__ import annotations

import torch
import torch.nn.functional as F

from limbeck.networks.vgg11 import VGG11


def test_weights_are_as_many_as_in_the_published_convolutions() -> None:
    encoders = VGG11(norm="none").encoders({"audio": (1, 64, 56), "image": (3, 32, 32)}, generator=torch.Generator())
    # VGG-11 has 132,863,336 parameters; three fully connected layers have all but these.
    full = 25_088 * 4_096 + 4_096 + 4_096 * 4_096 + 4_096 + 4_096 * 1_000 + 1_000
    assert sum(p.numel() for p in encoders["image"].parameters()) == 132_863_336 - full == 9_220_480
    normed = VGG11().encoders({"audio": (1, 64, 56), "image": (3, 32, 32)}, generator=torch.Generator())
    channels = 64 + 128 + 2 * 256 + 4 * 512
    assert sum(p.numel() for p in normed["image"].parameters()) == 9_220_480 - channels + 2 * channels


def test_it_is_the_network_written_out() -> None:
    draw = torch.Generator().manual_seed(0)
    encoder = VGG11(width=4).encoders({"audio": (1, 32, 32), "image": (3, 32, 32)}, generator=draw)["image"].double()
    x = torch.randn(2, 3, 32, 32, dtype=torch.float64, generator=draw)
    weights = iter(encoder.state_dict().values())
    y = x
    for layer in range(8):
        y = F.conv2d(y, next(weights), padding=1)
        y = F.group_norm(y, 4, next(weights), next(weights)).relu()
        if layer in (0, 1, 3, 5, 7):
            y = F.max_pool2d(y, 2)
    assert y.shape == (2, 32, 1, 1)
    torch.testing.assert_close(encoder(x), y[:, :, 0, 0])


def test_small_and_odd_inputs_keep_a_map() -> None:
    encoders = VGG11(width=4).encoders(
        {"audio": (1, 5, 3), "image": (3, 17, 33)}, generator=torch.Generator().manual_seed(0)
    )
    sound, picture = encoders["audio"](torch.randn(2, 1, 5, 3)), encoders["image"](torch.randn(2, 3, 17, 33))
    assert sound.shape == picture.shape == (2, 32)
    assert not torch.equal(sound[0], sound[1])
