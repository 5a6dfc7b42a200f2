"""ConSE: a classifier's scores become a vector among texts, the mean of its best classes' names.

Source:   Norouzi et al., *Zero-Shot Learning by Convex Combination of Semantic Embeddings*, ICLR 2014
          (https://arxiv.org/abs/1312.5650), equation 5.
Differs from the paper: the mean is brought to length 1; the classifier's probabilities need not sum to 1 (AudioSet
          classes do not exclude each other), which the length would take out anyway.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def conse(scores: Tensor, names: Tensor, *, best: int = 10) -> Tensor:
    """Vectors of sounds in the space of their classes' names, rows of length 1, float32, (sound, dim).

    They are the mean of the `best` classes' names, (class, dim), weighted by `scores` >= 0, (sound, class); of a sound
    of which every score is 0, the mean of all names.

    Example:
        >>> import torch
        >>> conse(torch.tensor([[0.9, 0.3, 0.4]]), torch.eye(3), best=2)
        tensor([[0.9138, 0.0000, 0.4061]])
    """
    # A stable sort, because quantised scores tie often.
    weights, classes = scores.sort(dim=1, descending=True, stable=True)
    weights, classes = weights[:, :best], classes[:, :best]
    mixed = (weights[..., None] * names[classes]).sum(1)
    mixed[weights.sum(1) == 0] = names.mean(0)
    return F.normalize(mixed, dim=1)
