"""Labelled (log-mel, frame) pairs: the one type that methods and evaluation read."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from limbeck._files import digest
from limbeck.datasets._statistics import Statistics
from limbeck.errors import BudgetError, InputError
from limbeck.media import ClipRecipe, RawClip


class ClipStore(Protocol):
    """Random access to stored pairs by row; in memory or memory-mapped."""

    def audio(self, rows: Tensor) -> Tensor:
        """Log-mel, float32, (row, 1, mel, frame), dB re 1.0."""

    def frames(self, rows: Tensor) -> Tensor:
        """Pictures, uint8, (row, 3, height, width), RGB."""

    def originals(self, rows: Tensor) -> list[RawClip]:
        """The recordings of the rows, decoded again.

        Raises:
            InputError: There are none, or not any more.
        """


@dataclass(frozen=True)
class ArrayStore:
    """Pairs held in memory.

    Attributes:
        log_mel: float32, (clip, 1, mel, frame), dB re 1.0.
        pictures: uint8, (clip, 3, height, width).
    """

    log_mel: Tensor
    pictures: Tensor

    def audio(self, rows: Tensor) -> Tensor:
        """Log-mel of the rows."""
        return self.log_mel[rows]

    def frames(self, rows: Tensor) -> Tensor:
        """Pictures of the rows."""
        return self.pictures[rows]

    def originals(self, rows: Tensor) -> list[RawClip]:
        """Refused: arrays know nothing of recordings."""
        raise InputError(
            "These clips are arrays without recordings behind them, but the recordings are needed. Prepare a dataset "
            "with limbeck prepare and use that."
        )


@dataclass(frozen=True)
class LabelledClips:
    """A labelled selection of stored pairs. Cheap to make; nothing is read until asked for.

    Attributes:
        store: Where the arrays are.
        rows: int64, (clip,): rows of the store in this selection.
        labels: int64, (clip,): index into `classes` of each clip.
        classes: Class names.
        recipe: How recordings became arrays.
        statistics: Mean and spread of the dataset's training clips.
        fingerprint: Identifies dataset content, recipe and selection; equal means interchangeable.
        name: Dataset name, for people.
    """

    store: ClipStore
    rows: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    recipe: ClipRecipe
    statistics: Statistics
    fingerprint: str
    name: str

    @property
    def stored_bytes(self) -> int:
        """Bytes of the clips as they are prepared."""
        return len(self) * self.recipe.stored_bytes

    @classmethod
    def from_arrays(
        cls,
        audio: Tensor,
        frames: Tensor,
        labels: Tensor,
        classes: Sequence[str],
        *,
        recipe: ClipRecipe,
        name: str = "arrays",
    ) -> LabelledClips:
        """Clips from tensors in memory.

        Args:
            audio: float32, (clip, 1, mel, frame), dB re 1.0.
            frames: uint8, (clip, 3, height, width).
            labels: int64, (clip,).
            classes: Class names in label order.
            recipe: How the arrays were made.
            name: For people.

        Raises:
            InputError: Shapes, dtypes or labels do not fit together.

        Example:
            >>> clips = LabelledClips.from_arrays(
            ...     torch.zeros(2, 1, 128, 56), torch.zeros(2, 3, 8, 8, dtype=torch.uint8), torch.tensor([0, 1]),
            ...     ["bell", "drip"], recipe=ClipRecipe(image_size=8))
            >>> len(clips), clips.per_class()
            (2, (1, 1))
        """
        _check(audio, frames, labels, classes)
        content = [hashlib.sha256(t.contiguous().numpy().data).hexdigest() for t in (audio, frames, labels)]
        return cls(
            store=ArrayStore(audio, frames),
            rows=torch.arange(len(labels)),
            labels=labels,
            classes=tuple(classes),
            recipe=recipe,
            statistics=Statistics.of(audio, frames),
            fingerprint=digest(name, list(classes), recipe.to_json(), content),
            name=name,
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def audio_shape(self) -> tuple[int, int, int]:
        """(1, mel, frame)."""
        return (1, *self.recipe.mel.shape)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(3, height, width)."""
        return (3, self.recipe.image_size, self.recipe.image_size)

    def audio(self, index: Tensor | None = None) -> Tensor:
        """Log-mel, float32, (clip, 1, mel, frame), dB re 1.0, of the clips at `index` (all of them by default)."""
        return self.store.audio(self.rows if index is None else self.rows[index])

    def frames(self, index: Tensor | None = None) -> Tensor:
        """Pictures, uint8, (clip, 3, height, width), of the clips at `index` (all of them by default)."""
        return self.store.frames(self.rows if index is None else self.rows[index])

    def originals(self, index: Tensor | None = None) -> list[RawClip]:
        """Waveform and frame of the clips at `index` (all of them by default), decoded again from the recordings.

        Raises:
            InputError: The clips come from arrays, or their recordings are not there any more.
        """
        return self.store.originals(self.rows if index is None else self.rows[index])

    def of_class(self, label: int) -> Tensor:
        """Positions (int64) of a class's clips in this selection, ascending."""
        return torch.nonzero(self.labels == label).flatten()

    def per_class(self) -> tuple[int, ...]:
        """Number of clips of each class."""
        return tuple(torch.bincount(self.labels, minlength=len(self.classes)).tolist())

    def take(self, index: Tensor) -> LabelledClips:
        """The clips at `index`, in that order; classes stay."""
        return replace(
            self,
            rows=self.rows[index],
            labels=self.labels[index],
            fingerprint=digest(self.fingerprint, "take", index.tolist()),
        )

    def only(self, classes: Sequence[str]) -> LabelledClips:
        """The clips of some classes, relabelled 0, 1, ... in the order given.

        Raises:
            InputError: A class is unknown.
        """
        unknown = [c for c in classes if c not in self.classes]
        if unknown:
            raise InputError(f"Unknown classes {unknown}; this data has {list(self.classes)}.")
        table = torch.full((len(self.classes),), -1)
        for new, label in enumerate(classes):
            table[self.classes.index(label)] = new
        relabelled = table[self.labels]
        keep = relabelled >= 0
        return replace(
            self,
            rows=self.rows[keep],
            labels=relabelled[keep],
            classes=tuple(classes),
            fingerprint=digest(self.fingerprint, "only", list(classes)),
        )

    def require(self, per_class: int, purpose: str) -> None:
        """Refuse, before any work, data in which a class has too few clips.

        Args:
            per_class: Clips needed of every class.
            purpose: What needs them, for the message.

        Raises:
            BudgetError: Names every such class with its count.
        """
        short = {c: n for c, n in zip(self.classes, self.per_class(), strict=True) if n < per_class}
        if short:
            listed = ", ".join(f"{c!r} has {n}" for c, n in short.items())
            raise BudgetError(
                f"{purpose} needs {per_class} training clips of every class, but {listed}. "
                "Lower --per-class or --mosaic, add clips, or leave those classes out."
            )


def _check(audio: Tensor, frames: Tensor, labels: Tensor, classes: Sequence[str]) -> None:
    if audio.ndim != 4 or audio.shape[1] != 1 or audio.dtype != torch.float32:
        raise InputError(f"Log-mel must be float32 (clip, 1, mel, frame), but {audio.dtype} {tuple(audio.shape)} came.")
    if frames.ndim != 4 or frames.shape[1] != 3 or frames.dtype != torch.uint8:
        came = f"{frames.dtype} {tuple(frames.shape)}"
        raise InputError(f"Frames must be uint8 (clip, 3, height, width), but {came} came.")
    if not len(audio) == len(frames) == len(labels):
        came = f"{len(audio)} log-mels, {len(frames)} frames and {len(labels)} labels"
        raise InputError(f"{came} came; the numbers must agree.")
    if not len(labels):
        raise InputError("No clips came; give at least one.")
    lowest, highest = int(labels.min()), int(labels.max())
    if lowest < 0 or highest >= len(classes):
        raise InputError(f"Labels must lie in 0..{len(classes) - 1}, but lie in {lowest}..{highest}.")
