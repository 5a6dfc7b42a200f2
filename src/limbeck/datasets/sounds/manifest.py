"""Your own recordings, listed in a CSV table (`manifest`).

Columns: ``path`` (relative to the table, or all absolute), and, where known, ``label`` (several with ``|`` between
them), ``split`` (folds, or train, validation and test; val, valid and dev are validation), ``start`` and ``end`` in
seconds, ``group`` (what the sound was cut from). Further columns are passed over.
"""

from pathlib import Path
from typing import ClassVar, Self, final

from limbeck._text import portable, read_table
from limbeck.datasets._labelled import clip_id
from limbeck.datasets._listing import MANIFEST, existing_file, parse_span, placed, require_some
from limbeck.datasets.sounds._contract import Recording, SoundDataset, of_files
from limbeck.errors import InputError


@final
class Manifest(SoundDataset):
    """Recordings of a table; see `SoundDataset`."""

    title: ClassVar[str] = "Your own recordings, from a table"
    licence: ClassVar[str] = "your own files: their owners' terms hold"
    citation: ClassVar[str] = ""

    @classmethod
    def open(cls, root: Path | str, *, folds: int = 5, seed: int = 0) -> Self:
        """Read a table.

        Args:
            root: The CSV file, or a folder with a ``manifest.csv``.
            folds: Folds to draw where there are no splits; 0 for none.
            seed: Of the draw.

        Raises:
            InputError: A row does not fit (with its line), or two labels are the same in words.
        """
        given = Path(root)
        table = existing_file(given / MANIFEST if given.suffix.lower() != ".csv" else given, "a table of recordings")
        columns, rows = read_table(table)
        if "path" not in columns:
            raise InputError(f"{table} lacks the column path; it has {', '.join(columns)}.")
        found: dict[str, Recording] = {}
        for where, row, name, file in placed(rows, table):
            start, end = parse_span(row.get("start", ""), row.get("end", ""), where, "sound")
            id = name if not start and end is None else clip_id(name, start, end)
            if id in found:
                raise InputError(f"{where}: {id} came before. Remove one of the two.")
            found[id] = Recording(
                id=id,
                path=file,
                labels=tuple(dict.fromkeys(portable(w.strip()) for w in row.get("label", "").split("|") if w.strip())),
                split=row.get("split", ""),
                start_s=start,
                duration_s=None if end is None else end - start,
                group=row.get("group") or name,
            )
        hint = "Paths are relative to the table's folder."
        require_some((r.path for r in found.values()), told=str(table), hint=hint)
        return of_files(cls, list(found.values()), folds, seed)
