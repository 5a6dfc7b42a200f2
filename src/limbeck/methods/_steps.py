"""What is optimised, on its way: tensors, the samples they stand for, and steps, with resumption to the same bits."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from limbeck._runtime import generator
from limbeck.datasets import LabelledClips
from limbeck.errors import DivergedError, InputError
from limbeck.methods._choose import chosen_clips
from limbeck.methods._optimised import Optimised
from limbeck.methods._run import RunContext, StepReport
from limbeck.modalities import Batch, Modality, Scale, Statistics
from limbeck.networks import GRAPH_PIXELS
from limbeck.parameterisations import Parameterisation, Tensors, class_major, modality_of


@dataclass(frozen=True)
class Block:
    """Some classes, and a fresh graph of their samples.

    Attributes:
        classes: Which.
        rows: Of the tensors.
        leaves: Their rows, as leaves of the graph.
        samples: What networks see of them, by modality, (class * sample, ..., channel, height, width), class by class.
    """

    classes: slice
    rows: slice
    leaves: Tensors
    samples: Batch

    def __len__(self) -> int:
        return int(self.classes.stop - self.classes.start)


@dataclass(frozen=True)
class Held:
    """What is distilled, on its way.

    Attributes:
        tensors: On the device, in network scale, moved in place; rows ordered by class, equally many of each.
        rows: Of each class.
        hold: How they become samples.
        modalities: What the samples are.
        classes: Number of classes.
        places: Which of all classes they are.
        among: Number of all classes.
        spreads: Standard deviation of the real values in network scale, by modality.
        start: The tensors before the first step, on the CPU; None if there are no steps.
    """

    tensors: Tensors
    rows: int
    hold: Parameterisation
    modalities: Mapping[str, Modality]
    classes: int
    places: tuple[int, ...]
    among: int
    spreads: Mapping[str, float]
    start: Tensors | None

    def block(self, first: int, last: int, modality: str | None = None) -> Block:
        """Classes from `first` up to before `last`, of all modalities or of one `modality`."""
        rows, leaves = slice(first * self.rows, last * self.rows), {}
        for name, tensor in self.hold.rows(self.tensors, rows).items():
            if modality is None or modality_of(name) == modality:
                leaves[name] = tensor.detach().requires_grad_()
        samples = self.hold.decode(leaves, self.modalities)
        major = {name: class_major(x, last - first, self.hold.cells) for name, x in samples.items()}
        return Block(slice(first, last), rows, leaves, major)

    def blocks(self) -> Iterator[Block]:
        """All classes, as many at once as fit in memory, for losses in which classes do not meet."""
        pixels = self.rows * self.hold.cells * max(math.prod(m.shape) // m.shape[-3] for m in self.modalities.values())
        size = max(1, GRAPH_PIXELS // pixels)
        for first in range(0, self.classes, size):
            yield self.block(first, min(first + size, self.classes))

    def all(self, modality: str | None = None) -> Block:
        """All classes at once, for losses that compare them."""
        return self.block(0, self.classes, modality)


class Step:
    """One optimisation step, `number` from 0: gradients are gathered until all of it is known."""

    def __init__(self, number: int, held: Held) -> None:
        self.number, self.loss, self._hold = number, 0.0, held.hold
        self.gradients = {name: torch.zeros_like(t) for name, t in held.tensors.items()}

    def descend(self, loss: Tensor, block: Block, gradients: Sequence[Tensor] | None = None) -> None:
        """Add a loss, (), and its gradients with respect to the leaves of a block: those given, or else found here."""
        gradients = gradients or torch.autograd.grad(loss, [*block.leaves.values()])
        self.loss += float(loss.detach())
        rows = self._hold.rows(self.gradients, block.rows)
        for name, gradient in zip(block.leaves, gradients, strict=True):
            rows[name].add_(gradient)


def started(method: Optimised, real: LabelledClips, seed: int, run: RunContext) -> Held:
    """What a `method` holds before the first step, drawn by `seed`, on the device of `run`; see `Optimised.start`.

    Raises:
        BudgetError: A class has fewer clips than a start from real clips needs.
        InputError: Rows cannot be noise.
    """
    selection = method.start.selection(method.to_json() | {"network": method.encoders.network.to_json()})
    if selection is not None:
        purpose = f"{method.name} with start={method.start.method!r}"
        tensors = chosen_clips(method, selection, purpose, real, seed, run)
    elif method.hold.are_samples:
        tensors = _noise(method, real, seed)
    else:
        raise InputError(
            f"Rows held as {method.hold} cannot start from noise, which has no low frequencies. Start from real clips, "
            "or hold samples as plain or in a mosaic."
        )
    return Held(
        tensors={name: t.to(run.runtime.device) for name, t in tensors.items()},
        rows=method.per_class,
        hold=method.hold,
        modalities=real.modalities,
        classes=len(real.classes),
        places=tuple(real.places.tolist()),
        among=len(real.whole.classes),
        spreads={name: _spread(real.statistics[name], scale) for name, scale in method.scales(real).items()},
        start={name: t.clone() for name, t in tensors.items()} if method.steps else None,
    )


def _spread(statistics: Statistics, scale: Scale) -> float:
    """Standard deviation of all values of a modality in network scale."""
    numbers = statistics.mean, statistics.std, scale.mean, scale.std
    m, s, a, b = (torch.tensor(v, dtype=torch.float64) for v in numbers)
    means, variances = ((m - a) / b).expand(len(m)), (s / b).square().expand(len(m))
    return float((variances.mean() + means.var(correction=0)).sqrt())


def _noise(method: Optimised, real: LabelledClips, seed: int) -> Tensors:
    """Normal numbers with the data's mean and spread per channel, as far as a prepared array can hold them."""
    found: dict[str, list[Tensor]] = {name: [] for name in real.modalities}
    for label in real.classes:
        source = generator(seed, "noise", label)
        for name, modality in real.modalities.items():
            own = Scale(mean=real.statistics[name].mean, std=real.statistics[name].std)
            values = torch.randn(method.per_class, *method.hold.shape_of(modality), generator=source)
            found[name].append(modality.prepared(own.undo(values, -modality.channels_at - 1)))
    scales = method.scales(real)
    return {m: kind.to_network(torch.cat(found[m]), scales[m]) for m, kind in real.modalities.items()}


