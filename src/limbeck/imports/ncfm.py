"""NCFM: ``distilled_data/data_STEP.pt``, a list of images and labels, several images in the room of one (`ncfm`).

The content is that of IDC's, whose code it grew from: float32 (row, channel, size, size) in pixel values from 0 to 1,
labels int64 (row,). Its configurations have the factor 2 throughout.

Source:   `utils/ddp.py`, `condenser/` and `data/dataset_statistics.py` of gszfwsb/NCFM.
Differs from the paper: pieces are numbered column by column, as mosaics are here, and not row by row.
"""

from typing import final

from pydantic import Field

from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports import _formation
from limbeck.imports._contract import Given, Import
from limbeck.imports._published import IMAGENET, Known
from limbeck.imports._source import Source

KNOWN = _formation.KNOWN | {
    subset: Known(IMAGENET, 3, 128, 10)
    for subset in ("imagenette", "imagewoof", "imagemeow", "imagesquawk", "imagefruit", "imageyellow")
}


@final
class NCFM(Import):
    """A set of NCFM.

    Attributes:
        step: Which one, of a folder; by default the last.
        factor: Images a side in the room of one; as in its configurations by default.
        dataset: Name in that code, whose scale it had: cifar10, imagenette, ...; by folders' names or the size by
            default.
    """

    step: int | None = Field(None, ge=0)
    factor: int = Field(2, ge=1, le=8)
    dataset: str | None = None

    @classmethod
    def recognises(cls, source: Source) -> bool:
        """Whether it is a pair of images and labels, named as this code names them: IDC's has the same content."""
        files = [file for file in source.torch_files(_formation.NCFM) if _formation.is_of_ncfm(file)]
        return any(_formation.is_pair(source.content(file)) for file in files[-1:])

    def read(self, source: Source, given: Given) -> DistilledSet:
        of = {file.stem.rpartition("_")[2]: file for file in source.torch_files(_formation.NCFM)}
        if not of:
            raise InputError(f"{source.path} has no data_STEP.pt; give the folder distilled_data, or a file in it.")
        trained = [step for step in of if step != "init"] or [*of]
        step = trained[-1] if self.step is None or source.path.is_file() else str(self.step)
        if step not in of:
            raise InputError(f"{source.path} has no data of step {step}; it has: {', '.join(of)}.")
        notes = [f"Each image is taken to hold {self.factor} x {self.factor}; where it does not, set factor."]
        if len(of) > 1:
            notes.append(f"The step is {step}, of {', '.join(of)}.")
        return _formation.read_pair(
            self, source, given, of[step], factor=self.factor, dataset=self.dataset, known=KNOWN, notes=notes
        )
