"""Limbeck distils datasets of videos, sounds or images: a few synthetic samples per class that stand for all of it.

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
    "SoundClassifier": "limbeck.prototypes",
    "benchmark": "limbeck.comparison:run",
    "distill": "limbeck.distillation",
    "evaluate": "limbeck.evaluation.on_disk",
    "evaluate_controls": "limbeck.evaluation.on_disk",
    "export": "limbeck.exports",
    "import_set": "limbeck.imports",
    "inspect": "limbeck.inspection",
    "plan": "limbeck.distillation",
    "prepare": "limbeck.datasets",
    "pull": "limbeck.sharing",
    "push": "limbeck.sharing",
}
"""Where each public name is, and by which name where that is another."""

if TYPE_CHECKING:
    from limbeck import encoders, report, sounds
    from limbeck.comparison import run as benchmark
    from limbeck.datasets import LabelledClips, Prepared, prepare
    from limbeck.distillation import distill, plan
    from limbeck.distilled import DistilledSet
    from limbeck.errors import LimbeckError
    from limbeck.evaluation import Score
    from limbeck.evaluation.on_disk import evaluate, evaluate_controls
    from limbeck.exports import export
    from limbeck.imports import import_set
    from limbeck.inspection import inspect
    from limbeck.prototypes import SoundClassifier
    from limbeck.sharing import pull, push

__all__ = [
    "DistilledSet",
    "LabelledClips",
    "LimbeckError",
    "Prepared",
    "Score",
    "SoundClassifier",
    "benchmark",
    "distill",
    "encoders",
    "evaluate",
    "evaluate_controls",
    "export",
    "import_set",
    "inspect",
    "plan",
    "prepare",
    "pull",
    "push",
    "report",
    "sounds",
]


def __getattr__(name: str) -> Any:
    """Load a public name from its home."""
    if name in ("encoders", "report", "sounds"):
        return importlib.import_module(f"limbeck.{name}")
    if name not in _HOMES:
        raise AttributeError(f"module 'limbeck' has no attribute {name!r}")
    home, _, there = _HOMES[name].partition(":")
    return getattr(importlib.import_module(home), there or name)


def __dir__() -> list[str]:
    """Public names."""
    return sorted([*__all__, "__version__"])
