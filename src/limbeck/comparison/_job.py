"""What every job of a comparison is: one piece that knows all of itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from limbeck._runtime import threads
from limbeck.evaluation import Answers


@dataclass(frozen=True, kw_only=True, eq=False)
class Job(ABC):
    """Settings, inputs and outputs of one piece of work. It can be sent to another process, and be run by hand.

    Attributes:
        row: Name of the tables' row it is for.
        threads: Of torch on a CPU. Sums are rounded in another order with another number, so it belongs to the result.
    """

    row: str
    threads: int = 1

    @property
    def needs(self) -> Sequence[Job]:
        """Jobs whose results this one takes."""
        return ()

    @property
    @abstractmethod
    def folder(self) -> Path:
        """Where its results are. It follows from what is done and from the code that does it, not from any recipe.

        So recipes that ask the same share the work, and other code works beside the old.
        """

    @property
    def found(self) -> Answers | None:
        """What it found, of a job that answers one question; None until all of it is there."""
        return None

    @property
    def done(self) -> bool:
        """Whether nothing of it is left to do."""
        return self.found is not None

    @property
    @abstractmethod
    def command(self) -> str:
        """What says the same by hand."""

    @property
    def summary(self) -> str:
        """What it found, in a line."""
        return str(self)

    def run(self) -> None:
        """Do it, or what is left of it.

        Raises:
            BusyError: Another process is doing it.
            LimbeckError: It cannot be done.
        """
        with threads(self.threads):
            self._work()

    def code_changes(self) -> list[str]:
        """What of the code was changed since the same was done before, in words; empty where it was not done before."""
        return []

    @abstractmethod
    def _work(self) -> None:
        """What `run` does."""
