"""`inspect` knows every folder that Limbeck writes, and says what is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.helpers.generated import Generated
from tests.helpers.spectral_encoder import SpectralEncoder

import limbeck
from limbeck import exports, sounds
from limbeck.comparison import run as compare
from limbeck.comparison.kinds.sounds import SoundRecipe
from limbeck.errors import InputError
from limbeck.evaluation import Protocol
from limbeck.media import ClipRecipe, MelRecipe, write_wav
from limbeck.networks import Architecture

RATE_HZ = 8000
SMALL = ClipRecipe(image_size=16, mel=MelRecipe(mels=16))


class Reader(SpectralEncoder):
    """An encoder whose words are noise of their own."""

    def _text(self, texts: list[str]) -> torch.Tensor:  # type: ignore[override]
        waves = [np.random.default_rng(len(text)).standard_normal(RATE_HZ).astype(np.float32) / 8 for text in texts]
        return self._audio([torch.from_numpy(wave) for wave in waves]).joint


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of everything, each in a folder of its own."""
    folder = tmp_path_factory.mktemp("contents")
    limbeck.prepare(Generated(16), out=folder / "prepared", recipe=SMALL, workers=1, progress=False)
    quick: dict[str, Any] = {
        "repeats": 1, "network": Architecture(options={"width": 4}), "protocol": Protocol(epochs=1), "progress": False
    }  # fmt: skip
    limbeck.distill(folder / "prepared", "random", out=folder / "set", per_class=1, progress=False)
    limbeck.evaluate(folder / "set", on=folder / "prepared", **quick)
    for name in exports.names():
        limbeck.export(folder / "set", to=name, out=folder / "exports" / name)
    for name in ("bell", "rain"):
        for i in range(3):
            wave = np.random.default_rng(i + len(name)).standard_normal(2 * RATE_HZ).astype(np.float32) / 8
            write_wav(folder / "recordings" / name / f"{i}.wav", wave, RATE_HZ)
    encoder = Reader()
    sounds.index(folder / "recordings", out=folder / "naming" / "index", encoder=encoder, workers=1, progress=False)
    sounds.learn(folder / "naming" / "index", "bell,rain", out=folder / "naming" / "classifier", encoder=encoder)
    sounds.page(folder / "naming" / "classifier", out=folder / "naming" / "page", progress=False)
    recipe = SoundRecipe.from_json(
        {
            "title": "Two",
            "data": {"dataset": "folder", "options": {"folds": 2}},
            "rows": {"zero-shot": {"classifier": "zero_shot"}},
        }
    )
    compare(recipe, out=folder / "runs", data=folder / "recordings", encoder=encoder)
    return folder


def test_each_is_known(place: Path) -> None:
    kinds = {
        "prepared": "prepared dataset",
        "set": "distilled set",
        "set/run": "run",
        "set/scores": "scores",
        "naming/index": "index of sounds",
        "naming/classifier": "classifier of sounds",
        "naming/page": "page",
        "runs/results": "comparison of classifiers of sounds",
        **{f"exports/{name}": "export" for name in exports.names()},
    }
    found = {name: limbeck.inspect(place / name) for name in kinds}
    assert {name: what["kind"] for name, what in found.items()} == kinds
    assert all(json.dumps(what) for what in found.values())
    assert found["naming/index"]["windows"] == 6
    assert found["naming/classifier"]["labels"] == ["bell", "rain"]
    assert found["naming/page"]["title"] == "2 words and what they sound like"
    assert found["runs/results"]["title"] == "Two"
    assert list(found["set/scores"]["scores"]) == list(found["set"]["scores"])


def test_a_folder_of_several_names_them(place: Path) -> None:
    holds = {"index": "index of sounds", "classifier": "classifier of sounds", "page": "page"}
    assert limbeck.inspect(place / "naming") == {"kind": "several", "holds": holds}
    everything = limbeck.inspect(place)["holds"]
    assert everything["naming"] == holds
    assert everything["runs"] == {"results": "comparison of classifiers of sounds"}
    assert "recordings" not in everything


def test_what_is_none_is_said(place: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"recordings is nothing that Limbeck wrote.*It holds bell, rain"):
        limbeck.inspect(place / "recordings")
    with pytest.raises(InputError, match="nosuch does not exist"):
        limbeck.inspect(tmp_path / "nosuch")
    with pytest.raises(InputError, match="is a file"):
        limbeck.inspect(place / "set" / "config.json")
    (tmp_path / "config.json").write_text("{", encoding="utf-8")
    (tmp_path / "index.html").write_text("<html></html>", encoding="utf-8")
    with pytest.raises(InputError, match="is nothing that Limbeck wrote"):
        limbeck.inspect(tmp_path)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("naming/classifier/config.json", "config.json"),
        ("set/config.json", "config.json was damaged"),
        ("runs/results/table.json", "table.json is damaged"),
        ("runs/results/recipe.json", "recipe.json is damaged"),
    ],
)
def test_what_is_damaged_is_said(place: Path, name: str, told: str) -> None:
    file = place / name
    content = file.read_bytes()
    try:
        file.write_bytes(content[: len(content) // 2])
        with pytest.raises(InputError, match=told):
            limbeck.inspect(file.parent)
    finally:
        file.write_bytes(content)
