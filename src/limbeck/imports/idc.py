"""IDC: ``data.pt``, a list of images and labels, several images in the room of one (`idc`).

Images are float32 (row, channel, size, size) in pixel values from 0 to 1, not normalised, labels int64 (row,). With
multi-formation by a factor f each holds f x f, which the file does not say.

Source:   `condense.py`, `data.py` and `README.md` of snu-mllab/Efficient-Dataset-Condensation.
Differs from the paper: pieces are numbered column by column, as mosaics are here, and not row by row.
"""

from typing import final

from pydantic import Field

from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports import _formation
from limbeck.imports._contract import Given, Import
from limbeck.imports._source import Source

LARGE = 224
"""From so many pixels on, IDC's own factor is 3."""


@final
class IDC(Import):
    """A set of IDC.

    Attributes:
        factor: Images a side in the room of one; 1 for IDC-I. As published by default: 3 from 224 pixels on, else 2.
        dataset: Name in that code, whose scale it had: cifar10, svhn, ...; by folders' names or the size by default.
    """

    factor: int | None = Field(None, ge=1, le=8)
    dataset: str | None = None

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """Whether it is a pair of images and labels, and not named as one of NCFM's, which has the same content."""
        files = source.torch_files(r"data\.pth?")
        return any(_formation.is_pair(source.content(f)) and not _formation.is_of_ncfm(f) for f in files)

    def read(self, source: Source, given: Given) -> DistilledSet:
        files = source.torch_files(r"data\.pth?")
        if not files:
            raise InputError(f"{source.path} has no data.pt; give the file of the condensed data.")
        content, notes, factor = source.content(files[0]), [], self.factor
        if factor is None:
            large = _formation.is_pair(content) and content[0].shape[-1] >= LARGE
            factor = 3 if large else 2
            notes = [
                f"Each image is taken to hold {factor} x {factor}, as IDC's published sets; for IDC-I set factor=1."
            ]
        return _formation.read_pair(
            self, source, given, files[0], factor=factor, dataset=self.dataset, known=_formation.KNOWN, notes=notes
        )
