"""What every measure must do, found by listing the folder."""

from __future__ import annotations

import importlib
from typing import ClassVar

import pytest

from limbeck import _discover
from limbeck.errors import UnknownNameError
from limbeck.evaluation import measures
from limbeck.testing import MeasureContract


def test_an_unknown_name_names_its_neighbour() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'retrieval'"):
        measures.load("retrieva")


@pytest.mark.parametrize("name", measures.names())
class TestEveryMeasure(MeasureContract):
    tiny: ClassVar = {
        "architectures": {"least_steps": 0, "networks": {"ConvNet": {"options": {"width": 4}}}},
        "continual": {"tasks": 2},
        "separation": {"steps": 4, "width": 4, "depth": 2, "mixtures": 6, "sdr": True},
    }
    seen: ClassVar = {"separation": ("spectrum", "image")}

    def test_names_its_source_and_where_it_differs(self, name: str) -> None:
        assert f"(`{name}`)" in _discover.summary("limbeck.evaluation.measures", name)
        words = importlib.import_module(f"limbeck.evaluation.measures.{name}").__doc__ or ""
        assert all(word in words for word in ("Source:", "Differs from the paper:", "Cost:"))
