"""Paired augmentation that gradients flow through, and two ways for several pairs to share the room of one."""

from limbeck.augment import frequencies, mosaic
from limbeck.augment.mosaic import Frequencies, Mosaic, Packing
from limbeck.augment.siamese import FAMILIES, Draw, Family, SiameseAugment

__all__ = ["FAMILIES", "Draw", "Family", "Frequencies", "Mosaic", "Packing", "SiameseAugment", "frequencies", "mosaic"]
