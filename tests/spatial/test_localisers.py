"""A localiser that learns: finds what sounds, is kept as numbers alone, and comes out the same again."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import limbeck
from limbeck import cli
from limbeck.errors import InputError, UnknownNameError
from limbeck.media import ClipRecipe, MelRecipe, log_mel
from limbeck.networks import class_contrast, place_contrast
from limbeck.spatial import learn, localisers
from limbeck.spatial.localisers import Film, Frame
from limbeck.spatial.localisers.contrastive import Contrastive, Settings, Training, train

SIZE, RATE = 32, 8000
MEL = MelRecipe(sample_rate_hz=RATE, mels=32)
COLOURS = ((230, 40, 40), (40, 40, 230))
HERTZ = (400.0, 2000.0)


def _picture(label: int | None, row: int, column: int, random: np.random.Generator) -> np.ndarray:
    pixels = random.normal(120, 10, (SIZE, SIZE, 3))
    if label is not None:
        pixels[row : row + 8, column : column + 8] = COLOURS[label]
    return np.clip(pixels, 0, 255).astype(np.uint8)


def _sound(label: int, random: np.random.Generator) -> np.ndarray:
    tone = np.sin(2 * np.pi * HERTZ[label] * random.uniform(0.95, 1.05) * np.arange(RATE) / RATE)
    return (0.3 * tone + 0.01 * random.standard_normal(RATE)).astype(np.float32)


def _data(count: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    random = np.random.default_rng(0)
    labels = torch.arange(count) % 2
    pictures = [_picture(int(label), *random.integers(0, SIZE - 8, 2), random) for label in labels]
    sounds = torch.from_numpy(np.stack([_sound(int(label), random) for label in labels]))
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2), log_mel(sounds, MEL)[:, None], labels


@pytest.fixture(scope="module")
def trained() -> Contrastive:
    settings = Settings(image_size=SIZE, mel=MEL, width=8, dimensions=16)
    return train(*_data(48), settings, Training(steps=60, batch=16), seed=0)


def _peak(made: localisers.Localiser, picture: np.ndarray, sound: np.ndarray) -> tuple[float, float, float]:
    maps = made.maps(Film([Frame(0.5, picture)], sound, RATE))
    row, column = np.unravel_index(maps.weight[0].argmax(), maps.weight.shape[1:])
    return float(maps.score.max()), *(
        (at + 0.5) / cells for at, cells in zip((row, column), maps.weight.shape[1:], strict=True)
    )


def test_what_sounds_is_found_beside_what_does_not(trained: Contrastive) -> None:
    random = np.random.default_rng(1)
    for label in (0, 1):
        picture = _picture(label, 4, 2, random)
        picture[20:28, 22:30] = COLOURS[1 - label]
        score, row, column = _peak(trained, picture, _sound(label, random))
        assert (row, column) == pytest.approx((0.25, 0.19), abs=0.2)
        assert score >= trained.settings.least
        nothing, *_ = _peak(trained, _picture(1 - label, 4, 2, random), _sound(label, random))
        assert nothing < trained.settings.least


def test_it_is_kept_as_numbers_and_comes_back(trained: Contrastive, tmp_path: Path) -> None:
    trained.save(tmp_path / "made")
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == ["config.json", "weights.safetensors"]
    back = localisers.opened(tmp_path / "made")
    random = np.random.default_rng(2)
    picture, sound = _picture(0, 10, 10, random), _sound(0, random)
    assert _peak(back, picture, sound) == _peak(trained, picture, sound)
    (tmp_path / "made" / "weights.safetensors").unlink()
    with pytest.raises(InputError, match="not whole"):
        localisers.opened(tmp_path / "made")
    config = json.loads((tmp_path / "made" / "config.json").read_text(encoding="utf-8"))
    (tmp_path / "made" / "config.json").write_text(json.dumps({**config, "width": -1}), encoding="utf-8")
    with pytest.raises(InputError, match="width"):
        localisers.opened(tmp_path / "made")
    with pytest.raises(InputError, match="holds no localiser"):
        localisers.opened(tmp_path)
    with pytest.raises(InputError, match="must be trained"):
        localisers.opened("contrastive")
    with pytest.raises(UnknownNameError, match="motion"):
        localisers.opened("motoin")


def test_the_same_seed_gives_the_same_weights() -> None:
    settings, training = Settings(image_size=SIZE, mel=MEL, width=4, dimensions=8), Training(steps=3, batch=8)
    before = torch.get_rng_state()
    one, two, other = (train(*_data(16), settings, training, seed=seed).network.state_dict() for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)
    with pytest.raises(InputError, match="at least 8 clips of two classes, but 7"):
        train(*_data(7), settings, training, seed=0)


def test_losses_by_hand() -> None:
    """Two clips: the first picture has its sound at one of two places, the second nowhere."""
    places = torch.tensor([[[[1.0, 0.0]], [[0.0, 1.0]]], [[[1.0, 1.0]], [[0.0, 0.0]]]])
    sounds = torch.tensor([[0.0, 1.0], [0.0, 1.0]])
    labels = torch.tensor([0, 1])
    # Cosines of the best places: 1, 1 for the first picture; 0, 0 for the second.
    lost = np.log(1 + np.exp(-1 / 0.07)), np.log(1 + np.exp(1 / 0.07))
    expected = (np.log(2) + (lost[0] + lost[1]) / 2) / 2
    assert place_contrast(places, sounds, labels, temperature=0.07).item() == pytest.approx(expected)
    together = torch.tensor([[0, 1], [1, 1]])
    found = place_contrast(places, sounds, labels, together, temperature=0.07).item()
    assert found == pytest.approx((np.log(2) / 2 + lost[1] / 2) / 2)
    assert class_contrast(torch.eye(3)[:, :2], torch.tensor([0, 1, 2]), temperature=0.07).item() == 0


@pytest.mark.slow
def test_it_learns_from_prepared_and_from_distilled_data(
    tmp_path: Path, typed: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(24) % 2
    arrays = {
        "audio": np.stack([_sound(label, random) for label in labels]),
        "image": np.stack([_picture(label, 4, 4, random) for label in labels]),
        "label": labels,
    }
    recipe = ClipRecipe(image_size=16, mel=MelRecipe(mels=16))
    prepared = limbeck.prepare(arrays, rate_hz=RATE, out=tmp_path / "data", recipe=recipe, workers=1)
    limbeck.distill(prepared, "random", out=tmp_path / "set", per_class=4)
    for data in ("data", "set"):
        made = learn([tmp_path / data], tmp_path / f"from_{data}", steps=2, batch=8)
        assert made.settings.mel.mels == 16
    words = typed(
        "spatial", "learn", tmp_path / "data", tmp_path / "set", "--steps", 2, "--out", tmp_path / "both", "--quiet"
    )
    assert words.strip() == str(tmp_path / "both")
    with pytest.raises(SystemExit):
        cli.main(["spatial", "learn", str(tmp_path / "data"), "--out", str(tmp_path / "both")])
    assert "not an empty folder" in capsys.readouterr().err
