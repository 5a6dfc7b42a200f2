"""Subjects of measures that train in a blink."""

from __future__ import annotations

from limbeck.evaluation import Protocol, Subject
from limbeck.methods import Method
from limbeck.networks import Architecture
from limbeck.testing._clips import toy_clips

SHORT = Protocol(epochs=5, drop_after=(), lr=1e-2)


def toy_subject(method: Method | None = None, *, classes: int = 3, per_class: int = 8) -> Subject:
    """What a `method` made of toy clips, `per_class` of so many `classes`, or without one the whole."""
    real, test = toy_clips(classes, per_class, seed=1), toy_clips(classes, 6, seed=2)
    train = method.distill(real, seed=0) if method else real
    return Subject.of(train, test, clips=real, network=Architecture(options={"width": 4}), protocol=SHORT)
