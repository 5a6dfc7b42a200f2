"""Numbers to a page to look at and listen to, figures and a table."""

from limbeck.report import figures, table
from limbeck.report._kit import style
from limbeck.report.distilled_page import page
from limbeck.report.measures import measure_sheets
from limbeck.report.model import Sheet
from limbeck.report.statistics import marks

__all__ = ["Sheet", "figures", "marks", "measure_sheets", "page", "style", "table"]
