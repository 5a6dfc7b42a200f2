import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from limbeck.augment import FAMILIES, Draw, SiameseAugment
from limbeck.augment import _operations as operations
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, MelRecipe
from limbeck.modalities import Modality, Scale
from limbeck.modalities.audio import Audio
from limbeck.modalities.image import PUBLISHED, Image


@pytest.fixture(scope="module")
def stored(golden: Path) -> dict[str, torch.Tensor]:
    with np.load(golden / "diffaug_ops.npz") as archive:
        return {k: torch.from_numpy(archive[k]) for k in archive}


# How the reference's stored draws become the parameters of our operations (half of every side is cut out).
REFERENCE = {
    "brightness": lambda x, d: operations.brightness(x, d - 0.5),
    "saturation": lambda x, d: operations.saturation(x, 2 * d),
    "contrast": lambda x, d: operations.contrast(x, d + 0.5),
    "crop": lambda x, d: operations.crop(x, d[0], d[1]),
    "cutout": lambda x, d: operations.cutout(x, d[0], d[1], (x.shape[2] // 2, x.shape[3] // 2)),
    "flip": lambda x, d: operations.flip(x, d < 0.5),
    "scale": lambda x, d: operations.scale(x, d[0], d[1]),
    "rotate": lambda x, d: operations.rotate(x, d),
}


@pytest.mark.parametrize("kind", ["img", "aud"])
@pytest.mark.parametrize("name", REFERENCE)
def test_operations_as_the_reference(stored, name, kind):
    x = stored[f"x_{kind}"]
    independent, shared = stored[f"draw_{name}_{kind}_indep"], stored[f"draw_{name}_{kind}_siamese"][..., :1]
    torch.testing.assert_close(REFERENCE[name](x, independent), stored[f"{name}_{kind}_indep"], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(REFERENCE[name](x, shared), stored[f"{name}_{kind}_siamese"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", ["img", "aud"])
def test_the_families_as_the_reference_given_its_uniform_numbers(stored, kind):
    """Contrast and flip store their uniform numbers; 0.5 makes brightness and saturation do nothing."""
    x, augment = stored[f"x_{kind}"], SiameseAugment()
    u = stored[f"draw_brightness_{kind}_indep"].double()
    flipped = augment.apply(x, Draw("flip", u[:, None].expand(-1, 3)))
    torch.testing.assert_close(flipped, stored[f"flip_{kind}_indep"])
    only_contrast = torch.stack([torch.full_like(u, 0.5), torch.full_like(u, 0.5), u], 1)
    changed = augment.apply(x, Draw("colour", only_contrast))
    torch.testing.assert_close(changed, stored[f"contrast_{kind}_indep"], rtol=1e-5, atol=1e-5)


def _params(monkeypatch, name, draw, size, **options):
    seen = []
    monkeypatch.setattr(operations, name, lambda x, *parameters: seen.append(parameters) or x)
    SiameseAugment(**options).apply(torch.zeros(1, 3, *size), draw)
    return [p.tolist() if isinstance(p, torch.Tensor) else p for p in seen[0]]


def _draw(family, *u):
    return Draw(family, torch.tensor([*u, 0.0, 0.0, 0.0][:3], dtype=torch.float64))


NEARLY_ONE = math.nextafter(1.0, 0.0)


def test_uniform_numbers_become_crop_shifts(monkeypatch):
    """Sides 128 and 56 shift by at most 16 and 7: 33 and 15 positions."""
    assert _params(monkeypatch, "crop", _draw("crop", 0.0, 0.0), (128, 56))[:2] == [[-16], [-7]]
    assert _params(monkeypatch, "crop", _draw("crop", NEARLY_ONE, NEARLY_ONE), (128, 56))[:2] == [[16], [7]]
    assert _params(monkeypatch, "crop", _draw("crop", 0.5, 0.2), (128, 56))[:2] == [
        [0],
        [-4],
    ]  # 16 - 16, 3 - 7
    assert _params(monkeypatch, "crop", _draw("crop", 0.5, 0.2), (224, 224))[:2] == [
        [0],
        [-17],
    ]  # 28 - 28, 11 - 28


def test_uniform_numbers_become_cutout_centres(monkeypatch):
    """Side 20 has a hole of 10 and 21 positions; side 14 one of 7 (odd), so 14 positions."""
    assert _params(monkeypatch, "cutout", _draw("cutout", 0.0, 0.0), (20, 14))[:3] == [[0], [0], (10, 7)]
    last = _params(monkeypatch, "cutout", _draw("cutout", NEARLY_ONE, NEARLY_ONE), (20, 14))
    assert last[:3] == [[20], [13], (10, 7)]


def test_uniform_numbers_become_zooms_and_angles(monkeypatch):
    width, height, _ = _params(monkeypatch, "scale", _draw("scale", 0.0, 0.5), (8, 8))
    assert width == pytest.approx([1 / 1.2])
    assert height == pytest.approx([(1.2 + 1 / 1.2) / 2])
    assert _params(monkeypatch, "rotate", _draw("rotate", 1.0), (8, 8))[0] == pytest.approx([math.pi / 12])
    assert _params(monkeypatch, "rotate", _draw("rotate", 0.25), (8, 8))[0] == pytest.approx([-math.pi / 24])


def test_uniform_numbers_become_colour_changes(monkeypatch):
    assert _params(monkeypatch, "brightness", _draw("colour", 0.25, 0.5, 0.5), (4, 4)) == [[-0.25]]
    assert _params(monkeypatch, "saturation", _draw("colour", 0.5, 0.25, 0.5), (4, 4)) == [[0.5]]
    assert _params(monkeypatch, "contrast", _draw("colour", 0.5, 0.5, 0.75), (4, 4)) == [[1.25]]


@pytest.mark.parametrize("family", FAMILIES)
def test_one_draw_does_the_same_to_real_and_synthetic(family):
    augment, generator = SiameseAugment(families=(family,)), torch.Generator().manual_seed(3)
    x = torch.randn(6, 3, 12, 10, generator=generator)
    draw = augment.draw(generator, None)
    together = augment.apply(x, draw)
    torch.testing.assert_close(torch.cat([augment.apply(x[:4], draw), augment.apply(x[4:], draw)]), together)


@pytest.mark.parametrize("family", FAMILIES)
def test_independent_numbers_equal_single_draws_row_by_row(family):
    augment, generator = SiameseAugment(families=(family,)), torch.Generator().manual_seed(4)
    x = torch.randn(5, 3, 12, 10, generator=generator)
    draw = augment.draw(generator, 5)
    rows = [augment.apply(x[i : i + 1], Draw(family, draw.uniforms[i])) for i in range(5)]
    torch.testing.assert_close(augment.apply(x, draw), torch.cat(rows))


class Bordered(Audio):
    """Borders are filled with a number for all, or with one for each of 12 bands."""

    keeps = frozenset()
    of_each = False

    def border(self, scale: Scale) -> float | torch.Tensor:
        return torch.full((1, 12, 1), -4.0, dtype=torch.float64) if self.of_each else -4.0


class BorderedByBand(Bordered):
    of_each = True


SOUND = Bordered(ClipRecipe())
RAW = Scale(mean=(0.0,), std=(1.0,))
AWARE = {"modality": SOUND, "scale": RAW}


@pytest.mark.parametrize("aware", [True, False])
@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_flow(family, shared, aware):
    augment, generator = SiameseAugment(families=(family,), modality_aware=aware), torch.Generator().manual_seed(5)
    x = torch.randn(2, 2, 5, 6, dtype=torch.float64, generator=generator, requires_grad=True)
    draw = augment.draw(generator, None if shared else 2)
    assert torch.autograd.gradcheck(lambda x: augment.apply(x, draw, **AWARE), x)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("family", ["crop", "cutout", "scale", "rotate"])
def test_fill_reaches_the_borders_and_nothing_else(family, shared):
    """Filling with f is augmenting x - f with zeros and adding f back; a tensor of f's is f."""
    zeros, generator = SiameseAugment(families=(family,)), torch.Generator().manual_seed(6)
    augment = SiameseAugment(families=(family,), modality_aware=True)
    x = torch.randn(3, 1, 12, 10, dtype=torch.float64, generator=generator)
    draw = augment.draw(generator, None if shared else 3)
    filled = augment.apply(x, draw, **AWARE)
    torch.testing.assert_close(filled, zeros.apply(x + 4, draw) - 4)
    by_band = augment.apply(x, draw, modality=BorderedByBand(ClipRecipe()), scale=RAW)
    torch.testing.assert_close(by_band, filled)
    assert not torch.equal(filled, zeros.apply(x, draw))
    assert torch.equal(zeros.apply(x, draw, **AWARE), zeros.apply(x, draw))


SCALE = Scale(mean=(-60.0, -20.0, 0.0, -100.0), std=(10.0, 20.0, 1.0, 2.0))
FOUR_BANDS = ClipRecipe(mel=MelRecipe(mels=4))


def test_aware_of_modalities_it_leaves_time_alone_and_fills_with_silence():
    augment = SiameseAugment(modality_aware=True)
    x = torch.randn(2, 1, 4, 6)
    sound, picture = Audio(FOUR_BANDS), Image(FOUR_BANDS)
    for family in ("flip", "rotate"):
        draw = _draw(family, 0.1)
        assert augment.apply(x, draw, modality=sound, scale=SCALE) is x
        assert not torch.equal(augment.apply(x, draw, modality=picture, scale=PUBLISHED), x)
    cut = augment.apply(x, _draw("cutout", 0.5, 0.5), modality=sound, scale=SCALE)
    hole = cut != x
    assert hole.any()
    silence = torch.tensor([-4.0, -4.0, -100.0, 0.0])[:, None].expand(2, 1, 4, 6)
    assert torch.equal(cut[hole], silence[hole])
    assert cut[0, 0, 2, 3] == -100.0
    black = augment.apply(x, _draw("cutout", 0.5, 0.5), modality=picture, scale=PUBLISHED)
    assert torch.equal(black[hole], torch.zeros(int(hole.sum())))


@pytest.mark.parametrize("modality", [Audio(FOUR_BANDS), Image(FOUR_BANDS)])
@pytest.mark.parametrize("family", FAMILIES)
def test_unaware_of_modalities_all_are_changed_alike(family, modality: Modality):
    augment, draw = SiameseAugment(), _draw(family, 0.1, 0.7, 0.3)
    x = torch.randn(2, 1, 4, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(augment.apply(x, draw, modality=modality, scale=SCALE), augment.apply(x, draw))


@pytest.mark.parametrize("missing", ["modality", "scale"])
def test_aware_of_modalities_it_must_be_told_what_the_samples_are(missing):
    known = {name: value for name, value in AWARE.items() if name != missing}
    with pytest.raises(InputError, match="needs the samples' modality and scale"):
        SiameseAugment(modality_aware=True).apply(torch.zeros(1, 1, 4, 4), _draw("crop", 0.1), **known)


def test_draws_come_from_the_generator_alone_and_all_families_come():
    before = torch.random.get_rng_state()
    augment, generator = SiameseAugment(), torch.Generator().manual_seed(7)
    draws = [augment.draw(generator, 2) for _ in range(600)]
    again = torch.Generator().manual_seed(7)
    for draw in draws[:20]:
        same = augment.draw(again, 2)
        assert draw.family == same.family
        assert torch.equal(draw.uniforms, same.uniforms)
    for draw in draws[:50]:
        augment.apply(torch.zeros(2, 1, 4, 4), draw)
    counts = Counter(draw.family for draw in draws)
    assert set(counts) == set(FAMILIES)
    assert min(counts.values()) > 60  # 100 expected, standard deviation 9
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_draw_for_another_number_of_samples_is_refused():
    augment = SiameseAugment()
    with pytest.raises(InputError, match="numbers for 3 samples, but got 2"):
        augment.apply(torch.zeros(2, 1, 4, 4), augment.draw(torch.Generator(), 3))


def test_settings_survive_json_and_mistakes_are_listed():
    augment = SiameseAugment(families=("crop", "flip"), scale=1.5)
    assert SiameseAugment.from_json(augment.to_json()) == augment
    with pytest.raises(InputError, match=r"(?s)families.*flip"):
        SiameseAugment.from_json({"families": ["warp"], "flip": 2})


@pytest.mark.parametrize("modality_aware", [False, True])
@pytest.mark.parametrize("samples", [None, 4])
@pytest.mark.parametrize("family", FAMILIES)
def test_all_frames_of_a_sample_are_changed_alike(family, samples, modality_aware):
    augment, generator = SiameseAugment(families=(family,), modality_aware=modality_aware), torch.Generator()
    draw = augment.draw(generator.manual_seed(6), samples)
    sound = Audio(ClipRecipe(mel=MelRecipe(mels=12)))
    what = {"modality": sound, "scale": Scale(mean=(-60.0,) * 12, std=(7.0,) * 12)}
    x = torch.randn(4, 1, 12, 10, generator=generator)
    changed = augment.apply(x[:, None].expand(-1, 3, -1, -1, -1), draw, **what)
    for frame in changed.unbind(1):
        torch.testing.assert_close(frame, augment.apply(x, draw, **what))


@pytest.mark.parametrize("family", sorted({*FAMILIES} - {"colour"}))
def test_frames_stay_apart(family):
    augment, generator = SiameseAugment(families=(family,)), torch.Generator().manual_seed(7)
    x, draw = torch.randn(2, 3, 3, 12, 10, generator=generator), augment.draw(generator, 2)
    apart = torch.stack([augment.apply(frame, draw) for frame in x.unbind(1)], 1)
    torch.testing.assert_close(augment.apply(x, draw), apart)


def test_contrast_is_about_the_mean_over_all_frames():
    x = torch.stack([torch.zeros(1, 3, 4, 4), torch.full((1, 3, 4, 4), 2.0)], 1)
    changed = operations.contrast(x, torch.tensor([0.5]))
    assert torch.equal(changed.unique(), torch.tensor([0.5, 1.5]))
