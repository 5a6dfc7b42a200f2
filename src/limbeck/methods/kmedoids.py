"""Medoids of k-means: the real clip nearest to each centre of the class (`kmedoids`).

Features as in `herding`. Centres of large clusters come first, so that the first samples stand for most of the class.

Source:   MacQueen, "Some Methods for Classification and Analysis of Multivariate Observations", 1967 (k-means);
          clustered starts of distillation: Liu et al., "DREAM", ICCV 2023.
Differs from the paper: the starts of DREAM are chosen anew every few steps by the features of the network in training;
          here once, by random or trained encoders. The clip nearest to a centre stands for it, as in DREAM.
Cost:     one forward pass over the data and k-means of every class.      Memory: one class's features, twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import final

from torch import Tensor

from limbeck._runtime import derive_seed
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._choose import ByClass, features_by_class
from limbeck.methods._contract import Method
from limbeck.methods._coresets import medoids_order
from limbeck.methods._experts import Training
from limbeck.methods._run import Passes, RunContext
from limbeck.methods._start import selected
from limbeck.networks import Architecture


@final
class KMedoids(Method):
    """Clips nearest to the centres that k-means finds in a class.

    Attributes:
        network: Architecture of the encoders whose features are compared.
        training: None leaves them random. Otherwise they are an expert's, trained on the training clips: a comparison
            class of its own, as the choice has then been guided by a network that learnt the task.
    """

    network: Architecture = Architecture()
    training: Training | None = None

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Every clip forward once; training of the expert left out."""
        return Passes(sum(per_class), 0)

    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """Clips nearest to the centres; see `Selection.choose`."""
        features = features_by_class(self.network, self.training, real, self.scales(real), seed, run)

        def chosen(label: int) -> Tensor:
            own = derive_seed(seed, "order", real.classes[label])
            return real.of_class(label)[medoids_order(features(label), count, own)]

        return chosen

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Hold the chosen clips; see `Method.distill`."""
        return selected(self, self.choose, real, seed, run or RunContext())
