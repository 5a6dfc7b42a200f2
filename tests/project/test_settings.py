"""Every settings object goes to JSON and back."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import limbeck
from limbeck._config import Config
from limbeck.errors import InputError

REQUIRED: dict[str, dict[str, Any]] = {
    "Statistics": {"mean": (0.1,), "std": (1.5,)},
    "Scale": {"mean": (-40.25,), "std": (20.0,)},
    "Source": {
        "kind": "clips",
        "name": "bells",
        "fingerprint": "0f",
        "modalities": ("audio",),
        "samples": 3,
        "rows": 3,
        "stored_bytes": 36,
        "storage": "prepared",
    },
    "Repeat": {"seed": 1, "seconds": 2.5, "values": {"A": 100.0}, "losses": (0.5,), "predictions": {"A": (0,)}},
}
REQUIRED["Score"] = {
    "measure": "accuracy",
    "settings": {"head": "ensemble"},
    "letters": {"audio": "A"},
    "trained_on": REQUIRED["Source"],
    "tested_on": REQUIRED["Source"],
    "classes": ("bell", "drip"),
    "truth": (0,),
    "repeats": (REQUIRED["Repeat"],),
    "protocol": {},
    "network": {},
    "scales": {"audio": REQUIRED["Scale"]},
    "seed": 0,
    "device": "cpu",
}
REQUIRED |= {
    "Data": {"dataset": "playground"},
    "MethodRow": {"method": "random"},
    "PublishedTable": {"source": "A paper"},
    "Size": {"classes": 10, "train": 90, "test": 30},
}
REQUIRED["DistillationRecipe"] = {
    "title": "Toy",
    "data": REQUIRED["Data"],
    "baseline": "random",
    "rows": {"random": REQUIRED["MethodRow"]},
}
REQUIRED["Mosaic"] = {"grid": {"audio": (1, 4), "image": (2, 2)}}
REQUIRED["Frequencies"] = {"count": {"audio": 3, "image": 12}}
REQUIRED["Keyframes"] = {"count": 2}
REQUIRED["Taken"] = {"values": {"A": 100.0}}
REQUIRED["Trial"] = {"seed": 0, "fold": "1", "draw": 0, "seconds": 2.5, "values": {"accuracy (%)": 50.0}}
REQUIRED["Naming"] = {
    "question": {"sounds": "0f", "classifier": ["zero-shot", {}]},
    "repeats": (REQUIRED["Trial"],),
}
REQUIRED["name_sounds.Source"] = {
    "data": {"dataset": "folder"},
    "root": Path("sounds"),
    "encoder": {},
    "weights": None,
    "device": "cpu",
    "offline": True,
    "out": Path("runs"),
}
REQUIRED["SoundResults"] = {
    "name": "bells",
    "title": "Bells",
    "dataset": "folder",
    "baseline": "zero-shot",
    "rows": ("zero-shot",),
    "supervised": (),
    "ablations": ({"name": "noise", "title": "Noise", "axis": "dB", "log": False, "about": "Pink noise."},),
    "cells": ({"ablation": "", "row": "zero-shot", "fold": "1", "draw": 0, "values": {"accuracy (%)": 50.0}},),
    "about": {"encoder": "yamnet"},
}
REQUIRED["IndexSettings"] = {
    "encoder": "yamnet:spectra-in:0f",
    "sample_rate_hz": 16_000,
    "window_s": 10.0,
    "hop_s": 10.0,
    "dim": 384,
    "features_dim": 1024,
}
REQUIRED["Waypoint"] = {"azimuth": 90.0}
REQUIRED["scene.Source"] = {"words": "dog barks", "end": 2.0, "waypoints": (REQUIRED["Waypoint"],)}
REQUIRED["Room"] = {"size": (6.0, 5.0, 3.0)}
"""Examples of the settings that have no defaults, by class; where two are called alike, by module and class."""
OURS = r"limbeck\.(?!playground)"
"""Where settings are looked for; how a generated scene is written down is no setting."""


def _settings() -> list[type[Config]]:
    for module in pkgutil.walk_packages(limbeck.__path__, "limbeck."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    found: list[type[Config]] = []
    waiting = [Config]
    while waiting:
        below = [c for c in waiting.pop().__subclasses__() if re.match(OURS, c.__module__)]
        waiting += below
        found += [c for c in below if not inspect.isabstract(c)]
    return sorted(set(found), key=lambda c: (c.__module__, c.__name__))


SETTINGS = _settings()


def _required(kind: type[Config]) -> dict[str, Any]:
    exact = f"{kind.__module__.rpartition('.')[2]}.{kind.__name__}"
    return REQUIRED.get(exact, REQUIRED.get(kind.__name__, {}))


@pytest.mark.parametrize("kind", SETTINGS, ids=lambda c: f"{c.__module__}.{c.__name__}")
def test_settings_go_to_json_and_back(kind: type[Config]) -> None:
    settings = kind(**_required(kind))
    text = json.dumps(settings.to_json(), allow_nan=False)
    again = kind.from_json(json.loads(text))
    assert again == settings
    assert type(again) is kind
    assert json.dumps(again.to_json()) == text


@pytest.mark.parametrize("kind", SETTINGS, ids=lambda c: f"{c.__module__}.{c.__name__}")
def test_unknown_settings_are_refused_with_the_known_ones(kind: type[Config]) -> None:
    with pytest.raises(InputError) as caught:
        kind.from_json({**_required(kind), "nosuchsetting": 1})
    assert "nosuchsetting" in str(caught.value)
    assert all(name in str(caught.value) for name in kind.model_fields)


def test_settings_cannot_be_changed() -> None:
    settings = next(kind for kind in SETTINGS if kind.__name__ == "MelRecipe")()
    with pytest.raises(ValueError, match="frozen"):
        settings.mels = 3  # type: ignore[attr-defined]
