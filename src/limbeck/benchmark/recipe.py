"""A comparison in one TOML file: data, students, and a row for every method and its settings."""

from __future__ import annotations

import difflib
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from pydantic import Field

from limbeck import _recipes, datasets, methods
from limbeck._checked import checked
from limbeck._config import Config
from limbeck.datasets._statistics import SoundScale
from limbeck.errors import InputError
from limbeck.evaluation import Protocol, measures
from limbeck.evaluation.measures import Measure
from limbeck.media import ClipRecipe
from limbeck.methods import Method
from limbeck._config import merge
from limbeck.networks import Architecture, heads


class Size(Config):
    """How large a dataset is, for plans made where it is not at hand.

    Attributes:
        classes: Number of classes.
        train: Training clips.
        test: Test clips.
    """

    classes: int = Field(ge=1)
    train: int = Field(ge=1)
    test: int = Field(ge=1)


class Data(Config):
    """The dataset, as ``limbeck prepare`` would make it.

    Attributes:
        dataset: Name of a reader.
        root: The reader's folder or manifest; environment variables are filled in. Can be given on the command line.
            A reader that generates its data needs none.
        clip: How recordings become arrays.
        options: Further options of the reader.
        expected: Its size, for plans.
    """

    dataset: str
    root: str | None = None
    clip: ClipRecipe = ClipRecipe()
    options: dict[str, Any] = Field(default_factory=dict)
    expected: Size | None = None


class Row(Config):
    """One row of the table: a method with its settings.

    Attributes:
        method: Name of the method.
        preset: Named settings it starts from.
        settings: Settings that differ; they win over the recipe's.
        per_class: Pairs a class this row is run at; all of the recipe's by default, none of them if empty.
        at: Settings that differ at some number of pairs a class.
    """

    method: str
    preset: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    per_class: tuple[int, ...] | None = None
    at: dict[int, dict[str, Any]] = Field(default_factory=dict)


class Measuring(Config):
    """A measure beside accuracy.

    Attributes:
        measure: Its name; the name of the recipe's table by default.
        settings: Its settings.
        per_class: Pairs a class at which it is taken; wherever rows are run by default.
        repeats: How often it is taken of each distilled set; as many times as there are students by default. Of the
            whole training split it is taken `whole` times.
    """

    measure: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    per_class: tuple[int, ...] | None = None
    repeats: int | None = Field(None, ge=1)


