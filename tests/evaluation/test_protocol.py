import numpy as np
import pytest

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
