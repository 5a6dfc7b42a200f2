"""What every recipe is: one TOML file that says a whole comparison, and the jobs, each one piece, it stands for."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import Field

from limbeck import _discover, _recipes
from limbeck._config import Config, checked
from limbeck._discover import Listed
from limbeck._runtime import threads
from limbeck.errors import InputError
from limbeck.evaluation import Answers
from limbeck.report.model import Document

if TYPE_CHECKING:
    from limbeck.encoders import Encoder

DISTILLATION = "distillation"


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
        """Do it, or what is left of it."""
        with threads(self.threads):
            self._work()

    def code_changes(self) -> list[str]:
        """What of the code was changed since the same was done before, in words; empty where it was not done before."""
        return []

    @abstractmethod
    def _work(self) -> None:
        """What `run` does."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and on what a recipe is run.

    Attributes:
        out: Folder of all runs; recipes that share it share their work.
        data: Folder or manifest of the dataset, if it is not where the recipe says.
        weights: Folder of an encoder's weights; by default they come from the cache, or from their official address.
        offline: Never ask the network for weights.
        encoder: One that is loaded, instead of the recipe's; its jobs cannot be sent to other processes.
    """

    out: Path
    data: Path | str | None = None
    device: str = "auto"
    progress: bool = False
    weights: Path | str | None = None
    offline: bool = False
    encoder: Encoder | None = None


class Part(Config):
    """Something a recipe asks for, with its own settings: a row of the tables, a measure, an ablation."""

    settings: dict[str, Any] = Field(default_factory=dict)


class Data(Config):
    """The dataset: the name of a reader, with its options.

    Attributes:
        root: The reader's folder or manifest; environment variables are filled in. Can be given on the command line.
    """

    dataset: str
    root: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)

    def folder(self, elsewhere: Path | str | None = None) -> Path | None:
        """The reader's folder, with environment variables filled in, or `elsewhere`; None where none is said."""
        if elsewhere is not None or not self.root:
            return None if elsewhere is None else Path(elsewhere)
        filled = os.path.expandvars(self.root)
        if "$" in filled:
            raise InputError(f"The recipe's data is in {self.root}; set that variable, or give the folder with --data.")
        return Path(filled)


class Recipe(Config, Listed, ABC):
    """A whole comparison. One module of the room `limbeck.comparison.kinds` defines a kind.

    Attributes:
        words: What the tables are about, for their readers.
        baseline: Row that the others are tested against.
        rows: By name, in the order of the tables.
        threads: Of each job on a CPU. Sums are rounded in another order with another number, so it belongs to the
            result; how many jobs run at once does not.
        needed: What recipes of the kind must say; it stands in where they do not, to look at the rest of them.
    """

    room: ClassVar[str] = "limbeck.comparison.kinds"
    needed: ClassVar[Mapping[str, Any]] = {}
    title: str
    words: str = ""
    baseline: str
    rows: Mapping[str, Part] = Field(min_length=1)
    threads: int = Field(1, ge=1)

    @staticmethod
    def load(file: str | Path, kind: str = DISTILLATION) -> Recipe:
        """Read a recipe, a TOML file or one that comes with Limbeck, by name, and check all of it before any work.

        The `kind` is that of a recipe that does not say its own, as in ``kind = "sounds"``.

        Raises:
            InputError: There is no such recipe, or something in it does not fit; every mistake is told.
        """
        found = _recipes.find(file)
        content = _recipes.read(found)
        settings = _kind(content.pop("kind", kind))
        return checked(settings, content, found, stand_in=settings.stand_in, mistakes=lambda recipe: recipe.mistakes())

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        return super().from_json({name: value for name, value in data.items() if name != "kind"})

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.name, **super().to_json()}

    @classmethod
    def stand_in(cls, content: Mapping[str, Any]) -> dict[str, Any]:
        """What a recipe of the kind must have, for one that has not got it, or got it wrong."""
        rows = content.get("rows")
        return {**cls.needed, "baseline": next(iter(rows), "")} if isinstance(rows, dict) else {}

    @abstractmethod
    def mistakes(self) -> list[str]:
        """What does not fit together, a sentence each."""
        return [] if self.baseline in self.rows else [f"the baseline {self.baseline!r} is none of the rows"]

    @abstractmethod
    def begin(self, place: Place) -> Session:
        """Open the data, prepared or embedded once for all recipes that share a folder, and list the jobs.

        Raises:
            InputError: The data is not where it should be, or does not fit.
            FingerprintError: The recordings have changed since they were prepared.
        """

    @abstractmethod
    def document(self, results: Any, folder: Path | None = None) -> Document:
        """All tables of `results`, as writers print them; with figures, and the page, drawn into a `folder`, if any.

        Raises:
            MissingExtraError: Something to draw with is not installed.
        """


@dataclass(frozen=True)
class Session:
    """A recipe on its data.

    Attributes:
        jobs: All of them, in the order of work.
        results: Gives what finished jobs found, by the name of the tables' folder, with what is said beside the recipe
            and its data; what is not finished is left out.
    """

    jobs: Sequence[Job]
    results: Callable[[str, Mapping[str, Any]], Any]


def refused(place: str, work: Callable[[], object]) -> list[str]:
    """Why something is refused, as a mistake at some place; empty where it is not."""
    try:
        work()
    except (InputError, ValueError) as error:
        return [f"{place}: {error}"]
    return []


def unknown(place: str, asked: Iterable[str], known: Iterable[str], what: str) -> list[str]:
    """Names that were asked at some `place` but are not known; `what` says so, as "dataset 'esc50' has no option"."""
    listed = list(known)
    return [f"{place}: {what} {name!r}; it has: {', '.join(listed)}" for name in asked if name not in listed]


def _kind(name: Any) -> type[Recipe]:
    if not isinstance(name, str):
        raise InputError(f"kind says what a recipe compares, as kind = 'sounds', but {name!r} came.")
    return _discover.load(Recipe, name)
