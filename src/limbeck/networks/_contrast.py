"""How pictures as maps and sounds as vectors are told from one another: pure functions."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy


def best_cosines(places: Tensor, sounds: Tensor, best: int = 1) -> Tensor:
    """The cosine of the best place of each picture and each sound, (picture, sound), or the mean of several.

    Args:
        places: Unit vectors, (picture, dimension, row, column).
        sounds: Unit vectors, (sound, dimension).
        best: How many of the best places count, or all where there are fewer.
    """
    found = torch.einsum("pdrc,sd->psrc", places, sounds).flatten(2)
    return found.topk(min(best, found.shape[2]), dim=2).values.mean(dim=2)


def place_contrast(
    places: Tensor, sounds: Tensor, labels: Tensor, inside: Tensor | None = None, *, temperature: float, best: int = 1
) -> Tensor:
    """Mean over clips of how badly a clip's own sound is told from those of other classes, and its picture likewise.

    The loss of Mo and Morgado, *Localizing Visual Sounds the Easy Way*, ECCV 2022 (EZ-VSL), in which clips of one class
    are no counterexamples of each other here.

    Args:
        places: Unit vectors, (clip, dimension, row, column).
        sounds: Unit vectors, (clip, dimension).
        labels: Of the clips, int64, (clip,).
        inside: What is heard in each sound, int64, (clip, any number): these are no counterexamples of it. By default
            the class of its clip.
        temperature: Divides cosines, > 0.
        best: How many of the best places of a picture count; 1 as published.

    Example:
        >>> x = torch.eye(2)
        >>> loss = place_contrast(x[:, :, None, None], x, torch.tensor([0, 1]), temperature=1.0)
        >>> round(float(loss), 4)  # log(1 + 1/e)
        0.3133
    """
    own = torch.arange(len(labels), device=labels.device)
    inside = labels[:, None] if inside is None else inside
    alike = (labels[:, None, None] == inside).any(dim=-1) & (own[:, None] != own)
    together = (best_cosines(places, sounds, best) / temperature).masked_fill(alike, -torch.inf)
    return (cross_entropy(together, own) + cross_entropy(together.T, own)) / 2


def class_contrast(vectors: Tensor, labels: Tensor, *, temperature: float) -> Tensor:
    """Mean over samples of how badly those of their class are told from the others; 0 where no class is there twice.

    The loss of Khosla et al., *Supervised Contrastive Learning*, NeurIPS 2020, eq. 2. Beside `place_contrast` it gives
    pictures something to go by early: by themselves both sides learn slowly.

    Args:
        vectors: Unit vectors, (sample, dimension).
        labels: int64, (sample,).
        temperature: Divides cosines, > 0.
    """
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    alike = (labels[:, None] == labels) & ~itself
    told = (vectors @ vectors.T / temperature).masked_fill(itself, -1e4).log_softmax(dim=1)
    return -(told * alike).sum(dim=1).div(alike.sum(dim=1).clamp_min(1)).mean()
