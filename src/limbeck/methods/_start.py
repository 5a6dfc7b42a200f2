"""What is held before the first step of optimisation: chosen real clips, or noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

import torch
from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer
from torch import Tensor

from limbeck import _discover
from limbeck._config import Config
from limbeck._runtime import generator
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError, PluginError, UnknownNameError
from limbeck.methods._choose import Choose, Selection
from limbeck.methods._contract import Method
from limbeck.methods._experts import ExpertKeys
from limbeck.methods._held import Held
from limbeck.methods._run import RunContext
from limbeck.methods._steps import finished
from limbeck.modalities import Scale, Statistics
from limbeck.networks import Architecture
from limbeck.parameterisations import Tensors, joined

NOISE = "noise"
SHARED = (*Method.model_fields, "network")


class Start(Config):
    """What is held before the first step. A name alone may be given for it.

    Attributes:
        method: Name of a method that chooses real clips, as ``herding``; or ``noise``: normal numbers with the data's
            mean and spread.
        settings: Settings of that method that differ from its defaults, without those it takes from the optimised
            method: the ones all methods have, and the ``network``.
    """

    method: str = "herding"
    settings: dict[str, Any] = Field(default_factory=dict)

    def selection(self, shared: Mapping[str, Any] | None = None) -> Selection | None:
        """The method that chooses the clips; None for noise.

        Args:
            shared: Settings it takes from the optimised method, as JSON-able data; one it does not have is left out.

        Raises:
            UnknownNameError: No method that chooses clips has this name.
            InputError: The settings do not fit it.
        """
        theirs = sorted(self.settings.keys() & set(SHARED))
        if theirs:
            raise InputError(
                f"A start takes {', '.join(SHARED)} from the optimised method, but its settings name "
                f"{', '.join(theirs)} too; leave that out there."
            )
        if self.method == NOISE:
            if self.settings:
                raise InputError(f"Noise has no settings, but got: {', '.join(self.settings)}.")
            return None
        kind = _discover.load(Method, self.method) if self.method in _discover.names(Method.room) else None
        if kind is None or not issubclass(kind, Selection):
            raise UnknownNameError(
                f"Optimisation cannot start from {self.method!r}. It starts from {NOISE}, or from real clips chosen by "
                f"one of these methods: {', '.join(filter(_chooses, _discover.names(Method.room)))}."
            )
        fitting = {name: value for name, value in (shared or {}).items() if name in kind.model_fields}
        return cast("Selection", kind.from_json(self.settings | fitting))

    def named(self) -> Method | None:
        """As `selection`."""
        return cast("Method | None", self.selection())

    def experts(self, seed: int) -> ExpertKeys:
        """Those that the choice needs with this seed."""
        selection = self.selection()
        return selection.required_experts(seed) if selection else frozenset()


def _chooses(name: str) -> bool:
    try:
        return issubclass(_discover.load(Method, name), Selection)
    except PluginError:
        return False


def _fits(start: Start) -> Start:
    start.selection()  # it raises where no method fits
    return start


NamedStart = Annotated[
    Start,
    BeforeValidator(lambda value: {"method": value} if isinstance(value, str) else value),
    AfterValidator(_fits),
    PlainSerializer(lambda start: start.to_json() if start.settings else start.method),
]
"""A `Start` as settings carry it: the name alone where there are no settings; it is refused where no method fits."""


def started(
    method: Method, start: Start, network: Architecture, real: LabelledClips, seed: int, run: RunContext
) -> Held:
    """What is held before the first step.

    Args:
        method: Gives rows per class, how they hold samples, and the scales.
        start: What they are.
        network: Architecture of the encoders that the choice of clips looks through.
        real: Training clips.
        seed: Of the draw.
        run: Device, number formats and the cache.

    Raises:
        BudgetError: A class has fewer clips than a start from real clips needs.
    """
    shared = {name: value for name, value in method.to_json().items() if name in SHARED}
    selection = start.selection(shared | {"network": network.to_json()})
    if selection is not None:
        purpose = f"{method.name} with start={start.method!r}"
        tensors = chosen_clips(method, selection.choose, purpose, real, seed, run)
    elif method.hold.are_samples:
        tensors = _noise(method, real, seed)
    else:
        raise InputError(
            f"Rows held as {method.hold} cannot start from noise, which has no low frequencies. Start from real clips, "
            "or hold samples as plain or in a mosaic."
        )
    return Held(
        tensors={name: t.to(run.runtime.device) for name, t in tensors.items()},
        hold=method.hold,
        modalities=real.modalities,
        classes=len(real.classes),
        spreads={name: _pooled(real.statistics[name], scale) for name, scale in method.scales(real).items()},
        start={name: t.clone() for name, t in tensors.items()} if method.steps_planned else None,
    )


def selected(method: Method, choose: Choose, real: LabelledClips, seed: int, run: RunContext) -> DistilledSet:
    """The clips that a method chooses, as a set.

    Args:
        method: Whose settings count.
        choose: How a class's clips are chosen; see `Selection.choose`.
        real: Training clips.
        seed: Of every random draw.
        run: Device, number formats and the cache.

    Raises:
        BudgetError: A class has too few clips.
    """
    return finished(method, real, chosen_clips(method, choose, method.name, real, seed, run), seed, run)


def chosen_clips(
    method: Method, choose: Choose, purpose: str, real: LabelledClips, seed: int, run: RunContext
) -> Tensors:
    """Chosen real clips as the rows of a set, ordered by class, equally many of each, in network scale, on the CPU.

    Args:
        method: Gives rows per class, how they hold samples, and the scales.
        choose: Which clips, the most important first.
        purpose: What needs them, for the message.
        real: Training clips.
        seed: Of every random draw.
        run: Device, number formats and the cache.

    Raises:
        BudgetError: A class has too few clips.
    """
    count, scales, kinds = method.per_class * method.hold.cells, method.scales(real), real.modalities
    real.require(count, f"{purpose} with per_class={method.per_class} and hold={method.hold}")
    chosen = choose(real, count, seed, run)
    return joined(
        [
            method.hold.start({m: k.to_network(real.array(m, index), scales[m]) for m, k in kinds.items()}, kinds)
            for index in map(chosen, range(len(real.classes)))
        ]
    )


def _pooled(statistics: Statistics, scale: Scale) -> float:
    """Standard deviation of all values of a modality in network scale."""
    numbers = (statistics.mean, statistics.std, scale.mean, scale.std)
    m, s, a, b = (torch.tensor(v, dtype=torch.float64) for v in numbers)
    means, variances = ((m - a) / b).expand(len(m)), (s / b).square().expand(len(m))
    return float((variances.mean() + means.var(correction=0)).sqrt())


def _noise(method: Method, real: LabelledClips, seed: int) -> Tensors:
    """Normal numbers with the data's mean and spread per channel, as far as a prepared array can hold them."""
    found: dict[str, list[Tensor]] = {name: [] for name in real.modalities}
    for label in real.classes:
        source = generator(seed, "noise", label)
        for name, modality in real.modalities.items():
            own = Scale(mean=real.statistics[name].mean, std=real.statistics[name].std)
            values = own.undo(
                torch.randn(method.per_class, *modality.shape, generator=source), -modality.channels_at - 1
            )
            found[name].append(modality.prepared(values))
    scales = method.scales(real)
    return {m: kind.to_network(torch.cat(found[m]), scales[m]) for m, kind in real.modalities.items()}
