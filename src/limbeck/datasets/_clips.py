"""Labelled clips, the one type that methods and evaluation read, and what is known of samples in general."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from limbeck._files import digest
from limbeck.datasets._annotations import NONE, Annotation
from limbeck.errors import BudgetError, InputError
from limbeck.media import ClipRecipe, RawClip
from limbeck.modalities import Batch, Modality, Moments, Scale, ScaleKind, Statistics, bound, only

_CHUNK = 64
PAIRS = "pairs"
"""What the only class of samples without classes is called."""


@dataclass(frozen=True)
class Targets:
    """Targets of some samples.

    Attributes:
        labels: int64, (sample,): index into `classes`.
        probabilities: Soft labels, float32, (sample, class), which networks learn instead of `labels`; None where the
            class alone is known.

    Example:
        >>> targets = Targets(("bell", "drip"), torch.tensor([0, 1, 1]))
        >>> len(targets), targets.per_class(), targets.of_class(1).tolist()
        (3, (1, 2), [1, 2])
    """

    classes: tuple[str, ...]
    labels: Tensor
    probabilities: Tensor | None = None

    def __post_init__(self) -> None:
        if self.labels.dtype != torch.int64 or self.labels.ndim != 1:
            raise InputError(f"Labels must be int64 (sample,), but got {self.labels.dtype} {tuple(self.labels.shape)}.")
        if len(self.labels):
            lowest, highest = int(self.labels.min()), int(self.labels.max())
            if lowest < 0 or highest >= len(self.classes):
                raise InputError(f"Labels must lie in 0..{len(self.classes) - 1}, but lie in {lowest}..{highest}.")
        soft, shape = self.probabilities, (len(self), len(self.classes))
        if soft is not None and (soft.dtype != torch.float32 or soft.shape != shape):
            raise InputError(f"Soft labels must be float32 {shape}, but got {soft.dtype} {tuple(soft.shape)}.")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def has_classes(self) -> bool:
        """Whether there is more than one class; of one there is nothing to tell apart: samples are pairs, or alone."""
        return len(self.classes) > 1

    @property
    def to_learn(self) -> Tensor:
        """What a loss is given: soft labels where there are some, else `labels`."""
        return self.labels if self.probabilities is None else self.probabilities

    def of_class(self, label: int) -> Tensor:
        """Positions (int64) of a class's samples, ascending."""
        return torch.nonzero(self.labels == label).flatten()

    def per_class(self) -> tuple[int, ...]:
        """Number of samples of each class."""
        return tuple(torch.bincount(self.labels, minlength=len(self.classes)).tolist())

    def take(self, index: Tensor) -> "Targets":
        """Targets of the samples at `index`, in that order; classes stay."""
        soft = None if self.probabilities is None else self.probabilities[index]
        return replace(self, labels=self.labels[index], probabilities=soft)

    def only(self, classes: Sequence[str]) -> "tuple[Tensor, Targets]":
        """The samples of some classes, relabelled 0, 1, ... in the order given: their positions and their targets."""
        if unknown := [c for c in classes if c not in self.classes]:
            raise InputError(f"Unknown classes {unknown}; this data has {list(self.classes)}.")
        if self.probabilities is not None:
            raise InputError("Soft labels speak of all classes, so that none can be left out; use hard labels.")
        table = torch.full((len(self.classes),), -1)
        for new, label in enumerate(classes):
            table[self.classes.index(label)] = new
        relabelled = table[self.labels]
        index = torch.nonzero(relabelled >= 0).flatten()
        return index, Targets(tuple(classes), relabelled[index])


class ClipStore(Protocol):
    """Random access to prepared arrays by row; in memory or memory-mapped."""

    def read(self, modality: str, rows: Tensor) -> Tensor:
        """Arrays of one `modality` as they are prepared, (row, ..., channel, height, width), of some `rows`."""

    def originals(self, rows: Tensor) -> list[RawClip]:
        """The recordings of the rows, decoded again; refused where there are none, or not any more."""

    def annotations(self, rows: Tensor) -> list[tuple[Annotation, ...]]:
        """What is known of the things in the clips of some `rows`; refused where nothing is known of any."""


