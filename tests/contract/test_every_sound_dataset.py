"""What every dataset of sounds must keep to, on a miniature of its official layout."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers import sound_layouts

from limbeck.datasets import sounds
from limbeck.testing import SoundDatasetContract


@pytest.mark.parametrize("name", sounds.names())
class TestEverySoundDataset(SoundDatasetContract):
    @classmethod
    def miniature(cls, name: str, root: Path) -> Path:
        builder = getattr(sound_layouts, name, None)
        assert builder is not None, (
            f"The dataset {name!r} has no miniature: add a function {name}(root) to tests/helpers/sound_layouts.py "
            "that writes a few recordings in its official layout and returns the folder to open."
        )
        return builder(root)
