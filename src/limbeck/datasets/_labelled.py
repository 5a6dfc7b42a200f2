"""Labelled files as clip references: a folder of classes, a folder of splits of classes, or a CSV manifest."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast, get_args

from limbeck._text import portable, read_table
from limbeck.datasets._clips import PAIRS
from limbeck.datasets._contract import ClipRef
from limbeck.datasets._listing import (
    MANIFEST,
    TEST,
    TRAIN,
    VALIDATION,
    existing_file,
    existing_folder,
    hold_out,
    parse_names,
    parse_pairs,
    parse_span,
    placed,
    probed,
    require_some,
    usual_split,
    with_tracks,
)
from limbeck.errors import InputError, MediaError
from limbeck.media import TRACKS, Track, files_below, probe

Layout = Literal["class", "split/class", "class/split"]
_NAMED = 4
_LOOKED_AT = 16
_FEW = 20
"""Of a class of more clips, some that are held out can be read where any can."""
_SPAN = re.compile(r"@\d+\.\d{3}(-\d+\.\d{3})?$")
_LAYOUT = "<class>/*, <split>/<class>/* or a manifest.csv with the columns path and label"


@dataclass(frozen=True, kw_only=True)
class LabelledFiles:
    """Where labelled files are and how they are divided; what is not told here is as in `Folder`.

    Of files of one name in one folder, those `with_tracks` of the wanted `tracks` are taken. The `suffix` ends the
    names of options in messages: ``"_sounds"`` where the option is ``test_sounds``.
    """

    source: Path
    base: Path | None = None
    where: str | Mapping[str, str] | None = None
    test: str | int | Sequence[str | int] | None = None
    test_fraction: float = 0.2
    seed: int = 0
    layout: str | None = None
    tracks: Collection[Track] = TRACKS
    suffix: str = ""
    unlabelled: bool = False

    def refs(self) -> list[ClipRef]:
        """One reference a file or manifest row, with `audio` and `image` the same file, ordered by path and start."""
        if self.source.is_dir():
            manifest = self.source / MANIFEST
            refs = self._from_table(manifest) if manifest.is_file() else self._from_folder()
        else:
            refs = self._from_table(existing_file(self.source, f"a folder ({_LAYOUT}) or a CSV manifest"))
        classes = sorted({r.label for r in refs})
        if len(classes) < 2 and not self.unlabelled:
            raise InputError(
                f"{self.source} has one class only, {classes[0]!r}; a dataset needs two or more. Expected: {_LAYOUT}. "
                "Clips without classes are prepared with --unlabelled."
            )
        told = divided(
            refs,
            source=str(self.source),
            test=self.test,
            test_fraction=self.test_fraction,
            seed=self.seed,
            suffix=self.suffix,
        )
        return sorted(told, key=lambda r: (file_of(r), r.start_s, r.id))

    def _from_folder(self) -> list[ClipRef]:
        root = existing_folder(self.source, _LAYOUT)
        if self.where:
            raise InputError(f"'where{self.suffix}' picks rows of a manifest, but {root} is a folder without one.")
        listed, named = files_below(root), defaultdict[Path, list[Path]](list)
        for _, path in listed:
            named[path.with_suffix("")].append(path)
        # What lies beside a recording under its name and is none is left out: a thumbnail, or its sound alone.
        kept = {path for paths in named.values() for path in with_tracks(paths, self.tracks)}
        if not (files := [(name, path) for name, path in listed if path in kept]):
            raise InputError(f"{root} holds no media files. Expected: {_LAYOUT}.")
        if twice := [name for name, n in Counter(name for name, _ in files).items() if n > 1]:
            raise InputError(
                f"{root} holds two files named {twice[0]}, whose names differ in their Unicode form only. Rename one."
            )
        if self.unlabelled:
            return [ClipRef(id=name, label=PAIRS, split="", audio=path, image=path) for name, path in files]
        parts = {name: tuple(name.split("/")) for name, _ in files}
        tested = {name.lower() for name in parse_names(self.test)}
        layout = checked(self.layout, f"layout{self.suffix}") or layout_of(
            list(parts.values()),
            lambda name: usual_split(name) is not None or name.lower() in tested,
            source=str(root),
            option=f"layout{self.suffix}",
        )
        if loose := [name for name, p in parts.items() if len(p) <= layout.count("/") + 1]:
            wanted = "/".join(f"<{name}>" for name in layout.split("/"))
            raise InputError(
                f"In {root}, {loose[0]} lies outside of a class folder ({len(loose)} such files in all); {wanted}/ was "
                "expected. Move them into the folder of their class, or list them in a CSV manifest."
            )
        label_at, split_at = places(layout)
        return [
            ClipRef(
                id=name,
                label=parts[name][label_at],
                split="" if split_at is None else parts[name][split_at],
                audio=path,
                image=path,
            )
            for name, path in files
        ]

    def _from_table(self, table: Path) -> list[ClipRef]:
        columns, rows = read_table(table)
        if missing := [c for c in ("path", *(["label"] * (not self.unlabelled))) if c not in columns]:
            raise InputError(
                f"{table} lacks the column {' and '.join(missing)}; it has {', '.join(columns)}. Expected: "
                "path, label and, if wanted, split, start and end (seconds)."
            )
        rows = self._wanted(table, columns, rows)
        refs: dict[str, ClipRef] = {}
        before: dict[str, str] = {}
        for where, row, name, file in placed(rows, table, self.base):
            if not self.unlabelled and not row["label"]:
                raise InputError(f"{where}: the label is empty.")
            start, end = (row.get(key) or row.get(f"{key}_s") or "" for key in ("start", "end"))
            start_s, end_s = parse_span(start, end, where, "clip")
            ref = ClipRef(
                id=clip_id(name, start_s, end_s) if start or end else name,
                label=PAIRS if self.unlabelled else portable(row["label"]),
                split=row.get("split", ""),
                audio=file,
                image=file,
                start_s=start_s,
                length_s=None if end_s is None else end_s - start_s,
            )
            if ref.id in refs:
                raise InputError(
                    f"{where}: {ref.id} came before in {before[ref.id].removeprefix(f'{table.name}, ')} "
                    f"(labels {refs[ref.id].label!r} and {ref.label!r}). Remove one of the two."
                )
            refs[ref.id], before[ref.id] = ref, where
        hint = "Paths are relative to the manifest's folder" + (
            "." if self.suffix else "; for another one give the option 'base'."
        )
        require_some((r.audio for r in refs.values() if r.audio), told=str(table), hint=hint)
        return list(refs.values())

    def _wanted(
        self, table: Path, columns: Sequence[str], rows: list[tuple[int, dict[str, str]]]
    ) -> list[tuple[int, dict[str, str]]]:
        for column, value in parse_pairs(self.where, f"where{self.suffix}").items():
            if column not in columns:
                raise InputError(
                    f"'where{self.suffix}' names the column {column!r}, but {table} has {', '.join(columns)}."
                )
            came = sorted({row[column] for _, row in rows})
            rows = [(line, row) for line, row in rows if row[column] == value]
            if not rows:
                raise InputError(
                    f"No row of {table} has {column} = {value!r}; the values there are {', '.join(came[:12])}."
                )
        if not rows:
            raise InputError(f"{table} has a header but no rows.")
        return rows


def divided(
    refs: Sequence[ClipRef],
    *,
    source: str,
    test: str | int | Sequence[str | int] | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
    suffix: str = "",
) -> list[ClipRef]:
    """Clips with the splits that they are in: those they came with, or else a part of every class is held out.

    Clips that are refused are not held out, and need no split; nor are, of a class with few, those of files without a
    header that can be read, if others have one. Messages call the data its `source`; the other options are as in
    `Folder`.
    """
    if any(r.split for r in refs):
        refs = [replace(r, split=TRAIN) if r.refused and not r.split else r for r in refs]
    came = Counter(trained_or_tested(r.split) for r in refs)
    tested = {trained_or_tested(name) for name in parse_names(test)}
    listed = ", ".join(f"{s!r} ({n})" for s, n in sorted(came.items()) if s)
    if came[""] == len(refs):
        if tested:
            raise InputError(
                f"'test{suffix}' names the splits {sorted(tested)}, but {source} has none; leave "
                f"'test{suffix}' out and a part of every class is held out (test_fraction)."
            )
        groups: dict[str, Counter[str]] = defaultdict(Counter)
        usable = [r for r in refs if r.refused is None]
        sizes = Counter(r.label for r in usable)
        sound = [r for r in usable if sizes[r.label] > _FEW or _has_header(r)]
        lost = sizes.keys() - {r.label for r in sound}
        for r in [*sound, *(r for r in usable if r.label in lost)]:
            groups[file_of(r)][r.label] += 1
        held = hold_out(groups, fraction=test_fraction, seed=seed)
        return [replace(r, split=TEST if file_of(r) in held else TRAIN, is_drawn=True) for r in refs]
    if came[""]:
        raise InputError(f"{came['']} clips of {source} have no split, while others have: {listed}. Fill it in.")
    if unknown := sorted(tested - set(came)):
        raise InputError(f"'test{suffix}' names {unknown}, but the splits of {source} are {listed}.")
    names = {name: (TEST if name in tested else TRAIN) if tested else name for name in came}
    refs = [replace(r, split=names[trained_or_tested(r.split)]) for r in refs]
    if lacking := [s for s in (TRAIN, TEST) if all(r.split != s for r in refs)]:
        raise InputError(
            f"{source} has the splits {listed}; none is left for {lacking[0]!r}. Say with the option "
            f"'test{suffix}' which of them to test on (test{suffix}='fold4'); the others become the "
            "training clips."
        )
    return list(refs)


def _has_header(ref: ClipRef) -> bool:
    """Whether a clip's recordings, if it has some, may be readable, as their headers tell."""
    return all(path is None or probed(path) is not None for path in {ref.audio, ref.image})


