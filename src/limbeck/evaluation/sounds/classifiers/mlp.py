"""A small network on labelled embeddings (`mlp`): the published supervised baseline.

Source: the baseline of PROTO (Interspeech 2023, arXiv 2306.12300): d, 2d and C units, ReLU, dropout 0.1, Adam at 1e-4,
30 epochs, batches of 128; cross-entropy and the last epoch, or binary cross-entropy and the best epoch by validation
where recordings have several labels and there are validation recordings.

Differs from the paper: the best epoch has the highest class-wise macro mAP.
"""

import math
from itertools import pairwise
from typing import ClassVar, Literal, final

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from limbeck._runtime import generator
from limbeck.evaluation.sounds._embedded import Fold
from limbeck.evaluation.sounds.classifiers._contract import Classifier, Predictions
from limbeck.evaluation.sounds.embeddings import Array
from limbeck.evaluation.sounds.metrics import class_wise


@final
class MLP(Classifier):
    """One hidden layer.

    Attributes:
        space: What it sees.
        standardise: Bring every number to mean 0 and deviation 1 over the pool (published: no).
        width: Hidden units for each input.
        dropout: Part of the hidden units left out in training, in [0, 1).
        learning_rate: Of Adam.
        epochs: Passes over the pool.
        batch: Recordings at a time.
    """

    supervised: ClassVar[bool] = True
    draws: ClassVar[int] = 3
    space: Literal["joint", "features"] = "joint"
    standardise: bool = False
    width: float = Field(2.0, gt=0)
    dropout: float = Field(0.1, ge=0, lt=1)
    learning_rate: float = Field(1e-4, gt=0)
    epochs: int = Field(30, ge=1)
    batch: int = Field(128, ge=1)

    def classify(self, fold: Fold, *, seed: int) -> Predictions:
        """Train and score the test recordings; the seed draws weights, order and dropout."""
        from sklearn.preprocessing import StandardScaler

        pool = fold.pool.labelled
        raw = getattr(pool, self.space)
        scaler = StandardScaler(with_mean=self.standardise, with_std=self.standardise).fit(raw)

        def inputs(x: Array) -> Tensor:
            scaled = scaler.transform(x) if len(x) else np.zeros_like(x)
            return torch.from_numpy(np.asarray(scaled, dtype=np.float32))

        draw = generator(seed, "mlp")
        x, targets = inputs(raw), torch.from_numpy(pool.known.astype(np.float32))
        weights = _weights((x.shape[1], math.ceil(self.width * x.shape[1]), targets.shape[1]), draw)
        optimiser = torch.optim.Adam(weights, lr=self.learning_rate)
        test, held = inputs(getattr(fold.test, self.space)), inputs(getattr(fold.validation, self.space))
        loss_of = F.binary_cross_entropy_with_logits if fold.multi_label else F.cross_entropy
        aims = targets if fold.multi_label else targets.argmax(1)
        choosing = fold.multi_label and len(held) > 0
        best, scores = -math.inf, np.empty(0, dtype=np.float32)
        for epoch in range(self.epochs):
            order = torch.randperm(len(x), generator=draw)
            for start in range(0, len(x), self.batch):
                rows = order[start : start + self.batch]
                loss = loss_of(_forward(weights, x[rows], self.dropout, draw), aims[rows])
                optimiser.zero_grad()
                torch.autograd.backward(loss)
                optimiser.step()
            last = epoch == self.epochs - 1
            with torch.no_grad():
                worth = class_wise(_forward(weights, held).numpy(), fold.validation.known) if choosing else float(last)
                if worth > best and (choosing or last):
                    best, scores = worth, _forward(weights, test).numpy()
        return Predictions(scores)


def _weights(sizes: tuple[int, int, int], draw: torch.Generator) -> list[Tensor]:
    """Two layers, drawn as torch draws its linear layers."""
    made = []
    for fan_in, fan_out in pairwise(sizes):
        for shape in ((fan_out, fan_in), (fan_out,)):
            values = (2 * torch.rand(shape, generator=draw) - 1) / math.sqrt(fan_in)
            made.append(values.requires_grad_())
    return made


def _forward(weights: list[Tensor], x: Tensor, dropout: float = 0.0, draw: torch.Generator | None = None) -> Tensor:
    first, first_bias, second, second_bias = weights
    hidden = torch.relu(x @ first.T + first_bias)
    if dropout:
        hidden = hidden * (torch.rand(hidden.shape, generator=draw) >= dropout) / (1 - dropout)
    return hidden @ second.T + second_bias
