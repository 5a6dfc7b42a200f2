"""Paired augmentation that gradients flow through, and the mosaic: several pairs in the room of one."""

from limbeck.augment import mosaic
from limbeck.augment.mosaic import Mosaic, Packing
from limbeck.augment.siamese import FAMILIES, Draw, Family, SiameseAugment

__all__ = ["FAMILIES", "Draw", "Family", "Mosaic", "Packing", "SiameseAugment", "mosaic"]
