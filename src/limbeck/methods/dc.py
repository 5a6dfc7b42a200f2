"""Gradient matching, each modality on its own (`dc`).

Moves a few samples per class until a network's weight gradients on them point the same way as its gradients on real
clips of the class, while the network is trained on the samples: a student that follows the samples then follows the
real clips.

Source:   Zhao, Mopuri and Bilen, "Dataset Condensation with Gradient Matching", ICLR 2021, algorithm 1 and eq. 9
          (https://openreview.net/forum?id=mSAKhLYLSsl).
Differs from the paper: a distance for each of two networks, sound and picture. Defaults are sized for a small machine:
          shorter loops, smaller real batches, Adam, a start from herded clips; ``--preset faithful`` is the published
          recipe at one sample per class (steps count updates of the samples: ask for 10000, 20000, 50000 of them at 10,
          20, 50 samples).
Cost:     per step, one forward and backward pass over `encoders.batch` real clips per class, about three over the
          samples, and `network_epochs` over the samples to train the network.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from limbeck.augment import SiameseAugment
from limbeck.methods._gradients import FAITHFUL, GradientMatching


@final
class DC(GradientMatching):
    """Match gradients without augmentation; a step is one update of the samples."""

    augment: SiameseAugment | None = None

    presets: ClassVar[dict[str, dict[str, Any]]] = {"faithful": FAITHFUL | {"start": "noise", "augment": None}}
