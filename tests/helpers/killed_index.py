"""Update an index again and again and kill it at random moments; used as a script.

Every run is a process forked off this one, and so is the server its workers come from: that saves the imports. This
process itself never opens the index. Prints one JSON object: the content after the uninterrupted run and after all
resumed ones, what was found wrong at the beginning of a run, and workers that outlived their parents.
"""

from __future__ import annotations

import ctypes
import json
import os
import random
import signal
import sys
import time
import warnings
from collections.abc import Callable
from multiprocessing import util
from pathlib import Path

import torch
from lancedb import background_loop
from tests.helpers.killed_prepare import fork_instead_of_exec, orphans
from tests.helpers.recordings import recordings
from tests.helpers.spectral_encoder import SpectralEncoder

from limbeck.index import SoundIndex, _update

_BE_PARENT_OF_ORPHANS = 36


def contents(index: SoundIndex) -> list[list[object]]:
    """All rows as numbers and text, in order."""
    pool = index.pool()
    rows = zip(pool.path, pool.start_s, pool.duration_s, pool.joint, pool.features, strict=True)
    return [[p.name, start, length, j.sum().item(), f.sum().item()] for p, start, length, j, f in rows]


def run(recorded: Path, folder: Path, expected: Path, log: Path) -> None:
    """One update; the state before it is compared with the whole index, recording by recording."""
    _update._COMMIT_S = 0.05
    encoder = SpectralEncoder(delay_s=0.004)
    exists = SoundIndex.exists(folder)
    index = SoundIndex.open(folder) if exists else SoundIndex.create(folder, encoder)
    rows = contents(index)
    if expected.exists():
        there = {name for name, *_ in rows}
        if rows != [row for row in json.loads(expected.read_text()) if row[0] in there]:
            log.open("a").write("A killed run left rows that do not belong there.\n")
    log.with_suffix(".sizes").open("a").write(f"{len(rows)}\n")
    index.update([recorded], encoder, batch=8, workers=1)
    (folder.parent / f"{folder.name}.json").write_text(json.dumps(contents(index)))


def start(work: Callable[..., object], *args: Path) -> int:
    """Begin some work in a process; its number."""
    pid = os.fork()
    if pid == 0:
        util.spawnv_passfds = fork_instead_of_exec
        background_loop.LOOP._start = lambda: None  # the server and its workers have no use for LanceDB's thread
        work(*args)
        os._exit(0)
    return pid


def make(folder: Path) -> None:
    """Make an index, or open it where it is made already."""
    index = SoundIndex.open(folder) if SoundIndex.exists(folder) else SoundIndex.create(folder, SpectralEncoder())
    assert not len(index)


def killed_in_the_making(folder: Path) -> tuple[bool, int]:
    """Kill what makes an index when its last table appears, and make it again.

    Returns:
        Whether the table was half made, and how making it again ended.
    """
    table = folder / "windows.lance"
    pid = start(make, folder)
    while not table.exists():
        pass
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    half = not list(table.glob("_versions/*.manifest"))
    return half, os.waitpid(start(make, folder), 0)[1]


def main(folder: Path, kills: int) -> None:
    """Kill `kills` runs, each at a moment drawn between its start and the time a whole run takes."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", "lancedb fork support is experimental")
    ctypes.CDLL(None).prctl(_BE_PARENT_OF_ORPHANS, 1)
    recorded, log, whole = folder / "recordings", folder / "faults", folder / "whole.json"
    recordings(recorded, 40)
    begun = time.monotonic()
    os.waitpid(start(run, recorded, folder / "whole", whole, log), 0)
    whole_s = time.monotonic() - begun
    log.with_suffix(".sizes").unlink()
    made = [killed_in_the_making(folder / f"made{i}") for i in range(kills)]
    draw, landed, rounds = random.Random(0), 0, 0
    while landed < kills or not (folder / f"{rounds}.json").exists():
        pid = start(run, recorded, folder / str(rounds), whole, log)
        if landed < kills:
            time.sleep(draw.uniform(0.1, 0.9) * whole_s)
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        landed += os.WIFSIGNALED(status)
        rounds += os.WIFEXITED(status) and landed < kills
    print(
        json.dumps(
            {
                "whole": json.loads(whole.read_text()),
                "ends": [json.loads((folder / f"{i}.json").read_text()) for i in range(rounds + 1)],
                "left": [int(size) for size in log.with_suffix(".sizes").read_text().split()],
                "made": made,
                "faults": log.read_text() if log.exists() else "",
                "orphans": orphans(20),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
