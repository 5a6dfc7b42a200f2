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

from pydantic import Field
from torch import Tensor

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, Work
from limbeck.methods._descent import SGD, Optimiser
from limbeck.methods._encoders import Encoders
from limbeck.methods._losses import squared_gap
from limbeck.methods._matching import StartName, match_means


@final
class DM(Method):
    """Match the class means of each modality.

    Attributes:
        steps: Optimisation steps, >= 0.
        start: What the pairs are before the first step.
        encoders: Where the random encoders come from.
        augment: Augmentation shared by real and synthetic clips; None for none.
        optimiser: How pairs follow the gradient.
    """

    steps: int = Field(200, ge=0)
    start: StartName = "herding"
    encoders: Encoders = Encoders(bank=20, batch=None)
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = SGD()

    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "faithful": {
            "sound": "raw",
            "steps": 5001,
            "start": "random",
            "encoders": {"bank": None, "batch": 128},
            "optimiser": {"kind": "sgd", "audio_lr": 0.2, "image_lr": 0.2, "momentum": 0.5, "loop": "joint"},
        }
    }

    @property
    def steps_planned(self) -> int:
        """Optimisation steps."""
        return self.steps

    def distill(self, real: LabelledClips, *, seed: int = 0, work: Work | None = None) -> DistilledSet:
        """Distil by distribution matching; see `Method.distill`."""
        return match_means(
            self,
            _loss,
            real,
            start=self.start,
            encoders=self.encoders,
            augment=self.augment,
            optimiser=self.optimiser,
            steps=self.steps,
            seed=seed,
            work=work or Work(),
        )


def _loss(real_audio: Tensor, real_image: Tensor, audio: Tensor, image: Tensor) -> Tensor:
    return squared_gap(real_audio, audio) + squared_gap(real_image, image)
