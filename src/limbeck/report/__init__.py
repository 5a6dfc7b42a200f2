"""Numbers to a page to look at and listen to, figures and a table."""

from __future__ import annotations

from limbeck.report import figures, table
from limbeck.report.of_set import page

__all__ = ["figures", "page", "table"]
