"""Packages that only this room needs, imported where they are used."""

from __future__ import annotations

import importlib
from typing import Any

from limbeck.errors import MissingExtraError


def package(name: str) -> Any:
    """An optional package, imported."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise MissingExtraError("sounds", name) from error
