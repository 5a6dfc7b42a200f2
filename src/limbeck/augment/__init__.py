"""Augmentation that gradients flow through, drawn once for real and synthetic samples and for all modalities."""

from limbeck.augment.siamese import FAMILIES, Draw, Family, SiameseAugment

__all__ = ["FAMILIES", "Draw", "Family", "SiameseAugment"]
