"""Subjects of measures that train in a blink, and what is found of any."""

from limbeck.evaluation import Score, Subject, evaluate
from limbeck.testing import SHORT, toy_subject

__all__ = ["SHORT", "evaluated", "toy_subject"]

PARTS = ("clips", "modalities", "scales", "network", "protocol", "runtime", "cache")


def evaluated(train, test, measure=None, **options) -> Score:
    """`evaluate` of a subject that is put together from the `options` that are its parts."""
    parts = {name: options.pop(name) for name in PARTS if name in options}
    return evaluate(Subject.of(train, test, **parts), measure, **options)
