"""Numbers to a page to look at and listen to, figures and a table."""

from __future__ import annotations

from limbeck.report import figures, table
from limbeck.report._sheets import Sheet, measure_sheets
from limbeck.report._statistics import marks
from limbeck.report.of_set import page

__all__ = ["Sheet", "figures", "marks", "measure_sheets", "page", "table"]
