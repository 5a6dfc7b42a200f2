"""Distribution matching, each modality on its own (`dm`).

Moves a few samples per class until their mean embedding agrees with that of the real clips, under many random encoders.
Modalities never meet: fusion happens in the network trained on the result.

Source:   Zhao and Bilen, "Dataset Condensation with Distribution Matching", WACV 2023, eq. 4; its audio-visual form is
          the baseline of Kushwaha et al., "Audio-Visual Dataset Distillation", TMLR 2024.
Differs from the paper: the defaults were measured here (docs/log.md); ``--preset faithful`` is the published recipe.
          Whether the published audio-visual DM rows use mosaic and herding is not known; the preset does not.
Cost:     per step, one forward pass over `encoders.batch` real clips per class (none with a bank, once it is filled)
          and one forward and backward pass over the synthetic ones.
"""

from typing import Any, ClassVar, final

import torch

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, finished
from limbeck.methods._descent import SGD, Optimiser, Steps
from limbeck.methods._encoders import EncoderDraws, EncoderSource
from limbeck.methods._losses import squared_gap
from limbeck.methods._run import RunContext
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import started, steps


@final
class DM(Method):
    """Match the class means of each modality.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `Optimised`.
    """

    steps: Steps = 200
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=20, batch=None)
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = SGD()

    coupling: ClassVar[str] = ""
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "faithful": {
            "sound": "raw",
            "steps": 5001,
            "start": "random",
            "encoders": {"bank": None, "batch": 128},
            "optimiser": {"kind": "sgd", "lr": 0.2, "momentum": 0.5, "loop": "joint"},
        }
    }

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        run = run or RunContext()
        held = started(self, real, seed, run)
        draws = EncoderDraws(self, real, seed, run)
        for step in steps(held, self, run):
            drawn = draws.at(step.number)
            real_means = draws.means(drawn)
            for block in held.blocks():
                synthetic = draws.features(drawn, block)
                gaps = [squared_gap(real_means[m][block.classes], x.mean(1)) for m, x in synthetic.items()]
                step.descend(torch.stack(gaps).sum(0).sum(), block)
        return finished(self, real, held.tensors, seed, run, held.start)
