"""What every method is: settings and one verb, `distill`."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import torch
from pydantic import Field

from limbeck import _code
from limbeck._config import Config, merge
from limbeck._discover import Listed
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet, meanings_of
from limbeck.errors import BudgetError, InputError
from limbeck.methods._experts import AsksExperts, ExpertKeys
from limbeck.methods._labels import Hard, Labels, Soft
from limbeck.methods._optimised import Optimised
from limbeck.methods._run import Passes, RunContext
from limbeck.modalities import Scale, ScaleKind
from limbeck.parameterisations import Hold, Tensors, joined, parse
from limbeck.storage import Form, NamedForm, payload_bytes

GROUPS, GROUP = 8, 8


class Method(Config, Listed, ABC):
    """Settings of a method. One module of the room defines one.

    Attributes:
        per_class: Rows stored per class (the literature's IPC), >= 1.
        hold: How samples are held in a row, see ``limbeck list parameterisations``: ``"plain"``; ``"mosaic:2"``, 2 x 2
            small ones (the literature's factor, or partition-expand); ``"mosaic:audio=1x16,image=4x4"``;
            ``"frequencies:36"``, the low frequencies of 36.
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

        The set is ordered by class; `real`, the training clips, is not changed. All random draws follow from `seed`,
        >= 0: same seed, same machine kind, same bits. `run` says where and how the work is done.

        Raises:
            BudgetError: A class has too few clips for the start that the settings name.
            DivergedError: The loss became NaN or infinite.
        """

    @property
    def steps_planned(self) -> int:
        """Optimisation steps `distill` will make; 0 for selection methods."""
        return self.steps if isinstance(self, Optimised) else 0

    def required_experts(self, seed: int) -> ExpertKeys:
        """Networks trained on the real labels that help with this seed: all that any of the settings asks for."""
        parts = (getattr(self, name) for name in type(self).model_fields)
        return frozenset(key for part in parts if isinstance(part, AsksExperts) for key in part.experts(seed))

    @property
    def sees_labels(self) -> bool:
        """Whether networks trained on the real labels help: a comparison class of its own."""
        return bool(self.required_experts(0))

    @classmethod
    def configured(cls, preset: str | None = None, **changes: Any) -> Self:
        """The method's defaults, or a preset, with changes; a change inside a part leaves the rest of the part alone.

        Raises:
            InputError: The method has no such preset, or a setting does not fit.
        """
        if preset is not None and preset not in cls.presets:
            raise InputError(f"{cls.__name__} has no preset {preset!r}; it has: {', '.join(cls.presets) or 'none'}.")
        settings = cls().to_json()
        for layer in (cls.presets[preset] if preset else {}, changes):
            settings = merge(settings, layer)
        return cls.from_json(settings)

    @property
    def needs_classes(self) -> str:
        """Why clips without classes cannot be distilled; empty where they can, all as one class."""
        return "it looks through networks that were trained to tell classes apart" if self.sees_labels else ""

    @property
    def coupling(self) -> str:
        """Why a class cannot be distilled without the others; empty where it can, and classes go in blocks.

        It can where the gradient of a class's samples follows from the real clips, of whatever classes, and from
        nothing that is learnt of other samples. On a `LabelledClips.part` such a method makes what it makes of the
        whole, up to rounding.
        """
        return "it does not say that it distils every class by itself"

    def resolved_for(self, real: LabelledClips) -> Self:
        """The method as it will be run on this data; most do not look at it. For a part it was resolved before."""
        return self

    def choice(self, real: LabelledClips) -> dict[str, Any]:
        """What the method chooses by itself for this data, and ``"why"``, JSON-able, for plans; most choose nothing."""
        return {}

    def check(self, real: LabelledClips) -> None:
        """Refuse, before any work, what would fail on `real` after it.

        Raises:
            BudgetError: A class has fewer clips than its rows begin with.
            InputError: The storage keeps samples, and rows are none; or the method is not for these modalities, or
                needs classes.
        """
        if self.needs_classes and not real.whole.targets.has_classes:
            raise InputError(
                f"{self.name} needs two classes or more, since {self.needs_classes}, but these clips have none to tell "
                "apart. Take covmatch, kmedoids, herding or random, or leave --pairs out."
            )
        if not self.hold.are_samples:
            self.storage.build().encode({}, {})  # a form for samples refuses
        clips, purpose = hasattr(self, "choose"), self.name  # a selection
        if isinstance(self, Optimised):
            clips, purpose = self.start.selection() is not None, f"{self.name} with start={self.start.method!r}"
        if clips:
            cells = self.per_class * self.hold.cells
            real.require(cells, f"{purpose} with per_class={self.per_class} and hold={self.hold}")

    def scales(self, real: LabelledClips) -> dict[str, Scale]:
        """The scales on which networks see this data, by modality."""
        return real.scales(self.sound)

    def passes(self, per_class: Sequence[int]) -> Passes:
        """What `distill` costs on a dataset of so many training clips of each class, for plans.

        Of optimised methods: real clips forward once per draw of the encoders, samples forward and backward per step.
        """
        if not isinstance(self, Optimised):
            return Passes(0, 0)
        draws = min(self.steps, self.encoders.bank or self.steps)
        return Passes(draws * self.encoders.seen(per_class), self.steps * self.training_samples(per_class))

    def training_samples(self, per_class: Sequence[int]) -> int:
        """How many samples students see of a dataset of so many training clips of each class, at most, for plans."""
        return len(per_class) * self.per_class * self.hold.cells

    def stored_bytes(self, real: LabelledClips) -> tuple[int, bool]:
        """Bytes the rows of all classes will take, with their soft labels, and whether that is exact.

        It is where every row has the same size; elsewhere it is estimated from held real clips.
        """
        shared, row, spread = self._row_bytes(real)
        return int(shared) + len(real.classes) * int(self.per_class * row), spread == 0

    def label_bytes(self, real: LabelledClips) -> int:
        """Bytes of the soft labels of a row."""
        return self.hold.cells * self.labels.bytes_of(len(real.whole.classes)) if isinstance(self.labels, Soft) else 0

    def within(self, budget: int, real: LabelledClips) -> Self:
        """The same method with as many rows per class of `real` as fit, with all soft labels, in `budget` bytes.

        Raises:
            BudgetError: Not one row per class fits.
        """
        classes, (shared, mean, spread) = len(real.classes), self._row_bytes(real)

        def needed(per_class: int) -> float:
            # Synthetic rows may turn out larger than the real ones that were measured: room for two deviations.
            return shared + per_class * classes * mean + 2.0 * spread * math.sqrt(per_class * classes)

        per_class = int(budget / mean / classes) + 1
        while per_class and needed(per_class) > budget:
            per_class -= 1
        if per_class < 1:
            raise BudgetError(
                f"One row for each of the {classes} classes takes about {math.ceil(needed(1)):,} bytes as "
                f"{self.storage.build().name}, but the budget is {budget:,}. Give more bytes, another storage "
                "(--storage uint8 or coded), or smaller frames."
            )
        return self.model_copy(update={"per_class": per_class})

    def provenance(self, real: LabelledClips, seed: int) -> dict[str, Any]:
        """What must be known of a set, made of `real` with `seed`, to make it again and to compare it with its like."""
        return {
            "method": self.name,
            "settings": self.to_json(),
            "seed": seed,
            "dataset": real.name,
            "training_fingerprint": real.fingerprint,
            "clips": len(real),
            "sees_labels": bool(self.required_experts(seed)),
            "code": _code.of(self),
        }

    def _row_bytes(self, real: LabelledClips) -> tuple[float, float, float]:
        """Bytes that all rows share, and mean and standard deviation of those of a row, with its soft labels.

        They are measured on held real clips.
        """
        form, scales, kinds, sizes = self.storage.build(), self.scales(real), real.modalities, []
        meanings = meanings_of(self.hold, kinds, scales)
        index = torch.linspace(0, len(real) - 1, GROUPS * GROUP * self.hold.cells).round().long()
        groups = []
        for group in index.view(-1, GROUPS).T:  # every eighth: each group is spread over the data
            samples = {m: kind.to_network(real.array(m, group), scales[m]) for m, kind in kinds.items()}
            groups.append(self.hold.start(samples, kinds))
            sizes.append(payload_bytes(form.encode(groups[-1], meanings)))
        measured, together = (
            torch.tensor(sizes, dtype=torch.float64),
            payload_bytes(form.encode(joined(groups), meanings)),
        )
        row = (together - float(measured.mean())) / (GROUP * (GROUPS - 1))
        shared, spread = max(0.0, together - GROUPS * GROUP * row), float(measured.std()) / math.sqrt(GROUP)
        return shared, row + self.label_bytes(real), spread


def finished(
    method: Method, real: LabelledClips, tensors: Tensors, seed: int, run: RunContext, start: Tensors | None = None
) -> DistilledSet:
    """Tensors as a set: stored as the settings of `method` say, with its labels, and what is needed to make it again.

    They were made of `real` with `seed`. The rows of `tensors`, and of what they were before optimisation, `start`,
    are in network scale and ordered by class, equally many of each. Soft labels are made as `run` says.
    """
    rows = len(next(iter(tensors.values()))) // len(real.classes)
    made = DistilledSet(
        tensors={name: t.cpu() for name, t in tensors.items()},
        labels=torch.arange(len(real.classes)).repeat_interleave(rows),
        classes=real.classes,
        hold=method.hold,
        modalities=real.modalities,
        scales=method.scales(real),
        provenance=method.provenance(real, seed),
        start=start,
    ).stored_as(method.storage.build())
    return replace(made, soft_labels=method.labels.of(made, real, seed=seed, run=run))
