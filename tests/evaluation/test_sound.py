import pytest
import torch

from limbeck.errors import BudgetError
from limbeck.evaluation import Protocol, choose_sound
from limbeck.evaluation._sound import _halves

SHORT = Protocol(epochs=3, image_lr=1e-3)


def test_the_better_scale_on_held_out_training_clips_is_chosen(train, small):
    options = {"per_class": 2, "mosaic": 1, "seed": 3, "network": small, "protocol": SHORT, "repeats": 2}
    chosen, found = choose_sound(train, **options)
    assert set(found) == {"raw", "standardised"}
    assert found[chosen] == max(found.values())
    assert (chosen, found) == choose_sound(train, **options)


def test_held_out_clips_are_a_share_of_every_class(train):
    kept, held = _halves(train, 0.25, seed=1)
    assert torch.cat([kept, held]).sort().values.tolist() == list(range(len(train)))
    assert train.take(held).per_class() == (4, 4, 4)  # a quarter of 14, rounded to even
    assert not torch.equal(held, _halves(train, 0.25, seed=2)[1])


def test_too_few_clips_to_hold_some_out_are_named(train, small):
    with pytest.raises(BudgetError, match="holds 25% of the training clips out"):
        choose_sound(train, per_class=11, mosaic=1, seed=0, network=small, protocol=SHORT)
