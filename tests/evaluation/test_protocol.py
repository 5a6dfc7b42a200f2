import numpy as np
import pytest

from limbeck import _files
from limbeck.augment import SiameseAugment
from limbeck.errors import InputError
from limbeck.evaluation import Protocol


def test_learning_rates_as_the_reference(golden):
    with np.load(golden / "eval_rule.npz") as archive:
        expected = archive["lr_per_epoch"]
    np.testing.assert_allclose([Protocol.faithful().rates(epoch) for epoch in range(30)], expected, rtol=1e-12)


def test_the_defaults_are_the_published_numbers():
    """Section by section of the released training code."""
    p = Protocol()
    assert p == Protocol.faithful()
    assert (p.epochs, p.batch, p.betas, p.weight_decay) == (30, 32, (0.9, 0.999), 1e-4)
    assert p.augment == SiameseAugment()
    assert (p.dtype, p.compile) == ("float32", False)


def test_rates_drop_after_any_epochs():
    """1 until epoch 2 is over, then 1/2, and after epoch 4 a quarter."""
    p = Protocol(head_lr=1.0, drop_after=(2, 4), drop_factor=0.5, epochs=6)
    assert [p.rates(epoch).head for epoch in range(6)] == [1, 1, 1, 0.5, 0.5, 0.25]
    assert Protocol(drop_after=()).rates(29) == Protocol().rates(0)


def test_settings_survive_json_and_mistakes_are_listed():
    p = Protocol(augment=None, drop_after=(3,), dtype="bfloat16")
    assert Protocol.from_json(p.to_json()) == p
    with pytest.raises(InputError, match=r"(?s)epochs.*batch.*optimizer"):
        Protocol.from_json({"epochs": 0, "batch": 0, "optimizer": "sgd"})


@pytest.mark.parametrize(
    ("protocol", "digest"), [(Protocol(), "2638a66223ab2af7"), (Protocol(dtype="bfloat16"), "34f15030016d817e")]
)
def test_names_of_files_made_before_there_were_least_steps_stay(protocol, digest):
    assert _files.digest(protocol.to_json()) == digest
    assert _files.digest(protocol.model_copy(update={"least_steps": 1}).to_json()) != digest


def test_least_steps_survive_json():
    p = Protocol(least_steps=1200)
    assert p.to_json()["least_steps"] == 1200
    assert Protocol.from_json(p.to_json()) == p
    with pytest.raises(InputError, match="least_steps"):
        Protocol.from_json({"least_steps": -1})


@pytest.mark.parametrize(
    ("pairs", "epochs", "drops"), [(10, 240, (80, 160)), (90, 80, (26, 53)), (257, 30, (10, 20)), (1000, 30, (10, 20))]
)
def test_longer_budgets_worked_by_hand(pairs, epochs, drops):
    """1, 3, 9 and 32 steps an epoch."""
    longer = Protocol(least_steps=240).lengthened(pairs)
    assert (longer.epochs, longer.drop_after) == (epochs, drops)
    assert longer.model_copy(update={"epochs": 30, "drop_after": (10, 20), "least_steps": 0}) == Protocol()
    assert longer.lengthened(pairs) == longer


def test_no_least_steps_leave_the_epochs_as_they_are():
    assert Protocol().lengthened(1) == Protocol()
