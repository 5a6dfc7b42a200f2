"""Twenty training steps with and without a busy neighbour, as OpenMP's threads wait by default and passively.

The neighbour is one process a core that computes without end. Each measurement is a process of its own, since OpenMP
reads how to wait when it is loaded; the four forms take turns.

    python benchmarks/busy.py                      # some minutes on two cores
    python benchmarks/busy.py --rounds 1 --small   # does it run?

Medians and least of the rounds, in seconds: wall, and processor time of all threads. On a machine that is busy already,
"alone" is not alone: its load is printed. With --realtime, "alone" is run before all other programs (the system must
allow it), which comes near to a quiet machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from limbeck import _machine
from limbeck.engine import machine, versions

STEPS = 20
POLICIES = {"default": {}, "passive": {"OMP_WAIT_POLICY": "passive"}}


def train(width: int, size: int, pairs: int) -> tuple[float, float]:
    """Wall and processor seconds of the steps, on all pairs at once, after one that is not counted."""
    import torch

    from limbeck.datasets import Targets
    from limbeck.evaluation import Protocol, TensorSamples, train_student
    from limbeck.media import ClipRecipe
    from limbeck.modalities import bound
    from limbeck.networks.convnet import ConvNet

    draw = torch.Generator().manual_seed(0)
    sounds, images = torch.rand(pairs, 1, 64, 28, generator=draw), torch.rand(pairs, 3, size, size, generator=draw)
    targets = Targets(tuple(f"class {i}" for i in range(10)), torch.arange(pairs) % 10)
    data = TensorSamples({"audio": sounds, "image": images}, targets, bound(("audio", "image"), ClipRecipe()))
    for steps in (1, STEPS):
        wall, used = time.perf_counter(), time.process_time()
        train_student(
            data, ConvNet(width=width), "ensemble", Protocol(epochs=steps, batch=pairs, least_steps=0), seed=0
        )
    return time.perf_counter() - wall, time.process_time() - used


@contextmanager
def neighbour(busy: bool) -> Iterator[None]:
    """Other programs that keep every core busy."""
    count = _machine.cores() if busy else 0
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def once(policy: str, sizes: list[str], busy: bool, realtime: bool) -> tuple[float, float]:
    """What `train` gives in a new process."""
    kept: dict[str, str] = {
        name: value for name, value in os.environ.items() if name not in _machine.considerate() | POLICIES["passive"]
    }
    command = [sys.executable, __file__, "--train", *sizes, *(["--realtime"] if realtime and not busy else [])]
    done = subprocess.run(command, env=kept | POLICIES[policy], check=True, capture_output=True, text=True)
    wall, used = json.loads(done.stdout)
    return wall, used


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--realtime", action="store_true")
    parser.add_argument("--train", nargs=3, type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.train:
        if given.realtime:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        print(json.dumps(train(*given.train)))
        return
    sizes = ["8", "32", "20"] if given.small else ["32", "64", "64"]
    load = os.getloadavg()[0]
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(given.rounds):
        for busy in (False, True):
            for policy in POLICIES:
                with neighbour(busy):
                    form = f"{policy}, {'with a busy neighbour' if busy else 'alone'}"
                    found.setdefault(form, []).append(once(policy, sizes, busy, given.realtime))
    print(f"Load before: {load:.1f} on {_machine.cores()} cores; {given.rounds} rounds.\n")
    print("| threads wait | wall s, median (least) | processor s, median (least) |\n|---|---|---|")
    for form, rows in found.items():
        cells = [f"{statistics.median(column):.2f} ({min(column):.2f})" for column in zip(*rows, strict=True)]
        print(f"| {form} | {' | '.join(cells)} |")
    print(
        json.dumps(
            {
                "load": load,
                "sizes": sizes,
                "realtime": given.realtime,
                "seconds": found,
                "machine": machine(),
                "versions": versions(),
            }
        )
    )


if __name__ == "__main__":
    main()
