"""Options of readers, as text and as values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from limbeck.datasets._contract import construct
from limbeck.errors import InputError


@pytest.mark.parametrize(
    ("name", "option", "given", "taken"),
    [
        ("folder", "base", "2024", "2024"),
        ("folder", "base", 2024, "2024"),
        ("folder", "base", "1e3", "1e3"),
        ("folder", "base", Path("x"), Path("x")),
        ("folder", "test", "4", "4"),
        ("folder", "test", 4, 4),
        ("folder", "test", ("fold3", "fold4"), ("fold3", "fold4")),
        ("folder", "where", {"slot": 1}, {"slot": 1}),
        ("folder", "seed", "3", 3),
        ("folder", "cut", "true", True),
        ("cifar100", "coarse", "false", False),
        ("esc50", "test", "4", "4"),
        ("folder", "window", "start", "start"),
        ("paired", "sounds", "1", "1"),
        ("av_digits", "unseen_speaker", "7", "7"),
        ("vggsound", "csv", 2020, "2020"),
        ("music21", "windows", "5", 5),
        ("playground", "size", "32", 32),
    ],
)
def test_become_what_is_wanted(name: str, option: str, given: Any, taken: Any) -> None:
    found = getattr(construct(name, {"root": "x", option: given}), option)
    assert found == taken
    assert type(found) is type(taken)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"root": "x", "seed": "soon"}, r"'folder', option 'seed': input should be a valid integer.*'soon' came"),
        ({"root": "x", "window": "end"}, r"option 'window': input should be 'loudest', 'middle' or 'start'.*'end'"),
        ({"root": "x", "wndow": "end"}, r"'wndow'.*It takes:.*window"),
        ({}, r"missing a required argument: 'root'"),
    ],
)
def test_mistakes_are_told(options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        construct("folder", options)
