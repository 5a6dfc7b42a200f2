"""Figures of what was found in an archive: when words are heard, and how far confidence can be believed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from limbeck.detections import Summary, When
from limbeck.prototypes import Confidence
from limbeck.report._drawing import BLUE, INK, bar, quiet, rows, short

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HOUR_MS = 3_600_000
_TICKS = 8
HOURS = tuple(f"{hour:02}" for hour in range(24))


def by_hour(summary: Summary, words: Sequence[str]) -> Figure | None:
    """Events of each word in an hour of listening, by hour of the day; None where no clock time is known."""
    return _map(summary, words, HOURS, {hour: hour for hour in HOURS}, "hour of the day", lambda when: when.hour)


def by_day(summary: Summary, words: Sequence[str]) -> Figure | None:
    """Events of each word in an hour of listening, by day; None where days are not known or there is one only."""
    known = sorted({when.day for when in summary.heard if when.day})
    if len(known) < 2:
        return None
    first, last = date.fromisoformat(known[0]), date.fromisoformat(known[-1])
    days = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    shown = days[:: max(1, -(-len(days) // _TICKS))]
    return _map(summary, words, days, {day: day for day in shown}, "day", lambda when: when.day)


def reliability(confidence: Confidence) -> Figure:
    """How often words were right against the probability that was said, of recordings left out."""
    figure = quiet(4.2, 3.4)
    axes = figure.subplots()
    axes.plot([0, 100], [0, 100], color=INK, linewidth=0.8, alpha=0.5, linestyle="--")
    said, right, cases = (
        np.array([getattr(one, key) for one in confidence.bins]) for key in ("said", "right", "cases")
    )
    axes.plot(100 * said, 100 * right, color=BLUE, linewidth=1.2, alpha=0.6)
    axes.scatter(100 * said, 100 * right, s=14 + 26 * np.log10(np.maximum(cases, 1)), color=BLUE, zorder=3)
    for x, y, count in zip(100 * said, 100 * right, cases.tolist(), strict=True):
        axes.annotate(str(count), (x, y), (0, 8), textcoords="offset points", fontsize=7, color=INK, ha="center")
    axes.set(xlim=(-4, 104), ylim=(-4, 112), xlabel="probability that was said (%)", ylabel="was right (%)")
    axes.grid(alpha=0.15, color=INK)
    return figure


def _map(
    summary: Summary,
    words: Sequence[str],
    columns: Sequence[str],
    ticks: Mapping[str, str],
    title: str,
    column_of: Callable[[When], str],
) -> Figure | None:
    """Events an hour of listening, word by column; columns in which nothing was listened to stay empty."""
    place = {column: number for number, column in enumerate(columns)}
    heard = np.zeros(len(columns))
    for when, milliseconds in summary.heard.items():
        if (at := place.get(column_of(when))) is not None:
            heard[at] += milliseconds / _HOUR_MS
    if not heard.any() or not words:
        return None
    counts = np.zeros((len(words), len(columns)))
    line = {word: number for number, word in enumerate(words)}
    for (when, word), count in summary.events.items():
        if word in line and (at := place.get(column_of(when))) is not None:
            counts[line[word], at] += count
    rates: npt.NDArray[np.float64] = np.full(counts.shape, np.nan)
    np.divide(counts, heard, out=rates, where=np.broadcast_to(heard > 0, counts.shape))
    return _drawn(rates, words, columns, ticks, title)


def _drawn(
    rates: npt.NDArray[np.float64],
    words: Sequence[str],
    columns: Sequence[str],
    ticks: Mapping[str, str],
    title: str,
) -> Figure:
    from matplotlib.colors import LinearSegmentedColormap

    faint_to_blue = LinearSegmentedColormap.from_list("rate", [(0.23, 0.5, 0.95, 0.08), (0.2, 0.45, 0.92, 1.0)])
    figure = quiet(9.0, 1.3 + 0.3 * len(words))
    axes = figure.subplots()
    most = float(np.nanmax(rates)) or 1.0
    axes.imshow(rates, cmap=faint_to_blue, vmin=0, vmax=most, aspect="auto", interpolation="nearest")
    rows(axes, [short(word, 24) for word in words])
    axes.grid(visible=False)
    at = [number for number, column in enumerate(columns) if column in ticks]
    axes.set_xticks(at, [ticks[columns[number]] for number in at])
    axes.spines[:].set_visible(False)
    axes.set_xlabel(title)
    bar(figure, axes, "events an hour heard", pad=0.015, shrink=0.9)
    return figure
