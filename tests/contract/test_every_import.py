"""What every form of import must do, found by listing the folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers import published_forms

from limbeck import exports, imports
from limbeck.testing import ImportContract, Published


def test_every_export_comes_back() -> None:
    assert {*exports.names()} <= {*imports.names()}


@pytest.mark.parametrize("name", imports.names())
class TestEveryImport(ImportContract):
    @classmethod
    def write(cls, name: str, folder: Path) -> Published:
        if name in exports.names():
            return published_forms.exported(name, folder)
        write = getattr(published_forms, name, None)
        assert write is not None, (
            f"The form {name!r} has no example: add a function {name}(folder) to tests/helpers/published_forms.py that "
            "writes a small set in its official layout."
        )
        found: Published = write(folder)
        return found

    @classmethod
    def leaves_out(cls, name: str) -> bool:
        return name == "image_folder"
