"""Time of ``limbeck --help`` against that of a Python that does nothing, in turns.

    python benchmarks/help.py             # nine of each, some seconds
    python benchmarks/help.py --times 25

Processor time is that of the whole process, as the system counts it; both are medians, and their ratio is theirs.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time

from limbeck.engine import machine, versions

COMMANDS = {
    "empty": [sys.executable, "-c", "pass"],
    "help": [sys.executable, "-c", "from limbeck.cli import main; main(['--help'])"],
}


def once(command: list[str]) -> tuple[float, float]:
    """Wall and processor seconds of a process."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--times", type=int, default=9)
    times = parser.parse_args().times
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for _ in range(times + 1):
        for name, command in COMMANDS.items():
            found[name].append(once(command))
    medians = {
        name: [statistics.median(column) for column in zip(*rows[1:], strict=True)] for name, rows in found.items()
    }
    ratios = [a / b for a, b in zip(medians["help"], medians["empty"], strict=True)]
    print(f"limbeck --help: {medians['help'][0]:.3f} s wall, {medians['help'][1]:.3f} s processor, medians of {times}")
    print(f"python -c pass: {medians['empty'][0]:.3f} s wall, {medians['empty'][1]:.3f} s processor")
    print(f"ratio: {ratios[0]:.1f} wall, {ratios[1]:.1f} processor")
    print(json.dumps({"seconds": found, "machine": machine(), "versions": versions()}))


if __name__ == "__main__":
    main()
