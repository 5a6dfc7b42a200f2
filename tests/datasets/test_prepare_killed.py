"""A prepare that is killed again and again ends with the bytes of one that was not."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KILLS = 10


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.killed_prepare", str(tmp_path), str(KILLS)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        timeout=300,
        check=True,
    )
    told = json.loads(done.stdout)
    assert len(told["whole"]) == 13
    assert told["ends"]
    assert all(end == told["whole"] for end in told["ends"])
    assert any(0 < shards < 10 for shards in told["left"]), "no kill came in the middle"
    assert told["orphans"] == 0
