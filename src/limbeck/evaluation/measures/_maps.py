"""How maps of what sounds are judged against boxes: pure functions of maps, (clip, row, column), and of truths."""

from collections.abc import Sequence

import torch
from torch import Tensor

from limbeck.media import Box

THRESHOLDS = 21


def drawn(boxes: Sequence[Box], size: int) -> Tensor:
    """The places of a picture, `size` high and wide, whose middle is in one of the `boxes`, bool, (row, column).

    Example:
        >>> drawn([(0.0, 0.0, 0.5, 0.25)], 4).nonzero().tolist()
        [[0, 0], [0, 1]]
    """
    middles = (torch.arange(size) + 0.5) / size
    found = torch.zeros(size, size, dtype=torch.bool)
    for left, top, right, bottom in boxes:
        rows, columns = ((middles >= low) & (middles < high) for low, high in ((top, bottom), (left, right)))
        found |= rows[:, None] & columns
    return found


def largest(maps: Tensor, counts: Tensor) -> Tensor:
    """The `counts`, int64, (clip,), >= 1, places of each map that score highest, bool; all that tie with the last.

    A map that is the same everywhere says everywhere.

    Example:
        >>> largest(torch.tensor([[[0.1, 0.9], [0.5, 0.5]]]), torch.tensor([2])).tolist()
        [[[False, True], [True, True]]]
    """
    ordered = maps.flatten(1).sort(dim=1, descending=True).values
    return maps >= ordered.gather(1, counts[:, None] - 1)[..., None]


def half(maps: Tensor) -> Tensor:
    """The places of each map that are at least at its median, bool: half of the picture, or more where places tie.

    Example:
        >>> half(torch.tensor([[[0.1, 0.9], [0.5, 0.2]]])).tolist()
        [[[False, True], [True, False]]]
    """
    places = maps[0].numel()
    return largest(maps, torch.full((len(maps),), places - places // 2))


def centre(counts: Tensor, size: int) -> Tensor:
    """A square in the middle of each picture that is about as large as `counts`, int64, (clip,), places; bool.

    The pictures are `size` high and wide.

    Example:
        >>> centre(torch.tensor([5]), 4)[0].nonzero().tolist()
        [[1, 1], [1, 2], [2, 1], [2, 2]]
    """
    sides = counts.double().sqrt().round().long().clamp(1, size)
    first = (size - sides) // 2
    line = torch.arange(size)
    within = (line >= first[:, None]) & (line < (first + sides)[:, None])
    return within[:, :, None] & within[:, None]


def pointed(maps: Tensor, truths: Tensor) -> Tensor:
    """Whether the highest place of each map (of several the first) is in its truth, bool, (clip,): the pointing game.

    Example:
        >>> pointed(torch.tensor([[[0.1, 0.9]]]), torch.tensor([[[False, True]]])).tolist()
        [True]
    """
    return truths.flatten(1).gather(1, maps.flatten(1).argmax(1, keepdim=True))[:, 0]


def consensus_iou(said: Tensor, truth: Tensor) -> Tensor:
    """Consensus IoU of each clip, (clip,), of the places that are `said` and those of the `truth`.

    That is what is said of the truth, over the truth and what is said beside it. Where annotators agree in part, the
    truth is between 0 and 1; of boxes alone, either of these, it is the intersection over the union.

    Example:
        >>> consensus_iou(torch.tensor([[[1, 1], [1, 0]]]), torch.tensor([[[1.0, 0.5], [0.0, 0.5]]])).tolist()
        [0.5]
    """
    said, truth = said.flatten(1).double(), truth.flatten(1).double()
    return (said * truth).sum(1) / (truth.sum(1) + (said * (truth == 0)).sum(1))


def success(ious: Tensor, least: float = 0.5) -> float:
    """Percent of clips whose IoU is `least` or more; with a half this is AP50, which many tables call cIoU.

    Example:
        >>> success(torch.tensor([0.5, 0.4]))
        50.0
    """
    return 100 * float((ious >= least).double().mean())


def success_area(ious: Tensor) -> float:
    """Area in percent under `success` at 21 thresholds from 0 to 1 (AUC), by trapezoids.

    Example:
        >>> round(success_area(torch.tensor([0.5])), 6)  # all up to 0.5, and half of the way to 0.55
        52.5
    """
    at = torch.linspace(0, 1, THRESHOLDS, dtype=torch.float64)
    # A threshold of 0.15 is not to be missed by 0.15 for its last bit.
    return float(torch.trapezoid(100 * (ious[:, None].double() >= at - 1e-9).double().mean(0), at))


def universal_threshold(maxima: Tensor) -> float:
    """The score that a quarter of the maps of sounds of nothing pass somewhere, of their `maxima`, (map,).

    Example:
        >>> universal_threshold(torch.tensor([0.0, 0.1, 0.2, 0.3, 0.4]))
        0.30000001192092896
    """
    return float(torch.quantile(maxima, 0.75))


def part_above(maps: Tensor, threshold: float) -> float:
    """Mean over maps of the percent of the picture that scores above a `threshold` (pIA); 0 is right of no sound.

    Example:
        >>> part_above(torch.tensor([[[0.1, 0.9], [0.5, 0.2]]]), 0.5)
        25.0
    """
    return 100 * float((maps > threshold).double().mean())
