"""The single operations of the augmentation: pure functions of a batch and of parameters in their own units.

Every function takes `x`, (sample, ..., channel, height, width), and parameters with one entry for each sample or
a single one for all of them; all frames of a sample are changed alike. `fill` is what fresh borders are filled with: a
number, or a tensor that broadcasts to a sample. All are differentiable in `x`.

Source: differentiable augmentation (Zhao et al., NeurIPS 2020) as used by Zhao and Bilen, *Dataset
Condensation with Differentiable Siamese Augmentation*, ICML 2021. Differs from the paper: the fill is free
(there: 0).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

Fill = float | Tensor


def brightness(x: Tensor, shift: Tensor) -> Tensor:
    """Add `shift`, (1 or sample,), to all channels."""
    return x + _plane(shift, x)


def saturation(x: Tensor, factor: Tensor) -> Tensor:
    """Scale the distance of every pixel from its mean over channels by `factor`, (1 or sample,).

    With a single channel (sound) this changes nothing.
    """
    return x if x.shape[-3] == 1 else _stretch(x, x.mean(-3, keepdim=True), factor)


def contrast(x: Tensor, factor: Tensor) -> Tensor:
    """Scale the distance of every pixel from the sample's mean by `factor`, (1 or sample,)."""
    return _stretch(x, x.mean(tuple(range(1, x.ndim)), keepdim=True), factor)


def crop(x: Tensor, down: Tensor, right: Tensor, fill: Fill = 0.0) -> Tensor:
    """Move the window `down` and `right` pixels, int64 (1 or sample,); what lies outside is filled."""
    rows, columns = down.tolist(), right.tolist()
    parts = (x,) if len(rows) == 1 else torch.split(x, 1)
    pads = [(-c, c, -r, r) for r, c in zip(rows, columns, strict=True)]
    moved = _join([F.pad(part, pad) for part, pad in zip(parts, pads, strict=True)])
    if _is_zero(fill):
        return moved
    inside = _one(x).bool()
    return torch.where(_join([F.pad(inside, pad) for pad in pads]), moved, fill)


def cutout(x: Tensor, row: Tensor, column: Tensor, size: tuple[int, int], fill: Fill = 0.0) -> Tensor:
    """Fill a rectangle of `size` (height, width) centred at `row` and `column`, int64 (1 or sample,)."""
    down = _span(row, size[0], x.shape[-2])
    along = _span(column, size[1], x.shape[-1])
    hole = (down[:, :, None] & along[:, None, :]).to(x.device)
    return torch.where(_before(hole, x), fill, x)


def flip(x: Tensor, mirrored: Tensor) -> Tensor:
    """Mirror left and right (for a spectrogram: reverse time) where `mirrored`, bool (1 or sample,)."""
    if len(mirrored) == 1:
        return x.flip(-1) if bool(mirrored) else x
    return torch.where(_before(mirrored.to(x.device)[:, None, None], x), x.flip(-1), x)


def scale(x: Tensor, width: Tensor, height: Tensor, fill: Fill = 0.0) -> Tensor:
    """Look at `width` and `height` times the extent, (1 or sample,): below 1 enlarges, above 1 shrinks."""
    zero = torch.zeros_like(width)
    return _affine(x, [[width, zero, zero], [zero, height, zero]], fill)


def rotate(x: Tensor, angle: Tensor, fill: Fill = 0.0) -> Tensor:
    """Turn by `angle` radians, (1 or sample,), in coordinates that run from -1 to 1 along both sides."""
    zero = torch.zeros_like(angle)
    return _affine(x, [[angle.cos(), -angle.sin(), zero], [angle.sin(), angle.cos(), zero]], fill)


def _affine(x: Tensor, matrix: list[list[Tensor]], fill: Fill) -> Tensor:
    theta = torch.stack([torch.stack(row, -1) for row in matrix], 1).to(x.device, x.dtype)
    grid = F.affine_grid(theta, [len(theta), 1, *x.shape[-2:]], align_corners=False)
    moved = _sample(x, grid)
    if _is_zero(fill):
        return moved
    covered = _sample(_one(x).expand(len(grid), *[-1] * (x.ndim - 1)), grid)
    return moved + (1 - covered) * fill


def _sample(x: Tensor, grid: Tensor) -> Tensor:
    grid, planes = grid.expand(len(x), -1, -1, -1), x.flatten(1, -3)
    return F.grid_sample(planes, grid, mode="bilinear", padding_mode="zeros", align_corners=False).reshape(x.shape)


def _stretch(x: Tensor, centre: Tensor, factor: Tensor) -> Tensor:
    return (x - centre) * _plane(factor, x) + centre


def _span(centre: Tensor, length: int, extent: int) -> Tensor:
    start = (centre - length // 2)[:, None]
    position = torch.arange(extent)
    return (position >= start) & (position < start + length)


def _plane(values: Tensor, like: Tensor) -> Tensor:
    return _before(values.to(like.device, like.dtype)[:, None, None], like)


def _before(planes: Tensor, like: Tensor) -> Tensor:
    """(sample, height, width) with axes for what `like` has in between."""
    return planes.view(len(planes), *[1] * (like.ndim - 3), *planes.shape[1:])


def _one(like: Tensor) -> Tensor:
    """Ones in the shape of one plane of one sample, with as many axes."""
    return like.new_ones(1, *[1] * (like.ndim - 3), *like.shape[-2:])


def _is_zero(fill: Fill) -> bool:
    return isinstance(fill, float | int) and fill == 0


def _join(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)
