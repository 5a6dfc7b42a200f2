"""Several ways to say a class's name, weighted by how sure the pool makes them.

Source: entropy-guided prompt weighting (https://arxiv.org/abs/2601.05011): weights of low prediction entropy.
Differs from the paper: the weights also pay for being uneven, which gives them in closed form.
Cost: one product of pool and text a prompt.
"""

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
from scipy.special import logsumexp, softmax

from limbeck.errors import InputError
from limbeck.prototypes._arrays import Floats
from limbeck.prototypes._space import unit

EVENNESS = 0.1


def class_texts(
    labels: Sequence[str], prompts: Sequence[str], descriptions: Mapping[str, str] | None = None
) -> list[list[str]]:
    """Each of `prompts` with each of `labels` in it, where ``{label}`` stands: (prompt, class) sentences.

    A class is called as `descriptions` say, if it has one, or by its label, in which underscores are read as spaces.

    Raises:
        InputError: There is no prompt, one lacks ``{label}``, or a description is of no label.

    Example:
        >>> class_texts(["dog_bark", "rain"], ["This is {label}"], {"rain": "rain on leaves"})
        [['This is dog bark', 'This is rain on leaves']]
    """
    if isinstance(prompts, str) or not len(prompts) or not all("{label}" in prompt for prompt in prompts):
        raise InputError(f"prompts must be a list of sentences with {{label}} in each; got {prompts!r}.")
    if unknown := sorted(set(descriptions or ()) - set(labels)):
        raise InputError(f"Descriptions are of labels that are not given: {', '.join(unknown)}.")
    words = [(descriptions or {}).get(label) or label.replace("_", " ") for label in labels]
    return [[prompt.replace("{label}", word) for word in words] for prompt in prompts]


def even(pool: Floats, text: Floats) -> Floats:
    """The same weight for every prompt of text (prompt, class, dim): (prompt,), of sum 1; `pool` is not used."""
    return np.full(len(text), 1 / len(text), text.dtype)


def by_entropy(pool: Floats, text: Floats) -> Floats:
    """Weights that favour prompts of sure predictions: (prompt,), of sum 1.

    They minimise the weighted mean of the prompts' prediction entropies over the pool, in units of the largest
    possible, minus 0.1 times their own entropy: ``softmax(-entropy / 0.1)``. Before the entropy is taken, a prompt's
    similarities are divided by their spread over classes, so that scale is no sureness.
    The pool is (recording, dim), text (prompt, class, dim); a single class makes no prompt differ.
    """
    if text.shape[1] == 1:
        return even(pool, text)
    return cast(Floats, softmax(-np.array([_entropy(pool @ t.T) for t in text], text.dtype) / EVENNESS))


def joined(text: Floats, weights: Floats) -> Floats:
    """One vector of length 1 per class, (class, dim): the mean of text (prompt, class, dim) by weights (prompt,)."""
    return unit(np.einsum("p,pcd->cd", weights, text))


def _entropy(similarity: Floats) -> float:
    """Mean entropy of predictions, from 0 to 1, of similarities (recording, class)."""
    spread = similarity.std(axis=1).mean()
    z = similarity / spread if spread > 0 else similarity
    log = z - logsumexp(z, axis=1, keepdims=True)
    return float(-(np.exp(log) * log).sum(1).mean() / np.log(similarity.shape[1]))


PROMPTS = {"entropy": by_entropy, "even": even}
