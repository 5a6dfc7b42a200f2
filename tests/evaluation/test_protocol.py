import numpy as np
import pytest

from limbeck.augment import SiameseAugment
from limbeck.errors import InputError
from limbeck.evaluation import Protocol


def test_learning_rates_as_the_reference(golden):
    with np.load(golden / "eval_rule.npz") as archive:
        expected = archive["lr_per_epoch"]
    np.testing.assert_allclose(
        [[Protocol.faithful().rate(name, epoch) for name in ("head", "audio", "image")] for epoch in range(30)],
        expected,
        rtol=1e-12,
    )


def test_the_defaults_are_the_published_numbers():
    """Section by section of the released training code."""
    p = Protocol()
    assert p == Protocol.faithful()
    assert (p.epochs, p.batch, p.betas, p.weight_decay) == (30, 32, (0.9, 0.999), 1e-4)
    assert p.augment == SiameseAugment()
    assert (p.dtype, p.compile) == ("float32", False)


def test_images_alone_have_the_protocol_of_their_tables():
    """As the released training code of condensation with siamese augmentation; sound and images keep theirs."""
    p = Protocol.faithful(["image"])
    assert (p.optimiser, p.lr, p.momentum, p.weight_decay, p.batch) == ("sgd", 0.01, 0.9, 5e-4, 256)
    assert [p.rate("image", epoch) for epoch in (0, 500, 501, 999)] == pytest.approx([0.01, 0.01, 0.001, 0.001])
    assert p.augment == SiameseAugment()
    plain = p.changed(epochs=300, augment=None)
    assert (plain.drop_after, plain.augment, plain.optimiser) == ((150,), None, "sgd")
    for others in (["audio"], ["audio", "image"], []):
        assert Protocol.faithful(others) == Protocol()


def test_rates_drop_after_any_epochs():
    """1 until epoch 2 is over, then 1/2, and after epoch 4 a quarter."""
    p = Protocol(lr=1.0, drop_after=(2, 4), drop_factor=0.5, epochs=6)
    assert [p.rate("head", epoch) for epoch in range(6)] == [1, 1, 1, 0.5, 0.5, 0.25]
    assert Protocol(drop_after=()).rate("image", 29) == Protocol().rate("image", 0)


def test_rates_are_one_for_all_or_one_each_and_others_learn_as_the_head():
    names = ("audio", "image", "head")
    assert [Protocol(lr=0.5).rate(name, 0) for name in names] == [0.5, 0.5, 0.5]
    assert [Protocol(lr={"audio": 0.5, "head": 0.25}).rate(name, 0) for name in names] == [0.5, 0.25, 0.25]
    assert [Protocol().changed(lr={"image": 0.5}).rate(name, 0) for name in names] == [1e-3, 0.5, 1e-3]
    for lr, words in (
        ({"audio": 1}, "a rate of 'head' is needed"),
        ({"adio": 1, "head": 1}, "no .'adio'.*audio, image"),
    ):
        with pytest.raises(InputError, match=words):
            Protocol.from_json({"lr": lr})
    for lr in (0, -1, {"head": 0}):
        with pytest.raises(InputError, match="greater than 0"):
            Protocol.from_json({"lr": lr})


def test_settings_survive_json_and_mistakes_are_listed():
    p = Protocol(augment=None, drop_after=(3,), dtype="bfloat16")
    assert Protocol.from_json(p.to_json()) == p
    with pytest.raises(InputError, match=r"(?s)epochs.*batch.*optimizer"):
        Protocol.from_json({"epochs": 0, "batch": 0, "optimizer": "sgd"})


@pytest.mark.parametrize(("epochs", "drops"), [(1, (0, 0)), (10, (3, 6)), (30, (10, 20)), (300, (100, 200))])
def test_drops_follow_from_epochs_however_they_are_given(epochs, drops):
    """A third and two thirds, rounded down."""
    written = Protocol.faithful().to_json()
    given = [
        Protocol(epochs=epochs),
        Protocol.from_json({"epochs": epochs}),
        Protocol().changed(epochs=epochs),
        Protocol.faithful().changed(epochs=epochs),
        Protocol.from_json(written).changed(epochs=epochs),
    ]
    assert {p.drop_after for p in given} == {drops}
    assert given[0].rate("head", epochs - 1) == pytest.approx(1e-3 * 0.1 ** sum(last < epochs - 1 for last in drops))


def test_drops_that_would_never_come_are_refused():
    for late in ({"epochs": 10, "drop_after": [10, 20]}, {"drop_after": [10, 30]}):
        with pytest.raises(InputError, match=r"drop_after .* behind the last of .*leave drop_after out"):
            Protocol.from_json(late)
    assert Protocol().changed(epochs=6, drop_after=[2, 4]).drop_after == (2, 4)
    assert Protocol(drop_after=(4, 8)).changed(epochs=60).drop_after == (8, 16)


def test_changes_of_a_part_leave_the_rest_of_it():
    plain = Protocol(augment=SiameseAugment(crop=0.25))
    changed = plain.changed(augment={"flip": 0.0})
    assert (changed.augment.crop, changed.augment.flip) == (0.25, 0.0)
    assert plain.changed(augment=None).augment is None
    with pytest.raises(InputError, match=r"(?s)epochs.*flop"):
        plain.changed(epochs="many", augment={"flop": 1})


def test_least_steps_survive_json():
    p = Protocol(least_steps=1200)
    assert p.to_json()["least_steps"] == 1200
    assert Protocol.from_json(p.to_json()) == p
    with pytest.raises(InputError, match="least_steps"):
        Protocol.from_json({"least_steps": -1})


@pytest.mark.parametrize(
    ("samples", "epochs", "drops"),
    [(10, 240, (80, 160)), (90, 80, (26, 53)), (257, 30, (10, 20)), (1000, 30, (10, 20))],
)
def test_longer_budgets_worked_by_hand(samples, epochs, drops):
    """1, 3, 9 and 32 steps an epoch."""
    longer = Protocol(least_steps=240).lengthened(samples)
    assert (longer.epochs, longer.drop_after) == (epochs, drops)
    assert longer.model_copy(update={"epochs": 30, "drop_after": (10, 20), "least_steps": 0}) == Protocol()
    assert longer.lengthened(samples) == longer


def test_no_least_steps_leave_the_epochs_as_they_are():
    assert Protocol().lengthened(1) == Protocol()


def test_mistakes_are_told_in_words_and_without_what_fits() -> None:
    with pytest.raises(InputError) as told:
        Protocol.from_json({"epoch": 3, "epochs": 0})
    assert "epoch: there is no such setting" in str(told.value)
    assert "epochs: Input should be greater than or equal to 1 (came: 0)" in str(told.value)
    with pytest.raises(InputError) as told:
        Protocol.from_json({"epochs": 10, "drop_after": [20]})
    assert "drop_after [20] lies behind" in str(told.value)
    assert "Value error" not in str(told.value)
    assert "betas': " not in str(told.value)
