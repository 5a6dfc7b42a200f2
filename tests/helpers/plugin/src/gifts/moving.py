"""Class means, matched without haste (`gentle`).

Source:   made up.      Differs from the paper: there is none.
Cost:     as `dm`.
"""

from __future__ import annotations

from typing import final

from torch import Tensor

from limbeck.methods import MeanMatching


@final
class Gentle(MeanMatching):
    """Match the class means of both modalities; settings as in `MeanMatching`."""

    def loss(self, real_audio: Tensor, real_image: Tensor, audio: Tensor, image: Tensor) -> Tensor:
        """Distances of the means; see `MeanMatching.loss`."""
        return (real_audio - audio).abs().sum(1) + (real_image - image).abs().sum(1)
