"""How long work runs: run folders, checkpoints, worker processes, progress, what machine it was. Knows no method."""

from limbeck.engine.progress import Progress, bar, note
from limbeck.engine.run import RUN, Run, RunCheckpoint, RunRecord, machine, runtime_of, versions
from limbeck.engine.workers import InlinePool, Lost, WorkerPool

__all__ = [
    "RUN",
    "InlinePool",
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
