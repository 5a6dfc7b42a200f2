"""Random real clips: the baseline everything must beat (`random`).

With ``mosaic > 1`` each stored pair packs ``mosaic ** 2`` small clips: the control that shows how much of a
distillation result is packing and how much is optimisation.

Source:   every table of dataset condensation.      Differs from the paper: nothing known.
Cost:     reading the chosen clips.
"""

from __future__ import annotations

from typing import final

from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, Work
from limbeck.methods._selection import choose_random, select


@final
class Random(Method):
    """Pairs drawn at random, without replacement, class by class."""

    def distill(self, real: LabelledClips, *, seed: int = 0, work: Work | None = None) -> DistilledSet:
        """Draw the pairs; see `Method.distill`.

        Example:
            >>> import torch, limbeck
            >>> from limbeck.datasets import LabelledClips
            >>> from limbeck.media import ClipRecipe
            >>> clips = LabelledClips.from_arrays(
            ...     torch.randn(8, 1, 128, 56), torch.zeros(8, 3, 16, 16, dtype=torch.uint8),
            ...     torch.arange(8) % 2, ["bell", "drip"], recipe=ClipRecipe(image_size=16))
            >>> pairs = Random(per_class=1, mosaic=2).distill(clips)
            >>> pairs.pairs, len(pairs)
            (2, 8)
        """
        return select(self, real, choose_random(real, self.per_class * self.mosaic**2, seed), seed=seed)
