"""Ways to classify sounds. One module a way; `names()` lists them."""

from __future__ import annotations

from limbeck import _discover
from limbeck.evaluation.sounds._fold import Fold, Sounds
from limbeck.evaluation.sounds.ways._contract import Answer, Way

__all__ = ["Answer", "Fold", "Sounds", "Way", "load", "names"]


def names() -> tuple[str, ...]:
    """Names of all ways.

    Example:
        >>> names()
        ('chance', 'linear_probe', 'mlp', 'prototypes', 'supervised_prototypes', 'zero_shot')
    """
    return _discover.names(__name__)


def load(name: str) -> type[Way]:
    """The settings class of the way of that name.

    Raises:
        UnknownNameError: No way has it.
    """
    return _discover.load(__name__, name, Way)
