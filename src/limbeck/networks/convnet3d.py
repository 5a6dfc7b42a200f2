"""Small 3-D ConvNets: ConvNets whose convolutions see the frames before and after, and so which way things move.

Blocks of 3x3x3 convolution over time, height and width, norm, ReLU and 2x2 average pooling of each frame; the features
are the flattened last map, averaged over time, as many as those of `convnet`. Samples of one frame get a ConvNet.
On request they see what moves alone: each frame less the mean of its sample's frames.

Source:   Tran et al., *Learning Spatiotemporal Features with 3D Convolutional Networks*, ICCV 2015, for the
          convolutions; distilled sets of videos are made and tested with a ConvNet of few such blocks: Wang et al.,
          *Dancing with Still Images: Video Distillation via Static-Dynamic Disentanglement*, CVPR 2024. Motion beside
          what stands still is the second stream of Simonyan and Zisserman, *Two-Stream Convolutional Networks for
          Action Recognition in Videos*, NeurIPS 2014, who also subtract a mean, that of the flow.
Differs from the papers: time is never pooled before the end, so that any number of frames goes; the instance norm takes
          each frame by itself; depth, width and last map are those of `convnet`; what moves is a difference of pixels,
          no optical flow, and there is no stream beside it.
Cost:     three times that of `convnet` on the same frames.
"""

from collections.abc import Mapping
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.modalities import each_frame
from limbeck.networks._contract import Encoder, Shape
from limbeck.networks._convnets import ConvNetEncoder, ConvNets

SEEN = 3


@final
class ConvNet3DEncoder(Encoder):
    """A stack of blocks that each see a frame with its neighbours; features are the last maps' mean over time.

    The `stack` is one whose blocks take `SEEN` frames along the channels. If `moving`, frames are seen less their mean.
    """

    def __init__(self, stack: ConvNetEncoder, *, moving: bool = False) -> None:
        super().__init__()
        self.blocks, self.dim, self.moving = stack.blocks, stack.dim, moving

    def forward(self, x: Tensor) -> Tensor:
        maps = x.flatten(1, -4)
        maps = maps - maps.mean(1, keepdim=True) if self.moving else maps
        for block in self.blocks:
            maps = each_frame(block, with_neighbours(maps))
        return maps.flatten(2).mean(1)


@final
class ConvNet3D(ConvNets):
    """A 3-D ConvNet for each modality with frames, a ConvNet for others; all have features of equal length.

    Attributes:
        width: Channels of every convolution.
        depth: Blocks, by modality; others get as many as leave a last map of at least 4 x 4.
        padding: Zeros at each border of a frame before the first convolution, by modality; 1 for others.
        norm: After every convolution, of each frame.
        moving: Modalities of which networks see what moves alone, as ``("video",)``: each frame less the mean of its
            sample's frames. Samples of one frame are seen as they are.

    Example:
        >>> shapes, draw = {"image": (3, 32, 32), "video": (8, 3, 32, 32)}, torch.Generator().manual_seed(0)
        >>> encoders = ConvNet3D(width=8).encoders(shapes, generator=draw)
        >>> {name: type(encoder).__name__ for name, encoder in encoders.items()}
        {'image': 'ConvNetEncoder', 'video': 'ConvNet3DEncoder'}
        >>> encoders["video"](torch.zeros(2, 8, 3, 32, 32)).shape
        torch.Size([2, 128])
    """

    moving: tuple[str, ...] = ()

    def encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        frames = {modality: shape[-3:] for modality, shape in shapes.items()}
        seen = {modality: SEEN for modality, shape in shapes.items() if len(shape) > 3}
        made = self.stacks(frames, seen, generator)
        moving = {m for m in self.moving if m in seen and torch.Size(shapes[m][:-3]).numel() > 1}
        return {m: ConvNet3DEncoder(stack, moving=m in moving) if m in seen else stack for m, stack in made.items()}


def with_neighbours(x: Tensor) -> Tensor:
    """Every frame behind the one before it and before the one after it, along the channels; zeros beyond the ends.

    From (sample, time, channel, height, width) to (sample, time, 3 * channel, height, width): a 3x3 convolution of that
    is a 3x3x3 convolution of `x`.

    Example:
        >>> with_neighbours(torch.tensor([1.0, 2.0]).view(1, 2, 1, 1, 1)).flatten(2).tolist()
        [[[0.0, 1.0, 2.0], [1.0, 2.0, 0.0]]]
    """
    wide = F.pad(x, (0, 0, 0, 0, 0, 0, 1, 1))
    return torch.cat([wide[:, :-2], x, wide[:, 2:]], 2)
