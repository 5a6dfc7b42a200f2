"""A table of names that grows: recordings that are in it, by their content, are not named again."""

import csv
import io
import itertools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from limbeck import _files
from limbeck._text import read_table
from limbeck.engine import Progress
from limbeck.errors import InputError
from limbeck.prototypes import SoundClassifier
from limbeck.sounds._predictions import Prediction, Unread

COLUMNS = ("path", "start_s", "duration_s", "label", "nature", "score", "scores", "error", "sha256", "classifier")
"""Of the table: where, seen from its folder, the word with its score, why there is none, all scores, what by what."""


@dataclass(frozen=True)
class Table:
    """A CSV file of predictions; `known` are the SHA-256 of recordings in it, `by` says how rows are named."""

    place: Path
    known: frozenset[str]
    by: str
    told: Callable[[str], None]

    @classmethod
    def open(
        cls, place: Path, classifier: SoundClassifier, asked: Mapping[str, Any], told: Callable[[str], None]
    ) -> Self:
        """Read a table, or begin one; rows that were half written are taken off, with others of that recording.

        `asked` is what was asked for of names, beside their classifier: rows that were named otherwise are told of.

        Raises:
            InputError: The file is another kind of table.
        """
        how = _files.digest(classifier.fingerprint, dict(classifier.thresholds), dict(asked))
        by = f"{classifier.encoder.id}/{how}"
        if not place.exists() or not place.stat().st_size:
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(_lines([COLUMNS]), encoding="utf-8")
            return cls(place, frozenset(), by, told)
        _mend(place)
        columns, rows = read_table(place, ",")
        if columns != COLUMNS:
            raise InputError(
                f"{place} is another kind of table: its columns are {', '.join(columns)}, and {', '.join(COLUMNS)} "
                "were expected. Choose a new file for --append."
            )
        if others := {row["sha256"] for _, row in rows if row["classifier"] != by}:
            told(
                f"{len(others)} recordings in {place} were named by another classifier, by this one as it was, or with "
                "other settings (--by, --window, --hop, --min-score, --always); they are left as they are. Choose a "
                "new file for --append to name them again."
            )
        return cls(place, frozenset(row["sha256"] for _, row in rows), by, told)

    def new(self, paths: Sequence[Path], progress: Progress) -> list[Path]:
        """Of some recordings, all of which are read, those that are not in the table; of the same content the first."""
        seen, left = set(self.known), []
        for done, path in enumerate(paths, 1):
            progress(done, len(paths))
            if (content := _files.sha256_of(path)) not in seen or not content:
                left.append(path)
                seen.add(content)
        if skipped := len(paths) - len(left):
            self.told(f"{skipped} recordings are in {self.place} already and were skipped; {len(left)} are new.")
        return left

    def appended(self, rows: Iterator[Prediction | Unread]) -> Iterator[Prediction | Unread]:
        """The same rows, each written once its recording is done, all rows of a recording at once."""
        for path, some in itertools.groupby(rows, key=lambda row: row.path):
            own = list(some)
            if content := _files.sha256_of(path):
                with self.place.open("a", encoding="utf-8", newline="") as file:
                    file.write(_lines([_row(row, self._seen(path), content, self.by) for row in own]))
            yield from own

    def _seen(self, path: Path) -> Path:
        """A recording's path as seen from the table's folder; an absolute one stays as it is."""
        folder = self.place.parent
        if path.is_absolute() or folder.samefile("."):
            return path
        return Path(os.path.relpath(path.parent.resolve() / path.name, folder.resolve()))


def _row(row: Prediction | Unread, place: Path, sha256: str, by: str) -> tuple[str, ...]:
    path = str(place).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if isinstance(row, Unread):
        return (path, "", "", "", "", "", "", row.reason, sha256, by)
    scores = "; ".join(f"{label} {score:.3f}" for label, score in row.scores)
    what = (row.label or "", row.nature or "", f"{row.scores[0][1]:.4f}", scores, "", sha256, by)
    return (path, f"{row.start_s:.3f}", f"{row.duration_s:.3f}", *what)


def _lines(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _mend(place: Path) -> None:
    """Take off a row that was half written, and the rows before it that are of the same recording."""
    content = place.read_bytes()
    if content.endswith(b"\n"):
        return
    lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
    last = lines[-1].rsplit(b",", 2)[-2:] if len(lines) > 1 else []
    while len(lines) > 1 and lines[-1].rsplit(b",", 2)[-2:] == last:
        lines.pop()
    _files.write_bytes(place, b"".join(lines))
