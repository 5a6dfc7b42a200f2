"""Pairs within a number of bytes."""

from __future__ import annotations

import pytest
from tests.helpers.clips import toy_clips

import limbeck
from limbeck import methods
from limbeck.errors import BudgetError, InputError

PAIR = 4 * (16 * 17 + 3 * 16 * 16)


def random(**settings):
    return methods.load("random").from_json(settings)


@pytest.mark.parametrize(("budget", "expected"), [(3 * PAIR, 1), (6 * PAIR - 1, 1), (6 * PAIR, 2), (30 * PAIR, 10)])
def test_to_the_byte_where_every_pair_is_equal(budget, expected):
    assert random().within(budget, toy_clips()).per_class == expected


def test_eight_bits_hold_nearly_four_times_as_many():
    assert random(storage="uint8").within(12 * PAIR, toy_clips()).per_class == 12 * PAIR // (3 * (PAIR // 4 + 4))


def test_soft_labels_take_their_room():
    soft = random(labels="soft", hold="mosaic:2")
    assert soft.within(3 * (PAIR + 2 * 4 * 3), toy_clips()).per_class == 1
    with pytest.raises(BudgetError):
        soft.within(3 * PAIR, toy_clips())


@pytest.mark.parametrize("hold", ["plain", "mosaic:2"])
@pytest.mark.parametrize("budget", [5_000, 12_000])
def test_coded_clips_stay_within_and_leave_little(hold, budget):
    real = toy_clips(per_class=200)
    method = random(storage="coded", hold=hold).within(budget, real)
    made = method.distill(real)
    assert made.per_class == method.per_class
    assert 0.7 * budget < made.stored_bytes <= budget


@pytest.mark.parametrize(("modality", "row"), [("audio", 4 * 16 * 17), ("image", 4 * 3 * 16 * 16)])
def test_rows_of_one_modality_take_its_bytes_alone(modality, row):
    real = toy_clips().seen_by([modality])
    assert random().within(6 * row + 5, real).per_class == 2
    assert random(per_class=2).stored_bytes(real) == (6 * row, True)


def test_not_one_pair_is_a_sentence():
    with pytest.raises(BudgetError, match=r"takes about 12,480 bytes as float32, but the budget is 12,000"):
        random().within(12_000, toy_clips())


def test_distill_takes_bytes_and_settles_them_before_the_run(tmp_path):
    real = toy_clips()
    plan = limbeck.plan(real, "random", bytes="26KB", device="cpu")
    assert plan["settings"]["per_class"] == 2
    assert "bytes" not in plan["settings"]
    made = limbeck.distill(real, "random", bytes="26KB", device="cpu", progress=False, out=tmp_path)
    assert made.per_class == 2
    assert made.stored_bytes <= 26_000
    told = limbeck.inspect(tmp_path)
    assert (told["stored_bytes"], told["storage"], told["labels"]) == (made.stored_bytes, {"name": "float32"}, "hard")
    with pytest.raises(InputError, match="both bytes and per_class"):
        limbeck.plan(real, "random", bytes="26KB", per_class=1)
    with pytest.raises(InputError, match="as 400KB"):
        limbeck.plan(real, "random", bytes="plenty")
