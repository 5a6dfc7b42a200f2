"""What a classifier learned from words, packed as arrays and a few numbers, and unpacked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from limbeck._config import Config
from limbeck.errors import InputError
from limbeck.prototypes.classifier import PrototypeClassifier

Arrays = Mapping[str, NDArray[Any]]


class Learned(Config):
    """The numbers.

    Attributes:
        parameters: Of the classifier.
        labels: Its classes.
        space: Where it compares.
        neighbours: Number requested per class.
        agreement: Fraction of the pool that words and prototypes called the same.
        temperature: See `PrototypeClassifier`.
        threshold: See there; None where nothing is rejected.
    """

    parameters: dict[str, Any] = Field(default_factory=dict)
    labels: tuple[str, ...] = Field(default=("",), min_length=1)
    space: Literal["joint", "features"] = "joint"
    neighbours: int = 1
    agreement: float = 0.5
    temperature: float = Field(default=1.0, gt=0)
    threshold: float | None = None


def pack(classifier: PrototypeClassifier) -> tuple[Learned, dict[str, NDArray[Any]]]:
    """Numbers and arrays of a classifier learned from words."""
    c = classifier
    numbers = Learned(
        parameters={name: v.item() if isinstance(v, np.generic) else v for name, v in c.get_params().items()},
        labels=tuple(c.classes_.tolist()),
        space=c.space_,
        neighbours=c.neighbours_count_,
        agreement=c.agreement_,
        temperature=c.temperature_,
        threshold=c.threshold_ if np.isfinite(c.threshold_) else None,
    )
    rows = [rows for rows, _, _ in c._examples] or [np.zeros((0, c.n_features_in_), c.prototypes_.dtype)]
    return numbers, {
        "prototypes": c.prototypes_,
        "mean": c.mean_,
        "scale": c.scale_,
        "levels": c.levels_,
        "prompt_weights": c.prompt_weights_,
        "recordings": c._pool,
        "neighbours": np.concatenate(c.neighbours_),
        "neighbour_weights": np.concatenate(c.neighbour_weights_),
        "neighbours_per_class": np.array([len(own) for own in c.neighbours_]),
        "examples": np.concatenate(rows),
        "example_classes": np.concatenate([labels for _, labels, _ in c._examples] or [np.zeros(0, np.int64)]),
        "example_weights": np.concatenate([np.full(len(own), w) for own, _, w in c._examples] or [np.zeros(0)]),
    }


def unpack(numbers: Learned, arrays: Arrays) -> PrototypeClassifier:
    """The classifier that `pack` was given, without the pool.

    Raises:
        InputError: They do not belong together.
        KeyError: An array is missing.
        TypeError: A parameter is unknown.
    """
    c = PrototypeClassifier(**numbers.parameters)
    c.classes_, c.multi_label_ = np.asarray(numbers.labels), False
    c.space_, c.neighbours_count_ = numbers.space, numbers.neighbours
    c.agreement_, c.temperature_ = numbers.agreement, numbers.temperature
    c.threshold_ = -np.inf if numbers.threshold is None else numbers.threshold
    c.prototypes_, c.mean_, c.scale_ = arrays["prototypes"], arrays["mean"], arrays["scale"]
    c.levels_, c.prompt_weights_ = arrays["levels"], arrays["prompt_weights"]
    c.n_features_in_ = len(c.mean_)
    c._pool, c._words = arrays["recordings"], None
    ends = np.cumsum(arrays["neighbours_per_class"])[:-1]
    c.neighbours_ = np.split(arrays["neighbours"], ends)
    c.neighbour_weights_ = np.split(arrays["neighbour_weights"], ends)
    c._examples = [
        (row[None], label[None], float(weight))
        for row, label, weight in zip(
            arrays["examples"], arrays["example_classes"], arrays["example_weights"], strict=True
        )
    ]
    shape = (len(numbers.labels), c.n_features_in_)
    if (
        c.prototypes_.shape != shape
        or c._pool.shape[1:] != shape[1:]
        or len(c.neighbours_) != shape[0]
        or arrays["neighbours"].max(initial=-1) >= len(c._pool)
    ):
        raise InputError(f"arrays of {shape[0]} labels in {shape[1]} dimensions were expected, but got others")
    return c
