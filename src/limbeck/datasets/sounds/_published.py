"""Public datasets of sounds in their official layout, found and fetched by soundata."""

import csv
from abc import abstractmethod
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self

from limbeck.datasets._listing import require_some
from limbeck.datasets.sounds._contract import SoundDataset
from limbeck.errors import InputError, package


class Archive(NamedTuple):
    """What soundata calls a dataset, the folder it is unpacked to, and a table that every copy has.

    The `size` is that of what is fetched; the `hint` says what to do where there are tables but no recordings.
    """

    name: str
    inner: str
    table: str
    size: str
    hint: str


class Published(SoundDataset):
    """A public dataset, which comes as an `archive`.

    soundata's own index of files and checksums is not asked for: it is fetched from the network into soundata's folder,
    and a copy that somebody unpacked by hand has none. What is read comes from the copy's own tables.
    """

    archive: ClassVar[Archive]

    @classmethod
    def open(cls, root: Path | str, *, download: bool = False) -> Self:
        """Read the tables of a copy.

        Args:
            root: The copy, or the folder its archive was unpacked in.
            download: Fetch it to `root` from its official address if it is not there.

        Raises:
            InputError: It is not there, or is damaged.
        """
        soundata = package("sounds", "soundata")
        name, inner, table, size, hint = cls.archive
        root = Path(root)
        home = root / inner if (root / inner / table).is_file() else root
        copy = soundata.initialize(name, data_home=str(home))
        if not (home / table).is_file() and download:
            copy.download()
        if not (home / table).is_file():
            raise InputError(
                f"There is no copy of {name} in {root}: {table} was looked for. Give the folder that holds it, or "
                f"fetch it from its official address ({size}): "
                f"limbeck.datasets.sounds.load({name!r}).open(root, download=True)."
            )
        dataset = cls._read(copy, home / table)
        require_some((r.path for r in dataset.recordings), told=str(home / table), hint=hint)
        return dataset

    @classmethod
    @abstractmethod
    def _read(cls, copy: Any, table: Path) -> Self:
        """The dataset of a copy, a `soundata.core.Dataset`, which has a table."""


def rows_of(copy: Any, table: Path) -> list[dict[str, Any]]:
    """The rows of a copy's only table, in the order of the recordings' names."""
    try:
        rows = sorted(copy._metadata.items())
    except (ValueError, IndexError, csv.Error) as error:
        raise malformed(table, error) from error
    check_complete(table, len(rows))
    return [row for _, row in rows]


def check_complete(table: Path, count: int) -> None:
    """Refuse a table of which something was passed over: a row of another form, or a file named twice."""
    try:
        with table.open(encoding="utf-8", newline="") as handle:
            rows = sum(bool(row) for row in csv.reader(handle)) - 1
    except (ValueError, csv.Error) as error:
        raise malformed(table, error) from error
    if rows != count or not count:
        raise InputError(
            f"{table} has {rows} rows, but gives {count} recordings: rows are damaged, or files are named twice. Fetch "
            "it again."
        )


def malformed(table: Path, error: Exception) -> InputError:
    """The error for tables that soundata cannot read."""
    return InputError(f"{table} is not as its authors published it ({type(error).__name__}: {error}). Fetch it again.")
