"""Distribution matching under partly trained networks, with a cross-entropy (`idm`).

`dm`, improved in three ways: encoders are networks at any stage of training instead of random ones; a classifier that
knows the real clips must recognise the pairs, the more it knows the more so; and pairs are packed 2 x 2 (with
``mosaic=2``; the preset does).

Source:   Zhao, Li, Qin and Yu, "Improved Distribution Matching for Dataset Condensation", CVPR 2023
          (https://arxiv.org/abs/2307.09742).
Differs from the paper: there, a queue of networks is trained beside the pairs, some steps at a time, the oldest giving
          way to new ones. Here a step takes an expert (`Encoders.training`) after an epoch drawn at random: networks
          of the same ages in the same proportions, for a queue in its steady state, but trained once for a dataset and
          not once for each run. Each modality has its own cross-entropy and training accuracy. Where the paper's
          budget is one image without packing, its code drops clips that the network finds hard and the cross-entropy
          of images already recognised: not here. The function called `embed_channel_avg` in that code averages
          nothing (as it is run it flattens the last map): features are those of `dm`. Defaults: a bank of ten experts,
          trained as those of `davdd` and `forgetting`, and Adam; ``--preset faithful`` has the published numbers,
          where they carry over.
Cost:     as `dm`, after `Training.epochs` passes forward and backward over the real clips for each expert, once a
          dataset.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self, cast, final

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor

from limbeck.datasets import LabelledClips, Scale
from limbeck.methods._contract import Work
from limbeck.methods._descent import Adam, Optimiser
from limbeck.methods._encoders import Encoders, Lens
from limbeck.methods._experts import Snapshot, Training
from limbeck.methods._losses import squared_gap
from limbeck.methods._matching import Compare, MeanMatching
from limbeck.networks import MODALITIES

PER_CENT = 100


@final
class IDM(MeanMatching):
    """Match class means under experts, and have the experts recognise the pairs.

    Attributes:
        encoders: As in `Optimised`; `Encoders.training` must be there.
        optimiser: As in `Optimised`.
        cross_entropy_weight: Weight of the pairs' cross-entropy under the expert, which is multiplied by the expert's
            training accuracy in per cent, as published; 0 leaves it out.
    """

    encoders: Encoders = Encoders(bank=10, batch=None, training=Training(epochs=20, batch=64, momentum=0.9), age="any")
    optimiser: Optimiser = Adam()
    cross_entropy_weight: float = Field(0.5, ge=0)

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "faithful": {
            "sound": "raw",
            "mosaic": 2,
            "steps": 20001,
            "start": "random",
            "cross_entropy_weight": 0.5,
            "encoders": {
                "bank": None,
                "batch": 256,
                "training": {"epochs": 20, "momentum": 0.9, "weight_decay": 0.0005, "augment": None},
                "age": "any",
            },
            "optimiser": {"kind": "sgd", "audio_lr": 0.2, "image_lr": 0.2, "momentum": 0.5, "loop": "joint"},
        }
    }

    @model_validator(mode="after")
    def _has_experts(self) -> Self:
        if self.encoders.training is None:
            raise ValueError("idm looks through networks trained on the real clips; set encoders.training, as in {}")
        return self

    def loss(self, real_audio: Tensor, real_image: Tensor, audio: Tensor, image: Tensor) -> Tensor:
        """Squared distances of the means, without the cross-entropy; see `MeanMatching.loss`."""
        return squared_gap(real_audio, audio) + squared_gap(real_image, image)

    def _comparison(
        self, real: LabelledClips, scale: Scale, seed: int, work: Work
    ) -> Callable[[int], tuple[Lens, Compare]]:
        matching = super()._comparison(real, scale, seed, work)

        def at(step: int) -> tuple[Lens, Compare]:
            lens, compare = matching(step)
            expert = cast("Snapshot", lens.expert)

            def with_labels(own: slice, audio: Tensor, image: Tensor) -> Tensor:
                labels = torch.arange(own.start, own.stop, device=audio.device)
                return compare(own, audio, image) + self.cross_entropy_weight * recognition(
                    expert, audio, image, labels
                )

            return lens, with_labels

        return at


def recognition(expert: Snapshot, audio: Tensor, image: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of an expert's classifiers, each times its training accuracy in per cent, added.

    Args:
        expert: Whose heads they are.
        audio: Its sound features, (class, sample, dim).
        image: Its picture features, (class, sample, dim).
        labels: Of the classes, int64, (class,).

    Returns:
        (class,): means over samples.
    """
    total = audio.new_zeros(len(labels))
    for modality, features in zip(MODALITIES, (audio, image), strict=True):
        scores = getattr(expert.student.head, modality)(features).transpose(1, 2)
        wanted = labels[:, None].expand(-1, features.shape[1])
        entropy = F.cross_entropy(scores, wanted, reduction="none").mean(1)
        total = total + PER_CENT * expert.accuracy[modality] * entropy
    return total
