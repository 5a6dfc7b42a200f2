"""Ranks by hand, by a second implementation and by chance; what is drawn to what in training."""

from __future__ import annotations

import itertools
import math
import statistics
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.helpers.clips import toy_clips
from tests.helpers.subjects import toy_subject
from torchmetrics.functional import retrieval as retrieval_metrics

from limbeck.errors import InputError
from limbeck.evaluation.measures import retrieval
from limbeck.evaluation.measures.retrieval import CLASS, PAIR, SMALL, Retrieval, by_chance, contrastive, first_ranks
from limbeck.methods.random import Random


def drawn(count: int, dim: int = 8, seed: int = 0) -> torch.Tensor:
    return torch.nn.functional.normalize(torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)))


def naive_rank(row: list[float], relevant: list[bool]) -> int:
    """Items in the order in which they are shown, the irrelevant first where they tie; the place of the first hit."""
    order = sorted(range(len(row)), key=lambda i: (-row[i], relevant[i]))
    return 1 + next(place for place, i in enumerate(order) if relevant[i])


def naive(queries: torch.Tensor, gallery: torch.Tensor, labels: list[int], *, pair: bool) -> list[int]:
    ranks = []
    for q, query in enumerate(queries):
        row = [float((query * item).sum()) for item in gallery]
        ranks.append(naive_rank(row, [g == q if pair else labels[g] == labels[q] for g in range(len(gallery))]))
    return ranks


def test_ranks_by_hand() -> None:
    alike = torch.tensor([[0.9, 0.8, 0.7, 0.6], [0.1, 0.5, 0.5, 0.5], [0.3, 0.3, 0.3, 0.3]])
    relevant = torch.tensor([[0, 0, 1, 1], [1, 1, 0, 0], [0, 1, 1, 0]]).bool()
    # Third of four; ties with two irrelevant; ties with all, of which two are irrelevant.
    assert first_ranks(alike, relevant).tolist() == [3, 3, 3]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=8).filter(lambda x: any(r for _, r in x))
)
def test_ranks_are_those_of_a_sorted_list(items: list[tuple[int, bool]]) -> None:
    row, relevant = [float(x) for x, _ in items], [r for _, r in items]
    assert int(first_ranks(torch.tensor([row]), torch.tensor([relevant]))) == naive_rank(row, relevant)


def test_ranks_of_clips_agree_with_two_loops_and_with_scikit_learn() -> None:
    from sklearn.metrics import average_precision_score, coverage_error

    labels = torch.arange(24) % 3
    sound, picture = drawn(24, seed=1).double(), drawn(24, seed=2).double()
    by_class, by_pair, precision = retrieval._whole(sound, picture, labels)
    assert by_class.tolist() == naive(sound, picture, labels.tolist(), pair=False)
    assert by_pair.tolist() == naive(sound, picture, labels.tolist(), pair=True)
    alike = (sound @ picture.T).numpy()
    assert float(by_pair.double().mean()) == pytest.approx(coverage_error(np.eye(24), alike))
    expected = np.mean([average_precision_score(labels == c, row) for c, row in zip(labels, alike, strict=True)])
    assert precision == pytest.approx(expected)


def test_recall_is_that_of_torchmetrics() -> None:
    labels = torch.arange(30) % 6
    sound, picture = drawn(30, seed=3), drawn(30, seed=4)
    ranks, _, precision = retrieval._whole(sound, picture, labels)
    told = retrieval._named("x", ranks)
    alike, same = sound @ picture.T, labels[:, None] == labels
    for k in (1, 5, 10):
        hits = [retrieval_metrics.retrieval_hit_rate(a, s, top_k=k) for a, s in zip(alike, same, strict=True)]
        assert told[f"x R@{k} (%)"] == pytest.approx(100 * float(torch.stack(hits).mean()))
    positive = (1 + alike) / 2  # it would count relevant items of no or negative score as irrelevant
    found = [retrieval_metrics.retrieval_average_precision(a, s) for a, s in zip(positive, same, strict=True)]
    assert precision == pytest.approx(float(torch.stack(found).mean()), abs=1e-5)


