"""MTT and its family (FTD, TESLA, DATM): ``images_N.pt`` beside ``labels_N.pt``, and ``lr_N.pt`` (`mtt`).

Images are a tensor, float32 (row, channel, size, size), in network scale; labels int64 (row,), or soft ones float32
(row, class), which DATM keeps as logits; N is a step or ``best``. With ``--zca`` that code whitens images. What turns
them into pixels again is not saved, but the pixels are: ``images_zca_N.pt``.

Source:   `distill.py` and `utils.py` of GeorgeCazenavette/mtt-distillation; `distill/DATM.py` of NUS-HPC-AI-Lab/DATM.
"""

import re
from pathlib import Path
from typing import Any, final

from torch import Tensor

from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports._contract import Given, Import
from limbeck.imports._published import CIFAR, IMAGE, IMAGENET, Known, class_labels, finished, image_scale, pictures
from limbeck.imports._source import Source, told

KNOWN = {
    "CIFAR10": Known(CIFAR, 3, 32, 10),
    "CIFAR100": Known(CIFAR, 3, 32, 100),
    "Tiny": Known(IMAGENET, 3, 64, 200),
    "ImageNet": Known(IMAGENET, 3, 128, 10),
}
IMAGES = r"(?:ema_)?images_(?:zca_)?(?:\d+|best)\.pth?"


@final
class MTT(Import):
    """Images and labels of one step.

    Attributes:
        step: Which one: a number, or ``best``; by default ``best`` where it is there, else the last.
        labels: File of labels; by default the one whose name has ``labels`` instead of ``images``.
        dataset: Name in that code, whose scale it had: CIFAR10, Tiny, ...; by folders' names or the size by default.
        zca: Whether images were whitened; by default they were where ``images_zca_N.pt`` lie beside.
    """

    step: str | int | None = None
    labels: Path | None = None
    dataset: str | None = None
    zca: bool | None = None

    @classmethod
    def recognises(cls, source: Source) -> bool:
        pairs = [(file, _beside(file, "labels")) for file in source.torch_files(IMAGES)]
        for images, labels in [(i, of) for i, of in pairs if re.fullmatch(IMAGES, i.name) and of.is_file()][:1]:
            content = source.content(images)
            return isinstance(content, Tensor) and content.ndim == 4 and isinstance(source.content(labels), Tensor)
        return False

    def read(self, source: Source, given: Given) -> DistilledSet:
        chosen, notes = self._chosen(source)
        whitened = self.zca if self.zca is not None else bool(source.files(r"images_zca_\d+\.pth?"))
        are_pixels = "images_zca_" in chosen.name
        if whitened and not are_pixels:
            chosen = _unwhitened(source, chosen)
            are_pixels = True
        files = [chosen, self.labels or _beside(chosen, "labels")]
        if not files[1].is_file():
            raise InputError(f"There are no labels at {files[1]}; give their file with labels (--set labels=FILE).")
        content = source.content(chosen)
        images = pictures(content, chosen)
        labels, soft, told_labels = class_labels(source.content(files[1]), len(images), files[1])
        count = int(labels.max()) + 1 if soft is None else soft.shape[1]
        scale, said = image_scale(content, count, source, given, KNOWN, self.dataset)
        notes += [*told_labels, said]
        facts: dict[str, Any] = {"sees_labels": True}
        if are_pixels:
            images = scale.apply(images, 2)
            notes.append(
                f"The set was whitened (ZCA); {chosen.name} has its pixels, which are taken and scaled. Published "
                "accuracies are of networks that saw whitened images, in training and test; here they do not."
            )
        elif self.zca is None:
            notes.append("Images are taken not to be whitened: if they are (--zca there), set zca=true.")
        if (rate := _beside(chosen, "lr")).is_file():
            files.append(rate)
            facts["learning_rate"] = _rate(source.content(rate), rate)
            notes.append(f"Its networks learnt at the rate {facts['learning_rate']:.6g}, which was distilled with it.")
        return finished(
            self, source, given, files=files, tensors={IMAGE: images}, labels=labels, soft=soft, scales={IMAGE: scale},
            notes=notes, facts=facts,
        )  # fmt: skip

    def _chosen(self, source: Source) -> tuple[Path, list[str]]:
        """The file of images, and what is assumed in choosing it."""
        if source.path.is_file():
            return source.path, []
        files = [file for file in source.files(IMAGES) if self.labels or _beside(file, "labels").is_file()]
        of = {file.stem.rpartition("_")[2]: file for file in files if "images_zca_" not in file.name}
        if not of:
            raise InputError(
                f"{source.path} has no images_N.pt with labels_N.pt beside; give the folder that the code logged to."
            )
        step = str(self.step) if self.step is not None else "best" if "best" in of else [*of][-1]
        if step not in of:
            raise InputError(f"{source.path} has no images of step {step!r}; it has: {', '.join(of)}.")
        if step == "best":
            return of[step], ["The step is best: its authors' code chose it by accuracy on the test images."]
        return of[step], [f"The step is {step}, of {', '.join(of)}."]


def _beside(images: Path, what: str) -> Path:
    return images.with_name(images.name.replace("images_zca_", "images_").replace("images", what))


def _unwhitened(source: Source, images: Path) -> Path:
    """The pixels of whitened images, or why there are none."""
    beside = images.with_name(images.name.replace("images_", "images_zca_"))
    if beside.is_file():
        return beside
    there = source.files(r"images_zca_\d+\.pth?")
    steps = ", ".join(file.stem.rpartition("_")[2] for file in there)
    raise InputError(
        f"{images} is whitened (ZCA): without the matrix, which that code does not save, it cannot be scaled back to "
        "pixels, and networks trained on it would be tested on images that are not whitened. "
        + (f"There are pixels of the steps {steps}: choose one with step (--set step={steps.split(', ')[-1]})."
           if there else f"{beside.name} would have its pixels; give that, or a set distilled without --zca.")
    )  # fmt: skip


def _rate(content: Any, file: Path) -> float:
    if isinstance(content, Tensor) and content.numel() == 1:
        content = content.item()
    if not isinstance(content, float | int):
        raise InputError(f"{file} should hold a learning rate, one number, but holds {told(content)}.")
    return float(content)
