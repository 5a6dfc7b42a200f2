"""What every method is: settings and one verb, `distill`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, Self

from pydantic import Field
from torch import Tensor

from limbeck import _code
from limbeck._config import Config, merge
from limbeck._discover import Listed
from limbeck._runtime import Runtime, choose_runtime
from limbeck.augment import Packing, mosaic
from limbeck.augment.mosaic import Share
from limbeck.datasets import LabelledClips, Scale
from limbeck.datasets._statistics import SoundScale
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.methods._budget import pair_bytes, pairs_a_class
from limbeck.methods._experts import Asked
from limbeck.methods._labels import Hard, Labels, Soft
from limbeck.networks import Modality
from limbeck.storage import Form, NamedForm


@dataclass(frozen=True)
class StepReport:
    """What a method tells after each step.

    Attributes:
        step: Steps done, from 1.
        steps: Steps in all.
        loss: Loss of the step, summed over classes.
        seconds: Time the step took.
    """

    step: int
    steps: int
    loss: float
    seconds: float


class Checkpoint(Protocol):
    """Where a method leaves its state, so that a run that was killed goes on where it was."""

    def load(self) -> tuple[int, dict[str, Tensor]] | None:
        """Steps done and the tensors saved then; None at the beginning."""

    def offer(self, step: int, tensors: Callable[[], dict[str, Tensor]]) -> None:
        """Called after each step; saves ``tensors()`` when it is time to.

        Args:
            step: Steps done.
            tensors: Gives the state.
        """


@dataclass(frozen=True)
class Work:
    """Everything about a run that does not change what is distilled, only how and where the work is done.

    Attributes:
        runtime: Device and number formats.
        cache: Folder for what other runs on the same data can reuse; None keeps nothing.
        checkpoint: Where the state goes; None keeps nothing.
        on_step: Called after each step.
    """

    runtime: Runtime = field(default_factory=lambda: choose_runtime("cpu", "float32"))
    cache: Path | None = None
    checkpoint: Checkpoint | None = None
    on_step: Callable[[StepReport], None] | None = None


class Passes(NamedTuple):
    """Clips that go through a pair of encoders while a method runs.

    Attributes:
        forward: Without gradient.
        backward: Forward and backward.
    """

    forward: int
    backward: int


class Method(Config, Listed, ABC):
    """Settings of a method. One module of the room defines one.

    Attributes:
        per_class: Pairs stored per class (the literature's IPC), >= 1.
        mosaic: Cells a side: each stored pair packs ``mosaic ** 2`` small ones (the literature's factor, or
            partition-expand), >= 1; or a grid for each modality, ``"1x16,4x4"``; or the low frequencies of some,
            ``"dct16"``.
        sound: Scale on which networks see log-mels: ``"raw"`` dB as published, or ``"standardised"`` per mel band.
        storage: How the numbers are kept, see `limbeck.storage`; students see what is left of them in it.
        labels: What students are told of a training pair: ``"hard"``, its class, or ``"soft"``, what a teacher sees.
        presets: Named settings; ``"faithful"`` is the published recipe.
    """

    room: ClassVar[str] = "limbeck.methods"

    per_class: int = Field(1, ge=1)
    mosaic: Packing = 1
    sound: SoundScale = "standardised"
    storage: NamedForm = Form()
    labels: Labels = Hard()

    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    @property
    def cells(self) -> int:
        """Small pairs in a stored one."""
        return mosaic.count(self.mosaic)

    def share(self, modality: Modality) -> Share:
        """How the cells of a modality share the room.

        Args:
            modality: Sound or picture.
        """
        share: Share = getattr(mosaic.shares(self.mosaic), modality)
        return share

    @property
    def steps_planned(self) -> int:
        """Optimisation steps `distill` will make; 0 for selection methods."""
        return 0

    def asked_experts(self, seed: int) -> Asked:
        """Networks trained on the real labels that help; those of the labels, unless the method adds its own.

        Args:
            seed: Of the distillation.
        """
        return self.labels.experts(seed)

    @property
    def sees_labels(self) -> bool:
        """Whether networks trained on the real labels help: a comparison class of its own."""
        return bool(self.asked_experts(0))

    @classmethod
    def configured(cls, preset: str | None = None, **changes: Any) -> Self:
        """The method's defaults, or a preset, with changes; a change inside a part leaves the rest of the part alone.

        Args:
            preset: Name of the preset; None for the defaults.
            changes: Settings that differ from it; parts as dictionaries.

        Raises:
            InputError: The method has no such preset, or a setting does not fit.
        """
        if preset is not None and preset not in cls.presets:
            raise InputError(f"{cls.__name__} has no preset {preset!r}; it has: {', '.join(cls.presets) or 'none'}.")
        settings = cls().to_json()
        for layer in (cls.presets[preset] if preset else {}, changes):
            settings = merge(settings, layer)
        return cls.from_json(settings)

    def scale(self, real: LabelledClips) -> Scale:
        """The scale on which networks see this data."""
        return Scale.of(real.statistics, self.sound)

    def passes(self, per_class: Sequence[int]) -> Passes:
        """What `distill` costs on a dataset, for plans; nothing for methods that do not say.

        Args:
            per_class: Real training clips of each class.
        """
        return Passes(0, 0)

    def stored_bytes(self, real: LabelledClips) -> tuple[int, bool]:
        """Bytes the pairs of all classes will take, with their soft labels, and whether that is exact.

        It is where every pair has the same size; elsewhere it is estimated from packed real clips.

        Args:
            real: Training clips.
        """
        pair, spread = pair_bytes(self.storage.build(), real, scale=self.scale(real), packing=self.mosaic)
        return len(real.classes) * int(self.per_class * (pair + self._label_bytes(real))), spread == 0

    def _label_bytes(self, real: LabelledClips) -> int:
        """Bytes of the soft labels of a stored pair."""
        return 4 * len(real.classes) * self.cells if isinstance(self.labels, Soft) else 0

    def within(self, budget: int, real: LabelledClips) -> Self:
        """The same method with as many pairs a class as fit in a number of bytes.

        Args:
            budget: Bytes for the pairs of all classes, and their soft labels.
            real: Training clips.

        Raises:
            BudgetError: Not one pair a class fits.
        """
        per_class = pairs_a_class(
            budget,
            self.storage.build(),
            real,
            scale=self.scale(real),
            packing=self.mosaic,
            beside=self._label_bytes(real),
        )
        return self.model_copy(update={"per_class": per_class})

    def fitted(self, real: LabelledClips) -> Self:
        """The method as it will be run on this data; most do not ask it.

        Args:
            real: Training clips.
        """
        return self

    def distill(self, real: LabelledClips, *, seed: int = 0, work: Work | None = None) -> DistilledSet:
        """Distil `real` into `per_class` pairs a class.

        Args:
            real: Training clips; not changed.
            seed: Of every random draw, >= 0. Same seed, same machine kind: same bits.
            work: Where and how the work is done.

        Returns:
            A set ordered by class.

        Raises:
            BudgetError: A class has too few clips for the start that was asked for.
            DivergedError: The loss became NaN or infinite.
        """
        work = work or Work()
        method = self.fitted(real)
        made = method._kept(method._make(real, seed, work))
        return replace(
            made,
            soft_labels=self.labels.of(made, real, seed=seed, work=work),
            provenance=made.provenance | method._provenance(real, seed),
        )

    def _provenance(self, real: LabelledClips, seed: int) -> dict[str, Any]:
        """What must be known of a set to make it again, and to compare it with its like."""
        return {
            "method": self.name,
            "settings": self.to_json(),
            "seed": seed,
            "dataset": real.name,
            "training_fingerprint": real.fingerprint,
            "clips": len(real),
            "sees_labels": bool(self.asked_experts(seed)),
            "code": _code.of(self),
        }

    def _kept(self, made: DistilledSet) -> DistilledSet:
        """The set in the form it is stored in."""
        return made.stored_as(self.storage.build())

    @abstractmethod
    def _make(self, real: LabelledClips, seed: int, work: Work) -> DistilledSet:
        """What a method is: see `distill`."""