def test_chunks_of_queries_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = torch.arange(23) % 4
    sound, picture = drawn(23, seed=5).double(), drawn(23, seed=6).double()
    whole = retrieval._whole(sound, picture, labels)
    monkeypatch.setattr(retrieval, "QUERIES_AT_ONCE", 5)
    parts = retrieval._whole(sound, picture, labels)
    assert all(torch.equal(a, b) for a, b in zip(whole[:2], parts[:2], strict=True))
    assert parts[2] == pytest.approx(whole[2])


def test_order_of_the_gallery_does_not_matter() -> None:
    labels = torch.arange(20) % 5
    sound, picture = drawn(20, seed=7).double(), drawn(20, seed=8).double()
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    one = retrieval._whole(sound, picture, labels)
    other = retrieval._whole(sound[order], picture[order], labels[order])
    assert torch.equal(one[0][order], other[0])
    assert torch.equal(one[1][order], other[1])
    assert one[2] == pytest.approx(other[2])


def test_a_perfect_space_finds_everything_and_a_collapsed_one_nothing() -> None:
    labels = torch.arange(12) % 3
    places = drawn(12, dim=32)
    by_class, by_pair, _ = retrieval._whole(places, places, labels)
    assert by_class.tolist() == by_pair.tolist() == [1] * 12
    by_class, by_pair, _ = retrieval._whole(torch.ones(12, 4), torch.ones(12, 4), labels)
    assert by_class.tolist() == [9] * 12, "all eight clips of other classes tie, and come first"
    assert by_pair.tolist() == [12] * 12


def test_chance_by_listing_every_order() -> None:
    """Five items, two of them relevant: all ten sets of places they can have are as probable."""
    places = list(itertools.combinations(range(1, 6), 2))
    told = by_chance(5, [2], [7])
    assert told["R@1 (%)"] == pytest.approx(100 * sum(p[0] == 1 for p in places) / len(places))
    assert told["R@5 (%)"] == told["R@10 (%)"] == pytest.approx(100)
    assert told["MedR"] == statistics.median_low([p[0] for p in places])
    assert told["mAP (%)"] == pytest.approx(100 * statistics.fmean((1 / a + 2 / b) / 2 for a, b in places))


def test_chance_of_the_published_galleries() -> None:
    """50 and 140 clips, five of a class, as derived from the published table."""
    small, large = by_chance(50, [5], [50]), by_chance(140, [5], [140])
    assert [round(small[k], 1) for k in ("R@1 (%)", "R@5 (%)", "MedR")] == [10.0, 42.3, 7.0]
    assert [round(large[k], 1) for k in ("R@1 (%)", "R@5 (%)", "MedR")] == [3.6, 16.9, 18.0]


def test_random_places_come_near_chance() -> None:
    counts = [30, 50, 70]
    labels = torch.arange(3).repeat_interleave(torch.tensor(counts))
    told = by_chance(150, counts, counts)
    found = []
    for seed in range(20):
        ranks, _, precision = retrieval._whole(drawn(150, seed=2 * seed), drawn(150, seed=2 * seed + 1), labels)
        found.append(retrieval._named("", ranks) | {" mAP (%)": 100 * precision})
    for name in ("R@1 (%)", "R@5 (%)", "R@10 (%)", "mAP (%)"):
        drawn_ = [f[f" {name}"] for f in found]
        error = statistics.stdev(drawn_) / math.sqrt(len(drawn_))
        assert abs(statistics.fmean(drawn_) - told[name]) < 4 * error, name


def test_chance_has_every_column_and_small_galleries_are_class_balanced() -> None:
    measure, test = Retrieval(gallery_per_class=4, galleries=3), toy_clips(3, 12)
    told = measure.chance(test)
    assert list(told) == [c.name for c in measure.columns(("A", "V"))]
    assert told[f"{SMALL} gallery (clips)"] == 12
    assert told[f"{CLASS} gallery (clips)"] == told[f"{PAIR} gallery (clips)"] == 36
    assert told[f"{PAIR} A->V R@1 (%)"] == pytest.approx(100 / 36)
    galleries = measure._galleries(test.labels, seed=0)
    assert len({tuple(g.tolist()) for g in galleries}) == 3
    for gallery in galleries:
        assert len(set(gallery.tolist())) == 12
        assert torch.bincount(test.labels[gallery]).tolist() == [4, 4, 4]
    words = measure.about(test)
    assert "all 36 test clips" in words
    assert "12 clips, 4 of each of 3 classes" in words


