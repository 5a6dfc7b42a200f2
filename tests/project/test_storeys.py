"""What a room holds stands on the room's one abstract class and on nothing else: its file shows all that it does."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

import limbeck
from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.networks import Encoder

MIDDLE = {
    "limbeck.datasets._cifar.CIFAR": "two datasets come in archives of one form, and differ in their parts and labels",
    "limbeck.datasets._folds.FoldedSounds": "three datasets of sounds come in folds, and differ in their lists",
    "limbeck.datasets.vggsound.VGGSoundTable": "two datasets are classes of one table, and differ in which",
    "limbeck.datasets.sounds._published.Published": "three datasets of sounds come as an archive that is fetched",
    "limbeck.datasets.sounds.esc50.ESC": "two of these are rows of one table, and differ in which",
    "limbeck.detections._contract.FilePerRecording": "three forms are a text file for each recording, and differ in it",
    "limbeck.detections._contract.Table": "three forms are one CSV file, and differ in its rows",
    "limbeck.encoders._class_names.WithClassNames": "three encoders are classifiers, and differ in how they hear",
    "limbeck.encoders._clip_text.WithClipText": "two encoders have one text tower, and differ in how they hear",
    "limbeck.encoders._htsat.HtsatEncoder": "two encoders have one audio tower, and differ in how they read",
    "limbeck.evaluation.sounds.classifiers.prototypes.Learner": "two classifiers have the settings of one learner",
    "limbeck.modalities._pictures.Pictures": "two modalities are frames in colour, and differ in how many there are",
    "limbeck.modalities._spectrograms.Spectrograms": "three modalities are spectrograms, of other bands each",
    "limbeck.networks._convnets.ConvNets": "two networks are stacks of the same blocks, and differ in what these see",
    "limbeck.storage._chunks.Pieces": "two forms keep pieces of bytes, and differ in what they are made of",
    "limbeck.storage._contract.Coder": "tensors can be put in all forms but one, which is filled from recordings",
}
"""Classes between that of a room and what the room lists, and why they are there."""


def _ours(kind: type) -> list[str]:
    """The classes of Limbeck's that a class is, from itself down to its room's, without mixins."""
    line = [base for base in kind.__mro__ if base.__module__.startswith("limbeck.") and base not in (Config, Listed)]
    return [f"{base.__module__}.{base.__name__}" for base in line]


def _things() -> list[type]:
    """Everything that stands on the abstract class of a room, and the networks' encoders."""
    for module in pkgutil.walk_packages(limbeck.__path__, "limbeck."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    rooms: list[Any] = [*Listed.__subclasses__(), Encoder]
    found: list[type] = []
    waiting = [kind for room in rooms for kind in room.__subclasses__()]
    while waiting:
        kind = waiting.pop()
        found.append(kind)
        waiting += kind.__subclasses__()
    return sorted({kind for kind in found if kind.__module__.startswith("limbeck.")}, key=_ours)


@pytest.mark.parametrize("kind", _things(), ids=lambda kind: _ours(kind)[0])
def test_nothing_is_deeper_than_one_storey(kind: type) -> None:
    storeys = [name for name in _ours(kind) if name not in MIDDLE]
    assert len(storeys) <= 2, f"{storeys[0]} stands on {storeys[1:]}: call helpers instead of inheriting them"


def test_every_exception_is_there() -> None:
    assert {name for kind in _things() for name in _ours(kind)} >= MIDDLE.keys()
