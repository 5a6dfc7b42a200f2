"""What it costs to hand work to a cluster: the time around jobs, and the memory of the program that gives them.

Jobs sleep for a second, so that a busy machine does not matter much; listed clips are empty files. Two workers are two
processes of this machine, or a Ray of two cores that is started for it.

    python benchmarks/cluster.py                          # ten minutes on two cores
    python benchmarks/cluster.py --jobs 20 --clips 5000   # a minute: does it run?
"""

from __future__ import annotations

import argparse
import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from limbeck import comparison
from limbeck.comparison import Recipe
from limbeck.comparison.kinds.distillation import DistillationRecipe
from limbeck.datasets import _plan, _prepare, _shards
from limbeck.engine import machine, on_ray, versions
from limbeck.engine.executor import Executor, LocalProcesses

WORKERS = 2


@dataclass(frozen=True, eq=False)
class Job:
    """Sleeps for so many seconds."""

    seconds: float

    @property
    def needs(self) -> tuple[()]:
        """Nothing."""
        return ()

    def run(self) -> None:
        """Sleep."""
        time.sleep(self.seconds)


@contextlib.contextmanager
def ray_here(folder: Path) -> Iterator[Executor]:
    """A Ray of this machine's cores."""
    with on_ray.connected("auto", folder=folder, tell=print) as found:
        yield found


def overhead(jobs: int, folder: Path) -> dict[str, float]:
    """How many times the ideal so many jobs of a second take on two workers, from the first to the last."""
    found = {}
    ways: dict[str, Callable[[], contextlib.AbstractContextManager[Executor]]] = {
        "processes": lambda: contextlib.nullcontext(LocalProcesses(WORKERS)),
        "ray": lambda: ray_here(folder),
    }
    for name, way in ways.items():
        begun = time.perf_counter()
        with way() as executor:
            ready = time.perf_counter()
            assert all(error is None for _, error in executor.run(Job(1.0) for _ in range(jobs)))
            ended = time.perf_counter()
        found[f"{name}: times the ideal"] = (ended - ready) * WORKERS / jobs
        found[f"{name}: with its start"] = (ended - begun) * WORKERS / jobs
    return found


def memory_of_jobs(jobs: int, folder: Path) -> dict[str, float]:
    """Seconds and peak memory, in MiB, of a program that gives so many jobs of no time to Ray."""
    with ray_here(folder) as executor:
        begun = time.perf_counter()
        assert sum(1 for _ in executor.run(Job(0.0) for _ in range(jobs))) == jobs
        return {"seconds": time.perf_counter() - begun, "peak MiB": peak_mib()}


def listing(clips: int, folder: Path) -> dict[str, float]:
    """What planning to prepare so many clips takes, up to all tasks with their bytes."""
    for place in range(300):
        (folder / f"{place:03d}").mkdir()
    for clip in range(clips):
        (folder / f"{clip % 300:03d}" / f"{clip:06d}.wav").touch()
    begun, busy = time.perf_counter(), time.process_time()
    reader = _prepare.opened("folder", folder, {})
    plan = _plan.Plan.of(reader, reader.usual_recipe(), "audio")
    tasks = [
        _shards.Shards.of(plan, range(i, min(i + 4, plan.shards)), folder, workers=1, timeout_s=60)
        for i in range(0, plan.shards, 4)
    ]
    spent = {"seconds": time.perf_counter() - begun, "seconds of a core": time.process_time() - busy}
    return spent | {"tasks": len(tasks), "peak MiB": peak_mib()}


def simulated(recipe: str, blocks: int | None, folder: Path) -> dict[str, Any]:
    """Days that a recipe takes on so many machines like this one, from a few clips sent through its networks here.

    A machine does one job at a time with all its cores; none idles before jobs run out, but no job is split. Rows that
    take steps and whose classes are not coupled are cut into so many `blocks`, if any, whose work adds up to the same.
    """
    asked = Recipe.load(recipe)
    assert isinstance(asked, DistillationRecipe)
    methods = {name: asked.method(row, 1) for name, row in asked.rows.items()}
    cut = [name for name, method in methods.items() if method.steps_planned and not method.coupling]
    rows = {n: row.model_copy(update={"blocks": blocks}) if n in cut else row for n, row in asked.rows.items()}
    lines = comparison.plan(asked.model_copy(update={"rows": rows}), out=folder, device="cpu")
    every = comparison.Line.total("all", lines)
    days = {f"days on {count}": every.seconds_on(count) / 86400 for count in (1, 8, 64)}
    longest = max(lines, key=lambda line: line.longest_seconds).name
    return days | {"jobs": every.jobs, "days of the longest": every.longest_seconds / 86400, "longest": longest}


def peak_mib() -> float:
    """The most memory that this process had, not those before it in its place."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def apart(work: Callable[..., dict[str, Any]], *given: Any) -> dict[str, Any]:
    """What a function gives in a process and a folder of its own, whose memory is nobody else's."""
    with tempfile.TemporaryDirectory() as folder, ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(work, *given, Path(folder)).result()


def main() -> None:
    """Measure and write it down."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--jobs", type=int, default=200)
    asked.add_argument("--clips", type=int, default=100_000)
    asked.add_argument("--out", type=Path)
    options = asked.parse_args()
    found: dict[str, Any] = {
        # Here, for Ray's processes can be given what is defined in the program that was started, and in no other.
        f"{options.jobs} jobs of a second, two workers": overhead(options.jobs, Path()),
        **{f"{5 * n * options.jobs} jobs of no time": memory_of_jobs(5 * n * options.jobs, Path()) for n in (1, 10)},
        **{f"VGGSound's comparison, blocks: {n}": apart(simulated, "vggsound", n) for n in (None, 10, 309)},
        **{f"{n} clips planned": apart(listing, n) for n in (options.clips // 10, options.clips)},
    }
    for what, numbers in found.items():
        print(what, {name: n if isinstance(n, str) else round(n, 3) for name, n in numbers.items()})
    if options.out:
        options.out.write_text(
            json.dumps({"found": found, "machine": machine(), "versions": versions()}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
