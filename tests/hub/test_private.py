"""Paths and passwords stay here, wherever in a sentence they stand."""

from __future__ import annotations

import pytest

pytest.importorskip("huggingface_hub")

from limbeck.hub import without_paths


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/mnt/ada/My Data/set.pt", "set.pt"),
        ("Read from /mnt/ada/My Data/set.pt.", "Read from set.pt."),
        ("from /mnt/ada/a.csv and /mnt/bob/b.csv here", "from b.csv here"),
        ("first /mnt/ada/a\nthen /mnt/bob/b", "first a\nthen b"),
        (r"C:\Data\Ada Love\x.pt", "x.pt"),
        (r"x=\\server\ada\x.pt", "x=x.pt"),
        ("//server/ada/x", "x"),
        ("~ada/My Data/x", "x"),
        ("see file:///mnt/ada/x", "see x"),
        *((f"of{sign}/mnt/ada/x", f"of{sign}x") for sign in "`:;{|<>$→"),
        ("https://ada:key@x.org/b", "https://x.org/b"),
        ("git+ssh://ada:k/ey@x.org/b c", "git+ssh://x.org/b c"),
        ("https://x.org/b?token=1&sig=2 once", "https://x.org/b once"),
    ],
)
def test_what_is_cut(text: str, expected: str) -> None:
    assert without_paths({text: [text]}) == {expected: [expected]}


@pytest.mark.parametrize("text", ["a/b and/or ./c ../d", "https://x.org:80/a/b", "3 / 4 km/h", "<b>a</b>, <i>b</i>"])
def test_what_is_not(text: str) -> None:
    assert without_paths(text) == text
