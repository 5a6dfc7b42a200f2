"""Run `prepare` again and again and kill it at random moments; used as a script, so that there are no other threads.

Every run is a process forked off this one, and so is the server its workers come from: that saves the imports.
Prints one JSON object: digests of the uninterrupted folder and of all resumed ones, and what the kills left.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import sys
import time
from multiprocessing import util
from pathlib import Path

import torch
from tests.helpers.generated import RECIPE, Generated, contents

from limbeck.datasets import _plan, prepare
from limbeck.media import log_mel

_BE_PARENT_OF_ORPHANS = 36


def fork_instead_of_exec(path: str, args: list[str], fds: list[int]) -> int:
    """Run a command of multiprocessing's in a fork that keeps the same open files as its own start would."""
    pid = os.fork()
    if pid == 0:
        for fd in set(range(3, 256)) - set(fds):
            try:
                os.close(fd)
            except OSError:
                continue
        try:
            exec(args[-1])
        finally:
            os._exit(0)
    return pid


def start(folder: Path, clips: int) -> int:
    """Begin a run; its process number."""
    pid = os.fork()
    if pid == 0:
        util.spawnv_passfds = fork_instead_of_exec
        prepare(
            Generated(clips, faults={3: "rotten"}, delay_s=0.01), out=folder, recipe=RECIPE, workers=2, progress=False
        )
        os._exit(0)
    return pid


def orphans(patience_s: float) -> int:
    """Workers that outlive their parent by so much."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                time.sleep(0.05)
        except ChildProcessError:
            return 0
    return len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def main(folder: Path, kills: int, clips: int = 120) -> None:
    """Kill `kills` runs, each at a moment drawn between its start and the time a whole run takes."""
    torch.set_num_threads(1)
    _plan._SHARD_CLIPS, _plan._UNIT_CLIPS = 12, 3
    ctypes.CDLL(None).prctl(_BE_PARENT_OF_ORPHANS, 1)
    log_mel(torch.zeros(RECIPE.mel.samples), RECIPE.mel)
    begun = time.monotonic()
    os.waitpid(start(folder / "whole", clips), 0)
    whole_s = time.monotonic() - begun
    draw, landed, left, ends, rounds = random.Random(0), 0, [], [], 0
    while landed < kills or not ends or not (folder / str(rounds) / "dataset.json").exists():
        pid = start(folder / str(rounds), clips)
        time.sleep(draw.uniform(0, whole_s) if landed < kills else 0)
        if landed < kills:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        landed += os.WIFSIGNALED(status)
        left.append(len(list((folder / str(rounds) / "shards").glob("*.safetensors"))))
        if os.WIFEXITED(status):
            ends.append(contents(folder / str(rounds)))
            rounds += landed < kills
    print(json.dumps({"whole": contents(folder / "whole"), "ends": ends, "left": left, "orphans": orphans(20)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
