"""What every modality must do, whoever wrote it."""

import inspect
import pickle
from functools import cache
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from limbeck import modalities
from limbeck.media import ClipRecipe, MelRecipe, RawClip, Track
from limbeck.modalities import Modality, Moments, Scale, ScaleKind
from limbeck.testing._shared import RECIPE, ListedContract, check_tensor

LARGER = ClipRecipe(mel=MelRecipe(sample_rate_hz=8000, clip_seconds=1.2, mels=32), image_size=40)


def recordings(recipe: ClipRecipe, count: int = 6) -> list[RawClip]:
    """Noise of rising loudness with pictures of noise, of which a modality is given its own track alone."""
    draw = np.random.default_rng(0)
    size = recipe.image_size
    return [
        RawClip(
            (draw.uniform(-1, 1, recipe.mel.samples) * (i + 1) / count).astype(np.float32),
            draw.integers(0, 256, (len(recipe.times), size, size, 3), dtype=np.uint8),
        )
        for i in range(count)
    ]


@cache
def arrays(modality: Modality) -> Tensor:
    """Arrays of some recordings as they are prepared, (sample, ..., channel, height, width)."""
    own = {"audio": lambda raw: RawClip(raw.waveform, None), "image": lambda raw: RawClip(None, raw.frames)}
    made = [modality.array(own[modality.track](raw)) for raw in recordings(modality.recipe)]
    return torch.stack([torch.from_numpy(np.ascontiguousarray(array)) for array in made])


def scale(modality: Modality, kind: ScaleKind) -> Scale:
    """The scale of the arrays above."""
    return modality.scale(modality.statistics(modality.moments(arrays(modality).numpy())), kind)


class ModalityContract(ListedContract):
    """What a modality must do, at two recipes."""

    base = Modality

    @pytest.fixture(params=[RECIPE, LARGER], ids=["small", "larger"])
    def modality(self, name: str, request: pytest.FixtureRequest) -> Modality:
        return modalities.load(name)(modalities.completed([name], request.param))

    @pytest.fixture(params=get_args(ScaleKind))
    def kind(self, request: pytest.FixtureRequest) -> Any:
        """Which scale."""
        return request.param

    def test_says_what_it_is(self, name: str) -> None:
        kind = modalities.load(name)
        assert getattr(kind, "__final__", False), f"{kind.__name__} must be marked @final"
        assert inspect.getdoc(kind)
        assert kind.unit
        assert len(kind.axes) == len(kind(RECIPE).shape)
        assert kind.track in get_args(Track)
        assert kind.channels_at in (-3, -2, -1)

    def test_has_a_letter_of_its_own(self, name: str) -> None:
        own = modalities.load(name).letter
        assert [modalities.load(other).letter for other in modalities.names()].count(own) == 1
        assert own.isupper()
        assert "+" not in own

    def test_makes_arrays_of_its_own_track_the_same_in_any_company(self, modality: Modality) -> None:
        made = arrays(modality)
        check_tensor(made, len(made), *modality.shape, dtype=modality.dtype)
        assert modality.dtype in (torch.float32, torch.uint8)
        assert modality.stored_bytes == made[0].numel() * made.element_size()
        assert np.array_equal(modality.array(recordings(modality.recipe)[-1]), made[-1].numpy())
        assert not torch.equal(made[0], made[-1])
        assert pickle.loads(pickle.dumps(modality)) == modality

    def test_blank_recordings_do_no_harm(self, modality: Modality) -> None:
        blank = modality.array(RawClip.blank(modality.recipe))
        assert np.isfinite(blank).all()
        assert torch.isfinite(modality.to_network(torch.from_numpy(blank), scale(modality, "standardised"))).all()

    def test_moments_are_those_of_each_channel_and_may_be_pooled(self, modality: Modality) -> None:
        values = arrays(modality).numpy()
        found = modality.moments(values)
        others = tuple(axis for axis in range(values.ndim) if axis != values.ndim + modality.channels_at)
        levels = modality.levels(arrays(modality))
        wide, close = levels.double().numpy(), 1e-12 if levels is arrays(modality) else 1e-6
        np.testing.assert_allclose(found.mean, wide.mean(others), rtol=close)
        np.testing.assert_allclose(found.std, wide.std(others), rtol=max(close, 1e-9))
        pooled = Moments.pooled([modality.moments(values[:1]), modality.moments(values[1:])])
        np.testing.assert_allclose(pooled.mean, found.mean, rtol=1e-12)
        np.testing.assert_allclose(pooled.std, found.std, rtol=1e-9)
        np.testing.assert_array_equal(modality.moments(values[0]).mean, modality.moments(values[:1]).mean)

    def test_scale_has_a_number_for_all_or_for_each_channel(self, modality: Modality, kind: ScaleKind) -> None:
        found = scale(modality, kind)
        assert len(found.mean) == len(found.std)
        assert len(found.mean) in (1, modality.shape[modality.channels_at])
        assert min(found.std) > 0
        assert Scale.from_json(found.to_json()) == found

    def test_network_scale_and_back(self, modality: Modality, kind: ScaleKind) -> None:
        real, seen_on = arrays(modality).clone(), scale(modality, kind)
        seen = modality.to_network(real, seen_on)
        assert torch.equal(real, arrays(modality)), "what is prepared was changed"
        check_tensor(seen, *real.shape)
        back = modality.from_network(seen, seen_on)
        torch.testing.assert_close(back, real, rtol=1e-5, atol=0 if real.dtype == torch.uint8 else 1e-3)
        torch.testing.assert_close(modality.to_network(real[0], seen_on), seen[0])
        wild = torch.randn(2, *modality.shape, generator=torch.Generator().manual_seed(0)) * 1e4
        check_tensor(modality.from_network(wild, seen_on), *wild.shape, dtype=modality.dtype)
        assert torch.as_tensor(modality.border(seen_on)).expand(2, *modality.shape).isfinite().all()

    def test_every_frequency_has_a_rank_and_the_mean_the_lowest(self, modality: Modality) -> None:
        order = modality.frequency_order()
        assert order.shape == modality.shape
        assert not order.dtype.is_floating_point
        assert int(order.flatten()[0]) == int(order.min())

    def test_basis_is_orthogonal(self, modality: Modality) -> None:
        if modality.basis is not None:
            rows = torch.tensor(modality.basis)
            assert rows.shape == (modality.shape[-3], modality.shape[-3])
            products = rows @ rows.T
            assert (products.diagonal() > 0).all()
            torch.testing.assert_close(products, torch.diag(products.diagonal()))

    def test_shows_pictures(self, modality: Modality) -> None:
        real = arrays(modality)
        shown = modality.show(real)
        assert shown.dtype == torch.uint8
        assert len(shown) == len(real)
        assert shown.ndim == 3 or (shown.ndim == 4 and shown.shape[3] == 3)
        assert torch.equal(modality.show(real[1:2])[0], shown[1])

    def test_plays_sound_or_has_none(self, modality: Modality) -> None:
        if (played := modality.play(arrays(modality))) is not None:
            check_tensor(played, len(arrays(modality)), played.shape[-1])
