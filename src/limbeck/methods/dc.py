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
class DC(Method):
    """Match gradients without augmentation.

    A network is random at first. It sees `updates` steps of the samples, and after each it is trained on the samples
    for `network_epochs` epochs; then comes the next network. A step is one update of the samples. Of `steps`, `start`,
    `encoders`, `augment` and `optimiser` see `Optimised`.

    Attributes:
        updates: Steps for which a network is kept, >= 1; None as published for `per_class`: 1, 10, 20 and 50 steps
            at 1, 10, 20 and 50 samples per class, and at other numbers as at the next smaller one.
        network_epochs: Epochs on the samples between two steps of one network, >= 0; None as published: 1, 50, 25, 10.
        network_lr: Learning rate of the network, > 0.
        network_batch: Samples in a step of the network's training, >= 1.
    """

    steps: Steps = 200
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=None, batch=64)
    augment: SiameseAugment | None = None
    optimiser: Optimiser = Adam()
    updates: int | None = Field(5, ge=1)
    network_epochs: int | None = Field(5, ge=0)
    network_lr: float = Field(0.01, gt=0)
    network_batch: int = Field(256, ge=1)

    presets: ClassVar[dict[str, dict[str, Any]]] = {"faithful": FAITHFUL | {"start": "noise", "augment": None}}

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
