"""Plain ConvNets, the student of the dataset distillation literature.

Blocks of 3x3 convolution, norm, ReLU and 2x2 average pooling; the features are the flattened last map.

Source:   Gidaris and Komodakis, *Dynamic Few-Shot Visual Learning without Forgetting*, CVPR 2018, as used by Zhao
          et al. (dataset condensation) and, with the sound encoder's wider first padding and fixed last grid, by
          Kushwaha et al., *Audio-Visual Dataset Distillation*, TMLR 2024.
Differs from the paper: the convolutions have no biases. Instance norm subtracts them again with the mean, so
          features, gradients and trained networks are exactly the same. The picture encoder's depth follows the
          picture's size (224 pixels: 5 blocks, as published), and the sound encoder's last grid equals the picture
          encoder's, so that features of both modalities can be added at any size. Norms other than the instance norm
          have a scale and a shift a channel, too (the layer norm of dataset condensation has them a position); there is
          no batch norm, see `_layers.Norm`. Only without a norm do convolutions have biases, which start at 0.
"""

from typing import final

from limbeck.networks._convnets import ConvBlock, ConvNetEncoder, ConvNets

__all__ = ["ConvBlock", "ConvNet", "ConvNetEncoder"]


@final
class ConvNet(ConvNets):
    """A ConvNet for each modality; all have features of equal length.

    Attributes:
        width: Channels of every convolution.
        depth: Blocks, by modality; others get as many as leave a last map of at least 4 x 4 (32 pixels: 3, 64: 4,
            224: 5 with a last map of 7 x 7).
        padding: Zeros at each border before the first convolution, by modality; 1 for others. The published sound
            encoder pads its one-channel input by 3; it is what gives 33 x 15 before the last pooling. The last map of
            the first modality that is not named here is the grid of all.
        norm: After every convolution: each channel of a sample by itself, as published, four groups of channels, all
            channels together, or none.

    Example:
        >>> import torch
        >>> shapes, draw = {"audio": (1, 128, 56), "image": (3, 64, 64)}, torch.Generator().manual_seed(0)
        >>> encoders = ConvNet(width=8).encoders(shapes, generator=draw)
        >>> [encoder.dim for encoder in encoders.values()], len(encoders["image"].blocks)
        ([128, 128], 4)
        >>> encoders["image"](torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 128])
    """
