"""What every dataset of sounds is: recordings, classes with words for them, and how it is divided."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, Self, TypeVar

from limbeck._discover import Listed
from limbeck.datasets._findings import alike
from limbeck.datasets._listing import TEST, TRAIN, VALIDATION, shuffled, usual_split
from limbeck.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One sound and what is known of it; nothing is decoded.

    Attributes:
        id: Unique in the dataset and the same on every machine: a relative path, say.
        labels: Names of its classes; none where nobody has labelled it.
        split: Name of its fold, or ``"train"``, ``"test"`` or ``"validation"`` (or ``"val"``, ``"valid"``, ``"dev"``);
            empty where the dataset has none.
        start_s: Where the sound starts in the file, in seconds.
        duration_s: Its length in seconds; None means to the end of the file.
        group: What it was cut from: sounds of a group are alike and must not be on both sides of a split.
    """

    id: str
    path: Path
    labels: tuple[str, ...] = ()
    split: str = ""
    start_s: float = 0.0
    duration_s: float | None = None
    group: str = ""


@dataclass(frozen=True)
class Split:
    """One division of the recordings, as positions in `SoundDataset.recordings`.

    Attributes:
        name: Of the fold that is tested on.
        train: The pool: prototypes see these without labels, supervised classifiers with them.
        validation: Kept apart by the authors for choosing an epoch, say; empty in cross-validation.
    """

    name: str
    train: tuple[int, ...]
    test: tuple[int, ...]
    validation: tuple[int, ...] = ()


class SoundDataset(Listed, ABC):
    """Recordings in a stable order. One module of this room defines one.

    Its title, licence, citation and homepage are as in `Dataset`.

    Args:
        recordings: All of them, in an order that is the same on every machine.
        classes: Names of the classes, in label order; by default the labels that occur, sorted.
        words: What to call classes in a sentence, where `natural` would not find it.
    """

    room: ClassVar[str] = "limbeck.datasets.sounds"

    title: ClassVar[str]
    licence: ClassVar[str]
    citation: ClassVar[str]
    homepage: ClassVar[str] = ""

    def __init__(
        self,
        recordings: Sequence[Recording],
        *,
        classes: Sequence[str] | None = None,
        words: Mapping[str, str] | None = None,
    ) -> None:
        self.recordings = list(recordings)
        found = {label for r in self.recordings for label in r.labels}
        self.classes = tuple(sorted(found) if classes is None else classes)
        self.words = {c: (words or {}).get(c) or natural(c) for c in self.classes}

    @classmethod
    @abstractmethod
    def open(cls, root: Path | str) -> Self:
        """Read the lists of a copy on this machine; readers have further options, all by keyword with a default.

        Args:
            root: The dataset's folder.

        Raises:
            InputError: It is not there or has another layout; says what is missing and how to get it.
        """

    @property
    def multi_label(self) -> bool:
        """Whether a recording can have several labels."""
        return any(len(r.labels) > 1 for r in self.recordings)

    def splits(self) -> list[Split]:
        """The official train and test split; or each fold once for testing, with all others as the pool.

        Raises:
            InputError: There are no splits, only one, or folds beside official ones; or one group is in several.
        """
        found: dict[str, list[int]] = {}
        for i, recording in enumerate(self.recordings):
            found.setdefault(usual_split(recording.split) or recording.split, []).append(i)
        official = found.keys() & {TRAIN, VALIDATION, TEST}
        if not ({TRAIN, TEST} <= official == found.keys() if official else len(found) > 1 and "" not in found):
            listed = ", ".join(f"{name or 'none'} ({len(rows)})" for name, rows in sorted(found.items()))
            raise InputError(
                f"{self.title} cannot be divided: every recording must belong to one of several folds, or to 'train', "
                f"'test' or 'validation', but these came: {listed or 'no recordings'}. Give folds, or ask for drawn "
                "ones."
            )
        home: dict[str, str] = {}
        for name, rows in found.items():
            for group in filter(None, (self.recordings[i].group for i in rows)):
                if home.setdefault(group, name) != name:
                    raise InputError(
                        f"{self.title}: sounds of the group {group!r} are in {home[group]} and in {name}. They were "
                        "cut from one recording, and testing on what was learned from means nothing: put all into one."
                    )
        if TEST in found:
            return [Split(TEST, tuple(found[TRAIN]), tuple(found[TEST]), tuple(found.get(VALIDATION, ())))]
        in_numbers = {name: [int(p) if p.isdecimal() else p for p in re.split(r"(\d+)", name)] for name in found}
        return [
            Split(name, tuple(i for other in found for i in found[other] if other != name), tuple(found[name]))
            for name in sorted(found, key=in_numbers.__getitem__)  # fold2 before fold10
        ]


D = TypeVar("D", bound=SoundDataset)


def of_files(kind: type[D], recordings: Sequence[Recording], folds: int, seed: int) -> D:
    """A dataset of somebody's own recordings: with folds where they have no splits, and words for each class apart."""
    dataset = kind(with_folds(recordings, folds, seed))
    for names in alike(dataset.words):
        raise InputError(
            f"{dataset.title}: the labels {' and '.join(map(repr, names))} are the same in words, "
            f"{dataset.words[names[0]]!r}. Write them in one way, or give one of them another name."
        )
    return dataset


def with_folds(recordings: Sequence[Recording], folds: int, seed: int) -> list[Recording]:
    """Recordings with a fold each (0: as they are), drawn class by class so that every fold has its share of each.

    Names and the seed decide, so all machines draw alike; recordings of one group stay together (under the first label
    of the group's first recording). Nothing is drawn if a recording has a split already.
    """
    if folds < 0 or folds == 1:
        raise InputError(f"folds must be 0 (none) or at least 2, but is {folds}.")
    if not folds or any(r.split for r in recordings):
        return list(recordings)
    groups: dict[str, dict[str, None]] = {}
    label_of: dict[str, str] = {}
    for r in recordings:
        group = r.group or r.id
        label = label_of.setdefault(group, r.labels[0] if r.labels else "")
        groups.setdefault(label, {})[group] = None
    fold: dict[str, str] = {}
    offset = 0
    for label in sorted(groups):
        for i, group in enumerate(shuffled(groups[label], seed=seed, path=("fold", label))):
            fold[group] = f"fold{(i + offset) % folds + 1}"
        offset += len(groups[label])
    return [replace(r, split=fold[r.group or r.id]) for r in recordings]


def natural(name: str) -> str:
    """A class's name as one would say it in a sentence.

    Example:
        >>> natural("crying_baby"), natural("dog")
        ('crying baby', 'dog')
    """
    return " ".join(name.replace("_", " ").split())
