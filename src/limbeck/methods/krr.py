"""Kernel ridge regression on features of random networks (`krr`).

A ridge regression is fitted on the synthetic pairs' features in closed form and asked about the real clips of all
classes; its squared error is what the pairs are moved to lower. Matching methods bring each class's pairs near its real
clips; this one asks whether the pairs, all together, tell the classes apart.

Source:   Nguyen, Chen and Lee, "Dataset Meta-Learning from Kernel Ridge-Regression" (KIP), ICLR 2021
          (https://arxiv.org/abs/2011.00050); on features of finite random networks: Loo et al., "Efficient Dataset
          Distillation using Random Feature Approximation" (RFAD), NeurIPS 2022; of networks in training: Zhou,
          Nezhadarya and Ba, "Dataset Distillation using Neural Feature Regression" (FRePo), NeurIPS 2022.
Differs from the paper: KIP has the kernel of infinitely wide networks, RFAD averages many networks in one kernel and
          scores by cross-entropy; here each step has the features of one network of a bank, as a step of FRePo has,
          but the networks stay random. Features lose the mean of the real clips' and are divided by their length. The
          ridge is 30, where KIP's is a millionth of the kernel's mean diagonal (here about 1): measured, see
          docs/methods/krr.md. Each modality has a regression of its own, unless ``joint``. Labels are not learnt. No
          published recipe joins all this, so there is no preset.
Cost:     as `dm`, all classes at once, and the solution of a system with as many unknowns as there are synthetic
          clips. Real features are kept as `SampleMatching` keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

import torch
import torch.nn.functional as F
from pydantic import Field
from torch import Tensor

from limbeck.methods._ridge import class_errors, unit_sides
from limbeck.methods._samples import AllClassesMatching


@final
class KRR(AllClassesMatching):
    """Lower the error on real clips of a ridge regression fitted on the pairs.

    Attributes:
        ridge: Penalty on the squared weights; features have length 1.
        joint: One regression on the features of both modalities side by side; otherwise the modalities never meet.
    """

    ridge: float = Field(30.0, ge=1e-3)
    joint: bool = False

    def loss(self, real_audio: Sequence[Tensor], real_image: Sequence[Tensor], audio: Tensor, image: Tensor) -> Tensor:
        """Squared error on the real clips of each class, mean over clips, added over modalities unless `joint`.

        Args:
            real_audio: Sound embeddings of each class's real clips, each (real, dim).
            real_image: Picture embeddings of the same clips, each (real, dim).
            audio: Sound embeddings of the synthetic clips, (class, synthetic, dim).
            image: Picture embeddings of the same clips, (class, synthetic, dim).

        Returns:
            (class,).
        """
        sizes = [len(clips) for clips in real_audio]
        sides = [unit_sides(real_audio, audio), unit_sides(real_image, image)]
        if self.joint:
            real, synthetic = (F.normalize(torch.cat(rows, 1), dim=1) for rows in zip(*sides, strict=True))
            sides = [(real, synthetic)]
        errors = [class_errors(real, sizes, synthetic, self.ridge) for real, synthetic in sides]
        return torch.stack(errors).sum(0)
