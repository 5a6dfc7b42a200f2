"""AVDD: ``exp_E_audSyn_STEP.pt`` and ``exp_E_imgSyn_STEP.pt``, or ``class:C.pt`` of each class (`avdd`).

Log-mels are float32 (row, 1, 128, 56) in decibels as they are, images float32 (row, 3, 224, 224) in network scale; rows
are in the order of classes, equally many of each, which the files do not say. Made class by class, ``class:C.pt`` holds
a dictionary of experiments, of those ``audio_syn`` and ``image_syn``, and of those steps. With ``--idm_aug``, as in all
scripts of that code, each stored sample is a mosaic of 2 x 2.

Source:   `main_DM_AV.py`, `distill_DM_AV_classwise.py` and `evaluate.py` of sakshamsingh1/AVDD.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor

from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports._contract import Given, Import
from limbeck.imports._published import finished, finite
from limbeck.imports._source import Source, told
from limbeck.media import ClipRecipe
from limbeck.modalities import Batch, Scale

WHOLE = r"exp_(\d+)_(audSyn|imgSyn)_(\d+)\.pth?"
CLASS = r"class:(\d+)\.pth?"
NAMES = {"audSyn": "audio", "imgSyn": "image", "audio_syn": "audio", "image_syn": "image"}
SCALES = {
    "audio": Scale(mean=(0.0,), std=(1.0,)),
    "image": Scale(mean=(0.425, 0.396, 0.370), std=(0.229, 0.224, 0.221)),
}


@final
class AVDD(Import):
    """One experiment of a set of sounds and images, or of either.

    Attributes:
        experiment: Which one; the first by default. Of a file it is the one in its name, as is the step.
        step: Which one; the last by default.
        idm_aug: Whether each stored sample is a mosaic of 2 x 2, as with ``--idm_aug`` there.
        per_class: Stored samples of each class, where neither classes nor a dataset like it are given.
    """

    pattern: ClassVar[str] = f"{WHOLE}|{CLASS}"

    experiment: int = Field(0, ge=0)
    step: int | None = Field(None, ge=0)
    idm_aug: bool = True
    per_class: int | None = Field(None, ge=1)

    @classmethod
    def recognises(cls, source: Source) -> bool:
        for file in source.torch_files(cls.pattern)[:1]:
            content = source.content(file)
            if re.fullmatch(WHOLE, file.name):
                return isinstance(content, Tensor) and content.ndim == 4
            return re.fullmatch(CLASS, file.name) is not None and bool([*_steps(content)])
        return False

    def read(self, source: Source, given: Given) -> DistilledSet:
        name = re.fullmatch(WHOLE, source.path.name) if source.path.is_file() else None
        said = {} if name is None else {"experiment": int(name[1]), "step": int(name[3])}
        return self.model_copy(update=said)._made(source, given)

    def _made(self, source: Source, given: Given) -> DistilledSet:
        if source.files(CLASS):
            found, files, notes = self._class_by_class(source)
        else:
            found, files, notes = self._whole(source)
        rows = {len(x) for x in found.values()}
        if len(rows) > 1:
            told_rows = ", ".join(f"{len(x)} of {name}" for name, x in found.items())
            raise InputError(f"{source.path} has {told_rows}; sound and image of a set are as many.")
        (stored,) = rows
        classes = len(given.classes or (given.like.classes if given.like else ()))
        if source.files(CLASS):
            classes = len(files)
        elif not classes and self.per_class:
            classes = stored // self.per_class
        if not classes or stored % classes or self.per_class not in (None, stored // classes):
            raise InputError(
                f"{source.path} holds {stored} rows and no labels, so that the number of classes must be given, of "
                f"which it is a multiple: got {classes or 'none'}. Give the classes (--classes), a dataset it is like "
                "(--like), or per_class (--set per_class=10)."
            )
        notes += [
            f"Rows are {stored // classes} of each of {classes} classes, in their order.",
            "Sound is in decibels as it is; images are on that code's scale.",
        ]
        if self.idm_aug:
            notes.append(
                "Each stored sample is taken to be a mosaic of 2 x 2 (--idm_aug there); else set idm_aug=false."
            )
        if given.scale is not None:
            raise InputError("This form's code has one scale, so mean and std are not for it; leave them out.")
        labels = torch.arange(classes).repeat_interleave(stored // classes)
        side = next((x.shape[-1] for name, x in found.items() if name == "image"), ClipRecipe().image_size)
        return finished(
            self, source, given, files=files, tensors=found, labels=labels, scales=SCALES, notes=notes,
            hold="mosaic:2" if self.idm_aug else "plain", count=classes,
            recipe=ClipRecipe(tracks=tuple(found), image_size=max(8, side)),
        )  # fmt: skip

    def _whole(self, source: Source) -> tuple[Batch, list[Path], list[str]]:
        """Tensors of all classes, by modality, their files, and what is assumed."""
        there: dict[int, dict[str, Path]] = {}
        for file, (experiment, what, number) in source.matched(WHOLE).items():
            if int(experiment) == self.experiment:
                there.setdefault(int(number), {})[NAMES[what]] = file
        step = self._step(source, there)
        found = {name: _rows(source.content(file), file) for name, file in sorted(there[step].items())}
        return found, [*there[step].values()], [self._said(step, there)]

    def _class_by_class(self, source: Source) -> tuple[Batch, list[Path], list[str]]:
        parts, notes = [], []
        files = source.matched(CLASS)
        numbers = [int(number) for (number,) in files.values()]
        if numbers != [*range(len(files))]:
            raise InputError(f"{source.path} has files of the classes {numbers}; each of 0, 1, 2, ... is needed once.")
        for file in files:
            there: dict[int, dict[str, Any]] = {}
            for experiment, name, step, x in _steps(source.content(file)):
                if experiment == self.experiment:
                    there.setdefault(step, {})[name] = x
            step = self._step(source, there)
            parts.append({name: _rows(x, file) for name, x in sorted(there[step].items())})
            notes = [self._said(step, there)]
        if len({(*part, *map(len, part.values())) for part in parts}) > 1:
            raise InputError(f"The files of classes in {source.path} hold unlike rows; they are not of one set.")
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}, [*files], notes

    def _step(self, source: Source, there: dict[int, Any]) -> int:
        if not there:
            raise InputError(f"{source.path} has no experiment {self.experiment}; choose one with experiment.")
        step = max(there) if self.step is None else self.step
        if step not in there:
            raise InputError(f"{source.path} has no step {step}; it has: {', '.join(map(str, sorted(there)))}.")
        return step

    def _said(self, step: int, there: dict[int, Any]) -> str:
        return f"It is experiment {self.experiment} at step {step}, of {', '.join(map(str, sorted(there)))}."


def _rows(content: Any, file: Path) -> Tensor:
    if not isinstance(content, Tensor) or content.ndim != 4 or not content.is_floating_point():
        raise InputError(
            f"{file} should hold a tensor of floats (row, channel, height, width), but holds {told(content)}."
        )
    return finite(content, file)


def _steps(content: Any) -> Iterator[tuple[int, str, int, Any]]:
    """Experiment, modality, step and tensor of each that a file of one class holds."""
    for experiment, parts in content.items() if isinstance(content, dict) else ():
        for name, steps in parts.items() if isinstance(parts, dict) else ():
            for step, x in steps.items() if name in NAMES and isinstance(steps, dict) else ():
                if isinstance(experiment, int) and isinstance(step, int):
                    yield experiment, NAMES[name], step, x
