"""What every recipe is: one TOML file that says a whole comparison, and the jobs it stands for."""

from __future__ import annotations

import inspect
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from pydantic import Field

from limbeck import _discover, _recipes
from limbeck._checked import checked
from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.comparison._job import Job
from limbeck.errors import InputError
from limbeck.report.model import Document

if TYPE_CHECKING:
    from limbeck.encoders import Encoder

DISTILLATION = "distillation"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where and on what a recipe is run.

    Attributes:
        out: Folder of all runs; recipes that share it share their work.
        data: Folder or manifest of the dataset, if it is not where the recipe says.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        progress: Draw bars.
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


class Row(Config):
    """One row of the tables, settings of its own: the kinds say of what.

    Attributes:
        settings: Settings that differ from the defaults; they win over the recipe's.
    """

    settings: dict[str, Any] = Field(default_factory=dict)


class Part(Config):
    """Something further a recipe asks for: a measure, an ablation.

    Attributes:
        settings: Its settings.
    """

    settings: dict[str, Any] = Field(default_factory=dict)


class Data(Config):
    """The dataset.

    Attributes:
        dataset: Name of a reader.
        root: The reader's folder or manifest; environment variables are filled in. Can be given on the command line.
        options: Further options of the reader.
    """

    dataset: str
    root: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)

    def folder(self, elsewhere: Path | str | None = None) -> Path | None:
        """The reader's folder, with environment variables filled in; None where none is said.

        Args:
            elsewhere: Where it is instead.

        Raises:
            InputError: A variable is not set.
        """
        if elsewhere is not None or not self.root:
            return None if elsewhere is None else Path(elsewhere)
        filled = os.path.expandvars(self.root)
        if "$" in filled:
            raise InputError(f"The recipe's data is in {self.root}; set that variable, or give the folder with --data.")
        return Path(filled)


class Recipe(Config, Listed, ABC):
    """A whole comparison. One module of the room `limbeck.comparison.kinds` defines a kind.

    Attributes:
        title: Heading of the tables.
        words: What the tables are about, for their readers.
        baseline: Row that the others are tested against.
        rows: The rows by name, in the order of the tables.
        threads: Of each job on a CPU. Sums are rounded in another order with another number, so it belongs to the
            result; how many jobs run at once does not.
    """

    room: ClassVar[str] = "limbeck.comparison.kinds"
    title: str
    words: str = ""
    baseline: str
    rows: Mapping[str, Row] = Field(min_length=1)
    threads: int = Field(1, ge=1)

    @staticmethod
    def load(file: str | Path, kind: str = DISTILLATION) -> Recipe:
        """Read a recipe of any kind, and check all of it before any work.

        Args:
            file: TOML; or the name of a recipe that comes with Limbeck (``limbeck list recipes``). It says its kind,
                as ``kind = "sounds"``.
            kind: Of a recipe that says none.

        Raises:
            InputError: There is no such recipe, or something in it does not fit; every mistake is told.
        """
        found = _recipes.find(file)
        content = _recipes.read(found)
        settings = _kind(content.pop("kind", kind))
        return checked(settings, content, found, stand_in=settings.stand_in, mistakes=lambda recipe: recipe.mistakes())

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """The recipe from what `to_json` gave, of whatever kind.

        Raises:
            InputError: Something is unknown, missing or out of range; the message lists every mistake.
        """
        content = dict(data)
        if cls is Recipe:
            return cast("Self", _kind(content.get("kind", DISTILLATION)).from_json(content))
        content.pop("kind", None)
        return super().from_json(content)

    def to_json(self) -> dict[str, Any]:
        """The recipe as JSON-able data, with its kind."""
        return {"kind": self.name, **super().to_json()}

    @classmethod
    @abstractmethod
    def stand_in(cls, content: Mapping[str, Any]) -> dict[str, Any]:
        """What a recipe of the kind must have, for one that has not got it, or got it wrong."""

    @abstractmethod
    def mistakes(self) -> list[str]:
        """What does not fit together, a sentence each."""

    @abstractmethod
    def begin(self, place: Place) -> Session:
        """Open the data, prepared or embedded once for all recipes that share a folder, and list the jobs.

        Raises:
            InputError: The data is not where it should be, or does not fit.
            FingerprintError: The recordings have changed since they were prepared.
        """


class Session(ABC):
    """A recipe on its data.

    Attributes:
        jobs: All of them, in the order of work.
    """

    jobs: Sequence[Job]

    @abstractmethod
    def results(self, name: str, about: Mapping[str, Any]) -> Any:
        """What finished jobs found; what is not finished is left out.

        Args:
            name: Of the folder of the tables.
            about: What is to be said beside what the recipe and its data say.
        """

    @abstractmethod
    def document(self, results: Any, pictures: Mapping[str, str]) -> Document:
        """All tables, as writers print them.

        Args:
            results: From `results`.
            pictures: From `draw`.
        """

    @abstractmethod
    def draw(self, results: Any, folder: Path) -> Mapping[str, str]:
        """Figures, and the page where there is one.

        Args:
            results: From `results`.
            folder: Where to.

        Returns:
            Addresses of figures by the keys of the tables they belong to.

        Raises:
            MissingExtraError: Something to draw with is not installed.
        """


def refused(place: str, work: Callable[[], object]) -> list[str]:
    """Why something is refused, as a mistake at some place; empty where it is not."""
    try:
        work()
    except (InputError, ValueError) as error:
        return [f"{place}: {error}"]
    return []


def unknown(place: str, asked: Iterable[str], known: Iterable[str], what: str) -> list[str]:
    """Names that something does not have, a mistake each.

    Args:
        place: In the recipe.
        asked: Names.
        known: All there are.
        what: Kind of thing, as "dataset 'esc50' has no option".
    """
    listed = list(known)
    return [f"{place}: {what} {name!r}; it has: {', '.join(listed)}" for name in asked if name not in listed]


def options_of(reader: Callable[..., Any]) -> list[str]:
    """Names of what a reader takes."""
    return list(inspect.signature(reader).parameters)


def _kind(name: Any) -> type[Recipe]:
    if not isinstance(name, str):
        raise InputError(f"kind says what a recipe compares, as kind = 'sounds', but {name!r} came.")
    return _discover.load(Recipe, name)
