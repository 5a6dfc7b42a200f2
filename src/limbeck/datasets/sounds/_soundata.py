"""Copies of public datasets, found and fetched by soundata."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from limbeck.errors import InputError, MissingExtraError


def copy_of(name: str, root: Path | str, *, inner: str, needed: str, size: str, download: bool) -> Any:
    """A copy as soundata sees it, a `soundata.core.Dataset`, made sure that its list of recordings is there.

    soundata's own index of files and checksums is not asked for: it is fetched from the network into soundata's folder,
    and a copy that somebody unpacked by hand has none. What is read comes from the copy's own tables. `root` is the
    copy, or the folder its archive was unpacked in as `inner`; every copy has the file `needed`.
    """
    try:
        import soundata
    except ImportError as error:
        raise MissingExtraError("sounds", "soundata") from error
    root = Path(root)
    home = root / inner if (root / inner / needed).is_file() else root
    copy: Any = soundata.initialize(name, data_home=str(home))
    if not (home / needed).is_file() and download:
        copy.download()
    if not (home / needed).is_file():
        raise InputError(
            f"There is no copy of {name} in {root}: {needed} was looked for. Give the folder that holds it, or fetch "
            f"it from its official address ({size}): limbeck.datasets.sounds.load({name!r}).open(root, download=True)."
        )
    return copy


def rows_of(copy: Any, table: str) -> list[dict[str, Any]]:
    """The rows of a copy's only table, in the order of the recordings' names."""
    home = Path(copy.data_home)
    try:
        rows = sorted(copy._metadata.items())
    except (ValueError, IndexError, csv.Error) as error:
        raise malformed(table, home, error) from error
    check_complete(home / table, len(rows))
    return [row for _, row in rows]


def check_complete(table: Path, count: int) -> None:
    """Refuse a table of which something was passed over: a row of another form, or a file named twice."""
    try:
        with table.open(encoding="utf-8", newline="") as handle:
            rows = sum(bool(row) for row in csv.reader(handle)) - 1
    except (ValueError, csv.Error) as error:
        raise malformed(table.name, table.parent, error) from error
    if rows != count or not count:
        raise InputError(
            f"{table} has {rows} rows, but gives {count} recordings: rows are damaged, or files are named twice. Fetch "
            "it again."
        )


def malformed(table: str, root: Path | str, error: Exception) -> InputError:
    """The error for a copy whose tables soundata cannot read."""
    return InputError(
        f"{table} in {root} is not as its authors published it ({type(error).__name__}: {error}). Fetch it again."
    )
