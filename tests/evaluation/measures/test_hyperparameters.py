"""Ranking candidates: correlation, regret, and who is trained and scored on what."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.helpers.subjects import toy_subject

from limbeck import networks
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import BudgetError, InputError
from limbeck.evaluation import Protocol, Subject
from limbeck.evaluation.measures.hyperparameters import (
    CANDIDATES,
    Candidate,
    Hyperparameters,
    different,
    outcome,
    rank_correlation,
)
from limbeck.methods.random import Random
from limbeck.networks import Architecture

FEW = Hyperparameters(
    candidates={
        "unchanged": Candidate(),
        "no learning": Candidate(protocol={"lr": 1e-9}),
        "wide": Candidate(options={"width": 12}, protocol={"epochs": 7}),
    }
)
SEEN = ("A", "V")
BESIDE = {"search (s)", "validation clips", "validation clips of which an array is trained on"}


def test_correlation_against_ranks_written_out() -> None:
    draw = np.random.default_rng(0)
    for _ in range(10):
        one, other = draw.integers(0, 6, 9).tolist(), draw.integers(0, 6, 9).tolist()
        ranks = [[sum(y < x for y in xs) + (xs.count(x) + 1) / 2 for x in xs] for xs in (one, other)]
        assert rank_correlation(one, other) == pytest.approx(np.corrcoef(*ranks)[0, 1])
    assert rank_correlation([1, 2, 5], [10, 11, 90]) == pytest.approx(1)
    assert rank_correlation([1, 1, 1], [1, 2, 3]) is None


def test_regret_worked_by_hand() -> None:
    assert outcome([10, 40, 40, 30], [50, 60, 70, 80]) == (65, 15, 15)
    assert outcome([1, 2, 3, 4], [50, 60, 70, 80])[1] == 0


def test_columns_worked_by_hand() -> None:
    names = list(FEW.candidates)
    scores, theirs, truth = (10.0, 40.0, 30.0), (60.0, 20.0, 50.0), (70.0, 30.0, 72.0)
    values = {"search (s)": 2.0} | {f"validation, {n}": x for n, x in zip(names, scores, strict=True)}
    whole = {"search (s)": 50.0} | {f"validation, {n}": x for n, x in zip(names, theirs, strict=True)}
    whole |= {f"test, {n}": x for n, x in zip(names, truth, strict=True)}
    shown = FEW.show(values, {"whole": whole}, SEEN)
    assert shown["Rank correlation, validation"] == pytest.approx(-1)
    assert shown["Rank correlation, test"] == pytest.approx(-0.5)
    assert shown["Found, on test (%)"] == 30
    assert shown["Regret (points)"] == 42
    assert shown["Faster than the whole (x)"] == 25
    own = FEW.show(whole, {"whole": whole}, SEEN)
    assert (own["Rank correlation, validation"], own["Faster than the whole (x)"]) == (pytest.approx(1), 1)
    assert own["Regret (points)"] == 2
    assert FEW.show(values, {}, SEEN) == {"Search (s)": 2.0}
    flat = dict.fromkeys(values, 5.0)
    assert "Rank correlation, test" not in FEW.show(flat, {"whole": whole}, SEEN)


def test_validation_is_cut_class_by_class_and_the_same_for_all() -> None:
    real = toy_subject().real
    parts = FEW._parts(real)
    assert real.take(parts.kept).per_class() == (6, 6, 6)
    assert real.take(parts.held).per_class() == (2, 2, 2)
    assert torch.equal(FEW._parts(real).held, parts.held)
    assert not torch.equal(Hyperparameters(split=1)._parts(real).held, parts.held)


def test_a_sound_used_several_times_is_held_out_with_all_its_clips() -> None:
    real = toy_subject().real
    five_times = real.take(torch.arange(24).repeat(5))
    parts = FEW._parts(five_times)
    assert not set(five_times.take(parts.kept).rows.tolist()) & set(five_times.take(parts.held).rows.tolist())
    assert five_times.take(parts.held).per_class() == (10, 10, 10)
    one_sound = torch.cat([torch.zeros(5, dtype=torch.int64), torch.arange(8, 24)])
    with pytest.raises(BudgetError, match="two recordings of every class, but 'class a' has fewer"):
        FEW._parts(real.take(one_sound))


def test_the_whole_searches_without_the_clips_it_is_scored_on() -> None:
    subject = toy_subject()
    asked: list[LabelledClips] = []

    def again(clips: LabelledClips) -> LabelledClips:
        asked.append(clips)
        return clips

    values = FEW.take(replace(subject, again=again), seed=0)
    parts = FEW._parts(subject.real)
    assert [clips.fingerprint for clips in asked] == [subject.real.take(parts.kept).fingerprint]
    assert set(values) == BESIDE | {f"{part}, {name}" for part in ("validation", "test") for name in FEW.candidates}
    assert [values[name] for name in sorted(BESIDE)[1:]] == [6, 0]
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
    assert set(values) == BESIDE | {f"validation, {name}" for name in FEW.candidates}
    repeated = FEW.take(watched, seed=0)
    assert {k: v for k, v in values.items() if k != "search (s)"} == {
        k: repeated[k] for k in values if k != "search (s)"
    }
    FEW.model_copy(update={"unseen": True}).take(watched, seed=0)
    assert asked == [18]


def test_a_candidate_that_diverges_is_the_worst_and_stops_nothing() -> None:
    wild = Candidate(protocol={"lr": {"head": 1e38}})
    values = Hyperparameters(candidates={"wild": wild, "unchanged": Candidate()}).take(toy_subject(), seed=0)
    assert values["validation, wild"] == values["test, wild"] == 0
    assert values["validation, unchanged"] > 0


def test_default_candidates_differ_and_can_be_built() -> None:
    subject = toy_subject()
    tried = different(CANDIDATES, subject.network, subject.protocol)
    assert CANDIDATES.keys() - tried.keys() == {"rates 1e-2"}  # the toy students' own
    for network, _ in tried.values():
        network.build().encoders(subject.real.shapes, generator=_draw())
    for name in networks.names():
        different(CANDIDATES, Architecture(name=name), Protocol())
    assert Hyperparameters.from_json(Hyperparameters().to_json()) == Hyperparameters()
    assert Hyperparameters().students == len(CANDIDATES)
    assert "These were among" in Hyperparameters().about(subject.test)


def test_a_candidate_changes_the_network_and_keeps_the_rest() -> None:
    own = Architecture(options={"width": 32, "norm": "group"})
    deeper, protocol = Candidate(options={"depth": {"audio": 2}}, protocol={"epochs": 4}).changed(
        own, Protocol(batch=8)
    )
    assert deeper == Architecture(options={"width": 32, "norm": "group", "depth": {"audio": 2}})
    assert protocol == Protocol(batch=8, epochs=4)
    assert Candidate(network="convnet", options={"width": 8}).changed(own, Protocol())[0].options["norm"] == "group"
    other, _ = Candidate(network="resnet18", options={"width": 8}).changed(own, Protocol())
    assert other == Architecture(name="resnet18", options={"width": 8})


def test_of_candidates_with_the_same_settings_the_first_is_tried() -> None:
    subject = toy_subject(Random(per_class=1))
    same = {
        "width 4": Candidate(options={"width": 4}),
        "depth 3": Candidate(options={"depth": {"audio": 3, "segments": 3}}),
    }
    measure = Hyperparameters(candidates={"unchanged": Candidate()} | same | {"w": Candidate(options={"width": 6})})
    values = measure.take(subject, seed=0)
    assert values.keys() - BESIDE == {"validation, unchanged", "validation, w"}
    whole = dict(values) | {"test, unchanged": 60.0, "test, w": 50.0}
    assert measure.show(values, {"whole": whole}, SEEN)["Regret of a blind choice (points)"] == 5
    with pytest.raises(InputError, match="unchanged, width 4, depth 3 all come to the same student"):
        Hyperparameters(candidates={"unchanged": Candidate()} | same).take(subject, seed=0)


def test_options_the_network_does_not_have_are_refused_before_any_training() -> None:
    asked: list[LabelledClips] = []
    measure = Hyperparameters(candidates={"unchanged": Candidate(), "odd": Candidate(options={"nosuch": 1})})
    with pytest.raises(InputError, match="nosuch"):
        measure.take(replace(toy_subject(), again=asked.append), seed=0)
    assert asked == []


def test_unknown_changes_are_refused() -> None:
    with pytest.raises(InputError, match="nosuch"):
        Hyperparameters.from_json({"candidates": {"a": {}, "b": {"network": "nosuch"}}})
    with pytest.raises(InputError, match="nosuch"):
        Hyperparameters.from_json({"candidates": {"a": {}, "b": {"protocol": {"nosuch": 1}}}})


def _draw() -> torch.Generator:
    return torch.Generator().manual_seed(0)
