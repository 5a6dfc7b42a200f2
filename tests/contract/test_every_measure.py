"""What every measure must do, found by listing the folder."""

from __future__ import annotations

import importlib
import json
import math
from functools import cache
from typing import Any

import pytest
import torch
from tests.helpers.subjects import toy_subject

from limbeck import _discover
from limbeck.errors import InputError, UnknownNameError
from limbeck.evaluation import measured, measures
from limbeck.evaluation.measured import Measured
from limbeck.evaluation.measures import Measure, Subject
from limbeck.methods.random import Random

NAMES = measures.names()
TINY: dict[str, dict[str, Any]] = {
    "architectures": {"least_steps": 0, "networks": {"ConvNet": {"options": {"width": 4}}}},
    "continual": {"tasks": 2},
}
"""Settings that make a measure small enough for a test, where its defaults are not."""
TIMES = "(s)"
"""Unit of numbers that differ from run to run."""


@pytest.fixture(autouse=True)
def _one_thread(_same_threads: None) -> None:
    """What is taken once is compared in several tests: sums must be taken in one order in all of them."""
    torch.set_num_threads(1)


@cache
def subject(name: str) -> Subject:
    return toy_subject(Random(per_class=2) if name == "set" else None, classes=4, per_class=6)


def small(name: str) -> Measure:
    return measures.load(name).from_json(TINY.get(name, {}))


@cache
def taken(measure: str, name: str) -> Measured:
    return measured.take(small(measure), subject(name), repeats=1, seed=3)


def test_an_unknown_name_names_its_neighbour() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'retrieval'"):
        measures.load("retrieva")


@pytest.mark.parametrize("name", NAMES)
class TestEveryMeasure:
    def test_says_what_it_is(self, name: str) -> None:
        assert f"(`{name}`)" in _discover.summary("limbeck.evaluation.measures", name)
        words = importlib.import_module(f"limbeck.evaluation.measures.{name}").__doc__ or ""
        assert all(word in words for word in ("Source:", "Differs from the paper:", "Cost:"))
        assert measures.load(name)().name == name

    def test_settings_come_back_from_json(self, name: str) -> None:
        measure = measures.load(name)()
        assert type(measure).from_json(json.loads(json.dumps(measure.to_json()))) == measure
        with pytest.raises(InputError, match="nosuchsetting"):
            type(measure).from_json({"nosuchsetting": 1})

    def test_columns_have_names_of_their_own(self, name: str) -> None:
        columns = measures.load(name)().columns
        assert columns
        assert len({c.name for c in columns}) == len(columns)
        assert len({(c.group, c.heading) for c in columns}) == len(columns)
        assert all(c.heading for c in columns)

    def test_numbers_are_finite_and_kept_as_json(self, name: str) -> None:
        for of in ("set", "whole"):
            found = taken(name, of)
            assert found.mean
            assert all(math.isfinite(x) for x in found.mean.values())
            assert Measured.from_json(json.loads(json.dumps(found.to_json()))) == found

    def test_shows_its_columns_with_and_without_references(self, name: str) -> None:
        measure, found = small(name), taken(name, "set")
        known = {c.name for c in measure.columns}
        references = {"whole": [taken(name, "whole")], "random": [found]}
        alone, beside = measured.shown(measure, found, {}), measured.shown(measure, found, references)
        for columns in (*alone, *beside):
            assert columns.keys() <= known
            assert all(math.isfinite(x) for x in columns.values())
        assert alone[0].keys() <= beside[0].keys()
        assert beside[0]
        assert measured.shown(measure, taken(name, "whole"), references)[0].keys() <= known

    def test_chance_and_words_need_only_the_test_clips(self, name: str) -> None:
        measure, test = measures.load(name)(), subject("set").test
        assert measure.chance(test).keys() <= {c.name for c in measure.columns}
        assert isinstance(measure.about(test), str)
        assert measure.students > 0

    def test_the_seed_decides_and_the_global_generator_is_untouched(self, name: str) -> None:
        before = torch.random.get_rng_state()
        again = measured.take(small(name), subject("set"), repeats=1, seed=3)
        assert torch.equal(before, torch.random.get_rng_state())
        one, same = ({k: v for k, v in found.mean.items() if TIMES not in k} for found in (taken(name, "set"), again))
        assert same == one
