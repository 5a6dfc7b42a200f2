"""Words as people give them: typed with commas, or in a file with descriptions."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from limbeck.errors import InputError

Labels = str | Path | Sequence[str] | Mapping[str, str]
"""``"rain, dog bark"``, a file, a list, or descriptions by label."""


def read(labels: Labels) -> dict[str, str]:
    """Labels in their order, each with its description (empty where none was given).

    Args:
        labels: Labels with commas between them; a text file with one ``label`` or ``label: description`` a line (lines
            that begin with ``#`` are passed over); a list; or descriptions by label.

    Raises:
        InputError: There is none, one comes twice, or the file is not there.

    Example:
        >>> read("dog bark, rain"), read({"rain": "drops on a roof"})
        ({'dog bark': '', 'rain': ''}, {'rain': 'drops on a roof'})
    """
    if isinstance(labels, Mapping):
        return _checked([(label, about or "") for label, about in labels.items()], "the labels given")
    if isinstance(labels, Path) or (isinstance(labels, str) and _is_file(labels)):
        return _checked(_lines(Path(labels)), str(labels))
    words = labels.split(",") if isinstance(labels, str) else labels
    return _checked([(word, "") for word in words], "the labels given")


def _is_file(words: str) -> bool:
    # os.path knows that a name longer than a file's may be is none.
    return os.path.isfile(words) or ("," not in words and Path(words).suffix.lower() == ".txt")


def _lines(path: Path) -> list[tuple[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(
            f"The labels cannot be read from {path}: {error.strerror}. Give a text file with one label a line, or the "
            'labels themselves: --labels "dog bark,rain".'
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file in UTF-8; write one label a line, as plain text.") from error
    rows = [line.partition(":") for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return [(label, about) for label, _, about in rows]


def _checked(rows: Sequence[tuple[str, str]], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for label, about in rows:
        name = " ".join(label.split())
        if not name:
            raise InputError(f"A label is empty in {where}; between two commas, and before a colon, a word must stand.")
        if name in found:
            raise InputError(f"The label {name!r} comes twice in {where}; take one of the two out.")
        found[name] = " ".join(about.split())
    if not found:
        raise InputError(f"No label came in {where}; give some words, such as dog bark, rain, chainsaw.")
    return found
