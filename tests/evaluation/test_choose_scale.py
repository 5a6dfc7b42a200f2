from types import SimpleNamespace

import pytest
import torch

from limbeck.errors import BudgetError
from limbeck.evaluation import Protocol, _choose_scale, choose_scale
from limbeck.parameterisations import parse

SHORT = Protocol(epochs=3, lr=1e-3)
PLAIN = parse("plain")


def test_the_better_scale_on_held_out_training_clips_is_chosen(train, small):
    options = {"per_class": 2, "hold": PLAIN, "seed": 3, "network": small, "protocol": SHORT, "repeats": 2}
    chosen, found = choose_scale(train, **options)
    assert set(found) == {"raw", "standardised"}
    assert found[chosen] == max(found.values())
    assert (chosen, found) == choose_scale(train, **options)


def test_students_are_tested_on_recordings_that_no_trial_set_was_made_from(train, small, monkeypatch):
    tested = []
    monkeypatch.setattr(
        _choose_scale,
        "evaluate",
        lambda subject, **options: tested.append(subject.test) or SimpleNamespace(mean={"A+V": 1.0}, together="A+V"),
    )
    five_times = train.take(torch.arange(len(train)).repeat(5))
    choose_scale(five_times, per_class=1, hold=PLAIN, seed=0, network=small, protocol=SHORT)
    held = [set(clips.rows.tolist()) for clips in tested]
    assert held[0] == held[1]
    assert len(tested[0]) == 5 * len(held[0])  # every sound with all its copies
    assert tested[0].per_class() == (20, 20, 20)  # 4 of 14 sounds


def test_too_few_clips_to_hold_some_out_are_named(train, small):
    with pytest.raises(
        BudgetError, match=r"holds about 25% .* needs 11 of every class .* \(10, 10, 10\) would be left"
    ):
        choose_scale(train, per_class=11, hold=PLAIN, seed=0, network=small, protocol=SHORT)
    one = torch.cat([train.of_class(label)[:1].repeat(6) for label in range(3)])
    with pytest.raises(BudgetError, match="recordings whole"):
        choose_scale(train.take(one), per_class=1, hold=PLAIN, seed=0, network=small, protocol=SHORT)
