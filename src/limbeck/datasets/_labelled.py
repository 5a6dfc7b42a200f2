"""Labelled files as clip references: a folder of classes, a folder of splits of classes, or a CSV manifest."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from limbeck.datasets._contract import ClipRef
from limbeck.datasets._listing import (
    MANIFEST,
    TEST,
    TRAIN,
    existing_file,
    existing_folder,
    files_below,
    hold_out,
    parse_names,
    parse_pairs,
    parse_seconds,
    portable,
    read_table,
    relative_path,
    require_some,
)
from limbeck.errors import InputError

_SPAN = re.compile(r"@\d+\.\d{3}(-\d+\.\d{3})?$")
_LAYOUT = "<class>/*, <split>/<class>/* or a manifest.csv with the columns path and label"


@dataclass(frozen=True, kw_only=True)
class LabelledFiles:
    """Where labelled files are and how they are divided.

    Attributes:
        source: A folder (``<class>/*``, ``<split>/<class>/*``, or with a ``manifest.csv`` in it) or a CSV file.
        base: Folder that a manifest's paths are relative to; by default the manifest's own.
        where: Keep only a manifest's rows with these values, for instance ``{"slot": "adverb"}``.
        test: Names of the splits that become ``"test"``; all others become ``"train"``.
        test_fraction: Part of every class to test on where the files come without splits, in (0, 1).
        seed: Draws which files that are.
    """

    source: Path
    base: Path | None = None
    where: str | Mapping[str, str] | None = None
    test: str | int | Sequence[str | int] | None = None
    test_fraction: float = 0.2
    seed: int = 0

    def refs(self) -> list[ClipRef]:
        """One reference a file or manifest row, with `audio` and `image` the same file, ordered by path and start.

        Raises:
            InputError: Nothing there, another layout, fewer than two classes, or splits that do not fit.
        """
        if self.source.is_dir():
            manifest = self.source / MANIFEST
            refs = self._from_table(manifest) if manifest.is_file() else self._from_folder()
        else:
            refs = self._from_table(existing_file(self.source, f"a folder ({_LAYOUT}) or a CSV manifest"))
        classes = sorted({r.label for r in refs})
        if len(classes) < 2:
            raise InputError(
                f"{self.source} has one class only, {classes[0]!r}; a dataset needs two or more. Expected: {_LAYOUT}."
            )
        return sorted(self._divided(refs), key=lambda r: (file_of(r), r.start_s, r.id))

    def _from_folder(self) -> list[ClipRef]:
        root = existing_folder(self.source, _LAYOUT)
        if self.where:
            raise InputError(f"The option 'where' picks rows of a manifest, but {root} is a folder without one.")
        files = files_below(root)
        if not files:
            raise InputError(f"{root} holds no media files. Expected: {_LAYOUT}.")
        parts = {name: tuple(name.split("/")) for name, _ in files}
        splits = self._split_folders(list(parts.values()))
        depth = 3 if splits else 2
        loose = [name for name, p in parts.items() if len(p) < depth]
        if loose:
            wanted = "<split>/<class>/" if splits else "<class>/"
            raise InputError(
                f"In {root}, {loose[0]} lies outside of a class folder ({len(loose)} such files in all); {wanted} was "
                "expected. Move them into the folder of their class, or list them in a CSV manifest."
            )
        return [
            ClipRef(
                id=name,
                label=parts[name][depth - 2],
                split=parts[name][0] if splits else "",
                audio=path,
                image=path,
            )
            for name, path in files
        ]

    def _split_folders(self, parts: Sequence[tuple[str, ...]]) -> bool:
        """Whether the top folders are splits: one has a split's name and holds folders only."""
        known = {TRAIN, TEST, *map(str.lower, parse_names(self.test))}
        depths: dict[str, int] = {}
        for p in parts:
            if len(p) > 1 and p[0].lower() in known:
                depths[p[0]] = min(depths.get(p[0], 99), len(p))
        return any(depth >= 3 for depth in depths.values())

    def _from_table(self, table: Path) -> list[ClipRef]:
        columns, rows = read_table(table)
        missing = [c for c in ("path", "label") if c not in columns]
        if missing:
            raise InputError(
                f"{table} lacks the column {' and '.join(missing)}; it has {', '.join(columns)}. Expected: "
                "path, label and, if wanted, split, start and end (seconds)."
            )
        rows = self._wanted(table, columns, rows)
        base = self.base or table.parent
        refs: dict[str, ClipRef] = {}
        lines: dict[str, int] = {}
        for line, row in rows:
            ref = _row_as_ref(row, base, f"{table.name}, line {line}")
            if ref.id in refs:
                raise InputError(
                    f"{table.name}, line {line}: {ref.id} came before in line {lines[ref.id]} "
                    f"(labels {refs[ref.id].label!r} and {ref.label!r}). Remove one of the two."
                )
            refs[ref.id], lines[ref.id] = ref, line
        hint = "Paths are relative to the manifest's folder; for another one give the option 'base'."
        require_some((r.audio for r in refs.values() if r.audio), told=str(table), hint=hint)
        return list(refs.values())

    def _wanted(
        self, table: Path, columns: Sequence[str], rows: list[tuple[int, dict[str, str]]]
    ) -> list[tuple[int, dict[str, str]]]:
        wanted = parse_pairs(self.where, "where")
        for column, value in wanted.items():
            if column not in columns:
                raise InputError(f"'where' names the column {column!r}, but {table} has {', '.join(columns)}.")
            came = sorted({row[column] for _, row in rows})
            rows = [(line, row) for line, row in rows if row[column] == value]
            if not rows:
                raise InputError(
                    f"No row of {table} has {column} = {value!r}; the values there are {', '.join(came[:12])}."
                )
        if not rows:
            raise InputError(f"{table} has a header but no rows.")
        return rows

    def _divided(self, refs: Sequence[ClipRef]) -> list[ClipRef]:
        came = Counter(_usual(r.split) for r in refs)
        test = {_usual(name) for name in parse_names(self.test)}
        listed = ", ".join(f"{s!r} ({n})" for s, n in sorted(came.items()) if s)
        if came[""] == len(refs):
            if test:
                raise InputError(
                    f"'test' names the splits {sorted(test)}, but {self.source} has none; leave 'test' out and a part "
                    "of every class is held out (test_fraction)."
                )
            return self._held_out(refs)
        if came[""]:
            raise InputError(
                f"{came['']} clips of {self.source} have no split, while others have: {listed}. Fill it in."
            )
        if test - set(came):
            raise InputError(f"'test' names {sorted(test - set(came))}, but the splits of {self.source} are {listed}.")
        if test:
            refs = [replace(r, split=TEST if _usual(r.split) in test else TRAIN) for r in refs]
        else:
            refs = [replace(r, split=_usual(r.split)) for r in refs]
        lacking = [s for s in (TRAIN, TEST) if all(r.split != s for r in refs)]
        if lacking:
            raise InputError(
                f"{self.source} has the splits {listed}; none is left for {lacking[0]!r}. Say with the option 'test' "
                "which of them to test on (test='fold4'); the others become the training clips."
            )
        return list(refs)

    def _held_out(self, refs: Sequence[ClipRef]) -> list[ClipRef]:
        groups: dict[str, Counter[str]] = defaultdict(Counter)
        for r in refs:
            groups[file_of(r)][r.label] += 1
        tested = hold_out(groups, fraction=self.test_fraction, seed=self.seed)
        return [replace(r, split=TEST if file_of(r) in tested else TRAIN) for r in refs]


def _row_as_ref(row: Mapping[str, str], base: Path, where: str) -> ClipRef:
    name = relative_path(row["path"], where)
    if not row["label"]:
        raise InputError(f"{where}: the label is empty.")
    start, end = (row.get(key) or row.get(f"{key}_s") or "" for key in ("start", "end"))
    start_s = parse_seconds(start, f"{where}, column start") if start else 0.0
    end_s = parse_seconds(end, f"{where}, column end") if end else None
    if end_s is not None and end_s <= start_s:
        raise InputError(f"{where}: the clip ends at {end_s} s but starts at {start_s} s; the end must be later.")
    return ClipRef(
        id=clip_id(portable(name), start_s, end_s) if start or end else portable(name),
        label=row["label"],
        split=row.get("split", ""),
        audio=base / name,
        image=base / name,
        start_s=start_s,
        length_s=None if end_s is None else end_s - start_s,
    )


def clip_id(file: str, start_s: float, end_s: float | None) -> str:
    """Name of a part of a file.

    Example:
        >>> clip_id("a/b.mp4", 0.95, 1.18)
        'a/b.mp4@0.950-1.180'
    """
    return f"{file}@{start_s:.3f}" + ("" if end_s is None else f"-{end_s:.3f}")


def file_of(ref: ClipRef) -> str:
    """Relative name of the file a clip is part of: its id without the span of time."""
    return _SPAN.sub("", ref.id)


def _usual(split: str) -> str:
    return split.lower() if split.lower() in (TRAIN, TEST) else split
