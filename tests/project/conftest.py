"""Generated videos that several tests here use."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.datasets.playground import Playground


@pytest.fixture(scope="session")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty clips of the playground; whoever asks for these in this folder finds them made."""
    folder = tmp_path_factory.mktemp("videos")
    Playground(root=folder, clips=60).clips()
    return folder
