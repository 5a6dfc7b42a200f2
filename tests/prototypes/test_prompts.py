"""Prompts: how they are filled, and which ones count."""

from __future__ import annotations

import numpy as np
import pytest
from tests.helpers.heard import LABELS, heard

from limbeck.errors import InputError
from limbeck.prototypes import PrototypeClassifier, class_texts
from limbeck.prototypes._prompts import by_entropy, joined


def test_weights_are_the_softmax_of_minus_entropy() -> None:
    rng = np.random.default_rng(0)
    pool, text = rng.normal(size=(20, 6)), rng.normal(size=(3, 4, 6))
    entropies = []
    for prompt in text:
        similarity = pool @ prompt.T
        spread = np.mean([row.std() for row in similarity])
        total = 0.0
        for row in similarity:
            p = np.exp(row / spread) / np.exp(row / spread).sum()
            total -= float((p * np.log(p)).sum())
        entropies.append(total / 20 / np.log(4))
    expected = np.exp(-np.array(entropies) / 0.1)
    np.testing.assert_allclose(by_entropy(pool, text), expected / expected.sum(), rtol=1e-9)


def test_scale_is_no_sureness() -> None:
    rng = np.random.default_rng(0)
    pool, text = rng.normal(size=(20, 6)), np.repeat(rng.normal(size=(1, 4, 6)), 2, axis=0)
    text[1] *= 50
    np.testing.assert_allclose(by_entropy(pool, text), [0.5, 0.5])
    np.testing.assert_allclose(by_entropy(pool, text[:, :1]), [0.5, 0.5])


def test_a_prompt_that_says_nothing_counts_less() -> None:
    pool = heard(seed=1)
    mumble = np.random.default_rng(0).normal(size=pool.text.shape).astype(np.float32)
    text = np.stack([pool.text, mumble / np.linalg.norm(mumble, axis=1, keepdims=True)])
    clf = PrototypeClassifier().fit_from_text(pool.joint, text, LABELS)
    assert clf.prompt_weights_.sum() == pytest.approx(1)
    assert clf.prompt_weights_[0] > 0.55
    even = PrototypeClassifier(prompts="even").fit_from_text(pool.joint, text, LABELS)
    assert even.prompt_weights_.tolist() == [0.5, 0.5]


def test_the_same_prompt_twice_is_that_prompt() -> None:
    pool = heard(seed=1)
    once = PrototypeClassifier().fit_from_text(pool.joint, pool.text, LABELS)
    twice = PrototypeClassifier().fit_from_text(pool.joint, np.stack([pool.text] * 2), LABELS)
    assert [n.tolist() for n in twice.neighbours_] == [n.tolist() for n in once.neighbours_]
    np.testing.assert_allclose(np.linalg.norm(joined(np.stack([pool.text] * 2), np.full(2, 0.5)), axis=1), 1, rtol=1e-6)


def test_sentences() -> None:
    found = class_texts(["dog_bark", "rain"], ["{label}", "Hear {label}!"], {"dog_bark": "a {x} barking dog"})
    assert found == [["a {x} barking dog", "rain"], ["Hear a {x} barking dog!", "Hear rain!"]]
    with pytest.raises(InputError, match=r"\{label\} in each; got \['Hear it'\]"):
        class_texts(["rain"], ["Hear it"])
    with pytest.raises(InputError, match="labels that are not given: snow"):
        class_texts(["rain"], ["{label}"], {"snow": "snow falling"})
