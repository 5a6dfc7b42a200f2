"""What accuracy depends on. One module an ablation; `names()` lists them."""

from __future__ import annotations

from limbeck import _discover
from limbeck.evaluation.sounds._embedded import EmbeddedDataset
from limbeck.evaluation.sounds.ablations._contract import Ablation, Point

__all__ = ["Ablation", "EmbeddedDataset", "Point", "load", "names"]


def names() -> tuple[str, ...]:
    """Names of all ablations.

    Example:
        >>> names()
        ('cluster_size', 'imbalance', 'noise', 'out_of_vocabulary', 'pool_size', 'prompts')
    """
    return _discover.names(__name__)


def load(name: str) -> type[Ablation]:
    """The settings class of the ablation of that name.

    Raises:
        UnknownNameError: No ablation has it.
    """
    return _discover.load(__name__, name, Ablation)
