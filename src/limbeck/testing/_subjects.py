"""Subjects of measures that train in a blink."""

from __future__ import annotations

from limbeck._runtime import choose_runtime
from limbeck.evaluation import Protocol
from limbeck.evaluation._subject import subject
from limbeck.evaluation.measures import Subject
from limbeck.methods import Method
from limbeck.networks import Architecture
from limbeck.testing._clips import toy_clips

SHORT = Protocol(epochs=5, drop_after=(), audio_lr=1e-2, image_lr=1e-2, head_lr=1e-2)


def toy_subject(method: Method | None = None, *, classes: int = 3, per_class: int = 8) -> Subject:
    """What a method made of toy clips, or the whole without one.

    Args:
        method: Makes the set; None for the whole.
        classes: Number of classes.
        per_class: Training clips of each.
    """
    real, test = toy_clips(classes, per_class, seed=1), toy_clips(classes, 6, seed=2)
    return subject(
        method.distill(real, seed=0) if method else None,
        real,
        test,
        runtime=choose_runtime("cpu", "float32"),
        network=Architecture(options={"width": 4}),
        protocol=SHORT,
    )
