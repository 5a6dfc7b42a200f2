"""The long table: one line for every number that was found."""

import csv
import io
from typing import final

from limbeck.report.model import Document
from limbeck.report.writers import Writer


@final
class Csv(Writer):
    """Comma-separated, with a heading; empty where something does not apply; 0 and 1 for no and yes."""

    suffix = ".csv"

    @staticmethod
    def write(document: Document) -> str:
        out = io.StringIO(newline="")
        writer = csv.DictWriter(out, document.columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(document.numbers)
        return out.getvalue()
