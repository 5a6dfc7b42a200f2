"""A model in the place of samples: a mean and directions, from which samples are drawn, any number (`generator`).

A row holds no samples but says how those of its class spread: the mean of their cosine coefficients, and directions
along which they differ, each as long as they do. A sample is the mean and a normal number of times each direction: the
normal distribution that fits the clips best with so many directions. Which ones are drawn says `seed`, so that
a set decodes always to the same; students draw others in every epoch, and ``limbeck sample`` as many as are wanted.

The numbers of a row are coefficients (`limbeck.parameterisations.frequencies`), so that few bits are enough for
them (`limbeck.storage.quantised`): a direction that says little rounds to nothing and takes next to no room.

Source:   probabilistic principal components: Tipping and Bishop, "Probabilistic Principal Component Analysis", JRSS B
          1999; that a set can be a model: Wang et al., "DiM: Distilling Dataset into Generative Model", 2023
          (arXiv 2303.04707).
Differs from the paper: it is linear, fitted in closed form, and draws sound and picture of a sample each by itself.
"""

import math
from collections.abc import Mapping
from typing import ClassVar, Self, final

import torch
from pydantic import Field
from torch import Tensor

from limbeck._runtime import generator
from limbeck.modalities import Batch, Modality
from limbeck.parameterisations._contract import Parameterisation, Tensors
from limbeck.parameterisations.frequencies import pack, unpack

MOST_SAMPLES = 100_000


@final
class Generator(Parameterisation):
    """A normal distribution of cosine coefficients in each row; not to be looked at.

    Attributes:
        samples: How many samples a row is decoded to, >= 1, and how many students see of it in an epoch.
        seed: Which these are, >= 0.

    Example:
        >>> str(Generator.from_text("samples=50")), Generator(samples=50).cells
        ('generator:samples=50,seed=0', 50)
    """

    are_samples: ClassVar[bool] = False
    is_model: ClassVar[bool] = True

    samples: int = Field(50, ge=1, le=MOST_SAMPLES)
    seed: int = Field(0, ge=0)

    @property
    def cells(self) -> int:
        return self.samples

    def drawn(self, samples: int, *, seed: int) -> Self:
        return type(self).from_json({"samples": samples, "seed": seed})

    def start(self, samples: Batch, modalities: Mapping[str, Modality]) -> Tensors:
        """Of each row's samples their mean and all directions in which they differ."""
        rows = {m: self._by_row(pack(x, 1, modalities[m])) for m, x in samples.items()}
        return {m: torch.stack([fitted(own, self.cells - 1) for own in x]) for m, x in rows.items()}

    def _by_row(self, x: Tensor) -> Tensor:
        return x.view(self.cells, -1, *x.shape[1:]).transpose(0, 1)

    def decode(self, tensors: Mapping[str, Tensor], modalities: Mapping[str, Modality]) -> Batch:
        found = {}
        for m, x in tensors.items():
            source = generator(self.seed, "samples", m)
            drawn = torch.randn(self.cells, x.shape[1] - 1, generator=source).to(x)
            waves = x[:, 0] + torch.einsum("sd,rd...->sr...", drawn, x[:, 1:])
            found[m] = unpack(waves.flatten(0, 1), 1, modalities[m])
        return found


def fitted(x: Tensor, directions: int) -> Tensor:
    """Mean of coefficients `x`, (sample, ...), and `directions` in which they differ most: (1 + direction, ...).

    A direction is as long as the standard deviation along it. Where samples differ in fewer, the others are 0.
    """
    mean = x.mean(0, keepdim=True)
    away = (x - mean).flatten(1).double()
    ascending = torch.linalg.eigh(away @ away.T).eigenvectors  # a small matrix: samples are fewer than their numbers
    kept = ascending.flip(1)[:, :directions].T @ away / math.sqrt(max(1, len(x) - 1))
    found = x.new_zeros(1 + directions, *x.shape[1:])
    found[:1] = mean
    found[1 : 1 + len(kept)] = kept.view(-1, *x.shape[1:]).to(x)
    return found
