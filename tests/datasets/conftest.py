"""What tests of this room share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _helpers_for_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Worker processes import `tests.helpers` by the caller's search path, wherever pytest was started from."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