@dataclass(frozen=True)
class ArrayStore(ClipStore):
    """Prepared arrays held in memory, by modality, what is known of the things in each clip, and the recordings."""

    arrays: Mapping[str, Tensor]
    things: Sequence[tuple[Annotation, ...]] = ()
    recordings: Sequence[RawClip] = ()

    def read(self, modality: str, rows: Tensor) -> Tensor:
        return self.arrays[modality][rows]

    def originals(self, rows: Tensor) -> list[RawClip]:
        if self.recordings:
            return [self.recordings[row] for row in rows.tolist()]
        raise InputError(
            "These clips are arrays without recordings behind them, but the recordings are needed. Prepare a dataset "
            "with limbeck prepare and use that."
        )

    def annotations(self, rows: Tensor) -> list[tuple[Annotation, ...]]:
        if not self.things:
            raise InputError(NONE)
        return [self.things[row] for row in rows.tolist()]


@dataclass(frozen=True)
class LabelledClips:
    """A labelled selection of prepared clips. Cheap to make; nothing is read until it is needed.

    Attributes:
        rows: int64, (clip,): rows of the store in this selection.
        statistics: Mean and spread of the dataset's training clips, by modality.
        fingerprint: Identifies dataset content, recipe and selection; equal means interchangeable.
        part_of: The clips of more classes that these are a `part` of; None where they are none.
    """

    store: ClipStore
    rows: Tensor
    targets: Targets
    modalities: Mapping[str, Modality]
    statistics: Mapping[str, Statistics]
    fingerprint: str
    name: str
    ids: tuple[str, ...]
    part_of: "LabelledClips | None" = None

    @classmethod
    def from_arrays(
        cls,
        arrays: Mapping[str, Tensor],
        labels: Tensor,
        classes: Sequence[str],
        *,
        recipe: ClipRecipe,
        name: str = "arrays",
        annotations: Sequence[Sequence[Annotation]] = (),
        recordings: Sequence[RawClip] = (),
    ) -> "LabelledClips":
        """Clips called `name` from `arrays` in memory, by modality, as it prepares them by the `recipe`.

        They are (clip, ..., channel, height, width); `labels` are positions in `classes`, int64, (clip,). Where things
        in the clips are known, `annotations` has those of each. The `recordings` that the clips were made of are wanted
        by a few methods and measures alone.

        Raises:
            InputError: Shapes, dtypes or labels do not fit together.

        Example:
            >>> clips = LabelledClips.from_arrays(
            ...     {"audio": torch.zeros(2, 1, 128, 56), "image": torch.zeros(2, 3, 8, 8, dtype=torch.uint8)},
            ...     torch.tensor([0, 1]), ["bell", "drip"], recipe=ClipRecipe(image_size=8))
            >>> len(clips), clips.targets.per_class()
            (2, (1, 1))
        """
        modalities = bound(arrays, recipe)
        targets = Targets(tuple(classes), labels)
        if not len(labels):
            raise InputError("There are no clips; give at least one.")
        if annotations and len(annotations) != len(labels):
            raise InputError(f"Annotations are of each clip, but {len(annotations)} came with {len(labels)} clips.")
        if recordings and len(recordings) != len(labels):
            raise InputError(f"Recordings are of each clip, but {len(recordings)} came with {len(labels)} clips.")
        things = [tuple(each) for each in annotations]
        statistics = {}
        for key, modality in modalities.items():
            made, expected = arrays[key], (len(labels), *modality.shape)
            if made.dtype != modality.dtype or made.shape != expected:
                raise InputError(
                    f"Arrays of {key} must be {modality.dtype} {expected} (clip, {', '.join(modality.axes)}), but got "
                    f"{made.dtype} {tuple(made.shape)}."
                )
            moments = [modality.moments(part.numpy()) for part in torch.split(made, _CHUNK)]
            statistics[key] = modality.statistics(Moments.pooled(moments))
        content = [
            hashlib.sha256(t.contiguous().numpy().data).hexdigest() for t in (*(arrays[m] for m in modalities), labels)
        ]
        known = [repr(things)] if things else []
        return cls(
            store=ArrayStore(arrays, things, recordings),
            rows=torch.arange(len(labels)),
            targets=targets,
            modalities=modalities,
            statistics=statistics,
            fingerprint=digest(name, list(classes), [*modalities], recipe.to_json(), content, *known),
            name=name,
            ids=tuple(str(i) for i in range(len(labels))),
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names."""
        return self.targets.classes

    @property
    def labels(self) -> Tensor:
        """int64, (clip,): index into `classes` of each clip."""
        return self.targets.labels

    @property
    def whole(self) -> "LabelledClips":
        """The clips of all classes, of which what is learnt of all together is learnt; see `part`."""
        return self if self.part_of is None else self.part_of

    @property
    def places(self) -> Tensor:
        """Which class of the `whole` each class is, int64, (class,)."""
        return torch.tensor([self.whole.classes.index(name) for name in self.classes])

    @property
    def recipe(self) -> ClipRecipe:
        """How recordings were decoded."""
        return next(iter(self.modalities.values())).recipe

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of an array, by modality."""
        return {name: modality.shape for name, modality in self.modalities.items()}

    @property
    def stored_bytes(self) -> int:
        """Bytes of the clips as they are prepared."""
        return len(self) * sum(modality.stored_bytes for modality in self.modalities.values())

    def scales(self, kind: ScaleKind) -> dict[str, Scale]:
        """The scales on which networks see the dataset, by modality."""
        return {name: modality.scale(self.statistics[name], kind) for name, modality in self.modalities.items()}

    def array(self, modality: str, index: Tensor | None = None) -> Tensor:
        """Arrays of one modality as they are prepared, of the clips at `index` (all of them by default)."""
        return self.store.read(modality, self.rows if index is None else self.rows[index])

    def arrays(self, index: Tensor | None = None) -> Batch:
        """Arrays of every modality as they are prepared, of the clips at `index` (all of them by default)."""
        return {modality: self.array(modality, index) for modality in self.modalities}

    def originals(self, index: Tensor | None = None) -> list[RawClip]:
        """Waveform and frame of the clips at `index` (all of them by default), decoded again from the recordings.

        Raises:
            InputError: The clips come from arrays, or their recordings are not there any more.
        """
        return self.store.originals(self.rows if index is None else self.rows[index])

    def annotations(self, index: Tensor | None = None) -> list[tuple[Annotation, ...]]:
        """What is known of the things in the clips at `index` (in all of them by default): of each clip its things.

        Raises:
            InputError: The dataset tells of no clip what is in it.
        """
        return self.store.annotations(self.rows if index is None else self.rows[index])

    def of_class(self, label: int) -> Tensor:
        """Positions (int64) of a class's clips in this selection, ascending."""
        return self.targets.of_class(label)

    def per_class(self) -> tuple[int, ...]:
        """Number of clips of each class."""
        return self.targets.per_class()

    def take(self, index: Tensor) -> "LabelledClips":
        """The clips at `index`, in that order; classes stay."""
        return self._selected(index, self.targets.take(index), "take", index.tolist())

    def only(self, classes: Sequence[str]) -> "LabelledClips":
        """The clips of some classes, relabelled 0, 1, ... in the order given; an unknown one is refused."""
        return self._selected(*self.targets.only(classes), "only", list(classes))

    def part(self, classes: Sequence[str]) -> "LabelledClips":
        """As `only`, for a block of what is distilled: the clips know the `whole` that they are a part of."""
        return replace(self._selected(*self.targets.only(classes), "part", list(classes)), part_of=self.whole)

    def as_pairs(self) -> "LabelledClips":
        """The same clips without their classes; those that have none stay as they are."""
        if not self.targets.has_classes:
            return self
        targets = Targets((PAIRS,), torch.zeros_like(self.labels))
        return replace(self, targets=targets, fingerprint=digest(self.fingerprint, PAIRS), part_of=None)

    def seen_by(self, modalities: Collection[str]) -> "LabelledClips":
        """The same clips with some of their modalities, one at least."""
        kept = only(self.modalities, modalities, "These clips have")
        if len(kept) == len(self.modalities):
            return self
        whole = None if self.part_of is None else self.part_of.seen_by(modalities)
        fingerprint = digest(self.fingerprint, "modalities", [*kept])
        return replace(self, modalities=kept, fingerprint=fingerprint, part_of=whole)

    def require(self, per_class: int, purpose: str) -> None:
        """Refuse (`BudgetError`) fewer clips of a class than `per_class`; the `purpose` says what needs them."""
        if short := {c: n for c, n in zip(self.classes, self.per_class(), strict=True) if n < per_class}:
            if not self.targets.has_classes:
                raise BudgetError(
                    f"{purpose} needs {per_class} training clips, but there are {len(self)}. Lower --pairs (or "
                    "--per-class), hold fewer samples in one, or add clips."
                )
            listed = ", ".join(f"{c!r} has {n}" for c, n in short.items())
            raise BudgetError(
                f"{purpose} needs {per_class} training clips of every class, but {listed}. "
                "Lower --per-class, hold fewer samples in one, add clips, or leave those classes out."
            )

    def _selected(self, index: Tensor, targets: Targets, *how: object) -> "LabelledClips":
        return replace(
            self,
            rows=self.rows[index],
            targets=targets,
            ids=tuple(self.ids[i] for i in index.tolist()),
            fingerprint=digest(self.fingerprint, *how),
        )
