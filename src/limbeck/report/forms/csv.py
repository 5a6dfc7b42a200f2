"""The long table: one line for every accuracy of every student, and for every number a measure found."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import final

from limbeck.report.comparison import Comparison
from limbeck.report.forms._contract import Form

COLUMNS = (
    "dataset",
    "row",
    "per_class",
    "head",
    "seed",
    "student",
    "modality",
    "accuracy_percent",
    "stored_bytes",
    "training_pairs",
    "mosaic",
    "distill_seconds",
    "student_seconds",
    "labels",
    "sees_labels",
    "reference",
    "baseline",
)
MEASURED = ("measure", "repeat", "column", "value")
"""Further columns, where there are measures."""


@final
class Csv(Form):
    """Comma-separated, with a heading; empty where something does not apply; 0 and 1 for no and yes."""

    suffix = ".csv"

    @staticmethod
    def write(comparison: Comparison) -> str:
        """The whole file as text."""
        out = io.StringIO(newline="")
        lines = csv.writer(out, lineterminator="\n")
        more = MEASURED if comparison.measures else ()
        lines.writerow([*COLUMNS, *more])
        for cell in comparison.cells:
            what = [
                comparison.dataset,
                cell.row,
                "" if cell.per_class is None else cell.per_class,
                cell.head,
                cell.seed,
            ]
            cost = [cell.stored_bytes, cell.training_pairs, cell.mosaic, cell.distill_seconds, cell.student_seconds]
            kind = [cell.labels, int(cell.sees_labels), int(cell.reference), int(cell.row == comparison.baseline)]
            for modality, values in cell.accuracy.items():
                for student, value in enumerate(values):
                    lines.writerow([*what, student, modality, value, *cost, *kind, *[""] * len(more)])
        writer = csv.DictWriter(out, [*COLUMNS, *more], restval="", lineterminator="\n")
        writer.writerows(_measured(comparison))
        return out.getvalue()


def _measured(comparison: Comparison) -> Iterator[dict[str, object]]:
    for table in comparison.measures:
        for cell in table.cells:
            same = {
                "dataset": comparison.dataset,
                "row": cell.row,
                "mosaic": cell.mosaic,
                "training_pairs": "" if cell.training_pairs is None else cell.training_pairs,
                "per_class": "" if table.per_class is None else table.per_class,
                "seed": cell.seed,
                "labels": cell.labels,
                "sees_labels": int(cell.sees_labels),
                "reference": int(cell.reference),
                "baseline": int(cell.row == comparison.baseline),
                "measure": table.name,
            }
            for repeat, values in enumerate(cell.values):
                for column, value in values.items():
                    yield same | {"repeat": repeat, "column": column, "value": value}
