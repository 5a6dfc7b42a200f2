"""How long work runs: run folders, checkpoints, resuming, progress, what machine it was. Knows no method."""

from limbeck.engine.machine import machine, versions
from limbeck.engine.progress import Progress, bar, note
from limbeck.engine.run import Run, RunCheckpoint

__all__ = ["Progress", "Run", "RunCheckpoint", "bar", "machine", "note", "versions"]
