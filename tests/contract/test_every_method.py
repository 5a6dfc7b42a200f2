"""What every method of the room must do, found by listing the folder."""

from __future__ import annotations

import pytest

from limbeck import _discover, methods
from limbeck.testing import MethodContract


@pytest.mark.parametrize("name", methods.names())
class TestEveryMethod(MethodContract):
    def test_its_first_line_ends_with_its_name(self, name):
        assert _discover.summary(methods.Method.room, name).endswith(f"(`{name}`).")
