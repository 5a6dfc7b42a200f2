"""A comparison of ways to classify sounds in one TOML file: recordings, encoder, rows, studies."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import Field

from limbeck import _recipes, encoders
from limbeck._checked import checked
from limbeck._config import Config
from limbeck.datasets import sounds
from limbeck.errors import InputError
from limbeck.evaluation.sounds import studies, ways
from limbeck.evaluation.sounds._bench import Sentence
from limbeck.evaluation.sounds.studies import Study
from limbeck.evaluation.sounds.ways import Way


class Recordings(Config):
    """The recordings.

    Attributes:
        dataset: Name of a reader of `limbeck.datasets.sounds`.
        root: Its folder or table; environment variables are filled in. Can be given when the recipe is run.
        options: Further options of the reader.
        words: What to call classes, where the reader's own words are not wanted.
    """

    dataset: str = "folder"
    root: str | None = None
    options: dict[str, Any] = Field(default_factory=dict)
    words: dict[str, str] = Field(default_factory=dict)


class Hearing(Config):
    """The encoder.

    Attributes:
        name: As in `limbeck.encoders.names`.
        checkpoint: One of its checkpoints; the first by default.
        prompts: Sentences with ``{label}`` for all rows; the encoder's own one by default.
    """

    name: str = "yamnet"
    checkpoint: str | None = None
    prompts: tuple[Sentence, ...] = ()


class WayRow(Config):
    """One row of the tables.

    Attributes:
        way: As in `limbeck.evaluation.sounds.ways.names`.
        settings: Its settings.
    """

    way: str = "prototypes"
    settings: dict[str, Any] = Field(default_factory=dict)


class StudyEntry(Config):
    """One study.

    Attributes:
        study: As in `limbeck.evaluation.sounds.studies.names`; the entry's own name by default.
        settings: Its settings.
    """

    study: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)


ROWS: dict[str, WayRow] = {
    "chance": WayRow(way="chance"),
    "zero-shot": WayRow(way="zero_shot"),
    "prototypes, paper": WayRow(settings={"paper": True, "two_spaces": False}),
    "paper's rule, own number": WayRow(
        settings={"paper": True, "two_spaces": False, "settings": {"neighbours": "auto"}}
    ),
    "prototypes, two spaces": WayRow(),
    "supervised prototypes, paper": WayRow(way="supervised_prototypes", settings={"paper": True}),
    "supervised prototypes, audio space": WayRow(way="supervised_prototypes", settings={"space": "features"}),
    "MLP, joint space, as published": WayRow(way="mlp"),
    "MLP, audio space": WayRow(way="mlp", settings={"space": "features", "standardise": True, "learning_rate": 1e-3}),
    "linear probe, audio space": WayRow(way="linear_probe"),
}
"""The rows of a recipe that names none."""


class SoundRecipe(Config):
    """A whole comparison.

    Attributes:
        title: Heading.
        words: What it is about, for readers of the tables.
        data: The recordings.
        encoder: What embeds sounds and texts.
        baseline: Row that the others are compared with.
        rows: The rows by name, in the order of the tables.
        studies: The studies by name, in the order of the tables.
        seed: Of every draw.
        threads: Of torch and of the encoder, where it can be told; sums are rounded in another order with others.
    """

    title: str = "Sounds"
    words: str = ""
    data: Recordings = Recordings()
    encoder: Hearing = Hearing()
    baseline: str = "zero-shot"
    rows: dict[str, WayRow] = Field(default_factory=lambda: dict(ROWS), min_length=1)
    studies: dict[str, StudyEntry] = Field(default_factory=dict)
    seed: int = Field(0, ge=0)
    threads: int = Field(1, ge=1)

    @classmethod
    def load(cls, file: str | Path) -> Self:
        """Read a recipe, and check all of it before any work.

        Args:
            file: TOML; or the name of a recipe that comes with Limbeck (``limbeck list sound-recipes``).

        Raises:
            InputError: There is no such recipe, or something in it does not fit; every mistake is told.
        """
        found = _recipes.find(file, _recipes.SOUNDS)
        return checked(cls, _recipes.read(found), found, stand_in=_stand_in, mistakes=lambda recipe: recipe.mistakes())

    def mistakes(self) -> list[str]:
        """What does not fit together, a sentence each."""
        found = [] if self.baseline in self.rows else [f"the baseline {self.baseline!r} is none of the rows"]
        data, encoder = self.data, self.encoder
        found += _unknown([data.dataset], sounds.names()) or _unknown(data.options, _options(data.dataset))
        checkpoints = [] if encoder.checkpoint is None else [encoder.checkpoint]
        found += _unknown([encoder.name], encoders.names()) or (
            _unknown(checkpoints, encoders.load(encoder.name).checkpoints)
        )
        for name in self.rows:
            try:
                self.way(name)
            except ValueError as error:
                found.append(f"row {name!r}: {error}")
        for name in self.studies:
            try:
                missing = [row for row in self.study(name).rows if row not in self.rows]
            except ValueError as error:
                found.append(f"study {name!r}: {error}")
            else:
                found += [f"study {name!r} names the row {row!r}, which is not there" for row in missing]
        return found

    def way(self, row: str, settings: dict[str, Any] | None = None) -> Way:
        """A row's way with its settings.

        Args:
            row: One of `rows`.
            settings: What is different for once; settings within settings are joined.

        Raises:
            InputError: There is no such way, or settings do not fit.
        """
        asked = self.rows[row]
        way = ways.load(asked.way).from_json(_joined(asked.settings, settings or {}))
        way.check()
        return way

    def study(self, name: str) -> Study:
        """A study with its settings.

        Args:
            name: One of `studies`.

        Raises:
            InputError: There is no such study, or settings do not fit.
        """
        asked = self.studies[name]
        return studies.load(asked.study or name).from_json(asked.settings)

    def rows_of(self, study: Study) -> list[str]:
        """Rows that take part in a study.

        Args:
            study: With its settings.
        """
        return list(study.rows) or [name for name in self.rows if study.fits(self.way(name))]

    def root(self, elsewhere: Path | str | None = None) -> Path:
        """The folder of the recordings, with environment variables filled in.

        Args:
            elsewhere: Where it is instead.

        Raises:
            InputError: It is not said, or a variable is not set.
        """
        if elsewhere is not None:
            return Path(elsewhere)
        filled = os.path.expandvars(self.data.root or "")
        if not filled or "$" in filled:
            raise InputError(
                f"The recipe's recordings are in {self.data.root or 'no folder it names'}; set that variable, or give "
                "the folder with --data."
            )
        return Path(filled)


def _stand_in(content: Mapping[str, Any]) -> dict[str, Any]:
    """A baseline for a recipe whose own did not fit."""
    rows = content.get("rows")
    return {"baseline": next(iter(rows), "")} if isinstance(rows, dict) else {}


def _unknown(asked: Iterable[str], known: Iterable[str]) -> list[str]:
    listed = list(known)
    return [f"there is no {name!r}; there are {', '.join(listed)}" for name in asked if name not in listed]


def _options(dataset: str) -> list[str]:
    """What a reader's `open` takes beside the folder."""
    return list(inspect.signature(sounds.load(dataset).open).parameters)[1:]


def _joined(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    nested = {
        key: _joined(below[key], value)
        for key, value in above.items()
        if isinstance(value, dict) and isinstance(below.get(key), dict)
    }
    return below | above | nested
