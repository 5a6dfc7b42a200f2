"""DC, DSA and DM: ``res_METHOD_DATASET_MODEL_Nipc.pt``, images and labels of several experiments (`dc`).

A dictionary with ``data``, a list with ``[images, labels]`` of each experiment: images float32 (row, channel, size,
size) in network scale, labels int64 (row,); and ``accs_all_exps``, accuracies as that code measured them, by network.

Source:   `main.py`, `main_DM.py` and `utils.py` of VICO-UoE/DatasetCondensation.
"""

from typing import Any, final

from pydantic import Field
from torch import Tensor

from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports._contract import Given, Import
from limbeck.imports._published import (
    CIFAR,
    FASHION,
    IMAGE,
    IMAGENET,
    MNIST,
    SVHN,
    Known,
    class_labels,
    finished,
    image_scale,
    pictures,
)
from limbeck.imports._source import Source, told
from limbeck.modalities import Scale

KNOWN = {
    "CIFAR10": Known(CIFAR, 3, 32, 10),
    "CIFAR100": Known(Scale(mean=(0.5071, 0.4866, 0.4409), std=(0.2673, 0.2564, 0.2762)), 3, 32, 100),
    "SVHN": Known(SVHN, 3, 32, 10),
    "MNIST": Known(MNIST, 1, 28, 10),
    "FashionMNIST": Known(FASHION, 1, 28, 10),
    "TinyImageNet": Known(IMAGENET, 3, 64, 200),
}


@final
class DC(Import):
    """One experiment of a result of DC, DSA or DM.

    Attributes:
        experiment: Which one, from 0 on; the first by default. (IDC's evaluation takes the last.)
        dataset: Name in that code, whose scale it had: CIFAR10, SVHN, ...; by the file's name or the size by default.
    """

    experiment: int = Field(0, ge=0)
    dataset: str | None = None

    @classmethod
    def recognises(cls, source: Source) -> bool:
        return any(_experiments(source.content(file)) for file in source.torch_files(r"res_.*\.pth?"))

    def read(self, source: Source, given: Given) -> DistilledSet:
        files = source.torch_files(r"res_.*\.pth?")
        if len(files) != 1:
            raise InputError(
                f"{source.path} has {len(files)} files of results (res_*.pt): {', '.join(f.name for f in files)}. Give "
                "the path of one."
            )
        (file,) = files
        content = source.content(file)
        if not (several := _experiments(content)):
            raise InputError(
                f"{file} should hold a dictionary with 'data', a list of [images, labels], but holds {told(content)}."
            )
        if self.experiment >= len(several):
            raise InputError(
                f"{file} holds {len(several)} experiments, so experiment is 0 to {len(several) - 1}, not "
                f"{self.experiment}."
            )
        images = pictures(several[self.experiment][0], file)
        labels, soft, notes = class_labels(several[self.experiment][1], len(images), file)
        count = int(labels.max()) + 1 if soft is None else soft.shape[1]
        scale, said = image_scale(several[self.experiment][0], count, source, given, KNOWN, self.dataset)
        notes += [f"It is experiment {self.experiment} of {len(several)} in the file, counted from 0.", said]
        return finished(
            self, source, given, files=files, tensors={IMAGE: images}, labels=labels, soft=soft, scales={IMAGE: scale},
            notes=notes, facts=_facts(file.stem, content),
        )  # fmt: skip


def _experiments(content: Any) -> list[Any]:
    """Pairs of images and labels; empty where the content is no such result."""
    data = content.get("data") if isinstance(content, dict) else None
    if not isinstance(data, list) or not all(isinstance(one, list | tuple) and len(one) == 2 for one in data):
        return []
    return data if all(isinstance(x, Tensor) for one in data for x in one) else []


def _facts(stem: str, content: dict[str, Any]) -> dict[str, Any]:
    """The method that a file's name says, and what its authors measured, in percent."""
    words = stem.split("_")
    named = words[1] if words[0] == "res" and len(words) > 2 else "DC, DSA or DM"
    found = content.get("accs_all_exps")
    measured = {
        str(network): [round(100 * value, 4) for value in values if isinstance(value, float)]
        for network, values in (found.items() if isinstance(found, dict) else ())
        if isinstance(values, list) and values
    }
    return {"method": f"{named} (imported)"} | ({"published_accuracy_percent": measured} if measured else {})
