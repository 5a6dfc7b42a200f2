"""Subjects of measures that train in a blink."""

from __future__ import annotations

from limbeck.evaluation import Protocol, Subject
from limbeck.methods import Method
from limbeck.networks import Architecture
from limbeck.testing._clips import toy_clips

SHORT = Protocol(epochs=5, drop_after=(), lr=1e-2)


def toy_subject(method: Method | None = None, *, classes: int = 3, per_class: int = 8) -> Subject:
    """What a method made of toy clips, or the whole without one.

    Args:
        method: Makes the set; None for the whole.
        classes: Number of classes.
        per_class: Training clips of each.
    """
    real, test = toy_clips(classes, per_class, seed=1), toy_clips(classes, 6, seed=2)
    train = method.distill(real, seed=0) if method else real
    return Subject.of(train, test, clips=real, network=Architecture(options={"width": 4}), protocol=SHORT)
