"""Everything: cells, facts, and what follows from them; `Comparison.from_json` reads it again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, final

from limbeck.report.comparison import Comparison, Section
from limbeck.report.forms._contract import Form
from limbeck.report.measures import MeasureTable


@final
class Json(Form):
    """All fields of the comparison, and under ``"summary"`` the tables, for readers without Limbeck."""

    suffix = ".json"

    @staticmethod
    def write(comparison: Comparison) -> str:
        """The whole file as text."""
        summary: dict[str, Any] = {"unit": "percent", "sections": [_section(s) for s in comparison.sections]}
        if comparison.measures:
            summary["measures"] = [_measured(table, comparison.rows) for table in comparison.measures]
        content = comparison.to_json() | {"summary": summary}
        return json.dumps(content, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"


def _measured(table: MeasureTable, rows: Sequence[str]) -> dict[str, Any]:
    lines = [asdict(line) | {"best": sorted(line.best)} for line in table.lines(rows)]
    return {"measure": table.name, "per_class": table.per_class, "chance": table.chance, "lines": lines}


def _section(section: Section) -> dict[str, Any]:
    lines = []
    for line in section.lines:
        differences = {key: asdict(d) | {"real": d.real} for key, d in line.difference.items()}
        lines.append(asdict(line) | {"best": sorted(line.best), "n": line.n, "difference": differences})
    return {"per_class": section.per_class, "head": section.head, "lines": lines}
