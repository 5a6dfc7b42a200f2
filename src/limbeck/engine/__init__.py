"""How long work runs: run folders, checkpoints, worker processes, progress, what machine it was. Knows no method."""

from limbeck.engine._environment import machine, versions
from limbeck.engine.progress import Progress, bar, note
from limbeck.engine.run import Run, RunCheckpoint
from limbeck.engine.workers import Lost, WorkerPool

__all__ = ["Lost", "Progress", "Run", "RunCheckpoint", "WorkerPool", "bar", "machine", "note", "versions"]
