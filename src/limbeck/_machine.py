"""What this process may use of the machine, as its container and its scheduler say, and how its threads should wait."""

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

_ROOT = Path("/")
_WAITING = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
"""Variables by which a user says how OpenMP's threads wait: of the standard, of GNU, of Intel and LLVM."""


def cores(root: Path = _ROOT) -> int:
    """Cores this process may keep busy: the least of its affinity and of the quotas of its control groups, at least 1.

    A quota of one core and a half counts as two.
    """
    quotas = [_numbers(folder / "cpu.max") for folder in _groups(root, "")]  # of a period, both in microseconds
    quotas += [
        _numbers(folder / "cpu.cfs_quota_us") + _numbers(folder / "cpu.cfs_period_us")
        for folder in _groups(root, "cpu")
    ]
    limits = [math.ceil(quota[0] / quota[1]) for quota in quotas if len(quota) == 2 and min(quota) > 0]
    return max(1, min([_affinity(), *limits]))


def memory_bytes(root: Path = _ROOT) -> int:
    """Memory this process may fill: the least of the machine's and of the limits of its control groups; 0: unknown."""
    try:
        physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # Windows has none of it
        return 0
    files = [folder / "memory.max" for folder in _groups(root, "")]
    files += [folder / "memory.limit_in_bytes" for folder in _groups(root, "memory")]
    return min([physical, *(limit for file in files for limit in _numbers(file))])


def considerate() -> dict[str, str]:
    """Environment variables that a process needs before it loads torch, to go well beside other programs.

    By default OpenMP's threads spin while they wait for each other. Where other programs use the cores too, they spin
    while the thread they wait for cannot run, and training takes ten times as long. And OpenMP starts as many threads
    as there are cores, whatever the container's quota. None that the user has set is among them.
    """
    found = {} if any(name in os.environ for name in _WAITING) else {"OMP_WAIT_POLICY": "passive"}
    allowed = cores()
    if "OMP_NUM_THREADS" not in os.environ and allowed < _affinity():
        found["OMP_NUM_THREADS"] = str(allowed)
    return found


@contextlib.contextmanager
def considerate_children() -> Iterator[None]:
    """Give processes that are started meanwhile the variables of `considerate`; those of this one stay as they were."""
    added = considerate()
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def advice(threads: int) -> str:
    """What a Python user should know before so many threads compute for long, in a sentence; empty if nothing."""
    allowed = cores()
    if threads > allowed:
        return (
            f"Torch computes with {threads} threads, but this process may use {allowed} cores: "
            f"torch.set_num_threads({allowed}) is faster."
        )
    if threads > 1 and "OMP_WAIT_POLICY" in considerate() and _load() > _affinity():
        return (
            "Other programs keep this machine busy, and torch's threads spin while they wait for each other, which can "
            "take ten times as long. Set OMP_WAIT_POLICY=passive before Python starts."
        )
    return ""


def _affinity() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _load() -> float:
    """Tasks that ran or waited to run, mean of the last minute; 0 where the system does not say."""
    try:
        return os.getloadavg()[0]
    except (AttributeError, OSError):
        return 0.0


def _groups(root: Path, controller: str) -> list[Path]:
    """Folders of the control groups this process is in, of one controller of version 1, or of version 2 ("").

    Inside a container the path may be the host's, of which nothing is mounted but the container's own group, as the
    top: each folder on the way up is looked at, the top too.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found: list[Path] = []
    for line in lines:
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            for mount in {names, controller} if names else {"", "unified"}:
                top = root / "sys/fs/cgroup" / mount
                place = Path(os.path.normpath(top / path.lstrip("/")))
                found += [top, *(folder for folder in (place, *place.parents) if folder.is_relative_to(top))]
    return found


def _numbers(file: Path) -> list[int]:
    """The whole numbers in a file; none if there is no file, or a word in it, such as "max"."""
    try:
        return [int(word) for word in file.read_text(encoding="utf-8").split()]
    except (OSError, ValueError):
        return []