class Recipe(Config):
    """A whole comparison.

    Attributes:
        title: Heading of the tables.
        words: What the table is about, for its readers.
        data: The dataset.
        per_class: Pairs stored a class.
        distillations: Independent distillations of each row, with seeds 0, 1, ...
        students: Networks trained on each distilled set.
        whole: Networks trained on the whole training split; 0 for none.
        heads: What joins sound and picture in the students; none where only measures are wanted.
        measures: What is measured beside accuracy, by name, in the order of the tables.
        network: Architecture of encoders and students.
        protocol: How students are trained.
        dtype: As in ``limbeck distill --dtype``.
        threads: Of each job on a CPU. Sums are rounded in another order with another number, so it belongs to the
            result; how many jobs run at once does not.
        settings: Settings of all methods that have them.
        at: Settings of all methods that have them, at some number of pairs a class.
        baseline: Row that the others are tested against.
        rows: The rows by name, in the order of the table.
    """

    title: str
    words: str = ""
    data: Data
    per_class: tuple[int, ...] = (1,)
    distillations: int = Field(3, ge=1)
    students: int = Field(5, ge=1)
    whole: int = Field(1, ge=0)
    heads: tuple[str, ...] = ("ensemble",)
    measures: dict[str, Measuring] = Field(default_factory=dict)
    network: Architecture = Architecture()
    protocol: Protocol = Protocol()
    dtype: str = "auto"
    threads: int = Field(1, ge=1)
    settings: dict[str, Any] = Field(default_factory=dict)
    at: dict[int, dict[str, Any]] = Field(default_factory=dict)
    baseline: str
    rows: dict[str, Row] = Field(min_length=1)

    @classmethod
    def load(cls, file: str | Path) -> Self:
        """Read a recipe, and check all of it before any work.

        Args:
            file: TOML; or the name of a recipe that comes with Limbeck (``limbeck list recipes``). With
                ``extends = "other.toml"`` (a file beside it, or a recipe of Limbeck's by name) it says only what
                differs, and with ``only = [...]`` which rows are kept; the word ``"null"`` stands for None, which TOML
                does not have.

        Raises:
            InputError: There is no such recipe, or something in it does not fit; every mistake is told.
        """
        found = _recipes.find(file)
        return checked(
            cls, _with_nulls(_read(found)), found, stand_in=_stand_in, mistakes=lambda recipe: recipe.mistakes()
        )

    def mistakes(self) -> list[str]:
        """What does not fit together, a sentence each."""
        found = [] if self.baseline in self.rows else [f"the baseline {self.baseline!r} is none of the rows"]
        found += [*_data_mistakes(self.data), *_refused("network", self.network.build)]
        found += [
            f"there is no head {h!r}; there are {', '.join(heads.names())}"
            for h in self.heads
            if h not in heads.names()
        ]
        found += self._strangers()
        if not self.heads and not self.measures:
            found.append("there are neither heads nor measures, so that nothing would be found out")
        made: dict[int, list[Method]] = {per_class: [] for row in self.rows.values() for per_class in self.budgets(row)}
        for name, row in self.rows.items():
            wrong: dict[str, list[int]] = {}
            for per_class in self.budgets(row):
                try:
                    made[per_class].append(self.method(row, per_class))
                except InputError as error:
                    wrong.setdefault(str(error), []).append(per_class)
            found += [f"row {name!r} at {_listed(budgets)} pairs a class: {words}" for words, budgets in wrong.items()]
        for name in self.measures:
            try:
                found += [f"measure {name!r} {words}" for words in self._misfits(name, made)]
            except InputError as error:
                found.append(f"measure {name!r}: {error}")
        return found

    def _misfits(self, name: str, made: Mapping[int, Sequence[Method]]) -> list[str]:
        """What is wrong with a measure beside its settings: budgets without rows, or rows it compares with missing."""
        found, references = [], self.measure(name).references
        asked = self.measures[name].per_class
        if never := [n for n in asked or () if n not in made]:
            found.append(f"is taken at {_listed(never)} pairs a class, but rows are run at {_listed(sorted(made))}")
        if "whole" in references and not self.whole:
            found.append("compares with the whole training split, but whole is 0: give it 1 or more")
        bare = [n for n in sorted(made) if (asked is None or n in asked) and not any(map(is_random, made[n]))]
        if "random" in references and bare:
            found.append(f"compares with random pairs, but no row at {_listed(bare)} has method random and mosaic 1")
        return found

    def _strangers(self) -> list[str]:
        """Settings for all methods that no method has: a row would be run without them, and nobody told."""
        known = sorted({field for name in methods.names() for field in methods.load(name).model_fields})
        places = {"settings": self.settings} | {f"at.{n}": settings for n, settings in self.at.items()}
        found = []
        for place, settings in places.items():
            for field in sorted(settings.keys() - set(known)):
                close = difflib.get_close_matches(field, known, n=1)
                hint = f"; did you mean {close[0]!r}?" if close else ""
                found.append(f"{place}: no method has a setting {field!r}{hint}")
        return found

    def budgets(self, row: Row) -> tuple[int, ...]:
        """Pairs a class at which a row is run."""
        return self.per_class if row.per_class is None else row.per_class

    def method(self, row: Row, per_class: int) -> Method:
        """A row's method, with the recipe's settings, then its own, then those for this number of pairs.

        Args:
            row: One of the rows.
            per_class: Pairs a class.

        Raises:
            InputError: Settings do not fit.
        """
        kind = methods.load(row.method)
        network = {"network": self.network.to_json()}
        shared = merge(merge(network | {"encoders": network}, self.settings), self.at.get(per_class, {}))
        settings = {k: v for k, v in shared.items() if k in kind.model_fields}
        settings = merge(merge(settings, row.settings), row.at.get(per_class, {}))
        return kind.configured(row.preset, **settings, per_class=per_class)

    def measure(self, name: str) -> Measure:
        """A measure with its settings.

        Args:
            name: One of `measures`.

        Raises:
            InputError: There is no such measure, or settings do not fit.
        """
        asked = self.measures[name]
        return measures.load(asked.measure or name).from_json(asked.settings)

    @property
    def sound(self) -> SoundScale:
        """Scale of sound for students trained on the whole."""
        sound: SoundScale = self.settings.get("sound", "standardised")
        return sound


