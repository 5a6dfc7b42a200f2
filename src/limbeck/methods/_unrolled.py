"""The exact gradient through many steps of gradient descent, in the memory of one.

Plain reverse differentiation keeps the graph of every inner step. Here the inner descent runs without a graph and
leaves the weights of each step in a temporary file; then the steps are walked backwards, each graph built anew from
its weights, used, and dropped. With ``w[i+1] = w[i] - rate * g(w[i], x[i])`` and a[T] the outer gradient at the end:

    a[i]      = a[i+1] - rate * (dg/dw)^T a[i+1]
    d/dx[i]   =        - rate * (dg/dx)^T a[i+1]
    d/drate  += -<a[i+1], g(w[i], x[i])>

Source:   Cui et al., "Scaling Up Dataset Distillation to ImageNet-1K with Constant Memory" (TESLA), ICML 2023, for the
          aim. TESLA gets there by a form of the gradient in which the weights of each step count as constants; nothing
          is dropped here, at the price of a second pass over the steps and of disk: one copy of the weights a step.
"""

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import torch
from torch import Tensor

Inner = Callable[[Tensor, Tensor, int], Tensor]
"""Weights (weight,), the inputs of a step, and the step's number, to its training loss ()."""


@dataclass(frozen=True)
class Descended:
    """Where gradient descent ended, and how an outer loss of that depends on what went in.

    Attributes:
        weights: Weights after the last step, (weight,).
        loss: The outer loss, ().
        inputs: Its gradient with respect to the inputs, of their shape.
        rate: Its gradient with respect to the learning rate, ().
    """

    weights: Tensor
    loss: Tensor
    inputs: Tensor
    rate: Tensor


def descend(
    inner: Inner,
    outer: Callable[[Tensor], Tensor],
    *,
    start: Tensor,
    rate: Tensor,
    inputs: Tensor,
    batches: Sequence[Tensor],
    folder: Path | None = None,
) -> Descended:
    """Descend along an inner loss, then differentiate an outer loss of the weights reached.

    From the first weights, `start`, (weight,), at a learning `rate`, (), a step for each of the `batches` of the
    `inputs`, (sample, ...): int64 positions, none twice within a step. The inner loss is twice differentiable. The
    temporary file goes to a `folder`, best on a disk: the system's choice may be memory.
    """
    weights = start.detach().clone()
    with tempfile.TemporaryFile(dir=folder) as file:
        for step, index in enumerate(batches):
            file.write(weights.detach().cpu().numpy().data.cast("B"))
            weights.requires_grad_()
            (gradient,) = torch.autograd.grad(inner(weights, inputs[index], step), weights)
            weights = weights.detach() - rate * gradient
        reached = weights.clone().requires_grad_()
        loss = outer(reached)
        (adjoint,) = torch.autograd.grad(loss, reached)
        to_inputs, to_rate = torch.zeros_like(inputs), torch.zeros_like(rate)
        for step in reversed(range(len(batches))):
            before, x = _pop(file, weights).requires_grad_(), inputs[batches[step]].requires_grad_()
            (gradient,) = torch.autograd.grad(inner(before, x, step), before, create_graph=True)
            to_rate -= adjoint @ gradient.detach()
            to_before, to_x = torch.autograd.grad(gradient, [before, x], -rate * adjoint)
            adjoint = adjoint + to_before
            to_inputs.index_add_(0, batches[step], to_x)
    return Descended(weights, loss.detach(), to_inputs, to_rate)


def _pop(file: BinaryIO, like: Tensor) -> Tensor:
    """What was written last, a tensor of that shape, format and device; the next one is that before it."""
    host = torch.empty(like.shape, dtype=like.dtype)
    file.seek(-host.nbytes, os.SEEK_CUR)
    file.readinto(host.numpy().data.cast("B"))  # type: ignore[attr-defined]
    file.seek(-host.nbytes, os.SEEK_CUR)
    return host.to(like.device)