def test_the_class_with_fewest_clips_sets_the_small_gallery() -> None:
    labels = torch.tensor([0] * 9 + [2] * 2)  # no clip of class 1
    assert [len(g) for g in Retrieval(galleries=2)._galleries(labels, seed=1)] == [4, 4]


def naive_loss(audio: torch.Tensor, image: torch.Tensor, right: list[list[float]], temperature: float) -> float:
    total, count = 0.0, len(audio)
    for one, other in ((audio, image), (image, audio)):
        for i in range(count):
            scores = [math.exp(float((one[i] * other[j]).sum()) / temperature) for j in range(count)]
            told = [right[i][j] * -math.log(scores[j] / sum(scores)) for j in range(count)]
            total += sum(told) / sum(right[i])
    return total / (2 * count)


def test_the_loss_agrees_with_loops() -> None:
    audio, image = drawn(7, seed=1).double(), drawn(7, seed=2).double()
    labels = [0, 1, 0, 2, 1, 0, 2]
    same = [[float(a == b) for b in labels] for a in labels]
    pair = [[float(i == j) for j in range(7)] for i in range(7)]
    told = torch.tensor(labels)
    assert float(contrastive(audio, image, told, 0.3, "class")) == pytest.approx(naive_loss(audio, image, same, 0.3))
    assert float(contrastive(audio, image, told, 0.3, "pair")) == pytest.approx(naive_loss(audio, image, pair, 0.3))


def test_certain_soft_labels_are_hard_ones_and_uncertain_ones_weigh() -> None:
    audio, image = drawn(4, seed=1).double(), drawn(4, seed=2).double()
    hard = torch.tensor([0, 1, 1, 0])
    certain = torch.eye(2).double()[hard]
    assert contrastive(audio, image, certain, 0.1, "class") == pytest.approx(
        contrastive(audio, image, hard, 0.1, "class")
    )
    soft = torch.tensor([[0.5, 0.5], [0.0, 1.0], [0.2, 0.8], [1.0, 0.0]]).double()
    right = [[1.0 if i == j else float(a @ b) for j, b in enumerate(soft)] for i, a in enumerate(soft)]
    assert float(contrastive(audio, image, soft, 0.1, "class")) == pytest.approx(naive_loss(audio, image, right, 0.1))


def test_with_three_modalities_each_is_found_by_each_other_one() -> None:
    features = {name: drawn(6, seed=seed) for seed, name in enumerate(("audio", "echo", "image"))}
    letters, draw = {"audio": "A", "echo": "E", "image": "V"}, torch.Generator().manual_seed(0)
    options = {"dim": 4, "temperature": 0.3, "positives": "class"}
    head = retrieval._Projections(dict.fromkeys(features, 8), 3, letters, **options, generator=draw)
    places, labels = head.scores(features), torch.arange(6) % 3
    assert list(places) == ["A", "E", "V"]
    losses = [contrastive(places[a], places[b], labels, 0.3, "class") for a, b in ("AE", "AV", "EV")]
    assert head.loss(features, labels).item() == pytest.approx(sum(loss.item() for loss in losses) / 3)
    directions = {word for c in Retrieval().columns(("A", "E", "V")) for word in c.name.split() if "->" in word}
    assert directions == {"A->E", "E->A", "A->V", "V->A", "E->V", "V->E"}


def test_one_modality_alone_is_refused() -> None:
    of = toy_subject(Random())
    with pytest.raises(InputError, match="by another, but students see audio alone"):
        Retrieval().take(replace(of, scales={"audio": of.scales["audio"]}), seed=0)


def test_a_student_of_clips_with_a_class_in_both_tracks_beats_chance() -> None:
    measure, of = Retrieval(dim=16, galleries=2), toy_subject(Random(per_class=4))
    found, chance = measure.take(of, seed=0), measure.chance(of.test)
    assert found.keys() == chance.keys() == {c.name for c in measure.columns(("A", "V"))}
    for direction in ("A->V", "V->A"):
        assert found[f"{CLASS} {direction} mAP (%)"] > chance[f"{CLASS} {direction} mAP (%)"] + 10
    assert found == measure.take(of, seed=0)
    assert found != measure.take(of, seed=1)
