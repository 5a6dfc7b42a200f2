"""Ridge regression in closed form, differentiable in the clips it is fitted on."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def ridge_predictions(train: Tensor, targets: Tensor, test: Tensor, ridge: float) -> Tensor:
    """What the linear model without intercept predicts that minimises ``|train w - targets|^2 + ridge |w|^2``.

    Fewer rows than columns are solved through their inner products (the dual form, kernel ridge regression), more
    through the columns': the smaller of two positive definite systems with the same solution, by Cholesky.

    Args:
        train: Features it is fitted on, (train, dim).
        targets: (train, output).
        test: Features it is asked about, (test, dim).
        ridge: > 0. With rows of length 1 the condition number is at most ``1 + train / ridge``.

    Returns:
        (test, output).

    Example:
        >>> x = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> ridge_predictions(x, torch.tensor([[2.0], [4.0]]), x, ridge=1.0).flatten()
        tensor([1., 2.])
    """
    if len(train) < train.shape[1]:
        return test @ train.T @ _solved(train @ train.T, targets, ridge)
    return test @ _solved(train.T @ train, train.T @ targets, ridge)


def unit_rows(real: Tensor, synthetic: Tensor) -> tuple[Tensor, Tensor]:
    """Both without the mean of the real rows, every row divided by its length.

    Args:
        real: (real, dim).
        synthetic: (synthetic, dim).

    Returns:
        The same shapes; a row that equals the mean stays 0.
    """
    mean = real.mean(0)
    return F.normalize(real - mean, dim=1), F.normalize(synthetic - mean, dim=1)


def _solved(square: Tensor, right: Tensor, ridge: float) -> Tensor:
    system = square + ridge * torch.eye(len(square), dtype=square.dtype, device=square.device)
    solved: Tensor = torch.cholesky_solve(right, torch.linalg.cholesky(system))
    return solved
