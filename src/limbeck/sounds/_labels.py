"""Words as people give them: typed with commas, or in a file, with or without descriptions."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from limbeck._text import portable, read_table
from limbeck.errors import InputError

Labels = str | Path | Sequence[str] | Mapping[str, str]
"""``"rain, dog bark"``, a file, a list, or descriptions by label."""

LABEL_COLUMNS = ("label", "display_name", "category", "class", "name")
"""What the column of labels in a table may be called; the first that is there is used."""
DESCRIPTION_COLUMN = "description"
_TABLES = frozenset([".csv", ".tsv"])


def read(labels: Labels) -> dict[str, str]:
    """Labels in their order, each with its description (empty where none was given), in the forms of `sounds.learn`.

    Lines of a text file that begin with ``#`` are skipped; those of a list are used as they are.

    Example:
        >>> read('dog bark, rain'), read('crane: a bird calling, "dog, loud"'), read({"rain": "drops on a roof"})
        ({'dog bark': '', 'rain': ''}, {'crane': 'a bird calling', 'dog, loud': ''}, {'rain': 'drops on a roof'})
    """
    if isinstance(labels, Mapping):
        return _checked([(label, about or "") for label, about in labels.items()], "the labels given")
    if isinstance(labels, Path) or (isinstance(labels, str) and _is_file(labels)):
        path = Path(labels)
        try:
            rows = _rows(path) if path.suffix.lower() in _TABLES else _lines(path)
        except OSError as error:
            raise InputError(
                f"The labels cannot be read from {path}: {error.strerror}. Give a text file with one label a line, or "
                'the labels themselves: --labels "dog bark,rain".'
            ) from error
        return _checked(rows, str(labels))
    if isinstance(labels, str):
        return _checked(_entries(labels, ",", "the labels given"), "the labels given")
    return _checked([(word, "") for word in labels], "the labels given")


def _is_file(words: str) -> bool:
    # os.path knows that a name longer than a file's may be is none.
    return os.path.isfile(words) or ("," not in words and Path(words).suffix.lower() in _TABLES | {".txt"})


def _rows(path: Path) -> list[tuple[str, str]]:
    columns, rows = read_table(path)
    if (column := next((name for name in LABEL_COLUMNS if name in columns), None)) is None:
        raise InputError(
            f"{path} is a table without a column of labels: its first line names {', '.join(columns)}. Name one column "
            f"label (or {', '.join(LABEL_COLUMNS[1:])}) and, if you like, one {DESCRIPTION_COLUMN}; or write a text "
            "file, .txt, with one label a line."
        )
    return [(row[column], row.get(DESCRIPTION_COLUMN, "")) for _, row in rows]


def _lines(path: Path) -> list[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file in UTF-8; write one label a line, as plain text.") from error
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [entry for line in lines for entry in _entries(line, "\n", str(path))]


def _entries(text: str, separator: str, where: str) -> list[tuple[str, str]]:
    """Labels and descriptions of a text, with a separator between them.

    Double quotes keep separators, not colons, and open only where a label or a description begins: 12" is a label.
    """
    quoted = r'"(?:[^"]|"")*"'
    label, about = rf'{quoted}|[^":{separator}][^:{separator}]*|', rf'{quoted}|[^"{separator}][^{separator}]*|'
    entry = re.compile(rf"\s*({label})\s*(?::\s*({about})\s*)?({separator}|$)")
    found: list[tuple[str, str]] = []
    at = 0
    while True:
        if (one := entry.match(text, at)) is None:
            raise InputError(
                f"The double quotes in {where} do not fit, from here on: {text[at:][:60]}. Put a label with a comma "
                'between two of them, and write one that is part of it twice: "dog barking, loud",rain.'
            )
        name, said = _unquoted(one[1]), _unquoted(one[2] or "")
        if one[2] is None:
            name, _, said = name.partition(":")
        found.append((name, said))
        if not one[3]:
            return found
        at = one.end()


def _unquoted(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def _checked(rows: Sequence[tuple[str, str]], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    seen: dict[str, str] = {}
    for label, about in rows:
        if not isinstance(label, str) or not isinstance(about, str):
            raise InputError(f"Labels and descriptions are words, but {label!r}: {about!r} stands in {where}.")
        if not (name := portable(" ".join(label.split()))):
            raise InputError(f"A label is empty in {where}; between two commas, and before a colon, a word must stand.")
        if name in found:
            raise InputError(f"The label {name!r} stands twice in {where}; remove one of the two.")
        if (other := seen.setdefault(name.casefold(), name)) != name:
            raise InputError(f"The labels {other!r} and {name!r} in {where} differ in their case alone; remove one.")
        found[name] = portable(" ".join(about.split()))
    if not found:
        raise InputError(f"There is no label in {where}; give some words, such as dog bark, rain, chainsaw.")
    return found
