"""What every dataset must keep to; a new one is put through this before it has tests of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.helpers import layouts

from limbeck import datasets
from limbeck.testing import DatasetContract


def test_there_is_a_dataset() -> None:
    assert "folder" in datasets.names()


@pytest.mark.parametrize("name", datasets.names())
class TestEveryDataset(DatasetContract):
    @classmethod
    def miniature(cls, name: str, root: Path) -> dict[str, Any]:
        builder = getattr(layouts, name, None)
        assert builder is not None, (
            f"The dataset {name!r} has no miniature: add a function {name}(root) to tests/helpers/layouts.py that "
            "writes a few files in its official layout and returns the reader's options."
        )
        return builder(root)
