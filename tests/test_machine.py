"""What a process may use, read from real control group files; how its threads wait, asked of OpenMP itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from limbeck import _machine

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SOURCE = Path(_machine.__file__).parent
SPINS = re.compile(r"GOMP_SPINCOUNT = '(\d+)'")
"""What GNU's OpenMP says of itself when it is loaded and OMP_DISPLAY_ENV is verbose."""


def groups(root: Path, membership: str, **files: str) -> Path:
    """A machine whose process is in control groups.

    Args:
        root: Where to build it.
        membership: Content of ``/proc/self/cgroup``.
        files: What is below ``/sys/fs/cgroup``, by path with ``__`` between folders and ``_dot_`` for a dot.
    """
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(membership)
    for name, content in files.items():
        file = root / "sys/fs/cgroup" / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n")
    return root


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host with sixty-four cores."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        ("0::/\n", {"cpu_dot_max": "200000 100000"}, 2),
        ("0::/\n", {"cpu_dot_max": "150000 100000"}, 2),
        ("0::/\n", {"cpu_dot_max": "20000 100000"}, 1),
        ("0::/\n", {"cpu_dot_max": "max 100000"}, 64),
        ("0::/\n", {}, 64),
        ("0::/a/b\n", {"a__b__cpu_dot_max": "max 100000", "a__cpu_dot_max": "300000 100000"}, 3),
        ("0::/a/b\n", {"a__b__cpu_dot_max": "400000 100000", "a__cpu_dot_max": "1600000 100000"}, 4),
        ("0::/../../host/c\n", {"cpu_dot_max": "500000 100000"}, 5),
        (
            "4:cpu,cpuacct:/d\n0::/\n",
            {"cpu,cpuacct__d__cpu_dot_cfs_quota_us": "600000", "cpu,cpuacct__d__cpu_dot_cfs_period_us": "100000"},
            6,
        ),
        ("4:cpu:/docker/0f\n", {"cpu__cpu_dot_cfs_quota_us": "700000", "cpu__cpu_dot_cfs_period_us": "100000"}, 7),
        ("4:cpuacct,cpu:/\n", {"cpu__cpu_dot_cfs_quota_us": "-1", "cpu__cpu_dot_cfs_period_us": "100000"}, 64),
        ("1:cpu:/\n0::/\n", {"unified__cpu_dot_max": "800000 100000"}, 8),
    ],
)  # fmt: skip
def test_cores_follow_quotas(tmp_path: Path, membership: str, files: dict[str, str], expected: int) -> None:
    assert _machine.cores(groups(tmp_path, membership, **files)) == expected


def test_without_control_groups_cores_are_those_of_the_scheduler(tmp_path: Path) -> None:
    assert _machine.cores(tmp_path) == CORES


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_cores_follow_affinity() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from limbeck import _machine; print(_machine.cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "1\n"


@pytest.mark.parametrize(
    ("membership", "files"),
    [
        ("0::/a\n", {"a__memory_dot_max": str(2**20)}),
        ("0::/a/b\n", {"a__memory_dot_max": str(2**20), "a__b__memory_dot_max": "max"}),
        ("4:memory:/b\n", {"memory__b__memory_dot_limit_in_bytes": str(2**20)}),
    ],
)
def test_memory_follows_limits(tmp_path: Path, membership: str, files: dict[str, str]) -> None:
    assert _machine.memory_bytes(groups(tmp_path, membership, **files)) == 2**20


def test_without_a_limit_memory_is_the_machines(tmp_path: Path) -> None:
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    unlimited = groups(tmp_path, "4:memory:/\n", memory__memory_dot_limit_in_bytes=str(2**63 - 4096))
    assert _machine.memory_bytes(unlimited) == whole


def test_threads_follow_a_quota_and_what_the_user_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"):
        monkeypatch.delenv(name, raising=False)
    assert _machine.considerate() == {"OMP_WAIT_POLICY": "passive"}
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)), raising=False)
    monkeypatch.setattr(_machine, "cores", lambda: 3)
    assert _machine.considerate() == {"OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "3"}
    monkeypatch.setenv("KMP_BLOCKTIME", "200")
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert _machine.considerate() == {}
    before = dict(os.environ)
    monkeypatch.delenv("KMP_BLOCKTIME")
    with _machine.considerate_children():
        assert os.environ["OMP_WAIT_POLICY"] == "passive"
    assert dict(os.environ) == {k: v for k, v in before.items() if k != "KMP_BLOCKTIME"}


def test_python_users_are_told_where_it_matters(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(_machine, "cores", lambda: 4)
    monkeypatch.setattr(os, "getloadavg", lambda: (0.5, 0.0, 0.0))
    assert _machine.advice(4) == ""
    assert "torch.set_num_threads(4)" in _machine.advice(8)
    monkeypatch.setattr(os, "getloadavg", lambda: (CORES + 2.0, 0.0, 0.0))
    assert "OMP_WAIT_POLICY=passive before Python starts" in _machine.advice(4)
    assert _machine.advice(1) == ""
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    assert _machine.advice(4) == ""


def openmp_of(code: str, **variables: str) -> list[int]:
    """How long threads spin in each process that loads OpenMP, in the order in which they load it."""
    kept = {k: v for k, v in os.environ.items() if k not in {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME"}}
    done = subprocess.run(
        [sys.executable, "-c", code], env=kept | {"OMP_DISPLAY_ENV": "verbose"} | variables,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    found = [int(count) for count in SPINS.findall(done.stderr)]
    if not found:
        pytest.skip(f"torch's OpenMP here is not GNU's: {done.stderr[-500:]}")
    return found


@pytest.mark.slow
def test_the_command_line_waits_passively_unless_told_otherwise() -> None:
    code = "from limbeck import cli; cli.main(['inspect', '.'])"
    assert set(openmp_of(code)) == {0}
    assert 0 not in openmp_of(code, OMP_WAIT_POLICY="active")
    assert set(openmp_of(code, GOMP_SPINCOUNT="77")) == {77}


STARTS = {
    "prepare": "from limbeck.datasets._decoding import *; from limbeck.datasets import load\n"
    "with decoding_pool(Decoder(load('folder')(root='.'), ClipRecipe(), {}), workers=1, timeout_s=60) as pool:\n"
    "    pool._workers[0].connection.recv()",
    "index": "from limbeck.index._prefetch import *; from limbeck.index._scan import File\n"
    "list(prefetch([File('.', 'nothing', 0, 0)], print, frozenset(), workers=1, pieces=1))",
    "tasks": "from limbeck.engine.executor import local; from types import SimpleNamespace as Task\n"
    "list(local(2).run([Task(needs=(), run=print), Task(needs=(), run=print)]))",
}


@pytest.mark.slow
@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_workers_of_a_python_program_wait_passively(start: str) -> None:
    first, *workers = openmp_of(f"import torch\n{start}")
    assert first > 0
    assert workers
    assert set(workers) == {0}


def test_cores_are_counted_in_one_place() -> None:
    counting = re.compile(r"\b(cpu_count|sched_getaffinity|process_cpu_count|SC_PHYS_PAGES)\b")
    wrong = [str(p) for p in SOURCE.rglob("*.py") if counting.search(p.read_text(encoding="utf-8"))]
    assert [Path(p).name for p in wrong] == ["_machine.py"]


def test_the_process_is_asked_for_its_command_in_the_command_line_only() -> None:
    wrong = [p.relative_to(SOURCE) for p in SOURCE.rglob("*.py") if "sys.argv" in p.read_text(encoding="utf-8")]
    assert {p.parts[0] for p in wrong} <= {"cli"}
