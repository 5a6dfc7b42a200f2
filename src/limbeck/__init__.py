"""Limbeck distils audio-visual datasets: a few synthetic (log-mel, frame) pairs a class that stand for all of it.

Everything public is loaded on first use, so that ``import limbeck`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOMES = {
    "DistilledSet": "limbeck.distilled",
    "LabelledClips": "limbeck.datasets",
    "LimbeckError": "limbeck.errors",
    "Prepared": "limbeck.datasets",
    "Score": "limbeck.evaluation",
    "distill": "limbeck.verbs",
    "evaluate": "limbeck.verbs",
    "export": "limbeck.verbs",
    "inspect": "limbeck.inspection",
    "make_report": "limbeck.verbs",
    "prepare": "limbeck.verbs",
}

if TYPE_CHECKING:
    from limbeck.datasets import LabelledClips, Prepared
    from limbeck.distilled import DistilledSet
    from limbeck.errors import LimbeckError
    from limbeck.evaluation import Score
    from limbeck.inspection import inspect
    from limbeck.verbs import distill, evaluate, export, make_report, prepare

__all__ = [
    "DistilledSet",
    "LabelledClips",
    "LimbeckError",
    "Prepared",
    "Score",
    "distill",
    "evaluate",
    "export",
    "inspect",
    "make_report",
    "prepare",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home."""
    if name not in _HOMES:
        raise AttributeError(f"module 'limbeck' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """Public names."""
    return sorted([*__all__, "__version__"])
