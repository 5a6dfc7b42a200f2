"""Several samples in the room of one as their lowest frequencies, or one by all of them (`frequencies`).

A mosaic of 12 pictures keeps 12 pictures of a twelfth of the pixels. The same numbers hold a twelfth of each picture's
cosine transform, and those say more: most of a picture is in its low frequencies, little of it in colour, and the
share can be spent where the energy is. Which frequencies are kept is a rule of the modality, the same for all data
(`Modality.frequency_order`), so nothing but the coefficients is stored.

One alone (``frequencies:1``) loses nothing and saves nothing: it is for a storage that spends few bits where little is
(`limbeck.storage.quantised`).

There may be fewer samples of one modality than of another: ``frequencies:audio=3,image=12`` keeps 3 sounds beside 12
pictures, and each sound is heard with 4 of them. That is for data where one sound stands beside many pictures.

Source:   Shin, Shin and Moon, "Frequency Domain-based Dataset Distillation" (FreD), NeurIPS 2023.
Differs from the paper: which coefficients are kept follows a rule, where FreD ranks them by their variance over the
          data (on the sounds and photos of the house recipe's table the rule keeps 96.2 % and 96.1 % of the energy in
          a twelfth of the numbers, the ranking 96.5 % and 96.3 %); colours are decorrelated first.
"""

import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, ClassVar, Self, final

import torch
from pydantic import Field, model_validator
from torch import Tensor

from limbeck.errors import InputError
from limbeck.modalities import Batch, Modality
from limbeck.parameterisations._contract import Parameterisation, Tensors, each, of_each, written
from limbeck.parameterisations.plain import Plain

MOST = 1024
Count = Annotated[int, Field(ge=1, le=MOST)]


