"""Real clips whose features are longest (`loudest`).

Source:   made up.      Differs from the paper: there is none.
Cost:     one forward pass over the data.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods import ByClass, Method, RunContext, Training, chosen_clips, features_by_class, finished
from limbeck.networks import Architecture


@final
class Loudest(Method):
    """Clips with the longest features; equals by lot.

    Attributes:
        network: Architecture of the encoders.
        training: Of an expert whose encoders they are; None leaves them random.
    """

    network: Architecture = Architecture()
    training: Training | None = None

    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """The longest; see `Selection.choose`."""
        from gifts._taste import liking

        features = features_by_class(self, real, seed, run)

        def chosen(label: int) -> Tensor:
            liked = liking(features(label))
            lots = torch.rand(len(liked), generator=torch.Generator().manual_seed(seed))
            return real.of_class(label)[(liked + 1e3 * lots).argsort(descending=True)[:count]]

        return chosen

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Hold them; see `Method.distill`."""
        run = run or RunContext()
        return finished(self, real, chosen_clips(self, self, self.name, real, seed, run), seed, run)
