"""Distribution matching under partly trained networks, with a cross-entropy (`idm`).

`dm`, improved in three ways: encoders are networks at any stage of training instead of random ones; a classifier that
knows the real clips must recognise the samples, the more it knows the more so; and samples are packed 2 x 2 (with
``hold="mosaic:2"``; the preset does).

Source:   Zhao, Li, Qin and Yu, "Improved Distribution Matching for Dataset Condensation", CVPR 2023
          (https://arxiv.org/abs/2307.09742).
Differs from the paper: there, a queue of networks is trained beside the samples, some steps at a time, the oldest
          giving way to new ones. Here a step takes an expert (`EncoderSource.training`) after an epoch drawn at random:
          networks of the same ages in the same proportions, for a queue in its steady state, but trained once for a
          dataset and not once for each run. Each modality has its own cross-entropy and training accuracy. Where the
          paper's budget is one image without packing, its code drops clips that the network finds hard and the
          cross-entropy of images already recognised: not here. The function called `embed_channel_avg` in that code
          averages nothing (as it is run it flattens the last map): features are those of `dm`. Defaults: a bank of ten
          experts, trained as those of `davdd` and `forgetting`, and Adam; ``--preset faithful`` has the published
          numbers, where they carry over.
Cost:     as `dm`, after `Training.epochs` passes forward and backward over the real clips for each expert, once a
          dataset.
"""

from typing import Any, ClassVar, Self, cast, final

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, finished
from limbeck.methods._descent import Adam, Optimiser, Steps
from limbeck.methods._encoders import EncoderDraws, EncoderSource
from limbeck.methods._experts import Snapshot, Training
from limbeck.methods._losses import squared_gap
from limbeck.methods._run import RunContext
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import started, steps
from limbeck.modalities import Batch
from limbeck.networks.heads.ensemble import Ensemble

PER_CENT = 100


@final
class IDM(Method):
    """Match class means under experts, and have the experts recognise the samples.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `Optimised`.

    Attributes:
        cross_entropy_weight: Weight of the samples' cross-entropy under the expert, which is multiplied by the expert's
            training accuracy in per cent, as published; 0 leaves it out.
        encoders: Where encoders come from; `EncoderSource.training` must be there.
    """

    cross_entropy_weight: float = Field(0.5, ge=0)
    steps: Steps = 200
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(
        bank=10, batch=None, training=Training(epochs=20, batch=64, momentum=0.9), age="any"
    )
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = Adam()

    coupling: ClassVar[str] = ""
    presets: ClassVar[dict[str, dict[str, Any]]] = {
        "faithful": {
            "sound": "raw",
            "hold": "mosaic:2",
            "steps": 20001,
            "start": "random",
            "cross_entropy_weight": 0.5,
            "encoders": {
                "bank": None,
                "batch": 256,
                "training": {"epochs": 20, "momentum": 0.9, "weight_decay": 0.0005, "augment": None},
                "age": "any",
            },
            "optimiser": {"kind": "sgd", "lr": 0.2, "momentum": 0.5, "loop": "joint"},
        }
    }

    @model_validator(mode="after")
    def _has_experts(self) -> Self:
        if self.encoders.training is None:
            raise ValueError("idm looks through networks trained on the real clips; set encoders.training, as in {}")
        return self

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
                labels = real.places[block.classes].to(gaps[0].device)
                entropy = recognition(cast("Snapshot", drawn.expert), synthetic, labels)
                step.descend((torch.stack(gaps).sum(0) + self.cross_entropy_weight * entropy).sum(), block)
        return finished(self, real, held.tensors, seed, run, held.start)


def recognition(expert: Snapshot, features: Batch, labels: Tensor) -> Tensor:
    """Cross-entropy of an expert's classifiers, each times its training accuracy in per cent, added.

    Means over samples, (class,), of features by modality, (class, sample, dim), with labels int64, (class,).
    """
    total = torch.zeros(len(labels), device=labels.device)
    for modality, x in features.items():
        scores = cast("Ensemble", expert.student.head).classifiers[modality](x).transpose(1, 2)
        wanted = labels[:, None].expand(-1, x.shape[1])
        entropy = F.cross_entropy(scores, wanted, reduction="none").mean(1)
        total = total + PER_CENT * expert.accuracy[modality] * entropy
    return total
