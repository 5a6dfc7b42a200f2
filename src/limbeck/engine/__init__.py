"""How long work runs: run folders, checkpoints, worker processes, progress, what machine it was. Knows no method."""

from limbeck.engine._environment import machine, versions
from limbeck.engine.progress import Progress, bar, note
from limbeck.engine.run import RUN, Run, RunCheckpoint, RunRecord, runtime_of
from limbeck.engine.workers import Lost, WorkerPool

__all__ = [
    "RUN",
    "Lost",
    "Progress",
    "Run",
    "RunCheckpoint",
    "RunRecord",
    "WorkerPool",
    "bar",
    "machine",
    "note",
    "runtime_of",
    "versions",
]
