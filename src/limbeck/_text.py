"""Text as it is written down: names that are the same on every machine, and tables as CSV."""

import csv
import unicodedata
from collections import Counter
from pathlib import Path

from limbeck.errors import InputError


def portable(text: str) -> str:
    """Text in the one Unicode form (NFC) that all machines write alike, `printable`."""
    return unicodedata.normalize("NFC", printable(text))


def printable(text: str) -> str:
    r"""Text that can be written down: what is no UTF-8 in a file's name is spelled, ``\udce9`` say.

    Example:
        >>> print(printable("caf\udce9.mp4"), printable("café.mp4"))
        caf\udce9.mp4 café.mp4
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def read_table(path: Path, delimiters: str = ",;\t") -> tuple[tuple[str, ...], list[tuple[int, dict[str, str]]]]:
    """Columns and rows of a CSV file with a header; each row with its line number.

    Commas, semicolons and tabs are told apart by the header; a byte order mark and empty lines are skipped.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            delimiter = max(delimiters, key=handle.readline().count)
            handle.seek(0)
            reader = csv.reader(handle, delimiter=delimiter, strict=True)
            columns = tuple(c.strip().lower() for c in next(reader, []))
            rows = [(reader.line_num, row) for row in reader if any(f.strip() for f in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read as a UTF-8 CSV file: {error}. Save it again as CSV (UTF-8)."
        ) from error
    if not any(columns):
        raise InputError(f"{path} is empty; a header line with the column names was expected.")
    if twice := [c for c, n in Counter(columns).items() if n > 1]:
        raise InputError(f"{path} names the column {twice[0]!r} twice; rename one.")
    for line, row in rows:
        if len(row) != len(columns):
            raise InputError(
                f"{path}, line {line}: got {len(row)} fields, but the header has {len(columns)}. "
                "Put fields that contain the separator in double quotes."
            )
    return columns, [(line, dict(zip(columns, map(str.strip, row), strict=True))) for line, row in rows]
