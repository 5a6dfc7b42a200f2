"""What every way to hold samples must do, with several settings each; a new one must be given some here."""

from __future__ import annotations

import pytest

from limbeck import parameterisations
from limbeck.errors import UnknownNameError
from limbeck.testing import ParameterisationContract

TEXTS = [
    "plain",
    "mosaic:1",
    "mosaic:2",
    "mosaic:2x3",
    "mosaic:audio=1x6,image=2x3,segments=2x3,video=2x3",
    "mosaic:audio=1x6,image=2x3,segments=1x2x3,video=2x1x3",
    "frequencies:5",
    "frequencies:audio=3,image=12,segments=3,spectrum=3,video=12",
    "keyframes:2",
    "keyframes:1",
    "keyframes:8",
    "generator:samples=6",
]


def test_every_one_is_tested() -> None:
    assert {text.partition(":")[0] for text in TEXTS} == {*parameterisations.names()}


def test_an_unknown_name_names_its_neighbour() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'mosaic'"):
        parameterisations.parse("mosiac:2")


@pytest.mark.parametrize("text", TEXTS)
class TestEveryParameterisation(ParameterisationContract):
    pass
