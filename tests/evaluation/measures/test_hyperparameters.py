"""Ranking candidates: correlation, regret, and who is trained and scored on what."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.helpers.subjects import toy_subject

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import BudgetError, InputError
from limbeck.evaluation import Protocol
from limbeck.evaluation.measures import Subject
from limbeck.evaluation.measures.hyperparameters import (
    CANDIDATES,
    Candidate,
    Hyperparameters,
    outcome,
    rank_correlation,
)
from limbeck.methods.random import Random
from limbeck.networks import Architecture

FEW = Hyperparameters(
    candidates={
        "unchanged": Candidate(),
        "no learning": Candidate(protocol={"audio_lr": 1e-9, "image_lr": 1e-9, "head_lr": 1e-9}),
        "wide": Candidate(network=Architecture(options={"width": 12}), protocol={"epochs": 7}),
    }
)


def test_correlation_against_ranks_written_out() -> None:
    draw = np.random.default_rng(0)
    for _ in range(10):
        one, other = draw.integers(0, 6, 9).tolist(), draw.integers(0, 6, 9).tolist()
        ranks = [[sum(y < x for y in xs) + (xs.count(x) + 1) / 2 for x in xs] for xs in (one, other)]
        assert rank_correlation(one, other) == pytest.approx(np.corrcoef(*ranks)[0, 1])
    assert rank_correlation([1, 2, 5], [10, 11, 90]) == pytest.approx(1)
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None


def test_regret_worked_by_hand() -> None:
    found = outcome([10, 40, 40, 30], [50, 60, 70, 80])
    assert (found.accuracy, found.regret, found.blind) == (65, 15, 15)
    assert outcome([1, 2, 3, 4], [50, 60, 70, 80]).regret == 0


def test_columns_worked_by_hand() -> None:
    names = list(FEW.candidates)
    scores, theirs, truth = (10.0, 40.0, 30.0), (60.0, 20.0, 50.0), (70.0, 30.0, 72.0)
    values = {"search (s)": 2.0} | {f"validation, {n}": x for n, x in zip(names, scores, strict=True)}
    whole = {"search (s)": 50.0} | {f"validation, {n}": x for n, x in zip(names, theirs, strict=True)}
    whole |= {f"test, {n}": x for n, x in zip(names, truth, strict=True)}
    shown = FEW.show(values, {"whole": whole})
    assert shown["Rank correlation, validation"] == pytest.approx(-1)
    assert shown["Rank correlation, test"] == pytest.approx(-0.5)
    assert shown["Found, on test (%)"] == 30
    assert shown["Regret (points)"] == 42
    assert shown["Faster than the whole (x)"] == 25
    own = FEW.show(whole, {"whole": whole})
    assert (own["Rank correlation, validation"], own["Faster than the whole (x)"]) == (pytest.approx(1), 1)
    assert own["Regret (points)"] == 2
    assert FEW.show(values, {}) == {"Search (s)": 2.0}
    flat = dict.fromkeys(values, 5.0)
    assert "Rank correlation, test" not in FEW.show(flat, {"whole": whole})


def test_validation_is_cut_class_by_class_and_the_same_for_all() -> None:
    real = toy_subject().real
    kept, held = FEW._parts(real)
    assert kept.per_class() == (6, 6, 6)
    assert held.per_class() == (2, 2, 2)
    assert sorted([*kept.rows.tolist(), *held.rows.tolist()]) == list(range(24))
    assert FEW._parts(real)[1].rows.tolist() == held.rows.tolist()
    assert Hyperparameters(split=1)._parts(real)[1].rows.tolist() != held.rows.tolist()
    with pytest.raises(BudgetError, match="25%"):
        FEW._parts(real.take(real.of_class(0)[:3]))


def test_the_whole_searches_without_the_clips_it_is_scored_on() -> None:
    subject = toy_subject()
    asked: list[LabelledClips] = []

    def again(clips: LabelledClips) -> LabelledClips:
        asked.append(clips)
        return clips

    values = FEW.take(replace(subject, again=again), seed=0)
    kept, held = FEW._parts(subject.real)
    assert [clips.fingerprint for clips in asked] == [kept.fingerprint]
    assert not set(kept.rows.tolist()) & set(held.rows.tolist())
    assert set(values) == {"search (s)"} | {
        f"{part}, {name}" for part in ("validation", "test") for name in FEW.candidates
    }
    assert values["test, unchanged"] > values["test, no learning"]


def test_a_set_is_searched_as_it_is_or_made_again_without_them() -> None:
    subject = toy_subject(Random(per_class=2))
    asked: list[int] = []

    def again(clips: LabelledClips) -> DistilledSet | LabelledClips:
        asked.append(len(clips))
        return subject.again(clips)

    watched: Subject = replace(subject, again=again)
    values = FEW.take(watched, seed=0)
    assert asked == []
    assert set(values) == {"search (s)"} | {f"validation, {name}" for name in FEW.candidates}
    repeated = FEW.take(watched, seed=0)
    assert {k: v for k, v in values.items() if k != "search (s)"} == {
        k: repeated[k] for k in values if k != "search (s)"
    }
    FEW.model_copy(update={"unseen": True}).take(watched, seed=0)
    assert asked == [18]


def test_a_candidate_that_diverges_is_the_worst_and_stops_nothing() -> None:
    wild = Candidate(protocol={"head_lr": 1e38})
    values = Hyperparameters(candidates={"wild": wild, "unchanged": Candidate()}).take(toy_subject(), seed=0)
    assert values["validation, wild"] == values["test, wild"] == 0
    assert values["validation, unchanged"] > 0


def test_default_candidates_differ_and_can_be_built() -> None:
    subject = toy_subject()
    settings = [(c.network, c.changed(Protocol())) for c in CANDIDATES.values()]
    assert len(settings) >= 10
    assert all(settings.count(one) == 1 for one in settings)
    for network, _ in settings:
        if network:
            network.build().pair(subject.real.audio_shape, subject.real.image_shape, generator=_draw())
    assert Hyperparameters.from_json(Hyperparameters().to_json()) == Hyperparameters()
    assert Hyperparameters().students == len(CANDIDATES)
    assert "these were among" in Hyperparameters().about(subject.test)


def test_unknown_changes_are_refused() -> None:
    with pytest.raises(InputError, match="nosuch"):
        Hyperparameters.from_json({"candidates": {"a": {}, "b": {"protocol": {"nosuch": 1}}}})


def _draw() -> torch.Generator:
    return torch.Generator().manual_seed(0)
