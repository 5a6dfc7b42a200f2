"""A prepare that is killed again and again ends with the bytes of one that was not."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers.killed import told_by

KILLS = 10


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    told = told_by("killed_prepare", tmp_path, KILLS)
    assert len(told["whole"]) == 13
    assert told["ends"]
    assert all(end == told["whole"] for end in told["ends"])
    assert any(0 < shards < 10 for shards in told["left"]), "no kill came in the middle"
    assert told["orphans"] == 0
