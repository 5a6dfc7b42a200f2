"""Every classifier of sounds, on generated embeddings: contract first, then each by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from limbeck.comparison.kinds.sounds import SoundRecipe
from limbeck.errors import InputError
from limbeck.evaluation.sounds import classifiers, metrics
from limbeck.evaluation.sounds._embedded import Fold
from limbeck.evaluation.sounds.classifiers.mlp import MLP
from limbeck.evaluation.sounds.classifiers.prototypes import Prototypes
from limbeck.evaluation.sounds.classifiers.supervised_prototypes import SupervisedPrototypes

Make = Callable[..., Fold]
NAMES = classifiers.names()


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_scores_every_recording_and_class_and_repeats(name: str, several: bool, make_fold: Make) -> None:
    classifier, fold = classifiers.load(name)(), make_fold(several=several)
    before = torch.get_rng_state()
    answers = [classifier.classify(fold.seen(labels=classifier.supervised), seed=3).scores for _ in range(2)]
    assert answers[0].shape == (len(fold.test), fold.texts.shape[1])
    assert answers[0].dtype == np.float32
    assert np.isfinite(answers[0]).all()
    assert np.array_equal(*answers)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("name", [n for n in NAMES if n != "chance"])
def test_tells_easy_classes_apart(name: str, make_fold: Make) -> None:
    settings = {"epochs": 200, "learning_rate": 1e-2} if name == "mlp" else {}
    values = classifiers.load(name).from_json(settings).measure(make_fold(), seed=0)
    assert values[metrics.ACCURACY] > 90


@pytest.mark.parametrize("name", [n for n in NAMES if not classifiers.load(n).supervised])
def test_unsupervised_classifiers_cannot_depend_on_labels(name: str, make_fold: Make) -> None:
    fold, classifier = make_fold(), classifiers.load(name)()
    hidden = fold.seen(labels=False)
    with pytest.raises(InputError, match="Labels are hidden"):
        _ = hidden.pool.known
    shuffled = replace(fold, pool=replace(fold.pool, targets=fold.pool.known[::-1]))
    one, other = (classifier.classify(f.seen(labels=classifier.supervised), seed=0).scores for f in (fold, shuffled))
    assert np.array_equal(one, other)


def test_no_way_sees_the_test_labels(make_fold: Make) -> None:
    for labels in (False, True):
        assert make_fold().seen(labels=labels).test.targets is None


@pytest.mark.parametrize("name", [n for n in NAMES if classifiers.load(n).supervised])
def test_supervised_classifiers_leave_unlabelled_recordings_out(name: str, make_fold: Make) -> None:
    fold, classifier = make_fold(), classifiers.load(name)()
    bare = fold.pool.select(range(10))
    bare = replace(bare, joint=bare.joint[::-1], features=100 * bare.features, targets=np.zeros_like(bare.known))
    both = [np.concatenate([getattr(fold.pool, k), getattr(bare, k)]) for k in ("joint", "features", "targets")]
    wider = replace(fold, pool=type(bare)(*both))
    assert np.array_equal(classifier.classify(wider, seed=0).scores, classifier.classify(fold, seed=0).scores)


def test_chance_is_one_in_so_many(make_fold: Make) -> None:
    classifier, fold = classifiers.load("chance")(), make_fold(per_class=300)
    found = np.mean([classifier.measure(fold, seed=s)[metrics.ACCURACY] for s in range(classifier.draws)])
    assert found == pytest.approx(25, abs=2)


def test_papers_prototypes_follow_the_published_procedure(make_fold: Make) -> None:
    fold = make_fold(per_class=50)
    answer = Prototypes(paper=True, two_spaces=False).classify(fold.seen(labels=False), seed=0)
    order = np.argsort(-(fold.pool.joint @ fold.texts[0].T), axis=0)[:35]
    means = np.stack([fold.pool.joint[order[:, c]].mean(0) for c in range(fold.texts.shape[1])])
    distance = np.linalg.norm(fold.test.joint[:, None] - means[None], axis=2)
    assert np.array_equal(answer.scores.argmax(1), distance.argmin(1))
    assert [set(n) for n in answer.neighbours] == [set(order[:, c]) for c in range(fold.texts.shape[1])]
    assert answer.facts == {"neighbours": 35}


def test_more_neighbours_than_there_are_means_all(make_fold: Make) -> None:
    fold = make_fold(per_class=3)
    answer = Prototypes(paper=True, two_spaces=False).classify(fold.seen(labels=False), seed=0)
    assert [len(n) for n in answer.neighbours] == [len(fold.pool)] * 4


def test_papers_rule_with_its_own_number_fits_a_small_pool(make_fold: Make) -> None:
    classifier = SoundRecipe().classifier("paper's rule, own number")
    fold = make_fold(per_class=6)
    values = classifier.measure(fold, seed=0)
    assert values["neighbours"] == 3
    assert (
        values[metrics.ACCURACY] > SoundRecipe().classifier("prototypes, paper").measure(fold, seed=0)[metrics.ACCURACY]
    )


@pytest.mark.parametrize("classifier", [Prototypes, SupervisedPrototypes])
@pytest.mark.parametrize(("name", "value"), [("nosuch", 1), ("neighbours", "many"), ("refine", -1)])
def test_settings_the_classifier_does_not_take_are_refused(
    classifier: type[Prototypes] | type[SupervisedPrototypes], name: str, value: object
) -> None:
    with pytest.raises(ValueError, match=name):
        classifier(settings={name: value})


def test_supervised_prototypes_of_the_paper_are_class_means(make_fold: Make) -> None:
    fold = make_fold()
    scores = SupervisedPrototypes(paper=True).classify(fold, seed=0).scores
    means = np.stack([fold.pool.joint[fold.pool.known[:, c]].mean(0) for c in range(4)])
    distance = np.linalg.norm(fold.test.joint[:, None] - means[None], axis=2)
    assert np.array_equal(scores.argmax(1), distance.argmin(1))


def test_class_that_was_not_learnt_is_never_given(make_fold: Make) -> None:
    fold = make_fold()
    fold = replace(fold, pool=fold.pool.select(np.flatnonzero(~fold.pool.known[:, 2])))
    for name in ("supervised_prototypes", "linear_probe"):
        assert 2 not in classifiers.load(name)().classify(fold, seed=0).scores.argmax(1)


def test_mlp_depends_on_its_seed_and_keeps_the_best_epoch_by_validation(make_fold: Make) -> None:
    fold = make_fold(several=True)
    classifier = MLP(epochs=12, learning_rate=0.05, batch=16)
    assert not np.array_equal(classifier.classify(fold, seed=0).scores, classifier.classify(fold, seed=1).scores)
    judged = replace(fold, validation=fold.test)
    best = max(
        metrics.class_wise(MLP(epochs=e, learning_rate=0.05, batch=16).classify(fold, seed=0).scores, fold.test.known)
        for e in range(1, 13)
    )
    assert metrics.class_wise(classifier.classify(judged, seed=0).scores, fold.test.known) == pytest.approx(best)
