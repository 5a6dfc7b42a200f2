"""A small transformer: patches as tokens, features averaged over them.

Source:   Dosovitskiy et al., *An Image is Worth 16x16 Words*, ICLR 2021 (https://arxiv.org/abs/2010.11929); for
          log-mels Gong, Chung and Glass, *AST: Audio Spectrogram Transformer*, Interspeech 2021
          (https://arxiv.org/abs/2104.01778). Width 192 and depth 12 are ViT-Ti of Touvron et al. (DeiT), ICML 2021.
Differs from the papers: nothing is pretrained and there is no dropout; features are the tokens' mean, without a class
          token; patches do not overlap. They are squares of 4, 8, 16 ... positions, the smallest that leave at most 196
          (32 pixels: 4, a log-mel of 64 x 56: 8, 224 pixels: 16, as published). By default half as deep as ViT-Ti.
"""

from collections.abc import Mapping
from typing import Self, final

import torch
import torch.nn.functional as F
from pydantic import Field, model_validator
from torch import Tensor, nn

from limbeck.networks._contract import Encoder, Network, Shape

SMALLEST_PATCH = 4
MOST_TOKENS = 196
EXPANSION = 4
EPS = 1e-6


def patch_side(height: int, width: int) -> int:
    """Side of the square patches that `height` (or mel bands) by `width` (or frames) are cut into; the rest is zeros.

    Example:
        >>> [patch_side(*size) for size in ((16, 16), (32, 32), (64, 56), (128, 56), (224, 224))]
        [4, 4, 8, 8, 16]
    """
    side = SMALLEST_PATCH
    while -(-height // side) * -(-width // side) > MOST_TOKENS:
        side *= 2
    return side


class TransformerBlock(nn.Module):
    """Self-attention and a two-layer perceptron, each behind a layer norm and added to its input.

    The attention heads divide `width`, the length of a token.
    """

    def __init__(self, width: int, heads: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, EPS) for _ in range(2))
        self.queries_keys_values = _linear(width, 3 * width, generator)
        self.out = _linear(width, width, generator)
        self.mlp = nn.Sequential(
            _linear(width, EXPANSION * width, generator), nn.GELU(), _linear(EXPANSION * width, width, generator)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(sample, token, width) to the same shape."""
        x = x + self._attention(self.norms[0](x))
        mixed: Tensor = x + self.mlp(self.norms[1](x))
        return mixed

    def _attention(self, x: Tensor) -> Tensor:
        q, k, v = self.queries_keys_values(x).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        # Written out: torch's fused attention cannot be differentiated twice, which gradient matching needs.
        share = (q @ k.transpose(2, 3) * q.shape[-1] ** -0.5).softmax(-1)
        mixed: Tensor = self.out((share @ v).transpose(1, 2).flatten(2))
        return mixed


@final
class TransformerEncoder(Encoder):
    """Patches with learnt positions through `depth` blocks and a last norm; features are the tokens' mean.

    It takes inputs of `shape` alone.
    """

    def __init__(self, shape: Shape, settings: "Transformer", generator: torch.Generator) -> None:
        super().__init__()
        channels, height, width = shape
        self.side, self.dim = patch_side(height, width), settings.width
        self.patches = _linear(channels * self.side * self.side, self.dim, generator)
        tokens = -(-height // self.side) * -(-width // self.side)
        self.position = nn.Parameter(torch.empty(tokens, self.dim).normal_(std=0.02, generator=generator))
        blocks = (TransformerBlock(self.dim, settings.heads, generator=generator) for _ in range(settings.depth))
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.LayerNorm(self.dim, EPS)

    def forward(self, x: Tensor) -> Tensor:
        missing = -x.shape[3] % self.side, -x.shape[2] % self.side
        cut = F.unfold(F.pad(x, (0, missing[0], 0, missing[1])), self.side, stride=self.side).transpose(1, 2)
        tokens: Tensor = self.norm(self.blocks(self.patches(cut) + self.position))
        return tokens.mean(1)


@final
class Transformer(Network):
    """A transformer for each modality; all have `width` features.

    Attributes:
        width: Length of a token.
        depth: Blocks.
        heads: Attention heads; divides `width`.

    Example:
        >>> shapes, draw = {'audio': (1, 64, 56), 'image': (3, 32, 32)}, torch.Generator().manual_seed(0)
        >>> encoders = Transformer(width=8).encoders(shapes, generator=draw)
        >>> encoders['audio'](torch.zeros(2, 1, 64, 56)).shape, len(encoders['image'].position)
        (torch.Size([2, 8]), 64)
    """

    width: int = Field(192, ge=1)
    depth: int = Field(6, ge=1)
    heads: int = Field(4, ge=1)

    @model_validator(mode="after")
    def _heads_divide_the_width(self) -> Self:
        if self.width % self.heads:
            raise ValueError(f"width {self.width} does not divide into {self.heads} heads; change one of them")
        return self

    def frame_encoders(self, shapes: Mapping[str, Shape], *, generator: torch.Generator) -> dict[str, Encoder]:
        return {modality: TransformerEncoder(shape, self, generator) for modality, shape in shapes.items()}


def _linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """Xavier uniform, as in the published code, bias 0."""
    layer = nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
