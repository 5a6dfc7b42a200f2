"""Measure something else than accuracy of what another job distilled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import limbeck
from limbeck import _files
from limbeck.comparison._job import Job
from limbeck.comparison.jobs.distil import Distil
from limbeck.datasets import Prepared
from limbeck.evaluation import Score
from limbeck.evaluation.measures import Measure
from limbeck.evaluation.store import SCORES


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class MeasureSet(Job):
    """A measure of a distilled set, or of the whole training split.

    Attributes:
        of: The job that distils the set.
        name: Of the measure in the tables.
        measure: With its settings.
        repeats: How often it is taken.
    """

    of: Distil
    name: str
    measure: Measure
    repeats: int

    def __str__(self) -> str:
        return f"{self.of}: {self.name}"

    @property
    def needs(self) -> Sequence[Job]:
        """The job that distils the set."""
        return (self.of,)

    @property
    def folder(self) -> Path:
        """Where the result is, beside the set it is of."""
        return self.of.folder / SCORES

    @property
    def done(self) -> bool:
        """Whether all repeats are there, of the set that is there now."""
        return self.found is not None

    @property
    def found(self) -> Score | None:
        """What was measured; None until all repeats are there."""
        return self.of.answer(self.measure, self.name, self.repeats)

    @property
    def command(self) -> str:
        """``limbeck evaluate --measure``."""
        name, parts = self.measure.name, {"measure": self.measure.to_json()}
        more = {"measure": name, "title": self.name, "dtype": self.of.dtype}
        return self.of.evaluate_command(self.repeats, self.folder, parts=parts, **more)

    @property
    def summary(self) -> str:
        """That it was taken, and seconds."""
        return f"{self}  ({self.found.seconds:.0f} s)" if self.found else str(self)

    def _work(self) -> None:
        with _files.exclusive(self.folder / f".{_files.digest(self.measure.name, self.measure.to_json())}"):
            limbeck.evaluate(
                self.of.set,
                self.measure,
                on=Prepared.open(self.of.data),
                repeats=self.repeats,
                dtype=self.of.dtype,
                out=self.folder,
                title=self.name,
                progress=False,
                **self.of.evaluation,
            )
