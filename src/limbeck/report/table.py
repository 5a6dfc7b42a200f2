"""The table of results: one row a training set, always with spread, number of repeats and cost."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from limbeck.media import ClipRecipe
from limbeck.report._words import duration, number, size

if TYPE_CHECKING:
    from limbeck.evaluation import Score

KEYS = ("A", "V", "A+V")
RULE = (
    "Accuracy on real test clips in percent, mean ± standard deviation (divided by n − 1) over n students trained from "
    "scratch; last epoch. Bold: the best row of synthetic or selected pairs, where it leads the next by more than the "
    "standard error of their difference, √(sd₁²/n₁ + sd₂²/n₂). Rows of real clips are references and take no part."
)
COST_RULE = (
    "Stored: float32 numbers of the stored pairs; for real clips, the prepared log-mel in float32 and the frame in "
    "8 bits. "
    "Time: training and testing all n students."
)

Scores = Mapping[str, "Score"] | Sequence["Score"]


@dataclass(frozen=True)
class Spread:
    """A mean and how far single repeats lie from it.

    Attributes:
        mean: Percent.
        sd: Sample standard deviation, percent; None for one repeat.
        n: Repeats.
    """

    mean: float
    sd: float | None
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.1f}" if self.sd is None else f"{self.mean:.1f} ± {self.sd:.1f}"


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        name: What students were trained on.
        accuracy: Keys among "A", "V", "A+V".
        n: Repeats.
        training_pairs: Pairs a student sees.
        stored_bytes: Size of what is stored; None where the recipe is not known.
        seconds: Time of all repeats.
        reference: Whether these are real clips, a reference that takes no part in the comparison.
    """

    name: str
    accuracy: dict[str, Spread]
    n: int
    training_pairs: int
    stored_bytes: int | None
    seconds: float
    reference: bool


def rows(scores: Scores, recipe: ClipRecipe | None = None) -> list[Row]:
    """The table's lines in the order of `scores`.

    Args:
        scores: By name, or a sequence; then rows are named by what their students were trained on.
        recipe: Shapes of the arrays, for the size of what is stored.
    """
    named = scores.items() if isinstance(scores, Mapping) else [(_name(s), s) for s in scores]
    return [_row(name, score, recipe) for name, score in named]


def leaders(lines: Sequence[Row]) -> dict[str, int]:
    """Row that leads each column by more than the standard error of the difference to the runner-up; see `RULE`.

    Args:
        lines: From `rows`.

    Example:
        >>> def line(name, mean, sd=1.0, n=4):
        ...     return Row(name, {"A": Spread(mean, sd, n)}, n, 10, None, 1.0, reference=False)
        >>> leaders([line("dm", 60.0), line("avdd", 61.0)]), leaders([line("dm", 60.0), line("avdd", 60.5)])
        ({'A': 1}, {})
    """
    found = {}
    for key in KEYS:
        entered = [(r.accuracy[key], i) for i, r in enumerate(lines) if key in r.accuracy and not r.reference]
        ranked = sorted(entered, key=lambda e: -e[0].mean)
        if len(ranked) < 2:
            continue
        (best, place), (second, _) = ranked[:2]
        if best.sd is None or second.sd is None:
            continue
        if best.mean - second.mean > math.hypot(best.sd / math.sqrt(best.n), second.sd / math.sqrt(second.n)):
            found[key] = place
    return found


def markdown(scores: Scores, recipe: ClipRecipe | None = None) -> str:
    """The table as Markdown, with the rules it was made by.

    Args:
        scores: See `rows`.
        recipe: See `rows`.
    """
    lines = rows(scores, recipe)
    best = leaders(lines)
    out = [
        "| trained on | A (%) | V (%) | A+V (%) | n | training pairs | stored | time |",
        "|:---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for i, line in enumerate(lines):
        cells = []
        for key in KEYS:
            text = str(line.accuracy[key]) if key in line.accuracy else "–"
            cells.append(f"**{text}**" if best.get(key) == i else text)
        stored = "–" if line.stored_bytes is None else size(line.stored_bytes)
        cost = [str(line.n), number(line.training_pairs), stored, duration(line.seconds)]
        out.append("| " + " | ".join([_plain(line.name), *cells, *cost]) + " |")
    return "\n".join([*out, "", RULE, "", COST_RULE, ""])


def json(scores: Scores, recipe: ClipRecipe | None = None) -> list[dict[str, Any]]:
    """The table as JSON-able data: percent, seconds and bytes as numbers.

    Args:
        scores: See `rows`.
        recipe: See `rows`.
    """
    return [
        {
            "name": line.name,
            "accuracy_percent": {k: {"mean": s.mean, "sd": s.sd, "n": s.n} for k, s in line.accuracy.items()},
            "n": line.n,
            "training_pairs": line.training_pairs,
            "stored_bytes": line.stored_bytes,
            "seconds": line.seconds,
            "reference": line.reference,
        }
        for line in rows(scores, recipe)
    ]


def _row(name: str, score: Score, recipe: ClipRecipe | None) -> Row:
    sd = score.sd
    return Row(
        name=name,
        accuracy={
            k: Spread(m, None if math.isnan(sd[k]) else sd[k], score.n) for k, m in score.mean.items() if k in KEYS
        },
        n=score.n,
        training_pairs=score.trained_on.pairs,
        stored_bytes=None if recipe is None else _stored_bytes(score, recipe),
        seconds=score.seconds,
        reference=score.trained_on.kind == "clips",
    )


def _stored_bytes(score: Score, recipe: ClipRecipe) -> int:
    log_mel, frame = math.prod(recipe.mel.shape), 3 * recipe.image_size**2
    if score.trained_on.kind == "clips":
        return score.trained_on.pairs * (4 * log_mel + frame)
    stored = min(score.trained_on.pairs, (score.trained_on.per_class or 0) * len(score.classes))
    return stored * 4 * (log_mel + frame)


def _name(score: Score) -> str:
    source = score.trained_on
    return f"{source.name}: real clips" if source.kind == "clips" else f"{source.name}, {source.per_class} per class"


def _plain(text: str) -> str:
    """A name that Markdown shows as it is."""
    line = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", " ".join(text.split()))
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
