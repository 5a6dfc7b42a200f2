"""Gradient matching under siamese augmentation, each modality on its own (`dsa`).

As `dc`, but real clips and pairs pass through the same draw of an augmentation before their gradients are compared, and
the network is trained on augmented pairs: what is learnt from the pairs then holds for changed clips as well.

Source:   Zhao and Bilen, "Dataset Condensation with Differentiable Siamese Augmentation", ICML 2021, eq. 6.
Differs from the paper: as `dc`; sound and picture share the draw. ``--preset faithful`` is the published recipe at one
          pair a class, from random real clips.
Cost:     as `dc`.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from limbeck.augment import SiameseAugment
from limbeck.methods._gradients import GradientMatching


@final
class DSA(GradientMatching):
    """Match gradients of augmented clips; settings as in `GradientMatching`."""

    augment: SiameseAugment | None = SiameseAugment()

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "faithful": {
            "sound": "raw",
            "steps": 1000,
            "start": "random",
            "encoders": {"bank": None, "batch": 256},
            "updates": None,
            "network_epochs": None,
            "network_lr": 0.01,
            "network_batch": 256,
            "augment": {},
            "optimiser": {"kind": "sgd", "audio_lr": 0.1, "image_lr": 0.1, "momentum": 0.5},
        }
    }
