"""Gradient matching, each modality on its own (`dc`).

Moves a few pairs a class until a network's weight gradients on them point the same way as its gradients on real clips
of the class, while the network is trained on the pairs: a student that follows the pairs then follows the real clips.

Source:   Zhao, Mopuri and Bilen, "Dataset Condensation with Gradient Matching", ICLR 2021, algorithm 1 and eq. 9
          (https://openreview.net/forum?id=mSAKhLYLSsl).
Differs from the paper: a distance for each of two networks, sound and picture. Defaults are sized for a small machine:
          shorter loops, smaller real batches, Adam, a start from herded clips; ``--preset faithful`` is the published
          recipe at one pair a class (steps count updates of the pairs: ask for 10000, 20000, 50000 of them at 10, 20,
          50 pairs).
Cost:     per step, one forward and backward pass over `encoders.batch` real clips a class, about three over the pairs,
          and `network_epochs` over the pairs to train the network.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from limbeck.augment import SiameseAugment
from limbeck.methods._gradients import GradientMatching


@final
class DC(GradientMatching):
    """Match gradients without augmentation; settings as in `GradientMatching`."""

    augment: SiameseAugment | None = None

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "faithful": {
            "sound": "raw",
            "steps": 1000,
            "start": "noise",
            "encoders": {"bank": None, "batch": 256},
            "updates": None,
            "network_epochs": None,
            "network_lr": 0.01,
            "network_batch": 256,
            "augment": None,
            "optimiser": {"kind": "sgd", "audio_lr": 0.1, "image_lr": 0.1, "momentum": 0.5},
        }
    }
