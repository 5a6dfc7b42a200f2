"""Ridge regression in closed form, differentiable in the clips it is fitted on."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor


def ridge_predictions(train: Tensor, targets: Tensor, test: Tensor, ridge: float) -> Tensor:
    """What the linear model without intercept predicts that minimises ``|train w - targets|^2 + ridge |w|^2``.

    Fewer rows than columns are solved through their inner products (the dual form, kernel ridge regression), more
    through the columns': the smaller of two positive definite systems with the same solution, by Cholesky.

    It is fitted on features, (train, dim), for `targets`, (train, output), and asked about others: (test, dim) to
    (test, output). With rows of length 1 the condition number is at most ``1 + train / ridge``.

    Example:
        >>> x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> ridge_predictions(x, torch.tensor([[2.0], [4.0]]), x, ridge=1.0).flatten()
        tensor([1., 2.])
    """
    if len(train) < train.shape[1]:
        return test @ train.T @ _solved(train @ train.T, targets, ridge)
    return test @ _solved(train.T @ train, train.T @ targets, ridge)


def class_errors(real: Tensor, sizes: Sequence[int], synthetic: Tensor, ridge: float) -> Tensor:
    """Squared error on each class's real rows, mean over rows, of a regression that tells classes apart.

    These, (real, dim), are so many of each class, class after class; it is fitted on `synthetic` ones, likewise with
    equally many of each class; see `unit_rows`. The errors are (class,).
    """
    classes = len(sizes)
    wanted = torch.eye(classes, dtype=synthetic.dtype, device=synthetic.device) - 1 / classes
    labels = wanted.repeat_interleave(len(synthetic) // classes, 0)
    targets = wanted.repeat_interleave(torch.tensor(sizes, device=wanted.device), 0)
    errors = (ridge_predictions(synthetic, labels, real, ridge) - targets).square().sum(1)
    return torch.stack([part.mean() for part in torch.split(errors, list(sizes))])


def unit_rows(real: Sequence[Tensor], synthetic: Tensor) -> tuple[Tensor, Tensor]:
    """A modality's features without the mean of the real ones, each divided by its length; one at the mean stays 0.

    From real features of each class, (real, dim), and synthetic ones, (class, synthetic, dim), to rows for
    `class_errors`, (all real, dim) and (class * synthetic, dim), in the second's number format.
    """
    clips = torch.cat(list(real)).to(synthetic)
    mean = clips.mean(0)
    return F.normalize(clips - mean, dim=1), F.normalize(synthetic.flatten(0, 1) - mean, dim=1)


def _solved(square: Tensor, right: Tensor, ridge: float) -> Tensor:
    system = square + ridge * torch.eye(len(square), dtype=square.dtype, device=square.device)
    solved: Tensor = torch.cholesky_solve(right, torch.linalg.cholesky(system))
    return solved
