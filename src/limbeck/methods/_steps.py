"""Tensors under way: what is optimised, block by block of classes, step by step, with resumption to the same bits."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import torch
from torch import Tensor

from limbeck import _code
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import DivergedError, InputError
from limbeck.methods._choose import Selection
from limbeck.methods._contract import Passes, RunContext, StepReport
from limbeck.methods._descent import Descent, Optimiser
from limbeck.methods._encoders import EncoderSource
from limbeck.methods._experts import ExpertKeys
from limbeck.methods._labels import Labels
from limbeck.methods._start import Start, held_clips, spreads, start_tensors
from limbeck.modalities import Batch, Modality, Scale
from limbeck.networks import GRAPH_PIXELS
from limbeck.parameterisations import Parameterisation, Tensors, class_major
from limbeck.storage import Form


class Settings(Protocol):
    """What the helpers here ask of every method; see `Method`."""

    @property
    def name(self) -> str: ...
    @property
    def per_class(self) -> int: ...
    @property
    def hold(self) -> Parameterisation: ...
    @property
    def storage(self) -> Form: ...
    @property
    def labels(self) -> Labels: ...
    def scales(self, real: LabelledClips) -> dict[str, Scale]: ...
    def required_experts(self, seed: int) -> ExpertKeys: ...
    def to_json(self) -> dict[str, Any]: ...


class Chooses(Settings, Selection, Protocol):
    """A method that chooses real clips."""


class Optimised(Settings, Protocol):
    """A method that moves tensors along a gradient.

    Attributes:
        steps: Optimisation steps, >= 0.
        start: What the tensors are before the first step.
        encoders: Where encoders come from.
        optimiser: How tensors follow the gradient.
    """

    @property
    def steps(self) -> int: ...
    @property
    def start(self) -> Start: ...
    @property
    def encoders(self) -> EncoderSource: ...
    @property
    def optimiser(self) -> Optimiser: ...


@dataclass(frozen=True)
class Block:
    """Some classes, and a fresh graph of their samples.

    Attributes:
        classes: Which.
        rows: Of the tensors.
        leaves: Their rows, as leaves of the graph.
        samples: What networks see of them, by modality, (class * sample, channel, height, width), ordered by class.
    """

    classes: slice
    rows: slice
    leaves: Tensors
    samples: Batch

    def __len__(self) -> int:
        return int(self.classes.stop - self.classes.start)

    def only(self, modality: str) -> Block:
        """The same block with the samples of one modality, and with the leaves of which they are made."""
        kept = {name: leaf for name, leaf in self.leaves.items() if name.partition(".")[0] == modality}
        return replace(self, leaves=kept, samples={modality: self.samples[modality]})


@dataclass(frozen=True)
class Held:
    """What is distilled, on its way.

    Attributes:
        tensors: On the device, in network scale, moved in place; rows ordered by class, equally many of each.
        hold: How they become samples.
        modalities: What the samples are.
        classes: Number of classes.
        start: Their values before the first step, on the CPU.
    """

    tensors: Tensors
    hold: Parameterisation
    modalities: Mapping[str, Modality]
    classes: int
    start: Tensors = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Of each class."""
        rows: int = len(next(iter(self.tensors.values()))) // self.classes
        return rows

    def block(self, first: int, last: int) -> Block:
        """Classes from `first` up to before `last`."""
        rows = slice(first * self.rows, last * self.rows)
        leaves = {name: t.detach().requires_grad_() for name, t in self.hold.rows(self.tensors, rows).items()}
        samples = self.hold.decode(leaves, self.modalities)
        major = {name: class_major(x, last - first, self.hold.cells) for name, x in samples.items()}
        return Block(slice(first, last), rows, leaves, major)

    def blocks(self) -> Iterator[Block]:
        """All classes, as many at once as fit in memory, for losses in which classes do not meet."""
        pixels = self.rows * self.hold.cells * max(m.shape[1] * m.shape[2] for m in self.modalities.values())
        size = max(1, GRAPH_PIXELS // pixels)
        return (self.block(first, min(first + size, self.classes)) for first in range(0, self.classes, size))

    def all(self) -> Block:
        """All classes at once, for losses that compare them."""
        return self.block(0, self.classes)


class Step:
    """One optimisation step: gradients are gathered until all of it is known.

    Args:
        number: From 0.
        held: What is moved.
    """

    def __init__(self, number: int, held: Held) -> None:
        self.number = number
        self.loss = 0.0
        self.gradients = {name: torch.zeros_like(t) for name, t in held.tensors.items()}
        self._hold = held.hold

    def descend(self, loss: Tensor, block: Block) -> None:
        """Add a loss, (), and its gradient with respect to the leaves of a block."""
        found = torch.autograd.grad(loss, [*block.leaves.values()])
        self.add(float(loss.detach()), block, dict(zip(block.leaves, found, strict=True)))

    def add(self, loss: float, block: Block, gradients: Mapping[str, Tensor]) -> None:
        """Add a loss and its gradient with respect to some leaves of a block, by name."""
        self.loss += loss
        rows = self._hold.rows(self.gradients, block.rows)
        for name, gradient in gradients.items():
            rows[name].add_(gradient)


def started(method: Optimised, real: LabelledClips, seed: int, run: RunContext) -> Held:
    """Tensors before the first step.

    Args:
        method: Its settings.
        real: Training clips.
        seed: Of the draw.
        run: Device, number formats and the cache.

    Raises:
        BudgetError: A class has fewer clips than the start needs.
    """
    tensors = start_tensors(method, method.start, method.encoders.network, real, seed=seed, run=run)
    begun = {name: t.clone() for name, t in tensors.items()} if method.steps else {}
    moved = {name: t.to(run.runtime.device) for name, t in tensors.items()}
    return Held(moved, method.hold, real.modalities, len(real.classes), begun)


def steps(
    method: Optimised, held: Held, real: LabelledClips, run: RunContext, state: Mapping[str, Tensor] | None = None
) -> Iterator[Step]:
    """Optimisation steps, from the one a killed run had come to; tensors are moved when the next one is taken.

    Args:
        method: Its settings.
        held: What is moved, in place.
        real: Training clips.
        run: Checkpoint, and who is told of each step.
        state: What the method itself keeps from step to step, changed in place; saved with the tensors.

    Raises:
        DivergedError: The loss became NaN or infinite.
    """
    descent = method.optimiser.over(held.tensors, spreads(real, method.scales(real)), held.classes)
    state = state or {}
    for number in range(_resume(held, descent, state, run), method.steps):
        began = time.perf_counter()
        descent.before()
        step = Step(number, held)
        yield step
        descent.after([*step.gradients.values()])
        if not math.isfinite(step.loss):
            raise DivergedError(
                f"The loss became {step.loss} at step {number + 1} of {method.steps}. The step size is the usual "
                f"cause: lower the optimiser's lr (now {method.optimiser.lr})."
            )
        if run.on_step:
            run.on_step(StepReport(number + 1, method.steps, step.loss, time.perf_counter() - began))
        if run.checkpoint:
            run.checkpoint.offer(number + 1, lambda: _saved(held, descent, state))


def finished(
    method: Settings,
    real: LabelledClips,
    tensors: Tensors,
    seed: int,
    run: RunContext,
    *,
    start: Tensors | None = None,
) -> DistilledSet:
    """Tensors as a set: stored as the method says, with its labels, and what must be known to make it again.

    Args:
        method: What made them.
        real: The clips they were made from.
        tensors: Rows ordered by class, equally many of each, in network scale.
        seed: Of the distillation.
        run: Device, number formats and the cache.
        start: The same tensors before optimisation; None if there was none.
    """
    rows = torch.arange(len(real.classes)).repeat_interleave(len(next(iter(tensors.values()))) // len(real.classes))
    made = DistilledSet(
        tensors={name: t.cpu() for name, t in tensors.items()},
        labels=rows,
        classes=real.classes,
        hold=method.hold,
        modalities=real.modalities,
        scales=method.scales(real),
        provenance=provenance(method, real, seed),
        start=start or None,
    )
    return labelled(method, made.stored_as(method.storage.build()), real, seed, run)


def selected(method: Chooses, real: LabelledClips, seed: int, run: RunContext) -> DistilledSet:
    """The clips that a method chooses, as a set; see `finished`.

    Raises:
        BudgetError: A class has too few clips.
    """
    return finished(method, real, held_clips(method, real, method.choose, method.name, seed, run), seed, run)


def experts_of(method: Optimised, seed: int) -> ExpertKeys:
    """Experts that an optimised method looks through, and those that the choice of its start needs."""
    selection = method.start.selection()
    return method.encoders.experts | (selection.required_experts(seed) if selection else frozenset())


def passes_of(method: Optimised, per_class: Sequence[int]) -> Passes:
    """Passes of a method that sees real clips once per draw of encoders and synthetic ones once per step."""
    synthetic = method.steps * len(per_class) * method.per_class * method.hold.cells
    return Passes(method.encoders.real_passes(per_class, method.steps), synthetic)


def two_modalities(real: LabelledClips, name: str) -> tuple[str, str]:
    """The two modalities of data, for methods that compare two.

    Raises:
        InputError: There are others than two.
    """
    if len(real.modalities) != 2:
        raise InputError(
            f"{name} compares two modalities of a clip, but this data has {', '.join(real.modalities)}. Use dm, or "
            "another method that takes each modality by itself."
        )
    one, other = real.modalities
    return one, other


def labelled(method: Settings, made: DistilledSet, real: LabelledClips, seed: int, run: RunContext) -> DistilledSet:
    """The set with soft labels, where the method asks for them."""
    return replace(made, soft_labels=method.labels.of(made, real, seed=seed, run=run))


def provenance(method: Settings, real: LabelledClips, seed: int) -> dict[str, Any]:
    """What must be known of a set to make it again, and to compare it with its like."""
    return {
        "method": method.name,
        "settings": method.to_json(),
        "seed": seed,
        "dataset": real.name,
        "training_fingerprint": real.fingerprint,
        "clips": len(real),
        "sees_labels": bool(method.required_experts(seed)),
        "code": _code.of(method),
    }


def _saved(held: Held, descent: Descent, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        **{f"held.{k}": v for k, v in held.tensors.items()},
        **{f"descent.{k}": v for k, v in descent.state().items()},
        **{f"state.{k}": v for k, v in state.items()},
    }


def _resume(held: Held, descent: Descent, state: Mapping[str, Tensor], run: RunContext) -> int:
    """Put the saved state back, if there is one; returns the steps already done."""
    saved = run.checkpoint.load() if run.checkpoint else None
    if saved is None:
        return 0
    done, tensors = saved
    descent.restore({k.removeprefix("descent."): v for k, v in tensors.items() if k.startswith("descent.")})
    with torch.no_grad():
        for kind, kept in (("held", held.tensors), ("state", state)):
            for name, value in kept.items():
                value.copy_(tensors[f"{kind}.{name}"])
    return done
