"""A small U-Net that masks the spectrum of a mixture, asked by what belongs to one of its sounds."""

import math
from collections.abc import Callable
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck.evaluation.measures._sources import at_one_level
from limbeck.networks import Encoder

Built = TypeVar("Built", bound=nn.Module)
_FLOOR = 1e-5
_WIDEST = 8
"""By how much the deepest layers are wider than the first at most."""
_GROUPS = 4
_FOLD = 2


class UNet(nn.Module):
    """Feature maps of a spectrum, (sample, `maps`, height, width), of (sample, 1, height, width).

    Four neighbours are channels of one place, and of the last layer's again, which takes a third of the time. It halves
    height and width `depth` times and doubles them again, beside what it saw at each size; the first layer has `width`
    channels, the next ones twice as many, up to eight times. Sizes are filled up with noughts inside.
    """

    def __init__(self, *, width: int, depth: int, maps: int) -> None:
        super().__init__()
        sizes = [width * min(2**i, _WIDEST) for i in range(depth + 1)]
        self.down = nn.ModuleList([_block(a, b) for a, b in zip([_FOLD**2, *sizes], sizes, strict=False)])
        self.up = nn.ModuleList([_block(a + b, b) for a, b in zip(sizes[:0:-1], sizes[-2::-1], strict=True)])
        self.last = nn.Conv2d(width, maps * _FOLD**2, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Maps of spectra, of any size."""
        height, width = x.shape[-2:]
        whole = _FOLD * 2 ** len(self.up)
        x = F.pixel_unshuffle(F.pad(x, (0, -width % whole, 0, -height % whole)), _FOLD)
        seen = []
        for i, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if i else x)
            seen.append(x)
        for block, beside in zip(self.up, seen[-2::-1], strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2.0), beside], 1))
        return F.pixel_shuffle(self.last(x), _FOLD)[..., :height, :width]


class Query(nn.Module):
    """What asks for a sound: weights of the maps for each class, mixed as probable as the classes are of a picture.

    Without an `encoder` of pictures, and what makes logits of its features, `to_classes`, it is asked by the class.
    """

    def __init__(self, weights: nn.Embedding, encoder: Encoder | None, to_classes: nn.Linear | None) -> None:
        super().__init__()
        self.weights, self.encoder, self.to_classes = weights, encoder, to_classes

    def forward(self, asked: Tensor) -> tuple[Tensor, Tensor | None]:
        """Weights, (sample, maps), and the logits of classes, (sample, class), of pictures in network scale.

        Asked by classes, int64 (sample,), there are no logits.
        """
        if self.encoder is None or self.to_classes is None:
            return self.weights(asked), None
        logits = self.to_classes(self.encoder(asked))
        return logits.softmax(1) @ self.weights.weight, logits


class Separator(nn.Module):
    """Logits of masks, of mixtures' magnitudes and what is asked for."""

    def __init__(self, unet: UNet, query: Query) -> None:
        super().__init__()
        self.unet, self.query, self.bias = unet, query, nn.Parameter(torch.zeros(()))

    def forward(self, mixtures: Tensor, asked: Tensor) -> tuple[Tensor, Tensor | None]:
        """Logits, (mixture, asked, height, width), of magnitudes, (mixture, height, width), and those of `Query`.

        For every mixture as many sounds are `asked` for, (mixture, asked, ...), each by what `query` takes.
        """
        seen = at_one_level(mixtures, 2).clamp_min(_FLOOR).log10()[:, None] / 2 + 1  # -100 to 20 dB: -1.5 to 1.5
        weights, classes = self.query(asked.flatten(0, 1))
        weights = weights.view(*asked.shape[:2], -1)
        masks = torch.einsum("bkhw,bqk->bqhw", self.unet(seen), weights) / math.sqrt(weights.shape[2])
        return masks + self.bias, classes


def drawn(build: Callable[[], Built], generator: torch.Generator) -> Built:
    """What `build` builds, with weights that the `generator` draws; the global one is untouched.

    Convolutions are He normal, rows of a table normal, other matrices have variance 1 / columns; biases are 0, scales
    of norms 1.
    """
    with torch.device("meta"):
        module = build()
    module.to_empty(device="cpu")
    for part in module.modules():
        for name, parameter in part.named_parameters(recurse=False):
            if parameter.ndim == 4:
                nn.init.kaiming_normal_(parameter, nonlinearity="relu", generator=generator)
            elif parameter.ndim == 2:
                std = 1.0 if isinstance(part, nn.Embedding) else parameter.shape[1] ** -0.5
                nn.init.normal_(parameter, std=std, generator=generator)
            else:
                nn.init.constant_(parameter, float(isinstance(part, nn.GroupNorm) and name == "weight"))
    return module


def _block(channels: int, width: int) -> nn.Sequential:
    layers = [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.GroupNorm(math.gcd(_GROUPS, width), width)]
    return nn.Sequential(*layers, nn.ReLU())
