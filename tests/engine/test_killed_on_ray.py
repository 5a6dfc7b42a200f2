"""Verbs on a real Ray cluster of which machines, or the command itself, are killed at random moments.

They end with the bits of one process that nobody disturbed; nothing that was done is done again, or stands there twice.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.helpers import killed_on_ray
from tests.helpers.killed_on_ray import AT_WORK, VERBS

ROOT = Path(__file__).parents[2]
KILLS = {"benchmark": 3, "prepare": 3, "index": 2, "evaluate": 2}
"""Ten in all: a command or a machine that begins anew takes seconds."""


@pytest.fixture(autouse=True)
def _small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    killed_on_ray.small_tasks(monkeypatch.setattr)


@pytest.mark.slow
@pytest.mark.parametrize("name", VERBS)
def test_killed_at_random_moments(cluster: Any, tmp_path: Path, name: str) -> None:
    verb, draw = VERBS[name], random.Random(name)
    verb.make(tmp_path / "place")
    verb.work(tmp_path / "place", tmp_path / "here", None)
    whole = verb.found(tmp_path / "here")
    kills = KILLS[name]
    killed = list[str]()
    while len(killed) < kills:
        out = tmp_path / f"out{len(killed)}"
        seen = dict[Any, Any]()
        program = _begin(name, tmp_path / "place", out)
        while program.poll() is None:
            if len(killed) < kills and _moment(program, draw, verb.finished, out, len(seen)):
                killed.append(draw.choice(["machine", "command"]))
                if killed[-1] == "machine":
                    cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
                    cluster.add_node(num_cpus=1, node_ip_address="127.0.0.2")
                else:
                    program.kill()
                    program.wait()
                seen = verb.finished(out)
                if killed[-1] == "command":
                    program = _begin(name, tmp_path / "place", out)
            else:
                program.wait()
        assert program.returncode == 0
        assert verb.found(out) == whole
        assert seen.items() <= verb.finished(out).items()


def _begin(name: str, place: Path, out: Path) -> subprocess.Popen[str]:
    """The verb in a process of its own, at work."""
    words = [sys.executable, "-m", "tests.helpers.killed_on_ray", name, str(place), str(out)]
    program = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline().strip() == AT_WORK
    program.stdout.close()
    return program


def _moment(program: subprocess.Popen[str], draw: random.Random, finished: Any, out: Path, before: int) -> bool:
    """Wait for a random moment: some after something more was done, or none. Whether the program is still at work."""
    more, late = draw.randint(0, 1), draw.uniform(0, 1)
    while program.poll() is None and len(finished(out)) < before + more:
        time.sleep(0.05)
    time.sleep(late)
    return program.poll() is None
