"""What every method is: settings and one verb, `distill`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from pydantic import Field

from limbeck._config import Config, merge
from limbeck._discover import Listed
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.methods._budget import row_bytes, rows_per_class
from limbeck.methods._experts import AsksExperts, ExpertKeys
from limbeck.methods._labels import Hard, Labels, Soft
from limbeck.methods._run import Passes, RunContext
from limbeck.modalities import Scale, ScaleKind
from limbeck.parameterisations import Hold, parse
from limbeck.storage import Form, NamedForm


class Method(Config, Listed, ABC):
    """Settings of a method. One module of the room defines one.

    Attributes:
        per_class: Rows stored per class (the literature's IPC), >= 1.
        hold: How samples are held in a row: ``"plain"``; ``"mosaic:2"``, 2 x 2 small ones (the literature's factor, or
            partition-expand); ``"mosaic:audio=1x16,image=4x4"``; ``"frequencies:36"``, the low frequencies of 36.
        sound: Scale on which networks see what is not standardised by nature: ``"raw"`` dB as published, or
            ``"standardised"`` per mel band.
        storage: How the numbers are kept, see `limbeck.storage`; students see what is left of them in it.
        labels: What students learn of a sample: ``"hard"``, its class, or ``"soft"``, a teacher's probabilities.
        presets: Named settings; ``"faithful"`` is the published recipe.
    """

    room: ClassVar[str] = "limbeck.methods"

    per_class: int = Field(1, ge=1)
    hold: Hold = parse("plain")
    sound: ScaleKind = "standardised"
    storage: NamedForm = Form()
    labels: Labels = Hard()

    presets: ClassVar[dict[str, dict[str, Any]]] = {}

    @abstractmethod
    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Distil `real` into `per_class` rows per class.

        Args:
            real: Training clips; not changed.
            seed: Of every random draw, >= 0. Same seed, same machine kind: same bits.
            run: Where and how the work is done.

        Returns:
            A set ordered by class.

        Raises:
            BudgetError: A class has too few clips for the start that the settings name.
            DivergedError: The loss became NaN or infinite.
        """

    @property
    def steps_planned(self) -> int:
        """Optimisation steps `distill` will make; 0 for selection methods."""
        return int(getattr(self, "steps", 0))

    def required_experts(self, seed: int) -> ExpertKeys:
        """Networks trained on the real labels that help: all that any of the settings asks for.

        Args:
            seed: Of the distillation.
        """
        parts = (getattr(self, name) for name in type(self).model_fields)
        return frozenset(key for part in parts if isinstance(part, AsksExperts) for key in part.experts(seed))

    @property
    def sees_labels(self) -> bool:
        """Whether networks trained on the real labels help: a comparison class of its own."""
        return bool(self.required_experts(0))

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

    def resolved_for(self, real: LabelledClips) -> Self:
        """The method as it will be run on this data; most do not look at it.

        Args:
            real: Training clips.
        """
        return self

    def scales(self, real: LabelledClips) -> dict[str, Scale]:
        """The scales on which networks see this data, by modality."""
        return {name: m.scale(real.statistics[name], self.sound) for name, m in real.modalities.items()}

    def passes(self, per_class: Sequence[int]) -> Passes:
        """What `distill` costs on a dataset, for plans.

        Unless a method knows better: real clips forward once per draw of its `encoders`, if it has any, and samples
        forward and backward once per step.

        Args:
            per_class: Real training clips of each class.
        """
        encoders = getattr(self, "encoders", None)
        real = encoders.real_passes(per_class, self.steps_planned) if encoders else 0
        return Passes(real, self.steps_planned * len(per_class) * self.per_class * self.hold.cells)

    def stored_bytes(self, real: LabelledClips) -> tuple[int, bool]:
        """Bytes the rows of all classes will take, with their soft labels, and whether that is exact.

        It is where every row has the same size; elsewhere it is estimated from held real clips.

        Args:
            real: Training clips.
        """
        row, spread = self._row_bytes(real)
        return len(real.classes) * int(self.per_class * row), spread == 0

    def label_bytes(self, real: LabelledClips) -> int:
        """Bytes of the soft labels of a row."""
        return 4 * len(real.classes) * self.hold.cells if isinstance(self.labels, Soft) else 0

    def within(self, budget: int, real: LabelledClips) -> Self:
        """The same method with as many rows per class as fit in a number of bytes.

        Args:
            budget: Bytes for the rows of all classes, and their soft labels.
            real: Training clips.

        Raises:
            BudgetError: Not one row per class fits.
        """
        form, row = self.storage.build(), self._row_bytes(real)
        return self.model_copy(update={"per_class": rows_per_class(budget, len(real.classes), *row, form.name)})

    def _row_bytes(self, real: LabelledClips) -> tuple[float, float]:
        """Mean and standard deviation of the bytes of a row, with its soft labels."""
        row, spread = row_bytes(self.storage.build(), real, scales=self.scales(real), hold=self.hold)
        return row + self.label_bytes(real), spread
