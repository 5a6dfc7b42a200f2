"""The long table: one line for every accuracy of every student."""

from __future__ import annotations

import csv
import io
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
    "distill_seconds",
    "student_seconds",
    "labels",
    "sees_labels",
    "reference",
    "baseline",
)


@final
class Csv(Form):
    """Comma-separated, with a heading; empty where something does not apply; 0 and 1 for no and yes."""

    suffix = ".csv"

    @staticmethod
    def write(comparison: Comparison) -> str:
        """The whole file as text."""
        out = io.StringIO(newline="")
        lines = csv.writer(out, lineterminator="\n")
        lines.writerow(COLUMNS)
        for cell in comparison.cells:
            what = [
                comparison.dataset,
                cell.row,
                "" if cell.per_class is None else cell.per_class,
                cell.head,
                cell.seed,
            ]
            cost = [cell.stored_bytes, cell.training_pairs, cell.distill_seconds, cell.student_seconds]
            kind = [cell.labels, int(cell.sees_labels), int(cell.reference), int(cell.row == comparison.baseline)]
            for modality, values in cell.accuracy.items():
                for student, value in enumerate(values):
                    lines.writerow([*what, student, modality, value, *cost, *kind])
        return out.getvalue()
