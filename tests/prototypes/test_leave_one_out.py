"""A mean without one of its members, against leaving it out."""

from __future__ import annotations

import numpy as np

from limbeck.prototypes._leave_one_out import leave_one_out_scores, left_out, out_of_vocabulary_scores, weighted_mean
from limbeck.prototypes._space import METRICS, Standard


def test_as_if_each_had_never_been_there() -> None:
    rng = np.random.default_rng(0)
    rows, weights = rng.normal(size=(6, 3)), rng.random(6)
    found = left_out(rows, weights, weighted_mean(rows, weights), float(weights.sum()))
    for i in range(6):
        rest = [j for j in range(6) if j != i]
        np.testing.assert_allclose(found[i], np.average(rows[rest], axis=0, weights=weights[rest]))


def test_a_single_member_stays() -> None:
    row = np.array([[2.0, 5.0]], np.float32)
    assert left_out(row, np.ones(1, np.float32), row[0], 1.0).tolist() == [[2.0, 5.0]]


def test_leave_one_out_scores_written_out() -> None:
    rng = np.random.default_rng(0)
    pool = rng.normal(size=(9, 4))
    neighbours, weights = [np.array([4, 0, 7]), np.array([1, 4])], [np.array([1.0, 2.0, 0.5]), np.ones(2)]
    standard, sample = Standard.of(pool), np.array([0, 1, 4, 8])
    for metric in METRICS.values():
        found = leave_one_out_scores(pool, sample, neighbours, weights, standard, metric)
        for i, row in enumerate(sample):
            for label in range(2):
                others = neighbours[label] != row
                mean = np.average(pool[neighbours[label][others]], axis=0, weights=weights[label][others])
                expected = metric.between(standard(pool[[row]]), standard(mean[None]))
                np.testing.assert_allclose(found[i, label], expected[0, 0])


def test_out_of_vocabulary_scores_are_those_of_a_pool_without_the_class() -> None:
    """Learned anew from everything but the class, prototypes and centre included, with scales left as they are."""
    rng = np.random.default_rng(0)
    pool, named = rng.normal(size=(12, 4)) + 3, np.arange(12) % 3
    standard = Standard(pool.mean(0), np.ones(4))
    prototypes = np.stack([standard(pool[named == label]).mean(0) for label in range(3)])
    found = out_of_vocabulary_scores(standard(pool), prototypes, named, METRICS["cosine"], centred=True)
    for i, row in enumerate(pool):
        others = [label for label in range(3) if label != named[i]]
        centre = pool[named != named[i]].mean(0)
        means = np.stack([pool[named == label].mean(0) for label in others])
        expected = METRICS["cosine"].between(row[None] - centre, means - centre).max()
        np.testing.assert_allclose(found[i], expected)
    far = out_of_vocabulary_scores(standard(pool), prototypes, named, METRICS["euclidean"], centred=True)
    as_it_is = out_of_vocabulary_scores(standard(pool), prototypes, named, METRICS["euclidean"], centred=False)
    np.testing.assert_allclose(far, as_it_is)
    assert (
        out_of_vocabulary_scores(pool, pool[:1], np.zeros(12, int), METRICS["cosine"], centred=True).tolist()
        == [-np.inf] * 12
    )
