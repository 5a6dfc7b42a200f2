"""Splitting features of two modalities into what both have in common and what is private to each."""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

ROUNDS = 12


@dataclass(frozen=True)
class Decoupler:
    """A linear split of one modality's features, centred and of mean square length 1 over the real clips.

    ``x = basis @ (a code of the common part) + private part``; the two are orthogonal and lose nothing.

    Attributes:
        mean: (dim,).
        length: (): root mean square length of centred features.
        basis: Orthonormal columns, (dim, common).
        turn: From coordinates along the basis to codes, (common, common): a rotation, and the factor that gives codes
            a mean square length of 1 over the real clips.
    """

    mean: Tensor
    length: Tensor
    basis: Tensor
    turn: Tensor

    def common(self, features: Tensor) -> Tensor:
        """Codes of the part both modalities have, (..., common), of features (..., dim)."""
        return self._scaled(features) @ self.basis @ self.turn

    def private(self, features: Tensor) -> Tensor:
        """The rest, (..., dim), of features (..., dim)."""
        x = self._scaled(features)
        return x - x @ self.basis @ self.basis.T

    def turned(self, rotation: Tensor) -> Self:
        """The same split with codes rotated, (common, common)."""
        return type(self)(self.mean, self.length, self.basis, self.turn @ rotation)

    def _scaled(self, features: Tensor) -> Tensor:
        return (features - self.mean) / self.length


def decouple(audio: Tensor, image: Tensor, *, common: int, draw: torch.Generator) -> tuple[Decoupler, Decoupler]:
    """Split both modalities so that their common parts agree as far as a rotation can make them.

    The bases are the leading singular vectors of the covariance of the two modalities: no other orthonormal columns
    make coordinates of sound and picture of the same clip vary together more. They are found by orthogonal iteration.

    Source: Tucker, "An Inter-Battery Method of Factor Analysis", Psychometrika 1958.

    Features are of the same real clips, (clip, dim). Codes have so many `common` numbers, fewer if there are not as
    many clips or dimensions; the iteration begins at a `draw`.
    """
    common = min(common, *audio.shape, image.shape[1])
    audio_mean, image_mean = audio.mean(0), image.mean(0)
    audio_length, image_length = _length(audio - audio_mean), _length(image - image_mean)
    a, v = (audio - audio_mean) / audio_length, (image - image_mean) / image_length
    left = torch.linalg.qr(torch.randn(a.shape[1], common, generator=draw).to(a)).Q
    for _ in range(ROUNDS):
        right = torch.linalg.qr(v.T @ (a @ left)).Q
        left = torch.linalg.qr(a.T @ (v @ right)).Q
    u, _, w = torch.linalg.svd((a @ left).T @ (v @ right))
    left, right = left @ u, right @ w.T
    return (
        Decoupler(audio_mean, audio_length, left, _to_length_one(a @ left)),
        Decoupler(image_mean, image_length, right, _to_length_one(v @ right)),
    )


def rotation_onto(codes: Tensor, others: Tensor) -> Tensor:
    """The rotation or reflection, (common, common), that brings rows, (row, common), nearest to others (Procrustes)."""
    u, _, w = torch.linalg.svd(codes.T @ others)
    rotation: Tensor = u @ w
    return rotation


def _length(rows: Tensor) -> Tensor:
    """Root mean square length, ()."""
    return rows.square().sum(1).mean().sqrt().clamp_min(1e-6)


def _to_length_one(coordinates: Tensor) -> Tensor:
    # One factor for all: with one for each, directions in which clips hardly differ would be noise blown up.
    return torch.eye(coordinates.shape[1]).to(coordinates) / _length(coordinates)
