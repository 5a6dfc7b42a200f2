"""Soft labels as they are written: 16 bits a probability, and none for those that are 0, where that loses nothing."""

from collections.abc import Mapping

import torch
from torch import Tensor

SOFT_LABELS = "soft_labels"
OF = "soft_labels_of"
"""Which classes the probabilities are of, where not all are written."""


def soft_labels_payload(probabilities: Tensor) -> dict[str, Tensor]:
    """What is written of class probabilities, float32, (sample, class); `read_soft_labels` gives back the same bits.

    Example:
        >>> {name: x.dtype for name, x in soft_labels_payload(torch.tensor([[0.75, 0.25, 0, 0, 0, 0, 0]])).items()}
        {'soft_labels': torch.float16, 'soft_labels_of': torch.uint8}
    """
    if not torch.equal(probabilities.half().float(), probabilities):
        return {SOFT_LABELS: probabilities}
    count, classes = probabilities.shape
    most = int((probabilities != 0).sum(1).max()) if count else classes
    if most * _each(classes) >= 2 * classes:
        return {SOFT_LABELS: probabilities.half()}
    values, of = probabilities.topk(most, 1)
    return {SOFT_LABELS: values.half(), OF: of.to(_index(classes))}


def read_soft_labels(payload: Mapping[str, Tensor], classes: int) -> Tensor | None:
    """The probabilities of so many `classes` in a `payload`, float32, (sample, class); None where there are none."""
    if SOFT_LABELS not in payload:
        return None
    values, of = payload[SOFT_LABELS].float(), payload.get(OF)
    return values if of is None else values.new_zeros(len(values), classes).scatter(1, of.long(), values)


def soft_label_bytes(classes: int, top: int | None = None) -> int:
    """Bytes of a sample's probabilities of so many `classes`, where the `top` ones alone are kept, or all."""
    return min(2 * classes, (top or classes) * _each(classes))


def _each(classes: int) -> int:
    """Bytes of a probability with the number of its class."""
    return 2 + _index(classes).itemsize


def _index(classes: int) -> torch.dtype:
    return torch.uint8 if classes <= 256 else torch.int16
