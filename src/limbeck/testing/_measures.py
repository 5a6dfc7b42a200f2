"""What every measure must do, whoever wrote it."""

import json
import math
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, ClassVar

import pytest
import torch

from limbeck._runtime import threads
from limbeck.evaluation import Protocol, Score, Subject, evaluate, measures
from limbeck.evaluation.measures import Measure
from limbeck.methods import Method
from limbeck.methods.random import Random
from limbeck.networks import Architecture
from limbeck.testing._shared import SettingsContract, toy_clips

SHORT = Protocol(epochs=5, drop_after=(), lr=1e-2)
TIMES = "(s)"
"""Unit of numbers that differ from run to run."""


def toy_subject(
    method: Method | None = None,
    *,
    classes: int = 3,
    per_class: int = 8,
    modalities: Collection[str] = ("audio", "image"),
) -> Subject:
    """What a `method` made of toy clips, `per_class` of so many `classes`, or without one the whole.

    The clips have some `modalities`.
    """
    real = toy_clips(classes, per_class, seed=1, modalities=modalities)
    test = toy_clips(classes, 6, seed=2, modalities=modalities)
    train = method.distill(real, seed=0) if method else real
    return Subject.of(train, test, clips=real, network=Architecture(options={"width": 4}), protocol=SHORT)


@cache
def subject(name: str, modalities: tuple[str, ...] = ("audio", "image")) -> Subject:
    method = Random(per_class=2) if name == "set" else None
    return toy_subject(method, classes=4, per_class=6, modalities=modalities)


@cache
def _taken(measure: str, settings: str, of: str, modalities: tuple[str, ...]) -> Score:
    return evaluate(subject(of, modalities), measures.load(measure).from_json(json.loads(settings)), repeats=1, seed=3)


class MeasureContract(SettingsContract):
    """What a measure must do.

    Attributes:
        tiny: Settings, by name of the measure, that make it small enough for a test, where its defaults are not.
        seen: Modalities, by name of the measure, that it is tested on, where these are not audio and image.
    """

    base = Measure
    tiny: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    seen: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def small(self, name: str) -> Measure:
        """The measure at a size that runs in a blink."""
        return measures.load(name).from_json(dict(self.tiny.get(name, {})))

    def taken(self, name: str, of: str) -> Score:
        """What the measure of a `name` finds `of` a ``"set"`` or the ``"whole"``, taken once for all tests."""
        return _taken(name, json.dumps(self.small(name).to_json()), of, self.modalities(name))

    def modalities(self, name: str) -> tuple[str, ...]:
        """What the measure of a `name` is tested on."""
        return self.seen.get(name, ("audio", "image"))

    @pytest.fixture(autouse=True)
    def _one_thread(self) -> Iterator[None]:
        """What is taken once is compared in several tests: sums must be taken in one order in all of them."""
        with threads(1):
            yield

    def test_columns_have_names_of_their_own(self, name: str) -> None:
        for letters in (("A", "V"), ("A", "E", "V"), ("A",)):
            columns = measures.load(name)().columns(letters)
            assert columns
            assert len({c.name for c in columns}) == len(columns)
            assert len({(c.group, c.heading) for c in columns}) == len(columns)
            assert all(c.heading for c in columns)

    def test_numbers_are_finite_and_kept_as_json(self, name: str) -> None:
        for of in ("set", "whole"):
            found = self.taken(name, of)
            assert found.mean
            assert all(math.isfinite(x) for x in found.mean.values())
            assert Score.from_json(json.loads(json.dumps(found.to_json()))) == found

    def test_shows_its_columns_with_and_without_references(self, name: str) -> None:
        measure, found = self.small(name), self.taken(name, "set")
        known = {c.name for c in measure.columns([*found.letters.values()])}
        references = {"whole": [self.taken(name, "whole")], "random": [found]}
        alone, beside = found.shown(measure, {}), found.shown(measure, references)
        for columns in (*alone, *beside):
            assert columns.keys() <= known
            assert all(math.isfinite(x) for x in columns.values())
        assert alone[0].keys() <= beside[0].keys()
        assert beside[0]
        assert self.taken(name, "whole").shown(measure, references)[0].keys() <= known

    def test_chance_and_words_need_only_the_test_clips(self, name: str) -> None:
        measure, test = measures.load(name)(), subject("set", self.modalities(name)).test
        assert measure.chance(test).keys() <= {c.name for c in measure.columns(("A", "V"))}
        assert isinstance(measure.about(test), str)
        assert measure.students > 0

    def test_the_seed_decides_and_the_global_generator_is_untouched(self, name: str) -> None:
        before = torch.random.get_rng_state()
        again = evaluate(subject("set", self.modalities(name)), self.small(name), repeats=1, seed=3)
        assert torch.equal(before, torch.random.get_rng_state())
        both = self.taken(name, "set"), again
        one, same = ({k: v for k, v in found.mean.items() if TIMES not in k} for found in both)
        assert same == one