@final
class Frequencies(Parameterisation):
    """The low coefficients of each sample's cosine transform, sample after sample; not to be looked at.

    Attributes:
        count: Samples that share the room of one, for all modalities or for each; the largest is a multiple of each.

    Example:
        >>> str(Frequencies.from_text("36")), Frequencies.from_text("audio=3,image=12").cells
        ('frequencies:36', 12)
    """

    are_samples: ClassVar[bool] = False

    count: Count | dict[str, Count]

    @model_validator(mode="after")
    def _a_multiple(self) -> Self:
        if any(self.cells % count for count in self._counts()):
            raise ValueError(f"the largest number of samples is a multiple of each, but got {self.to_text()}")
        return self

    @classmethod
    def from_text(cls, text: str) -> Self:
        """From ``36`` or ``audio=3,image=12``."""
        return cls.from_json({"count": each(text, _read)})

    def to_text(self) -> str:
        return written(self.count, str)

    @property
    def cells(self) -> int:
        return max(self._counts())

    def start(self, samples: Batch, modalities: Mapping[str, Modality]) -> Tensors:
        """Coefficients of the samples; where fewer are kept than came, repeats of an earlier one are left out first."""
        tensors = {}
        for name, x in samples.items():
            count = of_each(self.count, name, self)
            if count < self.cells:
                x = x[repeats_last(x)][: len(x) * count // self.cells]
            tensors[name] = pack(x, count, modalities[name])
        return tensors

    def decode(self, tensors: Mapping[str, Tensor], modalities: Mapping[str, Modality]) -> Batch:
        samples = {}
        for name, x in tensors.items():
            count = of_each(self.count, name, self)
            samples[name] = torch.cat([unpack(x, count, modalities[name])] * (self.cells // count))
        return samples

    def narrowed(self, clips: float, different: Mapping[str, float]) -> Parameterisation:
        """As many samples as the settings say or as there are, none twice; plain where only one is left per row.

        Example:
            >>> some = Frequencies(count=36)
            >>> str(some.narrowed(60, {"audio": 60, "image": 60})), str(some.narrowed(12, {"audio": 2.4, "image": 12}))
            ('frequencies:36', 'frequencies:audio=3,image=12')
            >>> str(some.narrowed(1, {"audio": 1, "image": 1}))
            'plain'
        """
        if self.cells == 1:
            return self
        most = max(1, min(self.cells, math.floor(clips)))
        fewer = {
            name: min(of_each(self.count, name, self), most, math.ceil(found)) for name, found in different.items()
        }
        least = min(fewer.values())
        most = least * min(round(most / least), max(1, math.floor(clips / least)))
        counts = {name: least if n == least else most for name, n in fewer.items()}
        if {*counts.values()} == {1}:
            return Plain()
        return Frequencies(count=counts if len({*counts.values()}) > 1 else next(iter(counts.values())))

    def _counts(self) -> list[int]:
        return list(self.count.values()) if isinstance(self.count, dict) else [self.count]


def pack(x: Tensor, count: int, modality: Modality) -> Tensor:
    """Put the low frequencies of several samples into the room of one. Differentiable.

    Of `count` >= 1 that share a room, `x` of a `modality`, (count * row, ..., channel, height, width), cell-major,
    become (row, ..., channel, height, width), same dtype and device: the coefficients of cell 0, of cell 1, and so on,
    each from its lowest frequency on; zeros where the room does not divide.
    """
    if len(x) % count:
        raise InputError(f"{count} samples share the room of one, so their number must be a multiple, not {len(x)}.")
    kept = _kept(modality, count).to(x.device)
    flat = _decorrelated(x, modality, backward=False)
    waves = _over_frames(_cosines(x.shape[-2], x) @ flat @ _cosines(x.shape[-1], x).T, backward=False)
    low = waves.flatten(1)[:, kept]
    side_by_side = low.view(count, -1, len(kept)).transpose(0, 1).flatten(1)
    stored = x.new_zeros(len(side_by_side), math.prod(x.shape[1:]))
    stored[:, : side_by_side.shape[1]] = side_by_side
    return stored.view(-1, *x.shape[1:])


def unpack(x: Tensor, count: int, modality: Modality) -> Tensor:
    """The samples, (count * row, ..., channel, height, width), that what `pack` made stands for, whole. Differentiable.

    They are cell-major, of the dtype and device of `x`; `count` and `modality` are those of `pack`.
    """
    kept = _kept(modality, count).to(x.device)
    low = x.flatten(1)[:, : count * len(kept)].view(len(x), count, -1).transpose(0, 1).flatten(0, 1)
    waves = x.new_zeros(len(low), math.prod(x.shape[1:])).index_copy(1, kept, low).view(-1, *x.shape[1:])
    waves = _over_frames(waves, backward=True)
    return _decorrelated(_cosines(x.shape[-2], x).T @ waves @ _cosines(x.shape[-1], x), modality, backward=True)


def repeats_last(x: Tensor) -> Tensor:
    """Positions of samples, (sample, ...), in the order they came, but those equal to an earlier one after all others.

    Example:
        >>> repeats_last(torch.tensor([[5], [5], [3], [5], [4]]))
        tensor([0, 2, 4, 1, 3])
    """
    same = torch.unique(x.flatten(1), dim=0, return_inverse=True)[1].tolist()
    repeated = torch.tensor([value in same[:i] for i, value in enumerate(same)])
    return torch.argsort(repeated.int(), stable=True)


def _read(text: str) -> int:
    if not re.fullmatch(r"\s*[1-9]\d{0,3}\s*", text) or int(text) > MOST:
        raise InputError(
            f"how many samples share the room of one is a whole number, 1 to {MOST}, as in frequencies:36, or one for "
            f"each modality, as in frequencies:audio=3,image=12, but got {text!r}"
        )
    return int(text)


@cache
def _kept(modality: Modality, count: int) -> Tensor:
    """Flat positions of the coefficients that are kept, the lowest first."""
    numbers = math.prod(modality.shape)
    if numbers < count:
        raise InputError(f"{count} samples cannot share the room of one: it has {numbers} numbers, and each needs one.")
    return modality.frequency_order().flatten().argsort(stable=True)[: numbers // count]


def _cosines(size: int, like: Tensor) -> Tensor:
    """The orthonormal cosine transform (DCT-II), (frequency, place)."""
    place, frequency = torch.arange(size, dtype=torch.float64), torch.arange(size, dtype=torch.float64)[:, None]
    basis = torch.cos(math.pi / size * (place + 0.5) * frequency) * math.sqrt(2 / size)
    basis[0] /= math.sqrt(2)
    return basis.to(like)


def _over_frames(x: Tensor, *, backward: bool) -> Tensor:
    """The cosine transform, or its inverse, along every axis between the samples' and the channels'."""
    for axis in range(1, x.ndim - 3):
        basis = _cosines(x.shape[axis], x)
        x = torch.tensordot(x, basis, ([axis], [0 if backward else 1])).movedim(-1, axis)
    return x


def _decorrelated(x: Tensor, modality: Modality, *, backward: bool) -> Tensor:
    if modality.basis is None:
        return x
    basis = torch.nn.functional.normalize(torch.tensor(modality.basis, dtype=torch.float64), dim=1).to(x)
    return torch.einsum("kc,...chw->...khw", basis.T if backward else basis, x)