def steps(held: Held, method: Optimised, run: RunContext, state: Mapping[str, Tensor] | None = None) -> Iterator[Step]:
    """Optimisation steps, from the one a killed run had come to; tensors are moved when the next one is taken.

    Args:
        held: What is moved, in place.
        method: How many steps, and how they follow the gradient.
        run: Checkpoint, and who is told of each step.
        state: What the method itself keeps from step to step, changed in place; saved with the tensors.

    Raises:
        DivergedError: The loss became NaN or infinite.
    """
    descent = method.optimiser.over(held.tensors, held.spreads, held.among, held.places)
    kept = {f"held.{k}": v for k, v in held.tensors.items()} | {f"state.{k}": v for k, v in (state or {}).items()}
    saved, done = run.checkpoint.load() if run.checkpoint else None, 0
    if saved:
        done, tensors = saved
        descent.restore({k.removeprefix("descent."): v for k, v in tensors.items() if k.startswith("descent.")})
        with torch.no_grad():
            for name, value in kept.items():
                value.copy_(tensors[name])
    for number in range(done, method.steps):
        began = time.perf_counter()
        descent.before()
        step = Step(number, held)
        yield step
        descent.after([*step.gradients.values()])
        last = number + 1 == method.steps  # no later loss tells of what this step did
        if not math.isfinite(step.loss) or (last and not all(t.isfinite().all() for t in held.tensors.values())):
            raise DivergedError(
                f"The loss became {step.loss} at step {number + 1} of {method.steps}, or the samples after it are not "
                f"finite. The step size is the usual cause: lower the optimiser's lr (now {method.optimiser.lr})."
            )
        if run.on_step:
            run.on_step(StepReport(number + 1, method.steps, step.loss, time.perf_counter() - began))
        if run.checkpoint:
            run.checkpoint.offer(number + 1, lambda: kept | {f"descent.{k}": v for k, v in descent.state().items()})


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
