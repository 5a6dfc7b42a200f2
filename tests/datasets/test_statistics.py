"""Statistics against plain means, and scales against their inverses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.datasets import Scale, Statistics
from limbeck.datasets._statistics import Moments


@pytest.fixture
def arrays() -> tuple[torch.Tensor, torch.Tensor]:
    source = torch.Generator().manual_seed(0)
    audio = torch.randn(150, 1, 6, 5, generator=source) * 20 - 50
    audio[:, :, 2] = -100.0
    return audio, torch.randint(0, 256, (150, 3, 4, 7), generator=source).to(torch.uint8)


def test_statistics_are_plain_means(arrays: tuple[torch.Tensor, torch.Tensor]) -> None:
    audio, frames = arrays
    s = Statistics.of(audio, frames)
    for band in range(6):
        values = [float(x) for x in audio[:, 0, band].flatten()]
        assert s.mel_mean[band] == pytest.approx(np.mean(values), rel=1e-12)
        assert s.mel_std[band] == pytest.approx(np.std(values), rel=1e-9, abs=0)
    for channel in range(3):
        values = [int(x) / 255 for x in frames[:, channel].flatten()]
        assert s.image_mean[channel] == pytest.approx(np.mean(values), rel=1e-12)
        assert s.image_std[channel] == pytest.approx(np.std(values), rel=1e-9)
    assert s.mel_std[2] == 0


def test_moments_pool_to_those_of_the_whole() -> None:
    values = np.random.default_rng(0).normal(-70, 3, (4, 1000))
    parts = [Moments.of(values[:, a:b]) for a, b in ((0, 1), (1, 400), (400, 1000))]
    whole = Moments.pooled([Moments.pooled(parts[:2]), parts[2]])
    assert whole.count == 1000
    np.testing.assert_allclose(whole.mean, values.mean(1), rtol=1e-13)
    np.testing.assert_allclose(whole.std, values.std(1), rtol=1e-12)
    again = Moments.from_json(whole.to_json())
    assert again.to_json() == whole.to_json()


def test_raw_scale_leaves_decibels(arrays: tuple[torch.Tensor, torch.Tensor]) -> None:
    scale = Scale.of(Statistics.of(*arrays), "raw")
    assert torch.equal(scale.audio(arrays[0]), arrays[0])
    assert scale.image_mean == (0.425, 0.396, 0.370)
    assert scale.image_std == (0.229, 0.224, 0.221)


def test_standardised_scale(arrays: tuple[torch.Tensor, torch.Tensor]) -> None:
    scale = Scale.of(Statistics.of(*arrays), "standardised")
    x = scale.audio(arrays[0].double())
    varied = [0, 1, 3, 4, 5]
    torch.testing.assert_close(x.mean((0, 1, 3)), torch.zeros(6).double(), atol=1e-9, rtol=0)
    torch.testing.assert_close(x.std((0, 1, 3), correction=0)[varied], torch.ones(5).double(), atol=1e-9, rtol=0)
    assert scale.mel_std[2] == 1.0, "a band that never varies is not blown up"


@pytest.mark.parametrize("sound", ["raw", "standardised"])
def test_scales_can_be_undone(arrays: tuple[torch.Tensor, torch.Tensor], sound: str) -> None:
    audio, frames = arrays
    scale = Scale.of(Statistics.of(*arrays), sound)  # type: ignore[arg-type]
    torch.testing.assert_close(scale.to_db(scale.audio(audio)), audio, atol=1e-4, rtol=0)
    assert torch.equal(scale.to_pixels(scale.image(frames)), frames)
    by_hand = (float(frames[1, 2, 3, 4]) / 255 - 0.370) / 0.221
    assert float(scale.image(frames)[1, 2, 3, 4]) == pytest.approx(by_hand, rel=1e-5)


def test_pixels_stay_in_range() -> None:
    scale = Scale(mel_mean=(0.0,), mel_std=(1.0,))
    far = torch.tensor([-100.0, 100.0])[:, None, None, None].expand(2, 3, 1, 1)
    assert scale.to_pixels(far)[:, 0, 0, 0].tolist() == [0, 255]


def test_image_leaves_its_input_alone() -> None:
    frames = torch.full((1, 3, 2, 2), 7.0)
    Scale(mel_mean=(0.0,), mel_std=(1.0,)).image(frames)
    assert torch.equal(frames, torch.full((1, 3, 2, 2), 7.0))