def found_tracks(refs: Sequence[ClipRef], told: str) -> tuple[Track, ...]:
    """The tracks that the first clip has which can be looked at; `told` is what the data is called."""
    why = "none is listed that has a sound or a picture"
    for ref in [r for r in refs if r.refused is None][:_LOOKED_AT]:
        try:
            infos = {track: probe(path) for track in TRACKS if (path := getattr(ref, track)) is not None}
        except MediaError as error:
            why = f"the first is not ({error})"
            continue
        if found := tuple(track for track, info in infos.items() if track in info.tracks):
            return found
    raise InputError(f"Not one of the first clips of {told} can be decoded: {why}.")


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


def trained_or_tested(split: str) -> str:
    """``"train"`` or ``"test"`` where a split's name says so; other splits keep their names."""
    usual = usual_split(split)
    return split if usual in (None, VALIDATION) else str(usual)


def layout_of(parts: Sequence[tuple[str, ...]], is_split: Callable[[str], bool], *, source: str, option: str) -> Layout:
    """The layout that the folders' names tell.

    Top folders are splits if one has a split's name and holds folders only. They are classes if there are files in
    them, or if all their sub-folders have names of splits.

    Example:
        >>> kaggle = [("train", "cat", "1.mp4"), ("test", "cat", "1.mp4")]
        >>> layout_of(kaggle, {"train", "test"}.__contains__, source="videos", option="layout")
        'split/class'
    """
    least: dict[str, int] = {}
    below: defaultdict[str, set[str]] = defaultdict(set)
    for p in parts:
        least[p[0]] = min(least.get(p[0], len(p)), len(p))
        below[p[0]].update(p[1:2] if len(p) > 2 else ())
    if any(is_split(top) and depth > 2 for top, depth in least.items()):
        return "split/class"
    if min(least.values(), default=0) < 3:
        return "class"
    if all(map(is_split, set().union(*below.values()))):
        return "class/split"
    common = set.intersection(*below.values())
    if len(below) > 1 and len(common) > 1:
        raise InputError(
            f"In {source}, the folders {_some(below)} hold the same sub-folders ({_some(common)}): the upper may be "
            f"splits or classes. Say which with the option {option!r}: {option}=split/class, or {option}=class."
        )
    return "class"


def checked(layout: str | None, option: str) -> Layout | None:
    """A layout that was asked for, if there is such a one."""
    if layout is not None and layout not in get_args(Layout):
        raise InputError(f"The option {option!r} must be one of {', '.join(get_args(Layout))}, but is {layout!r}.")
    return cast("Layout | None", layout)


def places(layout: Layout) -> tuple[int, int | None]:
    """Which of the folders above a file is its class, and which its split.

    Example:
        >>> places("split/class"), places("class")
        ((1, 0), (0, None))
    """
    names = layout.split("/")
    return names.index("class"), names.index("split") if "split" in names else None


def _some(names: set[str] | defaultdict[str, set[str]]) -> str:
    ordered = sorted(names)
    return ", ".join([*ordered[:_NAMED], *(["..."] if len(ordered) > _NAMED else [])])
