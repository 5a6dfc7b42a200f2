from dataclasses import replace

import pytest
import torch
from tests.helpers.subjects import evaluated

from limbeck.datasets import LabelledClips, Targets
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation import Protocol, measures
from limbeck.evaluation.measures.accuracy import Accuracy
from limbeck.media import ClipRecipe
from limbeck.modalities import bound
from limbeck.parameterisations import parse

SHORT = Protocol(epochs=4, lr=1e-3)


@pytest.fixture(scope="module")
def distilled(train: LabelledClips) -> DistilledSet:
    """The first two clips of every class, unchanged."""
    index = torch.cat([train.of_class(label)[:2] for label in range(3)])
    scales = train.scales("standardised")
    return DistilledSet(
        tensors={name: train.modalities[name].to_network(train.array(name, index), scales[name]) for name in scales},
        labels=train.labels[index],
        classes=train.classes,
        hold=parse("plain"),
        modalities=train.modalities,
        scales=scales,
        provenance={"method": "first"},
    )


def test_the_score_says_what_was_done(distilled, test, small):
    seen, finished = [], []
    score = evaluated(
        distilled,
        test,
        network=small,
        repeats=2,
        protocol=SHORT,
        on_progress=lambda repeat, report: seen.append((repeat, report.epoch)),
        on_repeat=finished.append,
    )
    assert list(score.mean) == ["A", "V", "A+V"]
    assert (score.measure, score.head, score.together, score.title) == ("accuracy", "ensemble", "A+V", "first")
    assert seen == [(r, e) for r in range(2) for e in range(1, 5)]
    assert [kept.repeats for kept in finished] == [score.repeats[:1], score.repeats]
    assert score.repeats[0].predictions != score.repeats[1].predictions
    assert (score.trained_on.name, score.trained_on.samples, score.trained_on.per_class) == ("first", 6, 2)
    assert (score.tested_on.name, score.tested_on.samples, score.tested_on.fingerprint) == ("toy", 60, test.fingerprint)
    assert score.truth == tuple(test.labels.tolist())
    for repeat in score.repeats:
        assert len(repeat.losses) == 4
        for key, guess in repeat.predictions.items():
            right = sum(a == b for a, b in zip(guess, score.truth, strict=True))
            assert repeat.values[key] == pytest.approx(100 * right / 60)
    measure, (alike,) = Accuracy(), score.first(1).shown(Accuracy(), {})
    assert list(alike) == [column.name for column in measure.columns(("A", "V"))] == ["A (%)", "V (%)", "A+V (%)"]
    assert measure.chance(test) == dict.fromkeys(alike, 100 / 3)


def test_training_on_a_subset_equals_training_on_the_same_samples_distilled(distilled, train, test, small):
    index = torch.cat([train.of_class(label)[:2] for label in range(3)])
    from_clips = evaluated(train.take(index), test, network=small, repeats=1, protocol=SHORT)
    from_set = evaluated(distilled, test, network=small, repeats=1, protocol=SHORT)
    assert from_clips.repeats[0].predictions == from_set.repeats[0].predictions
    assert from_clips.repeats[0].losses == from_set.repeats[0].losses
    assert from_clips.trained_on.fingerprint != from_set.trained_on.fingerprint


@pytest.mark.parametrize(("name", "letter"), [("audio", "A"), ("image", "V")])
def test_students_of_one_modality_are_those_of_a_set_and_clips_that_have_no_other(distilled, test, small, name, letter):
    options = {"network": small, "repeats": 1, "protocol": SHORT}
    score = evaluated(distilled, test, modalities=(name,), **options)
    assert list(score.mean) == [score.together] == [letter]
    assert (score.title, score.trained_on.fingerprint) == (f"first ({letter})", distilled.fingerprint)
    for train, clips in ((distilled.seen_by([name]), test), (distilled.seen_by([name]), test.seen_by([name]))):
        alone = evaluated(train, clips, **options)
        assert alone.repeats[0].predictions == score.repeats[0].predictions
        assert list(alone.scales) == [name]
    with pytest.raises(InputError, match=r"letters, scales differ"):
        evaluated(distilled, test, **options, done=score)
    with pytest.raises(InputError, match=f"These clips have {name}, but got: audio, image"):
        evaluated(distilled, test.seen_by([name]), **options)
    with pytest.raises(InputError, match="This set has audio, image, but got: wave"):
        evaluated(distilled, test, modalities=("wave",), **options)
    clips = evaluated(test, test, modalities=(name,), **options)
    assert clips.trained_on.samples == 60
    assert (list(clips.mean), clips.title) == ([letter], f"whole ({letter})")


