"""Medoids of k-means: the real clip nearest to each centre of the class (`kmedoids`).

Features as in `herding`. Centres of large clusters come first, so that the first pairs stand for most of the class.

Source:   MacQueen, "Some Methods for Classification and Analysis of Multivariate Observations", 1967 (k-means);
          clustered starts of distillation: Liu et al., "DREAM", ICCV 2023.
Differs from the paper: the starts of DREAM are chosen anew every few steps by the features of the network in training;
          here once, by random or trained encoders. The clip nearest to a centre stands for it, as in DREAM.
Cost:     one forward pass over the data and k-means of every class.      Memory: one class's features, twice.
"""

from __future__ import annotations

from typing import final

from torch import Tensor

from limbeck.methods._coresets import medoids_order
from limbeck.methods._selection import FeatureSelection


@final
class KMedoids(FeatureSelection):
    """Pairs nearest to the centres of as many clusters as pairs are wanted; settings as in `FeatureSelection`."""

    def _order(self, features: Tensor, count: int, seed: int) -> Tensor:
        return medoids_order(features, count, seed)
