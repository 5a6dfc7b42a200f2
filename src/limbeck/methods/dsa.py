"""Gradient matching under siamese augmentation, each modality on its own (`dsa`).

As `dc`, but real clips and samples pass through the same draw of an augmentation before their gradients are compared,
and the network is trained on augmented samples: what is learnt from the samples then holds for changed clips as well.

Source:   Zhao and Bilen, "Dataset Condensation with Differentiable Siamese Augmentation", ICML 2021, eq. 6.
Differs from the paper: as `dc`; sound and picture share the draw. ``--preset faithful`` is the published recipe at one
          sample per class, from random real clips.
Cost:     as `dc`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, final

from pydantic import Field

from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._contract import Method
from limbeck.methods._descent import Adam, Optimiser
from limbeck.methods._encoders import EncoderSource
from limbeck.methods._gradients import Follower, gradient_passes, published_loops
from limbeck.methods._losses import gradient_distance
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._start import NamedStart, Start, started
from limbeck.methods._steps import finished, steps


@final
class DSA(Method):
    """Match gradients of augmented samples.

    A network is random at first. It sees `updates` steps of the samples, and after each it is trained on the samples
    for `network_epochs` epochs; then comes the next network. A step is one update of the samples.

    Attributes:
        steps: Optimisation steps, >= 0.
        start: What is held before the first step: ``noise``, or the name of a method that chooses real clips, or that
            name with settings, as in ``{"method": "kmedoids", "settings": {"training": {}}}``.
        encoders: Where networks come from.
        augment: Augmentation shared by real and synthetic samples; None for none.
        optimiser: How samples follow the gradient.
        updates: Steps for which a network is kept, >= 1; None as published for `per_class`: 1, 10, 20 and 50 steps
            at 1, 10, 20 and 50 samples per class, and at other numbers as at the next smaller one.
        network_epochs: Epochs on the samples between two steps of one network, >= 0; None as published: 1, 50, 25, 10.
        network_lr: Learning rate of the network, > 0.
        network_batch: Samples in a step of the network's training, >= 1.
    """

    steps: int = Field(200, ge=0)
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=None, batch=64)
    augment: SiameseAugment | None = SiameseAugment()
    optimiser: Optimiser = Adam()
    updates: int | None = Field(5, ge=1)
    network_epochs: int | None = Field(5, ge=0)
    network_lr: float = Field(0.01, gt=0)
    network_batch: int = Field(256, ge=1)

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
            "optimiser": {"kind": "sgd", "lr": 0.1, "momentum": 0.5},
        }
    }

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Match gradients, class by class and modality by modality: no graph is larger; see `Method.distill`."""
        run = run or RunContext()
        held = started(self, self.start, self.encoders.network, real, seed, run)
        network = Follower(self.encoders, self.augment, real, self.scales(real), seed, run)
        updates, epochs = self.loops
        for step in steps(held, self.optimiser, self.steps, run, network.state):
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
    def loops(self) -> tuple[int, int]:
        """Steps per network and epochs between them."""
        return published_loops(self.per_class, self.updates, self.network_epochs)

    def passes(self, per_class: Sequence[int]) -> Passes:
        """See `gradient_passes`."""
        synthetic = len(per_class) * self.per_class * self.hold.cells
        return gradient_passes(per_class, self.encoders.batch, synthetic, self.steps, self.loops)
