"""Figures of one distilled set: its samples, its curves, its accuracies and its confusions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from limbeck.distilled import DistilledSet
from limbeck.report import _samples
from limbeck.report._drawing import BLUE, COLOURS, GREEN, INK, ORANGE, bar, legend, quiet, rows, short
from limbeck.report.table import Row, modalities

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LOOKS = (*zip((ORANGE, GREEN, BLUE, *COLOURS[3:]), "osD^vP<>h", strict=True),)
_NOT_CURVES = frozenset({"step", "steps", "seconds", "time", "epoch", "epochs"})


def sample(samples: _samples.Samples) -> Figure | None:
    """The first sample of a modality with its axes and the bar of its colours; None where it has no such bar."""
    if not samples.colours:
        return None
    figure = quiet(4.7, 2.8)
    axes = figure.subplots()
    samples.draw(axes, samples.whole("distilled", torch.tensor([0]))[0])
    bar(figure, axes, samples.colours, extend="both", pad=0.03)
    return figure


def samples(distilled: DistilledSet) -> Figure:
    """The first stored sample of the first ten classes, a line for each modality, as stored.

    In a mosaic every cell of a spectrogram has its lowest band at the bottom, and stands where its image stands unless
    the two are cut differently.
    """
    distilled = _samples.to_look_at(distilled)
    first = [int(torch.nonzero(distilled.labels == c)[0]) for c in torch.unique(distilled.labels).tolist()][:10]
    modalities = _samples.of(distilled)
    figure = quiet(1.15 * len(first) + 0.9, 0.1 + 1.3 * len(modalities))
    grid = figure.subplots(len(modalities), len(first), squeeze=False)
    for line, samples in zip(grid, modalities.values(), strict=True):
        for axes, seen in zip(line, samples.stored("distilled", torch.tensor(first)), strict=True):
            samples.draw(axes, seen, cells=samples.cells)
            axes.set_box_aspect(1)
            axes.tick_params(length=2, labelsize=7)
            axes.set(xlabel="", ylabel="")
            if axes is not line[0] or len(samples.cells) > 1:
                axes.set(xticks=[], yticks=[])
        if samples.colours:
            bar(figure, line.tolist(), samples.colours, 7, extend="both", aspect=12, pad=0.01)
    for axes, row in zip(grid[0], first, strict=True):
        name = short(distilled.classes[int(distilled.labels[row])], 14)
        axes.set_title(name, fontsize=8, color=INK, parse_math=False)
    return figure


def curves(events: Sequence[Mapping[str, Any]], *, along: str = "step") -> Figure | None:
    """Losses, and accuracies where there are any, over the steps of a run; None where nothing was recorded.

    Every number of the `events`, rows of ``events.jsonl``, but step and time is a curve `along` what ``"step"`` counts;
    those whose name holds "accuracy" get axes of their own. Long curves are shown faint with their running mean over a
    fiftieth of the run on top.
    """
    found: dict[str, list[tuple[float, float]]] = {}
    for event in events:
        if not isinstance(event.get("step"), int | float):
            continue
        for key, value in event.items():
            usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if usable and key.lower() not in _NOT_CURVES:
                found.setdefault(key, []).append((float(event["step"]), float(value)))
    series = {key: np.array(points).T for key, points in found.items()}
    accuracies = {k: v for k, v in series.items() if "accuracy" in k.lower()}
    losses = {k: v for k, v in series.items() if k not in accuracies}
    panels = [(group, name) for group, name in ((losses, "loss"), (accuracies, "accuracy (%)")) if group]
    if not panels:
        return None
    figure = quiet(4.7, 2.4 * len(panels) + 0.3)
    for axes, (group, title) in zip(figure.subplots(len(panels), squeeze=False)[:, 0], panels, strict=True):
        for place, (name, (steps, values)) in enumerate(group.items()):
            look: dict[str, Any] = {"color": COLOURS[place % len(COLOURS)], "label": short(name.replace("_", " "), 30)}
            if len(values) < 100:
                axes.plot(steps, values, linewidth=1.4, marker="o" if len(values) < 30 else None, ms=3, **look)
                continue
            window = max(3, len(values) // 50)
            smooth = np.convolve(values, np.full(window, 1 / window), mode="valid")
            axes.plot(steps, values, linewidth=0.7, alpha=0.3, color=look["color"])
            axes.plot(steps[window // 2 : window // 2 + len(smooth)], smooth, linewidth=1.6, **look)
        axes.grid(alpha=0.15, color=INK)
        if len(group) > 1:
            legend(axes)
        axes.set(xlabel=along, ylabel=title)
        values = np.concatenate([y for _, y in group.values()])
        if group is accuracies:
            axes.set_ylim(0, 100)
        elif values.min() > 0 and values.max() > 20 * values.min():
            axes.set_yscale("log")
    return figure


def accuracy(lines: Sequence[Row]) -> Figure | None:
    """Mean accuracy of every row with its standard deviation, by modality; None without rows."""
    if not lines:
        return None
    figure = quiet(4.7, 0.9 + 0.48 * len(lines))
    axes = figure.subplots()
    used = modalities(lines)
    for place, key in enumerate(used):
        at = [(i, r.accuracy[key]) for i, r in enumerate(lines) if key in r.accuracy]
        colour, mark = _LOOKS[place % len(_LOOKS)]
        look: dict[str, Any] = {"fmt": mark, "color": colour, "markersize": 5.5, "linewidth": 1.4, "capsize": 2.5}
        lines_at = [i + 0.2 * (place - (len(used) - 1) / 2) for i, _ in at]
        deviations = [a.sd or 0.0 for _, a in at]
        axes.errorbar([a.mean for _, a in at], lines_at, xerr=deviations, label=_samples.named(key), **look)
    rows(axes, [short(r.name, 30) for r in lines])
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.set_xlabel("accuracy on real test clips (%)")
    legend(axes, above=True, ncols=len(used) if len(used) < 4 else 2, handletextpad=0.3)
    return figure


def confusion(matrix: npt.ArrayLike, classes: Sequence[str]) -> Figure:
    """A `matrix` of counts, (true class, predicted class), in percent of each true class.

    Names of `classes` are drawn up to 40 of them, percentages up to 12.
    """
    from matplotlib.colors import LinearSegmentedColormap

    counts = np.asarray(matrix, dtype=float)
    percent = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1e-12)
    count = len(classes)
    side = min(3.2 + 0.22 * count, 7.0)
    figure = quiet(side + 0.9, side)
    axes = figure.subplots()
    clear_to_blue = LinearSegmentedColormap.from_list("confusion", [(0.23, 0.44, 0.83, 0.0), (0.15, 0.33, 0.7, 1.0)])
    axes.imshow(percent, cmap=clear_to_blue, vmin=0, vmax=100, interpolation="nearest")
    if count <= 40:
        names = [short(c, 18) for c in classes]
        axes.set_xticks(range(count), names, rotation=45, ha="right", rotation_mode="anchor", parse_math=False)
        axes.set_yticks(range(count), names, parse_math=False)
    for (true, predicted), value in np.ndenumerate(percent):
        if count <= 12 and value >= 0.5:
            colour = "white" if value > 50 else INK
            axes.text(predicted, true, f"{value:.0f}", ha="center", va="center", fontsize=7, color=colour)
    axes.tick_params(length=0, labelsize=8)
    axes.set(xlabel="predicted class", ylabel="true class")
    bar(figure, axes, "clips of the true class (%)", shrink=0.7, pad=0.02)
    return figure
