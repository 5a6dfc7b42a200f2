"""Limbeck's own export as a folder of ordinary files: ``metadata.csv``, ``config.json``, arrays (`folder`).

Source:   `limbeck.exports.folder`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import final

import numpy as np

from limbeck._text import read_table
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports._contract import Given, Import
from limbeck.imports._exported import Description, Sample, array_of, is_export, rebuilt
from limbeck.imports._source import Source


@final
class Folder(Import):
    """A folder that ``limbeck export --to folder`` wrote: the same samples to the last bit."""

    @classmethod
    def recognises(cls, source: Source) -> bool:
        return is_export(source, "config.json", "folder") and (source.path / "metadata.csv").is_file()

    def read(self, source: Source, given: Given) -> DistilledSet:
        about = Description(source.path / "config.json")
        table = source.path / "metadata.csv"
        _, rows = read_table(table)
        files = [source.path / "config.json", table]
        files += [self._file(source, row.get(name, "")) for _, row in rows for name in about.modalities]
        return rebuilt(self, source, given, about, self._samples(source, about, rows), files)

    def _samples(self, source: Source, about: Description, rows: list[tuple[int, dict[str, str]]]) -> Iterator[Sample]:
        for line, row in rows:
            files = {name: self._file(source, row.get(name, "")) for name in about.modalities}
            try:
                number, label = int(row["number"]), int(row["label"])
                soft = np.array([np.float32(word) for word in row.get("soft_label", "").split()], np.float32)
            except (KeyError, ValueError) as error:
                raise InputError(f"{source.path / 'metadata.csv'}, line {line}, is damaged ({error}).") from error
            arrays = {name: array_of(file.read_bytes(), str(file)) for name, file in files.items()}
            yield Sample(number, arrays, label, soft if len(soft) else None)

    def _file(self, source: Source, name: str) -> Path:
        """A file that the table names: below the folder, and there."""
        file = source.path / name
        if not name or not file.resolve().is_relative_to(source.path.resolve()) or not file.is_file():
            raise InputError(f"{source.path / 'metadata.csv'} names {name!r}, which is no file in its folder.")
        return file
