"""Scores against hand arithmetic, and which students are trained."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from tests.helpers.subjects import toy_subject

from limbeck.augment import SiameseAugment
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation.measures.robustness import WAYS, Robustness, normalised, score
from limbeck.methods.random import Random

SEEN = ("A", "V")


def _numbers(own: float, hard: float, augmented: float, bare: float) -> dict[str, float]:
    return {f"A+V accuracy {way} (%)": x for way, x in zip(WAYS, (own, hard, augmented, bare), strict=True)}


def test_scores_of_a_case_worked_by_hand() -> None:
    random, whole = _numbers(30, 30, 30, 20), _numbers(80, 80, 80, 70)
    shown = Robustness().show(_numbers(60, 50, 60, 24), {"random": random, "whole": whole}, SEEN)
    assert shown["HLR A+V (points)"] == 30
    assert shown["IOR A+V (points)"] == 30
    assert shown["LRS A+V"] == pytest.approx(100 * (1 - math.exp(-1)) / (math.e - math.exp(-1)))  # the two cancel
    gain = 0.5 * 0.30 + 0.5 * 0.04
    assert shown["ARS A+V"] == pytest.approx(100 * (math.exp(gain) - math.exp(-1)) / (math.e - math.exp(-1)))
    assert "LRS A" not in shown


def test_weights_shift_what_counts() -> None:
    assert score(0.1, -0.3, weight=1) == normalised(0.1)
    assert score(0.1, -0.3, weight=0) == normalised(-0.3)
    assert score(0.2, 0.0, weight=1) > score(0.2, 0.0, weight=0) == normalised(0)


def test_labels_alone_are_no_gain_in_recovery() -> None:
    """Two sets equal with hard labels, one of which gains by soft ones: LRS grows by the improvement alone."""
    references = {"random": _numbers(30, 30, 30, 20), "whole": _numbers(80, 80, 80, 70)}
    plain, told = (Robustness().show(_numbers(own, 40, own, 30), references, SEEN) for own in (40, 60))
    assert plain["HLR A+V (points)"] == told["HLR A+V (points)"] == 40
    assert told["IOR A+V (points)"] - plain["IOR A+V (points)"] == 20


def test_without_references_only_accuracies_are_shown() -> None:
    values = _numbers(60, 50, 60, 24)
    assert Robustness().show(values, {}, SEEN) == values
    assert "LRS A+V" not in Robustness().show(values, {"random": values}, SEEN)


def test_soft_labels_and_augmentation_are_taken_away() -> None:
    subject = toy_subject(Random(per_class=2))
    made = subject.train
    assert isinstance(made, DistilledSet)
    wrong = torch.nn.functional.one_hot((made.labels + 1) % 3, 3).float()
    misled = replace(subject, train=replace(made, soft_labels=wrong))
    right, told = (Robustness().take(s, seed=1) for s in (subject, misled))
    hard, own = "A+V accuracy hard labels (%)", "A+V accuracy as it is (%)"
    assert told[hard] == right[hard] == right[own]
    assert told[own] < right[own]
    assert right["A+V accuracy augmented (%)"] == right[own]
    bare = subject.protocol.model_copy(update={"augment": None})
    other = Robustness(augment=SiameseAugment(families=("flip",))).take(replace(subject, protocol=bare), seed=1)
    assert other[own] == right["A+V accuracy not augmented (%)"]
    assert {key.split()[0] for key in right} == {"A", "V", "A+V"}


def test_the_whole_is_a_subject_and_seeds_repeat() -> None:
    subject = toy_subject()
    values = Robustness().take(subject, seed=3)
    assert values == Robustness().take(subject, seed=3)
    shown = Robustness().show(values, {"whole": values, "random": values}, SEEN)
    assert shown["HLR A+V (points)"] == 0
    assert shown["ARS V"] == shown["LRS A"] == normalised(0)
    assert set(shown) == {column.name for column in Robustness().columns(SEEN)}
    assert "26.9" in Robustness().about(subject.test)
    assert set(Robustness().chance(subject.test).values()) == {100 / 3}


def test_an_unknown_head_is_refused() -> None:
    with pytest.raises(InputError, match=r"There is no 'audio' in limbeck\.networks\.heads"):
        Robustness.from_json({"head": "audio"})
