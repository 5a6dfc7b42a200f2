"""Classes distilled in blocks: work that knows all of itself, so that any machine that sees the files can do it."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from limbeck._config import differences
from limbeck._words import plural
from limbeck.distillation._request import Made, Request, kept
from limbeck.distilled import DistilledSet
from limbeck.engine import RUN, Progress, Run, RunRecord
from limbeck.engine.executor import Executor, Here
from limbeck.errors import LimbeckError
from limbeck.methods import RunContext

Of = TypeVar("Of")
BLOCKS = "blocks"
"""Name of the folder, inside that of a run, in which each block has one of its own until all are joined."""


def cut(classes: Sequence[Of], blocks: int) -> list[tuple[Of, ...]]:
    """The `classes`, or what there is of each, in so many `blocks`, in order and as equal as can be.

    Example:
        >>> cut(["bell", "drip", "horn", "knock", "purr"], 2)
        [('bell', 'drip'), ('horn', 'knock', 'purr')]
    """
    edges = [len(classes) * i // blocks for i in range(blocks + 1)]
    return [tuple(classes[first:last]) for first, last in pairwise(edges)]


@dataclass(frozen=True, eq=False)
class Block:
    """Some classes, distilled into a folder as a set of their own; a task of `limbeck.engine.executor`.

    Attributes:
        request: What is asked of them.
        folder: Where the set and its run are kept.
        tell: Is told of every step; None where another process does it.
    """

    request: Request
    folder: Path
    tell: Progress | None = None

    @property
    def needs(self) -> "Sequence[Block]":
        """Nothing has to be done before."""
        return ()

    @property
    def done(self) -> bool:
        """Whether it lies there."""
        run = RunRecord(self.folder / RUN)
        return run.finished and not differences(run.facts["asked"], self.request.to_json())

    def run(self) -> None:
        """Distil it, or what is left of it."""
        tell = self.tell or (lambda done, total: None)
        kept(self.folder, self.request, lambda run: self.request.distilled(tell, run))


def parts_of(request: Request, folder: Path) -> list[Block]:
    """The blocks of a request that is kept in a `folder`."""
    parts = cut(request.clips.classes, request.blocks or 1)
    return [Block(request.part(part), place_of(folder, i)) for i, part in enumerate(parts)]


def place_of(folder: Path, number: int) -> Path:
    """Where in the folder of a set its block of a `number` lies until all are joined."""
    return folder / RUN / BLOCKS / str(number)


def in_blocks(request: Request, tell: Progress, run: Run | None = None, executor: Executor | None = None) -> Made:
    """The set of a request, block by block, and what they took together.

    With a `run` each is kept beside it, and an `executor` may distil them, instead of this process one after the
    other. `tell` is told of the steps of all, or else of blocks.

    Raises:
        LimbeckError: Some failed; the others are kept.
    """
    request, validation = request.settled()
    blocks = parts_of(request, run.folder.parent if run else Path())

    def steps_of(number: int) -> Progress:
        return lambda step, steps: tell(number * steps + step, len(blocks) * steps)

    if run is None:
        return joined(request, [block.request.distilled(steps_of(i))[0] for i, block in enumerate(blocks)], validation)
    left = [block if executor else replace(block, tell=steps_of(i)) for i, block in enumerate(blocks) if not block.done]
    failed, done = [], len(blocks) - len(left)
    for block, error in (executor or Here()).run(left):
        failed += [f"{', '.join(block.request.clips.classes)}: {error}"] if error else []
        done += not error
        if executor:
            tell(done, len(blocks))
    if failed:
        raise LimbeckError(
            f"{plural(len(failed), 'block')} of {len(blocks)} could not be distilled: {failed[0]} The others are kept, "
            "and the same command goes on from there."
        )
    for rows in zip(*(RunRecord(block.folder / RUN).events for block in blocks), strict=False):
        run.log({"step": rows[0]["step"], **{what: sum(row[what] for row in rows) for what in ("loss", "seconds")}})
    return joined(request, [DistilledSet.load(block.folder) for block in blocks], validation)


def joined(request: Request, parts: Sequence[DistilledSet], validation: dict[str, float] | None) -> Made:
    """One set of those of all blocks; what all of them say of their making, it says, and the sum of what they took.

    Soft labels are made now: of a sample they tell the probability of every class.
    """
    began, clips = time.perf_counter(), request.clips
    made = DistilledSet.concat(parts, clips.classes)
    context = RunContext(request.runtime, request.cache)
    soft = request.method.labels.of(made, clips, seed=request.seed, run=context)
    first, *others = (part.provenance for part in parts)
    alike = {name: value for name, value in first.items() if all(one.get(name) == value for one in others)}
    seconds = sum(part.provenance["cost"]["seconds"] for part in parts) + time.perf_counter() - began
    about = {"blocks": request.blocks, "threads": request.threads, "cost": {"seconds": seconds}}
    provenance = alike | request.method.provenance(clips, request.seed) | about
    return replace(made, provenance=provenance, soft_labels=soft), {"seconds": seconds, "sound_validation": validation}


def forget(folder: Path) -> None:
    """Remove the blocks of a set that is whole."""
    shutil.rmtree(folder / RUN / BLOCKS, ignore_errors=True)
