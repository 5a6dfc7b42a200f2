from __future__ import annotations

import pytest

from limbeck.errors import InputError
from limbeck.storage import parse_size


@pytest.mark.parametrize(
    ("text", "count"),
    [("1", 1), (" 12 b", 12), ("400KB", 400_000), ("400 kb", 400_000), ("0.5MiB", 524_288), ("2GB", 2 * 10**9)],
)
def test_sizes_as_people_write_them(text, count):
    assert parse_size(text) == count


@pytest.mark.parametrize("text", ["", "0", "0KB", "-3", "many", "3 XB", "1e3", "400 KB 2", True, None])
def test_what_is_no_size_is_a_sentence(text):
    with pytest.raises(InputError, match="as 400KB"):
        parse_size(text)
