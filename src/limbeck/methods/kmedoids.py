"""Medoids of k-means: the real clip nearest to each centre of the class (`kmedoids`).

Features as in `herding`. Centres of large clusters come first, so that the first samples stand for most of the class.

Source:   MacQueen, "Some Methods for Classification and Analysis of Multivariate Observations", 1967 (k-means);
          clustered starts of distillation: Liu et al., "DREAM", ICCV 2023.
Differs from the paper: the starts of DREAM are chosen anew every few steps by the features of the network in training;
          here once, by random or trained encoders. The clip nearest to a centre stands for it, as in DREAM.
Cost:     one forward pass over the data and k-means of every class.      Memory: one class's features, twice.
"""

import warnings
from collections.abc import Sequence
from typing import ClassVar, final

import torch
from torch import Tensor

from limbeck._runtime import derive_seed
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods._choose import ByClass, chosen_clips, features_by_class
from limbeck.methods._contract import Method, finished
from limbeck.methods._experts import Training
from limbeck.methods._run import Passes, RunContext
from limbeck.networks import Architecture


@final
class KMedoids(Method):
    """Clips nearest to the centres that k-means finds in a class.

    Of `network` and `training` see `ComparesFeatures`.
    """

    network: Architecture = Architecture()
    training: Training | None = None

    coupling: ClassVar[str] = ""

    def choose(self, real: LabelledClips, count: int, seed: int, run: RunContext) -> ByClass:
        """Clips nearest to the centres; see `Selection.choose`."""
        features = features_by_class(self, real, seed, run)

        def chosen(label: int) -> Tensor:
            own = derive_seed(seed, "order", real.classes[label])
            return real.of_class(label)[medoids_order(features(label), count, own)]

        return chosen

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        run = run or RunContext()
        return finished(self, real, chosen_clips(self, self, self.name, real, seed, run), seed, run)

    def passes(self, per_class: Sequence[int]) -> Passes:
        """Every clip forward once; training of the expert left out."""
        return Passes(sum(per_class), 0)


def medoids_order(features: Tensor, count: int, seed: int) -> Tensor:
    """Medoids of k-means: the sample nearest to each centre, the centre of the largest cluster first.

    Source: Lloyd's algorithm with k-means++ starts (Arthur and Vassilvitskii, SODA 2007), the best of four.

    From `features`, (clip, dim), on the CPU, to so many different indices, int64, (count,); a sample nearest to two
    centres stands for the larger cluster. The `seed`, >= 0, draws the starts.

    Example:
        >>> medoids_order(torch.tensor([[0.0], [9.0], [1.0], [2.0], [9.5]]), 2, seed=0)
        tensor([2, 1])
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said of fewer different samples than centres: no fault
        # float64, so that the order in which threads add up decides nothing.
        fitted = KMeans(count, n_init=4, random_state=seed % 2**32).fit(features.double().numpy())
    sizes = torch.bincount(torch.from_numpy(fitted.labels_).long(), minlength=count)
    centres = torch.from_numpy(fitted.cluster_centers_).to(features)
    free = torch.ones(len(features), dtype=torch.bool)
    order = []
    for centre in centres[sizes.argsort(descending=True, stable=True)]:
        distance = (features - centre).square().sum(1)
        order.append(int(distance.masked_fill(~free, torch.inf).argmin()))
        free[order[-1]] = False
    return torch.tensor(order)
