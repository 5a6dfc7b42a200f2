"""Repeats of an evaluation by themselves: work that knows all of itself, for any process that sees the files."""

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck import _files
from limbeck._locations import Location
from limbeck._runtime import threads
from limbeck._words import plural
from limbeck.distilled import DistilledSet
from limbeck.engine import Progress
from limbeck.engine.executor import Executor
from limbeck.errors import InputError, LimbeckError
from limbeck.evaluation._evaluate import question, repeat
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures import Measure
from limbeck.evaluation.score import Repeat, Score
from limbeck.evaluation.store import keep


@dataclass(frozen=True)
class OneRepeat:
    """One repeat of a score, a task of `limbeck.engine.executor`.

    Attributes:
        number: Which one, from 0.
        asked: The question that all repeats answer.
        measure: What takes it.
        what: Folder of the set; None for the whole.
        on: Place of the prepared dataset.
        how: Further arguments of `Subject.opened`.
        threads: Of torch.
        file: The score that it is to be put into; it is left in a folder beside it.
    """

    number: int
    asked: Score
    measure: Measure
    what: Path | None
    on: Location
    how: Mapping[str, Any]
    threads: int
    file: Path

    @property
    def needs(self) -> "Sequence[OneRepeat]":
        """Nothing has to be done before."""
        return ()

    @property
    def folder(self) -> Path:
        """Where it is left, until it is in the score."""
        return _parts(self.file) / str(self.number)

    @property
    def found(self) -> Repeat | None:
        """What was found; None before."""
        with contextlib.suppress(FileNotFoundError):
            return Repeat.from_json(_files.read_record(self.folder / "repeat.json"))
        with contextlib.suppress(FileNotFoundError):  # another command has put it into the score
            return next(iter(Score.read(self.file).repeats[self.number :]), None)
        return None

    def run(self) -> None:
        """Do it, unless it is done.

        Raises:
            BusyError: Another process is doing it.
            InputError: Set, clips, code or device are not those of the question here.
        """
        with _files.exclusive(self.folder):
            if self.found:
                return
            subject = Subject.opened(self.what, self.on, **self.how)
            if differ := self.asked.differs(question(self.measure, subject, self.asked.seed)):
                raise InputError(
                    f"The process that was to do repeat {self.number + 1} finds another question than was asked: "
                    f"{', '.join(differ)} differ. Give every machine the same version and devices, and leave the set "
                    "and the prepared dataset as they are meanwhile."
                )
            with threads(self.threads):
                found = repeat(self.number, subject, self.measure, self.asked.seed)
            _files.write_record(self.folder / "repeat.json", found.to_json())


def gathered(
    asked: Score,
    measure: Measure,
    executor: Executor,
    *,
    repeats: int,
    file: Path,
    what: Path | DistilledSet | None,
    on: Location,
    how: Mapping[str, Any],
    threads: int,
    tell: Progress,
) -> Score:
    """Have an `executor` do what is not there of a score's `repeats`, and keep them in its `file`, in order.

    The other arguments are the attributes of `OneRepeat`.

    Raises:
        LimbeckError: Some failed; what the others found is kept.
    """
    file = file.absolute()  # tasks run in other folders
    found = Score.read(file) if file.exists() else asked
    if isinstance(what, DistilledSet) and found.n < repeats:
        what = what.save(_parts(file) / "set")
    place = what.absolute() if isinstance(what, Path) else None
    tasks = [OneRepeat(n, asked, measure, place, on.absolute(), how, threads, file) for n in range(repeats)]
    found, failed = _joined(found, tasks), list[str]()
    left = [task for task in tasks[found.n :] if not task.found]
    done = repeats - len(left)
    tell(done, repeats)
    for _, error in executor.run(left):
        failed += [error] if error else []
        found = _joined(found, tasks)
        done += 1
        tell(done, repeats)
    if failed:
        raise LimbeckError(
            f"{plural(len(failed), 'repeat')} of {repeats} failed: {failed[0]} What the others found is kept."
        )
    shutil.rmtree(_parts(file), ignore_errors=True)
    return found.first(repeats)


def _joined(found: Score, tasks: Sequence[OneRepeat]) -> Score:
    """A score with the repeats that come next in it and are done; it is kept where there are any."""
    more = found
    while more.n < len(tasks) and (one := tasks[more.n].found):
        more = more.with_repeat(one)
    if more.n > found.n:
        keep(tasks[0].file, more)
    return more


def _parts(file: Path) -> Path:
    """Folder of repeats that are not in a score yet."""
    return file.with_name(f".{file.stem}.parts")
