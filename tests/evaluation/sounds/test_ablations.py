"""What each ablation does to folds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from limbeck.evaluation.sounds._embedded import Fold
from limbeck.evaluation.sounds.ablations import imbalance, out_of_vocabulary, pool_size, prompts

Make = Callable[..., Fold]


def test_long_tail_has_the_ratio_and_the_even_pool_its_size() -> None:
    targets = np.repeat(np.eye(5, dtype=bool), 100, axis=0)
    kept = targets[imbalance.tail(targets, 20, seed=1)].sum(0)
    assert sorted(kept.tolist()) == [5, 11, 22, 47, 100]
    even = targets[imbalance.tail(targets, 20, seed=1, even=True)].sum(0)
    assert even.sum() == kept.sum()
    assert even.max() - even.min() <= 1
    assert imbalance.tail(targets, 1, seed=0) == list(range(500))


def test_tails_differ_by_seed_and_keep_recordings_without_labels() -> None:
    targets = np.concatenate([np.repeat(np.eye(3, dtype=bool), 20, axis=0), np.zeros((4, 3), dtype=bool)])
    one, other = (imbalance.tail(targets, 10, seed=s) for s in (0, 1))
    assert one != other
    assert set(range(60, 64)) <= set(one)


def test_parts_of_a_pool_are_drawn_by_seed_and_fold() -> None:
    drawn = [pool_size.part(100, 0.3, seed, name) for seed, name in ((0, "a"), (0, "a"), (1, "a"), (0, "b"))]
    assert drawn[0] == drawn[1]
    assert len({tuple(d) for d in drawn}) == 3
    assert all(len(set(d)) == 30 for d in drawn)


def test_half_of_the_classes_is_named_and_strangers_join_the_pool(make_fold: Make) -> None:
    fold = make_fold(per_class=30)
    alone, mixed = out_of_vocabulary.half(fold, 0.0, seed=0), out_of_vocabulary.half(fold, 0.5, seed=0)
    assert alone.texts.shape[1] == mixed.texts.shape[1] == 2
    assert len(alone.pool) == 60
    assert len(mixed.pool) == 90
    assert int((~mixed.pool.known.any(1)).sum()) == 30
    assert mixed.test.known.any(1).all()
    assert len(mixed.test) == 20
    named = {tuple(out_of_vocabulary.half(fold, 0, seed=s).texts[0, 0]) for s in range(8)}
    assert len(named) > 1


def test_surest_prompt_is_found_without_labels(make_fold: Make) -> None:
    fold = make_fold(spread=0.1)
    clear = fold.texts[0]
    vague = clear + np.roll(clear, 1, axis=0)  # every recording is as near to a second class
    vague /= np.linalg.norm(vague, axis=1, keepdims=True)
    texts = np.stack([vague, clear, vague[::-1]])
    assert prompts.surest(fold.pool.joint, texts) == 1
    assert prompts.surest(fold.pool.joint, texts[[1, 0]]) == 0


def test_published_prompts_are_the_five_of_the_ablation() -> None:
    starts = ("", "I can hear ", "This is an audio of ", "This is ", "This is a sound of ")
    assert tuple(f"{start}{{label}}" for start in starts) == prompts.PUBLISHED
    with pytest.raises(ValueError, match="nosuch"):
        prompts.Prompts.from_json({"nosuch": 1})