def test_repeats_can_be_taken_up_again(distilled, test, small):
    def strip(score):
        return [(r.seed, r.losses, r.predictions) for r in score.repeats]

    whole = evaluated(distilled, test, network=small, repeats=3, protocol=SHORT)
    first = evaluated(distilled, test, network=small, repeats=1, protocol=SHORT)
    again = []
    resumed = evaluated(distilled, test, network=small, repeats=3, protocol=SHORT, done=first, on_repeat=again.append)
    assert strip(resumed) == strip(whole)
    assert len(again) == 2
    assert evaluated(distilled, test, network=small, repeats=1, protocol=SHORT, done=resumed) == resumed.first(1)
    with pytest.raises(InputError, match=r"another question \(seed differ"):
        evaluated(distilled, test, network=small, repeats=3, protocol=SHORT, seed=1, done=first)
    with pytest.raises(InputError, match=r"another question \(tested_on, truth differ"):
        evaluated(distilled, test.take(torch.arange(9)), network=small, repeats=3, protocol=SHORT, done=first)
    with pytest.raises(InputError, match=r"another question \(code, settings differ"):
        evaluated(distilled, test, Accuracy(head="concat"), network=small, repeats=3, protocol=SHORT, done=first)


def test_any_measure_is_asked_the_same_way(distilled, train, test, small):
    robustness = measures.load("robustness")()
    options = {"clips": train, "network": small, "protocol": Protocol(epochs=1), "repeats": 1}
    seen = []
    score = evaluated(distilled, test, robustness, **options, on_progress=lambda repeat, report: seen.append(report))
    assert (score.measure, score.head, len(seen)) == ("robustness", "ensemble", 2)
    assert score.repeats[0].predictions == score.confusion == {}
    assert "A+V accuracy hard labels (%)" in score.mean
    alone = evaluated(distilled, test, robustness, **options, modalities=("audio",))
    assert {name.split()[0] for name in alone.mean} == {"A"}
    (shown,) = alone.shown(robustness, {"random": [alone], "whole": [alone]})
    assert shown.keys() == {column.name for column in robustness.columns(("A",))}
    assert shown["HLR A (points)"] == 0


def test_test_clips_do_not_touch_training(distilled, test, small):
    """Other test clips, same losses; the same clips in another order, the same predictions in that order."""
    plain = evaluated(distilled, test, network=small, repeats=1, protocol=SHORT).repeats[0]
    order = torch.randperm(len(test), generator=torch.Generator().manual_seed(0))
    moved = evaluated(distilled, test.take(order), network=small, repeats=1, protocol=SHORT).repeats[0]
    assert moved.losses == plain.losses
    assert [plain.predictions["A+V"][i] for i in order.tolist()] == list(moved.predictions["A+V"])


def test_mosaics_train_on_their_cells(distilled, test, small):
    score = evaluated(
        replace(distilled, hold=parse("mosaic:2")), test, network=small, repeats=1, protocol=Protocol(epochs=1)
    )
    assert (score.trained_on.samples, score.trained_on.rows, score.trained_on.hold) == (24, 6, "mosaic:2")
    assert score.trained_on.per_class == 2
    assert score.title == "first+mosaic 2"


def test_misfits_are_refused_before_any_work(distilled, train, test, small):
    options = {"network": small, "repeats": 1, "protocol": SHORT}
    with pytest.raises(InputError, match=r"(?s)'bell', 'drip', 'horn'.*'bell', 'drip', 'siren'"):
        evaluated(distilled, replace(test, targets=Targets(("bell", "drip", "siren"), test.labels)), **options)
    other = bound(test.modalities, ClipRecipe(mel=test.recipe.mel, image_size=32))
    with pytest.raises(InputError, match="image_size 16, now 32 in the test clips"):
        evaluated(train, replace(test, modalities=other), **options)
    with pytest.raises(InputError, match="no test clips"):
        evaluated(train, test.take(torch.tensor([], dtype=torch.int64)), **options)
    with pytest.raises(InputError, match="own scales"):
        evaluated(distilled, test, scales=train.scales("raw"), **options)
    with pytest.raises(InputError, match="no scale of image"):
        evaluated(train, test, scales=train.seen_by(["audio"]).scales("raw"), **options)
    with pytest.raises(InputError, match="At least one repeat"):
        evaluated(distilled, test, **options | {"repeats": 0})
