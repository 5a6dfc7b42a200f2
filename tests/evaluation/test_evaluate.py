from dataclasses import replace

import pytest
import torch

from limbeck.datasets import LabelledClips, Scale
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation import Protocol, evaluate
from limbeck.media import ClipRecipe

SHORT = Protocol(epochs=4, image_lr=1e-3)


@pytest.fixture(scope="module")
def distilled(train: LabelledClips) -> DistilledSet:
    """The first two clips of every class, unchanged."""
    index = torch.cat([train.of_class(label)[:2] for label in range(3)])
    scale = Scale.of(train.statistics, "standardised")
    return DistilledSet(
        audio=scale.audio(train.audio(index)),
        image=scale.image(train.frames(index)),
        labels=train.labels[index],
        classes=train.classes,
        mosaic=1,
        recipe=train.recipe,
        scale=scale,
        provenance={"method": "first"},
    )


def test_the_score_says_what_was_done(distilled, test, small):
    seen, finished = [], []
    score = evaluate(
        distilled,
        test,
        network=small,
        repeats=2,
        protocol=SHORT,
        on_progress=lambda repeat, report: seen.append((repeat, report.epoch)),
        on_repeat=finished.append,
    )
    assert list(score.mean) == ["A", "V", "A+V"]
    assert seen == [(r, e) for r in range(2) for e in range(1, 5)]
    assert [kept.repeats for kept in finished] == [score.repeats[:1], score.repeats]
    assert score.repeats[0].predictions != score.repeats[1].predictions
    assert (score.trained_on.name, score.trained_on.pairs, score.trained_on.per_class) == ("first", 6, 2)
    assert (score.tested_on.name, score.tested_on.pairs, score.tested_on.fingerprint) == ("toy", 60, test.fingerprint)
    assert score.truth == tuple(test.labels.tolist())
    for repeat in score.repeats:
        assert len(repeat.losses) == 4
        for key, guess in repeat.predictions.items():
            right = sum(a == b for a, b in zip(guess, score.truth, strict=True))
            assert repeat.accuracy[key] == pytest.approx(100 * right / 60)


def test_training_on_a_subset_equals_training_on_the_same_pairs_distilled(distilled, train, test, small):
    index = torch.cat([train.of_class(label)[:2] for label in range(3)])
    from_clips = evaluate(train.take(index), test, network=small, repeats=1, protocol=SHORT)
    from_set = evaluate(distilled, test, network=small, repeats=1, protocol=SHORT)
    assert from_clips.repeats[0].predictions == from_set.repeats[0].predictions
    assert from_clips.repeats[0].losses == from_set.repeats[0].losses
    assert from_clips.trained_on.fingerprint != from_set.trained_on.fingerprint


def test_repeats_can_be_taken_up_again(distilled, test, small):
    def strip(score):
        return [(r.seed, r.losses, r.predictions) for r in score.repeats]

    whole = evaluate(distilled, test, network=small, repeats=3, protocol=SHORT)
    first = evaluate(distilled, test, network=small, repeats=1, protocol=SHORT)
    again = []
    resumed = evaluate(distilled, test, network=small, repeats=3, protocol=SHORT, done=first, on_repeat=again.append)
    assert strip(resumed) == strip(whole)
    assert len(again) == 2
    assert evaluate(distilled, test, network=small, repeats=1, protocol=SHORT, done=resumed) == resumed.first(1)
    with pytest.raises(InputError, match=r"another question \(seed differ"):
        evaluate(distilled, test, network=small, repeats=3, protocol=SHORT, seed=1, done=first)
    with pytest.raises(InputError, match=r"another question \(tested_on, truth differ"):
        evaluate(distilled, test.take(torch.arange(9)), network=small, repeats=3, protocol=SHORT, done=first)


def test_test_clips_do_not_touch_training(distilled, test, small):
    """Other test clips, same losses; the same clips in another order, the same predictions in that order."""
    plain = evaluate(distilled, test, network=small, repeats=1, protocol=SHORT).repeats[0]
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))
    moved = evaluate(distilled, test.take(order), network=small, repeats=1, protocol=SHORT).repeats[0]
    assert moved.losses == plain.losses
    assert [plain.predictions["A+V"][i] for i in order.tolist()] == list(moved.predictions["A+V"])


def test_mosaics_train_on_their_cells(distilled, test, small):
    score = evaluate(replace(distilled, mosaic=2), test, network=small, repeats=1, protocol=Protocol(epochs=1))
    assert score.trained_on.pairs == 24
    assert score.trained_on.per_class == 2


def test_misfits_are_refused_before_any_work(distilled, train, test, small):
    options = {"network": small, "repeats": 1, "protocol": SHORT}
    with pytest.raises(InputError, match=r"(?s)'bell', 'drip', 'horn'.*'bell', 'drip', 'siren'"):
        evaluate(distilled, replace(test, classes=("bell", "drip", "siren")), **options)
    with pytest.raises(InputError, match=r"(?s)'image_size': 16.*'image_size': 32"):
        evaluate(train, replace(test, recipe=ClipRecipe(mel=test.recipe.mel, image_size=32)), **options)
    with pytest.raises(InputError, match="no test clips"):
        evaluate(train, test.take(torch.tensor([], dtype=torch.int64)), **options)
    with pytest.raises(InputError, match="own scale"):
        evaluate(distilled, test, scale=Scale(mel_mean=(1.0,), mel_std=(1.0,)), **options)
    with pytest.raises(InputError, match="At least one repeat"):
        evaluate(distilled, test, **options | {"repeats": 0})
