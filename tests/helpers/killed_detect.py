"""Find events again and again and kill it at random moments; used as a script.

Every run is a process forked off this one, and so is the server its workers come from: that saves the imports. Prints
one JSON object: the table after the uninterrupted run, those after all resumed ones, and how many recordings were there
at the beginning of each run.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from multiprocessing import util
from pathlib import Path

import torch
from tests.helpers.killed_prepare import fork_instead_of_exec
from tests.helpers.tones import ToneEncoder, field_recording

from limbeck import sounds
from limbeck.sounds import _detect

RECORDINGS = 30


def run(folder: Path, out: Path) -> None:
    """One run, to the end if nobody stops it."""
    _detect._COMMIT_S = 0.02
    with open(folder / "sizes", "a") as log:
        file = out / "detections.db"
        there = sqlite3.connect(file).execute("select count(*) from recordings").fetchone()[0] if file.exists() else 0
        log.write(f"{there}\n")
    sounds.detect(
        folder / "classifier", folder / "archive", out=out, encoder=ToneEncoder(delay_s=0.004), workers=1, forms=["csv"]
    )


def start(folder: Path, out: Path) -> int:
    pid = os.fork()
    if pid == 0:
        util.spawnv_passfds = fork_instead_of_exec
        try:
            run(folder, out)
        except sqlite3.OperationalError as error:
            print(error, file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return pid


def main(folder: Path, kills: int) -> None:
    """Kill `kills` runs, each at a moment drawn between its start and the time a whole run takes."""
    torch.set_num_threads(1)
    for number in range(RECORDINGS):
        word = ("low", "middle", "high")[number % 3]
        field_recording(folder / "archive" / f"{number:02}.wav", 6.0, [(word, 1.0, 4.0)], seed=number)
    begun = time.monotonic()
    os.waitpid(start(folder, folder / "whole"), 0)
    whole_s = time.monotonic() - begun
    (folder / "sizes").unlink()
    draw, landed, ends = random.Random(0), 0, []
    while landed < kills or not ends:
        out = folder / f"out{len(ends)}"
        pid = start(folder, out)
        if landed < kills:
            time.sleep(draw.uniform(0.1, 0.9) * whole_s)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        landed += os.WIFSIGNALED(status)
        if os.WIFEXITED(status):
            assert status == 0, status
            ends.append((out / "events.csv").read_text())
    if not (folder / f"out{len(ends)}" / "events.csv").exists():
        os.waitpid(start(folder, folder / f"out{len(ends)}"), 0)
        ends.append((folder / f"out{len(ends)}" / "events.csv").read_text())
    sizes = [int(size) for size in (folder / "sizes").read_text().split()]
    print(json.dumps({"whole": (folder / "whole" / "events.csv").read_text(), "ends": ends, "sizes": sizes}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
