"""Gradient matching under siamese augmentation, each modality on its own (`dsa`).

As `dc`, but real clips and samples pass through the same draw of an augmentation before their gradients are compared,
and the network is trained on augmented samples: what is learnt from the samples then holds for changed clips as well.

Source:   Zhao and Bilen, "Dataset Condensation with Differentiable Siamese Augmentation", ICML 2021, eq. 6.
Differs from the paper: as `dc`; sound and picture share the draw. ``--preset faithful`` is the published recipe at one
          sample per class, from random real clips.
Cost:     as `dc`.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from limbeck.methods._gradients import FAITHFUL, GradientMatching


@final
class DSA(GradientMatching):
    """Match gradients of augmented samples; a step is one update of the samples."""

    presets: ClassVar[dict[str, dict[str, Any]]] = {"faithful": FAITHFUL | {"start": "random", "augment": {}}}
