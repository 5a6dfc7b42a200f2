"""Clicks of a simulated person: none is prototypes from words, all are labels, the studio finds mistakes sooner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.heard import LABELS, heard

from limbeck.active_learning import Judge, Learner, State, Word
from limbeck.active_learning.queue import to_check
from limbeck.evaluation.sounds import metrics
from limbeck.evaluation.sounds._embedded import Fold, Sounds
from limbeck.evaluation.sounds.classifiers import _clicks
from limbeck.evaluation.sounds.classifiers.linear_probe import LinearProbe
from limbeck.evaluation.sounds.classifiers.prototypes import Prototypes
from limbeck.evaluation.sounds.classifiers.random_clicks import RandomClicks
from limbeck.evaluation.sounds.classifiers.studio_clicks import StudioClicks

Make = Callable[..., Fold]


def misleading(make_fold: Make, seed: int) -> Fold:
    """A fold whose first word lies half-way to the second."""
    fold = make_fold(seed, spread=0.3)
    texts = fold.texts.copy()
    texts[0, 0] = texts[0, :2].sum(axis=0)
    return replace(fold, texts=texts / np.linalg.norm(texts, axis=2, keepdims=True))


@pytest.mark.parametrize("two_spaces", [True, False])
@pytest.mark.parametrize("kind", [StudioClicks, RandomClicks])
def test_no_click_is_prototypes_from_words(
    kind: type[StudioClicks | RandomClicks], two_spaces: bool, make_fold: Make
) -> None:
    fold = make_fold()
    found = kind(clicks=0, two_spaces=two_spaces).classify(fold, seed=0)
    plain = Prototypes(two_spaces=two_spaces).classify(fold.seen(labels=False), seed=0)
    np.testing.assert_array_equal(found.scores.argmax(axis=1), plain.scores.argmax(axis=1))
    assert [own.tolist() for own in found.neighbours] == [own.tolist() for own in plain.neighbours]


def test_all_clicks_are_the_same_in_any_order_and_leave_nothing_wrong(make_fold: Make) -> None:
    fold = misleading(make_fold, 0)
    every = RandomClicks(clicks=len(fold.pool)).classify(fold, seed=5)
    listed = StudioClicks(clicks=len(fold.pool)).classify(fold, seed=0)
    assert metrics.purity(every.neighbours, fold.pool.known) == 100
    assert metrics.purity(listed.neighbours, fold.pool.known) == 100
    assert sorted(np.concatenate(every.neighbours).tolist()) == list(range(len(fold.pool)))


def test_the_studios_order_finds_more_mistakes_than_chance(make_fold: Make) -> None:
    gains = []
    for seed in range(4):
        fold = misleading(make_fold, seed)
        before, studio, chance = (
            one.measure(fold, seed=seed)[metrics.PURITY]
            for one in (StudioClicks(clicks=0), StudioClicks(clicks=20), RandomClicks(clicks=20))
        )
        assert studio > before
        gains.append(studio - chance)
    assert np.mean(gains) > 2


def test_hard_windows_alone_do_not_choose_the_probe_where_means_are_best() -> None:
    """The list holds what prototypes find hard, which is no reason to leave them: in round clouds means are best."""
    for seed in range(3):
        sounds = [heard(60, seed=seed + 100 * part, noise=4.0) for part in range(2)]
        pool, test = (Sounds(h.joint, h.features, h.labels[:, None] == np.array(LABELS)) for h in sounds)
        fold = Fold("fold1", pool, test, test.select([]), sounds[0].text[None])
        for clicks in (24, 48, 96):
            assert StudioClicks(clicks=clicks).measure(fold, seed=0)[_clicks.PROBE] == 0


def test_a_probe_names_the_tests_once_it_is_chosen(make_fold: Make) -> None:
    """Noise that all classes share in some dimensions hides them from means."""
    fold, draw = make_fold(per_class=60), np.random.default_rng(0)

    def hidden(sounds: Sounds) -> Sounds:
        common = 3 * draw.normal(size=(len(sounds), 1)) * np.linspace(-1, 2, sounds.features.shape[1])
        return replace(sounds, features=(0.5 * sounds.features + common).astype(np.float32))

    fold = replace(fold, pool=hidden(fold.pool), test=hidden(fold.test))
    before = RandomClicks(clicks=0).measure(fold, seed=0)
    after = RandomClicks(clicks=200).measure(fold, seed=0)
    assert (before[_clicks.PROBE], after[_clicks.PROBE]) == (0, 100)
    assert after[metrics.ACCURACY] > before[metrics.ACCURACY] + 5


def test_labels_alone_are_a_linear_probe_of_those_that_were_drawn(make_fold: Make) -> None:
    fold = make_fold()
    rows = np.random.default_rng(7).permutation(len(fold.pool))[:40]
    other = LinearProbe().classify(replace(fold, pool=fold.pool.select(rows)), seed=0)
    found = RandomClicks(clicks=40, words=False).classify(fold, seed=7)
    np.testing.assert_array_equal(found.scores, other.scores)
    for clicks in (0, 1):
        scores = RandomClicks(clicks=clicks, words=False).classify(fold, seed=7).scores
        assert (scores.sum(axis=1) == clicks).all()


def test_the_person_is_asked_what_the_studio_lists(make_fold: Make) -> None:
    """The list is the studio's own: that of a learner with the same words and verdicts."""
    fold = make_fold()
    person = _clicks.Person(fold, two_spaces=True)
    learner = Learner(_clicks._pool(fold.pool), lambda about: fold.texts)
    state = State({str(c): Word() for c in range(4)})
    learner.learn(state)
    for _ in range(3):
        listed = [row for row, _ in to_check(learner, state, _clicks.LISTED)]
        assert person.listed() == listed
        person.click(listed[:5])
        for row in listed[:5]:
            word = str(int(fold.pool.known[row].argmax()))
            state = Judge(word=word, windows=(learner.piece(row),)).apply(state)
        learner.learn(state)
