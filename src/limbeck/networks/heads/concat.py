"""One classifier on all feature vectors side by side.

Source:   The "concat" row of Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024. The code was not
          released; this is the obvious form of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import final

import torch
from torch import Tensor

from limbeck.modalities import Batch
from limbeck.networks.heads._layers import Together, linear


@final
class Concat(Together):
    """Linear classifier of the joined features; scored together."""

    def __init__(
        self, dims: Mapping[str, int], classes: int, letters: Mapping[str, str], *, generator: torch.Generator
    ) -> None:
        super().__init__(dims, classes, letters, generator=generator)
        self.classifier = linear(sum(dims.values()), classes, generator=generator)

    def logits(self, features: Batch) -> Tensor:
        """See `Together.logits`."""
        logits: Tensor = self.classifier(torch.cat([features[m] for m in self.letters], dim=1))
        return logits
