from types import SimpleNamespace

import pytest
import torch

from limbeck.errors import BudgetError
from limbeck.evaluation import Protocol, _sound, choose_sound

SHORT = Protocol(epochs=3, image_lr=1e-3)


def test_the_better_scale_on_held_out_training_clips_is_chosen(train, small):
    options = {"per_class": 2, "packing": 1, "seed": 3, "network": small, "protocol": SHORT, "repeats": 2}
    chosen, found = choose_sound(train, **options)
    assert set(found) == {"raw", "standardised"}
    assert found[chosen] == max(found.values())
    assert (chosen, found) == choose_sound(train, **options)


def test_students_are_tested_on_recordings_that_no_trial_set_was_made_from(train, small, monkeypatch):
    tested = []
    monkeypatch.setattr(
        _sound, "evaluate", lambda trial, test, **options: tested.append(test) or SimpleNamespace(mean={"A+V": 1.0})
    )
    five_times = train.take(torch.arange(len(train)).repeat(5))
    choose_sound(five_times, per_class=1, packing=1, seed=0, network=small, protocol=SHORT)
    held = [set(clips.rows.tolist()) for clips in tested]
    assert held[0] == held[1]
    assert len(tested[0]) == 5 * len(held[0])  # every sound with all its copies
    assert tested[0].per_class() == (20, 20, 20)  # 4 of 14 sounds


def test_too_few_clips_to_hold_some_out_are_named(train, small):
    with pytest.raises(
        BudgetError, match=r"holds about 25% .* needs 11 of every class .* \(10, 10, 10\) would be left"
    ):
        choose_sound(train, per_class=11, packing=1, seed=0, network=small, protocol=SHORT)
    one = torch.cat([train.of_class(label)[:1].repeat(6) for label in range(3)])
    with pytest.raises(BudgetError, match="recordings whole"):
        choose_sound(train.take(one), per_class=1, packing=1, seed=0, network=small, protocol=SHORT)
