"""Gradient matching under siamese augmentation, each modality on its own (`dsa`).

As `dc`, but real clips and samples pass through the same draw of an augmentation before their gradients are compared,
and the network is trained on augmented samples: what is learnt from the samples then holds for changed clips as well.

Source:   Zhao and Bilen, "Dataset Condensation with Differentiable Siamese Augmentation", ICML 2021, eq. 6.
Differs from the paper: as `dc`; sound and picture share the draw. ``--preset faithful`` is the published recipe at one
          sample per class, from random real clips.
Cost:     as `dc`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, final

from pydantic import Field

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method, finished
from limbeck.methods._descent import Adam, Optimiser, Steps
from limbeck.methods._encoders import EncoderSource
from limbeck.methods._gradients import FAITHFUL, Follower, gradient_passes, learnt_of_all, published_loops
from limbeck.methods._losses import gradient_distance
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._start import NamedStart, Start
from limbeck.methods._steps import started, steps


@final
class DSA(Method):
    """Match gradients of augmented samples.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `Optimised`.

    Attributes:
        updates: Steps for which a network is kept, >= 1; None as published, see `DC`.
        network_epochs: Epochs on the samples between two steps of one network, >= 0; None as published, see `DC`.
        network_lr: Learning rate of the network, > 0.
        network_batch: Samples in a step of the network's training, >= 1.
    """

    steps: Steps = 200
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=None, batch=64)
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = Adam()
    updates: int | None = Field(5, ge=1)
    network_epochs: int | None = Field(5, ge=0)
    network_lr: float = Field(0.01, gt=0)
    network_batch: int = Field(256, ge=1)

    presets: ClassVar[dict[str, dict[str, Any]]] = {"faithful": FAITHFUL | {"start": "random", "augment": {}}}

    needs_classes: ClassVar[str] = "it matches gradients of a classifier"

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Match gradients, class by class and modality by modality: no graph is larger; see `Method.distill`."""
        run = run or RunContext()
        held = started(self, real, seed, run)
        network, (updates, epochs) = Follower(self, real, seed, run), self.loops
        for step in steps(held, self, run, network.student.state_dict()):
            life, age = divmod(step.number, updates)
            if age == 0:
                network.renew(life)
            else:
                network.train(held, step.number, epochs=epochs, lr=self.network_lr, batch=self.network_batch)
            for label in range(held.classes):
                draw = network.draw(step.number, label)
                for modality in real.modalities:
                    block = held.block(label, label + 1, modality)
                    on_real = network.on_real(modality, step.number, label, draw)
                    on_synthetic = network.on_synthetic(modality, block.samples, label, draw)
                    step.descend(gradient_distance(on_real, on_synthetic), block)
        return finished(self, real, held.tensors, seed, run, held.start)

    @property
    def coupling(self) -> str:
        return learnt_of_all(self.loops)

    @property
    def loops(self) -> tuple[int, int]:
        """Steps per network and epochs between them."""
        return published_loops(self.per_class, self.updates, self.network_epochs)

    def passes(self, per_class: Sequence[int]) -> Passes:
        return gradient_passes(self, per_class, self.loops)
