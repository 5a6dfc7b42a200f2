"""Train experts again and again and kill that at random moments; used as a script, so that there are no other threads.

Every run is a process forked off this one: that saves the imports. Prints one JSON object: digests of what a run that
was left alone wrote, of what one an epoch shorter wrote, and of all that were resumed, and the number of files that
each kill left.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import torch
from tests.helpers.clips import toy_clips, view_of

from limbeck.methods import Experts, Training
from limbeck.networks import Architecture

EXPERTS, EPOCHS = 2, 6
TRAINING = Training(epochs=EPOCHS, batch=8, momentum=0.9)


def experts(cache: Path | None, training: Training = TRAINING) -> Experts:
    """Tiny experts on toy clips."""
    real = toy_clips()
    network = Architecture(options={"width": 6})
    return Experts(training, network, view_of(real), cache)


def contents(cache: Path) -> dict[str, str]:
    """Digest of every finished file."""
    files = cache.rglob("*.safetensors")
    return {str(f.relative_to(cache)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def start(cache: Path, epochs: int = EPOCHS) -> int:
    """Begin a run; its process number."""
    pid = os.fork()
    if pid == 0:
        made = experts(cache, TRAINING.model_copy(update={"epochs": epochs}))
        for expert in range(EXPERTS):
            made.tensors(expert, epochs)
        os._exit(0)
    return pid


def alive(pid: int) -> bool:
    """Whether a child still runs; it is not reaped."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def main(folder: Path, kills: int) -> None:
    """Kill `kills` runs, each some milliseconds after it has written a drawn number of files."""
    torch.set_num_threads(1)
    warm = torch.zeros(1, requires_grad=True)
    warm.grad = torch.ones(1)
    torch.optim.SGD([warm], lr=1.0).step()  # imports what every child would
    os.waitpid(start(folder / "whole"), 0)
    os.waitpid(start(folder / "shorter", EPOCHS - 1), 0)
    draw, landed, left, ends, rounds = random.Random(0), 0, [], [], 0
    while landed < kills or not ends:
        cache = folder / str(rounds)
        before = len(contents(cache))
        pid = start(cache)
        if landed < kills:
            target, deadline = before + draw.randrange(4), time.monotonic() + 30
            while len(list(cache.rglob("*.safetensors"))) < target and alive(pid) and time.monotonic() < deadline:
                time.sleep(0.001)
            time.sleep(draw.uniform(0, 0.03))
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        landed += os.WIFSIGNALED(status)
        left.append(len(contents(folder / str(rounds))))
        if os.WIFEXITED(status):
            ends.append(contents(folder / str(rounds)))
            rounds += 1
    alone = {name: contents(folder / name) for name in ("whole", "shorter")}
    print(json.dumps({**alone, "ends": ends, "left": left}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
