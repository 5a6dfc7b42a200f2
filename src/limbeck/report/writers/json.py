"""Everything: all fields and what follows from them, to be read again."""

import json
from typing import final

from limbeck.report.model import Document
from limbeck.report.writers import Writer


@final
class Json(Writer):
    """All fields of the comparison, and under ``"summary"`` the tables, for readers without Limbeck."""

    suffix = ".json"

    @staticmethod
    def write(document: Document) -> str:
        return json.dumps(document.data, indent=1, sort_keys=True, allow_nan=False, ensure_ascii=False) + "\n"
