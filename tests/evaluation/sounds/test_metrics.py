"""Metrics against arithmetic by hand, a slow second implementation and torchmetrics."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from limbeck.errors import InputError
from limbeck.evaluation.sounds import metrics


def example(recordings: int = 150, classes: int = 12, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    targets = draw.random((recordings, classes)) < np.geomspace(0.5, 0.01, classes)
    targets[np.arange(recordings), draw.integers(classes - 2, size=recordings)] = True
    scores = (targets + draw.normal(0, 0.8, targets.shape)).astype(np.float32)
    return scores, targets


def slow_precision(scores: np.ndarray, targets: np.ndarray) -> float:
    """Mean over positives of the precision at their rank, counted pair by pair."""
    found = []
    for i in np.flatnonzero(targets):
        above = [j for j in range(len(scores)) if scores[j] >= scores[i]]
        found.append(sum(bool(targets[j]) for j in above) / len(above))
    return float(np.mean(found))


def test_class_wise_is_the_literatures_map() -> None:
    torchmetrics = pytest.importorskip("torchmetrics")
    scores, targets = example()
    assert targets.any(0).sum() < len(targets[0]) or targets.any(0).all()
    judge = torchmetrics.classification.MultilabelAveragePrecision(targets.shape[1], average=None)
    expected = judge(torch.sigmoid(torch.from_numpy(scores).double()), torch.from_numpy(targets).long())
    wanted = 100 * float(np.nanmean(expected[torch.from_numpy(targets.any(0))].numpy()))
    assert metrics.class_wise(scores, targets) == pytest.approx(wanted, abs=1e-3)


def test_class_wise_leaves_absent_classes_out() -> None:
    scores, targets = example(40, 5)
    wider = np.zeros((40, 7), dtype=bool)
    wider[:, :5] = targets
    more = np.concatenate([scores, scores[:, :2]], axis=1)
    assert metrics.class_wise(more, wider) == pytest.approx(metrics.class_wise(scores, targets))


def test_example_wise_agrees_with_a_slow_count() -> None:
    scores, targets = example(60)
    targets[3] = False
    wanted = 100 * np.mean([slow_precision(s, t) for s, t in zip(scores, targets, strict=True) if t.any()])
    assert metrics.example_wise(scores, targets) == pytest.approx(wanted)


@pytest.mark.parametrize("batch", [32, 128])
def test_batch_wise_agrees_with_a_slow_count(batch: int) -> None:
    scores, targets = example()
    found = []
    for i in range(0, len(scores), batch):
        s, t = scores[i : i + batch], targets[i : i + batch]
        found.append(np.mean([slow_precision(s[:, c], t[:, c]) if t[:, c].any() else 0.0 for c in range(t.shape[1])]))
    assert metrics.batch_wise(scores, targets, batch=batch) == pytest.approx(100 * np.mean(found))


def test_perfect_scores_are_100_but_for_the_published_batches() -> None:
    _, targets = example(400, 40)
    perfect = metrics.measure(targets.astype(np.float32), targets, multi_label=True)
    assert perfect[metrics.CLASS_WISE] == perfect[metrics.EXAMPLE_WISE] == 100
    assert perfect[metrics.BATCH_32] < perfect[metrics.BATCH_128] < 100


def test_only_the_published_numbers_depend_on_the_order_of_recordings() -> None:
    scores, targets = example()
    order = np.random.default_rng(1).permutation(len(scores))
    one = metrics.measure(scores, targets, multi_label=True)
    other = metrics.measure(scores[order], targets[order], multi_label=True)
    assert one[metrics.CLASS_WISE] == pytest.approx(other[metrics.CLASS_WISE])
    assert one[metrics.EXAMPLE_WISE] == pytest.approx(other[metrics.EXAMPLE_WISE])
    assert abs(one[metrics.BATCH_32] - other[metrics.BATCH_32]) > 1e-3


def test_single_label_is_accuracy_first() -> None:
    scores = np.eye(4, dtype=np.float32)[[0, 1, 2, 0]]
    assert metrics.measure(scores, np.eye(4, dtype=bool), multi_label=False) == {metrics.ACCURACY: 75.0}


@pytest.mark.parametrize(
    ("scores", "targets", "sentence"),
    [
        (np.zeros((2, 3)), np.ones((2, 2), dtype=bool), "of one shape"),
        (np.zeros((0, 3)), np.zeros((0, 3), dtype=bool), "of one shape"),
        (np.zeros((2, 2)), np.zeros((2, 2), dtype=bool), "some recording must have a label"),
        (np.full((2, 2), np.nan), np.eye(2, dtype=bool), "must be finite"),
    ],
)
def test_what_cannot_be_judged_is_refused(scores: np.ndarray, targets: np.ndarray, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        metrics.measure(scores.astype(np.float32), targets, multi_label=True)
