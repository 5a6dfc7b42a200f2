"""What accuracy depends on. One module a study; `names()` lists them."""

from __future__ import annotations

from limbeck import _discover
from limbeck.evaluation.sounds._bench import Bench
from limbeck.evaluation.sounds.studies._contract import Point, Study

__all__ = ["Bench", "Point", "Study", "load", "names"]


def names() -> tuple[str, ...]:
    """Names of all studies.

    Example:
        >>> names()
        ('cluster_size', 'foreign', 'imbalance', 'noise', 'pool_size', 'prompts')
    """
    return _discover.names(__name__)


def load(name: str) -> type[Study]:
    """The settings class of the study of that name.

    Raises:
        UnknownNameError: No study has it.
    """
    return _discover.load(__name__, name, Study)
