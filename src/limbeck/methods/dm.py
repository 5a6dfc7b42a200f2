"""Distribution matching, each modality on its own (`dm`).

Moves a few pairs a class until their mean embedding agrees with that of the real clips, under many random encoders.
Sound and picture never meet: fusion happens in the network trained on the result.

Source:   Zhao and Bilen, "Dataset Condensation with Distribution Matching", WACV 2023, eq. 4; its audio-visual form is
          the baseline of Kushwaha et al., "Audio-Visual Dataset Distillation", TMLR 2024.
Differs from the paper: the defaults were measured here (docs/log.md); ``--preset faithful`` is the published recipe.
          Whether the published audio-visual DM rows use mosaic and herding is not known; the preset does not.
Cost:     per step, one forward pass over `encoders.batch` real clips a class (none with a bank, once it is filled) and
          one forward and backward pass over the synthetic ones.
"""

from __future__ import annotations

from typing import Any, ClassVar, final

from torch import Tensor

from limbeck.methods._losses import squared_gap
from limbeck.methods._matching import MeanMatching


@final
class DM(MeanMatching):
    """Match the class means of each modality; settings as in `MeanMatching`."""

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "faithful": {
            "sound": "raw",
            "steps": 5001,
            "start": "random",
            "encoders": {"bank": None, "batch": 128},
            "optimiser": {"kind": "sgd", "audio_lr": 0.2, "image_lr": 0.2, "momentum": 0.5, "loop": "joint"},
        }
    }

    def loss(self, real_audio: Tensor, real_image: Tensor, audio: Tensor, image: Tensor) -> Tensor:
        """Squared distances of the means; see `MeanMatching.loss`."""
        return squared_gap(real_audio, audio) + squared_gap(real_image, image)