def is_random(method: Method) -> bool:
    """Whether a method gives real pairs by chance, as they are: a reference of measures."""
    return method.name == "random" and method.cells == 1


def root_of(data: Data, elsewhere: Path | str | None = None) -> Path | None:
    """The reader's folder, with environment variables filled in; None for a reader that needs none.

    Args:
        data: Says where it is.
        elsewhere: Where it is instead.

    Raises:
        InputError: A variable is not set.
    """
    if elsewhere is not None or data.root is None:
        return None if elsewhere is None else Path(elsewhere)
    filled = os.path.expandvars(data.root)
    if "$" in filled:
        raise InputError(f"The recipe's data is in {data.root}; set that variable, or give the folder with --data.")
    return Path(filled)


def _read(file: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """A recipe's content, with what it extends filled in."""
    content = _recipes.read(file)
    below, only = content.pop("extends", None), content.pop("only", None)
    whole = content
    if below is not None:
        base = _base(file, below)
        if base.resolve() in (file.resolve(), *above):
            raise InputError(f"{file} extends {below!r}, which extends it.")
        beneath = _read(base, (file.resolve(), *above))
        whole = merge(_with_other_data(beneath, content), content)
    if only is not None:
        rows = whole.get("rows", {})
        if not isinstance(only, list) or not isinstance(rows, dict):
            raise InputError(f"{file}: only is a list of names of rows, as only = ['random', 'dm'], but {only!r} came.")
        if missing := [name for name in only if name not in rows]:
            raise InputError(f"{file}: only names rows that are not there: {missing}. There are: {', '.join(rows)}.")
        whole["rows"] = {name: row for name, row in rows.items() if name in only}
    return whole


def _base(file: Path, below: Any) -> Path:
    """The file of what a recipe extends: beside it, or one that comes with Limbeck."""
    if not isinstance(below, str):
        raise InputError(f"{file}: extends names one other recipe, as extends = 'playground', but {below!r} came.")
    beside = file.parent / below
    found = beside if beside.is_file() else _recipes.shipped(below)
    if found is None:
        raise InputError(
            f"{file} extends {below!r}, but there is no such file beside it, and no recipe of that name comes with "
            f"Limbeck. Those that do: {', '.join(_recipes.names())}."
        )
    return found


def _with_other_data(beneath: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """What is extended, for another dataset: place, options and size were the old one's; how clips are cut stays."""
    old, new = beneath.get("data"), content.get("data")
    if not isinstance(old, dict) or not isinstance(new, dict) or new.get("dataset") in (None, old.get("dataset")):
        return beneath
    return beneath | {"data": {key: value for key, value in old.items() if key == "clip"}}


def _stand_in(content: Mapping[str, Any]) -> dict[str, Any]:
    """What every recipe must have."""
    rows = content.get("rows")
    first = next(iter(rows), "") if isinstance(rows, dict) else ""
    return {"title": "", "data": {"dataset": "playground"}, "baseline": first}


def _data_mistakes(data: Data) -> list[str]:
    """What is wrong with the reader, as far as it can be told without the data."""
    if wrong := _refused("data.dataset", lambda: datasets.load(data.dataset)):
        return wrong
    known = list(inspect.signature(datasets.load(data.dataset)).parameters)
    return [
        f"data.options: dataset {data.dataset!r} has no option {name!r}; it has: {', '.join(known)}"
        for name in data.options
        if name not in known
    ]


def _refused(place: str, work: Callable[[], object]) -> list[str]:
    try:
        work()
    except InputError as error:
        return [f"{place}: {error}"]
    return []


def _listed(budgets: Sequence[int]) -> str:
    return ", ".join(map(str, budgets))


def _with_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _with_nulls(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_with_nulls(v) for v in value]
    return None if value == "null" else value
