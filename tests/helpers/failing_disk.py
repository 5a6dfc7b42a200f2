"""A disk of which some parts cannot be read; taking permissions away would do but for users who may do everything."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def failing(monkeypatch: pytest.MonkeyPatch, *places: Path) -> None:
    """Let listing the folders and looking at the files among some places end with an error, in this process."""
    folders = {place for place in places if place.is_dir()}
    monkeypatch.setattr(os, "scandir", _failing(os.scandir, folders))
    monkeypatch.setattr(os, "stat", _failing(os.stat, set(places) - folders))


def _failing(real: Callable[..., Any], places: set[Path]) -> Callable[..., Any]:
    def call(path: Any = ".", *args: Any, **options: Any) -> Any:
        if not isinstance(path, int) and Path(os.fsdecode(path)) in places:
            raise OSError(errno.EIO, os.strerror(errno.EIO), os.fspath(path))
        return real(path, *args, **options)

    return call
