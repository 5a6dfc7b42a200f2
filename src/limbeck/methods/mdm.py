"""Matching what sound and picture of a pair share and what parts them, on the sphere (`mdm`).

For each pair, the sum of its two features and their difference, as directions: how it agrees and how it disagrees.
Moves a few pairs a class until these directions are distributed as those of the real clips, by a kernel of the angle.
What `avdd` does with two means, which cancels (see there), this does pair by pair, which does not.

Source:   Jeong, Kwon, Kim and Yoon, "Multimodal Distribution Matching for Vision-Language Dataset Distillation", CVPR
          2026 (https://arxiv.org/abs/2605.23482): agreement and discrepancy directions, geodesic kernel.
Differs from the paper: classes, not single pairs, are matched. Encoders are random or experts as of `Encoders`, where
          the paper merges pairs of contrastively tuned ones; its third term, a contrast of the synthetic pairs, is left
          out, since classifiers of sound and picture that never met give a cosine across modalities no meaning. All
          pairs of clips count in the discrepancy, a clip with itself too, so that it is a distance; the released code
          leaves those out. The start is not k-means, and its gradient clipping is left to Adam, so there is no
          ``faithful`` preset.
Cost:     as `dm`, and kernels of all features of a class with each other, which is little beside the encoders.
"""

from __future__ import annotations

from typing import final

import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from limbeck.errors import InputError
from limbeck.methods._losses import geodesic_kernel, kernel_discrepancy, root
from limbeck.methods._samples import Normal, SampleMatching, stacked


@final
class MDM(SampleMatching):
    """Match directions of agreement and of discrepancy.

    Attributes:
        agreement_weight: Weight of the sums' directions, >= 0.
        discrepancy_weight: Weight of the differences' directions, >= 0.
        width: Of the kernel, radian, > 0.
    """

    agreement_weight: float = Field(0.8, ge=0)
    discrepancy_weight: float = Field(0.8, ge=0)
    width: float = Field(0.5, gt=0)

    def loss(self, real_audio: Tensor, real_image: Tensor, audio: Tensor, image: Tensor, normal: Normal) -> Tensor:
        """Weighted discrepancies, not squared; see `SampleMatching.loss`.

        Raises:
            InputError: Features of sound and picture differ in length.
        """
        if audio.shape[-1] != image.shape[-1]:
            raise InputError(
                f"mdm adds the features of sound and picture, so both must be of one length, but they have "
                f"{audio.shape[-1]} and {image.shape[-1]} numbers. Use a network whose encoders agree, as convnet."
            )
        a, v = F.normalize(stacked(real_audio, audio), dim=1), F.normalize(stacked(real_image, image), dim=1)
        return self.agreement_weight * self._gap(a + v, len(real_audio)) + self.discrepancy_weight * self._gap(
            a - v, len(real_audio)
        )

    def _gap(self, x: Tensor, real: int) -> Tensor:
        return root(kernel_discrepancy(geodesic_kernel(F.normalize(x, dim=1), self.width), real))
