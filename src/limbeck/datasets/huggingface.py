"""Hugging Face datasets on disk: folders of `save_to_disk`, Parquet files, an `imagefolder` or `audiofolder`.

Columns are found by what Hugging Face wrote down of them (Image, Audio, Video, ClassLabel), or else by what their
first cells hold. Recordings are decoded here, from the bytes in the table or the files beside it; tables are read a
piece at a time. Nothing is fetched, no script is run, and the package `datasets` is not needed.

Source:   the layouts of https://huggingface.co/docs/datasets.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, final

from limbeck._text import portable, read_table
from limbeck.datasets._columns import LABEL, SPLIT, columns, features_of, split_told
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._labelled import LabelledFiles, divided, found_tracks
from limbeck.datasets._labels import class_names, in_order, label_of, named, why_unnamed
from limbeck.datasets._listing import located, read_lines, usual_split
from limbeck.datasets._many import expanded, split_of, titles, without_one_split
from limbeck.datasets._window import Window, check_window, read_part
from limbeck.errors import InputError, MediaError
from limbeck.media import TRACKS, ClipRecipe, RawClip, table

_DICT, _STATE = "dataset_dict.json", "state.json"
_METADATA = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_FILE_NAME = "file_name"
_EXPECTED = "a folder that save_to_disk wrote, Parquet files, or a folder of files by class or with a metadata.csv"


@final
class HuggingFace(Dataset):
    """A dataset in a layout of Hugging Face's.

    Splits are those of a column ``split``, or else of the layout (of a `DatasetDict`, in the names of files or
    folders); where there is one only, a part of every class is held out. A row without label or recording is listed as
    rejected.

    Args:
        root: The folder, a table (``.parquet``, ``.arrow``), or a pattern: ``data/train-*.parquet``.
        audio: Column of the sounds, or of videos; by default the only one of that kind.
        image: Column of the pictures, or of videos, likewise.
        label: Column of the labels; by default the one called ``label``, or the only ClassLabel.
        classes: Class names, in whose order labels that are numbers count, ``cat,dog``; by default the ClassLabel's.
        test: Names of the splits that become ``"test"``, all others becoming ``"train"``: ``validation``.
        test_fraction: Part of every class to test on where there is one split only, in (0, 1).
        seed: Draws which clips are held out.
        window: Which part of a recording longer than a clip is taken: ``"loudest"``, ``"middle"`` or ``"start"``.
    """

    title: ClassVar[str] = "Your own dataset in a layout of Hugging Face's"
    licence: ClassVar[str] = "your own files: their owners' terms hold"
    citation: ClassVar[str] = ""

    def __init__(
        self,
        root: str | Path,
        *,
        audio: str | None = None,
        image: str | None = None,
        label: str | None = None,
        classes: str | Sequence[str] | None = None,
        test: str | int | Sequence[str | int] | None = None,
        test_fraction: float = 0.2,
        seed: int = 0,
        window: Window = "loudest",
    ) -> None:
        self.root, self.window = root, window
        self._columns: dict[str, Any] = {"audio": audio, "image": image, "label": label}
        self._given = class_names(classes)
        self._division: dict[str, Any] = {"test": test, "test_fraction": test_fraction, "seed": seed}

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names that were given, or the ClassLabel's; else the labels, in order."""
        return self._listed[1] or in_order(ref.label for ref in self.clips() if ref.refused is None)

    def clips(self) -> Sequence[ClipRef]:
        """One clip a row or a file, in the order of the tables; ``train-0.parquet/000017`` is one's id."""
        check_window(self.window)
        return self._listed[0]

    def usual_modalities(self) -> tuple[str, ...]:
        """What the first rows have."""
        return found_tracks(self.clips(), str(self.root))

    def content(self) -> str:
        """What of a row is read."""
        return f"{self.window} {self._columns}"

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        """Decode the sound and the picture of one row, or the part of its video that `window` says."""
        return read_part(clip.audio, clip.image, self.window, recipe)

    def __getstate__(self) -> dict[str, Any]:
        """Without the list of clips, which who reads them is told."""
        return {name: value for name, value in vars(self).items() if name != "_listed"}

    @cached_property
    def _listed(self) -> tuple[list[ClipRef], tuple[str, ...]]:
        """The clips, and class names where they are known without them."""
        root = Path(self.root)
        if root.is_dir():
            if saved := _saved(root):
                return self._of_tables(saved)
            if metadata := sorted(path for name in _METADATA for path in root.rglob(name)):
                return self._of_files(root, metadata)
            if not any(root.rglob("*.parquet")):
                return self._of_folders(root)
        found = titles(expanded(root, table.ENDINGS, "tables (*.parquet)" if root.is_dir() else _EXPECTED))
        return self._of_tables([(file, title, split_of(title)) for file, title in found])

    def _of_tables(self, files: Sequence[tuple[Path, str, str]]) -> tuple[list[ClipRef], tuple[str, ...]]:
        """Clips of tables, each with its title and split."""
        refs: list[ClipRef] = []
        known, by_row = self._given, False
        for path, title, split in files:
            rows, told, says_splits = self._of_table(path, title, split, known)
            refs += rows
            by_row |= says_splits
            if told and known and told != known and not self._given:
                raise InputError(
                    f"{self.root} numbers other classes in {path.name}, {list(told)}, than before, {list(known)}, so "
                    "that a label means one thing here and another there. Give the class names, if all files mean "
                    "those (--set classes=...), or prepare the files apart."
                )
            known = known or told
        return divided(without_one_split(refs, by_row=by_row), source=str(self.root), **self._division), known

    def _of_table(
        self, path: Path, title: str, split: str, classes: tuple[str, ...]
    ) -> tuple[list[ClipRef], tuple[str, ...], bool]:
        """Clips of a table, the class names it tells, and whether its rows say their splits.

        What is wrong with the table itself is a refused clip.
        """
        try:
            found = table.opened(path)
        except MediaError as error:
            return [_refused(title, split, path, error.reason, error.detail)], (), False
        there = columns(features_of(found), **self._columns, told=str(path)) if found.rows else None
        refs: list[ClipRef] = []
        names = classes or (there.classes if there else ())
        if there:
            paths = {track: there.media.get(track) for track in TRACKS}
            for row, (value, *says) in enumerate(found.values([there.label, *filter(None, [there.split])])):
                label = label_of(value)
                name = named(label, names)
                inside = {track: path / str(row) / column if column else None for track, column in paths.items()}
                refs.append(
                    ClipRef(
                        id=f"{title}/{row:06d}",
                        label=name or "",
                        split=split_told(says[0], there.splits) if says else split,
                        audio=inside["audio"],
                        image=inside["image"],
                        refused=why_unnamed(label, names) if name is None else None,
                    )
                )
        if found.flaw:
            refs.append(_refused(title, split, path, "truncated_table", found.flaw))
        return refs, there.classes if there else (), bool(there and there.split)

    def _of_files(self, root: Path, metadata: Sequence[Path]) -> tuple[list[ClipRef], tuple[str, ...]]:
        """Clips of an `imagefolder` or `audiofolder` whose files are listed."""
        refs: dict[str, ClipRef] = {}
        by_row = False
        for path in metadata:
            below = path.parent.relative_to(root)
            for row in _ROWS[path.suffix](path):
                by_row |= SPLIT in row
                ref = self._of_row(root, path, below, row)
                if ref.id in refs and ref.label != refs[ref.id].label:
                    told = f"{path.name} gives it the labels {refs[ref.id].label!r} and {ref.label!r}; keep one."
                    ref = replace(ref, refused=("doubled_name", told))
                refs[ref.id] = ref
        return divided(
            without_one_split([*refs.values()], by_row=by_row), source=str(root), **self._division
        ), self._given

    def _of_row(self, root: Path, path: Path, below: Path, row: Mapping[str, Any]) -> ClipRef:
        files: dict[str, Any] = {"audio": row.get("audio_file_name"), "image": row.get("image_file_name")}
        files = {track: name or row.get(_FILE_NAME) for track, name in files.items()}
        column = self._columns["label"] or LABEL
        if column not in row or not any(files.values()):
            raise InputError(
                f"{path} should have the columns {_FILE_NAME} and {column}, but has {', '.join(map(str, row))}. Name "
                "the one of labels: label=COLUMN."
            )
        label = label_of(row[column])
        name = named(label, self._given)
        refused = why_unnamed(label, self._given) if name is None else None
        for file in filter(None, files.values()):
            if not isinstance(file, str) or ".." in PurePosixPath(file).parts or PurePosixPath(file).is_absolute():
                refused = "bad_name", f"{path.name} names the file {file!r}, which is not below its own folder."
        first = next(filter(None, files.values()))
        places = {
            track: located(path.parent, str(file)) if file and refused is None else None
            for track, file in files.items()
        }
        return ClipRef(
            id=portable((below / str(first)).as_posix()),
            label=name or "",
            split=split_told(row[SPLIT]) if SPLIT in row else split_of(f"{below.as_posix()}/"),
            audio=places["audio"],
            image=places["image"],
            refused=refused,
        )

    def _of_folders(self, root: Path) -> tuple[list[ClipRef], tuple[str, ...]]:
        """Clips of an `imagefolder` or `audiofolder` whose folders are classes."""
        return LabelledFiles(source=root, **self._division).refs(), self._given


def _saved(root: Path) -> list[tuple[Path, str, str]]:
    """Tables of a folder that `save_to_disk` wrote, with title and split; none of another folder."""
    if (root / _DICT).is_file():
        splits = _json(root / _DICT).get("splits")
        if not isinstance(splits, list) or not splits:
            raise InputError(f"{root / _DICT} names no splits; save the dataset again.")
        return [
            (path, f"{split}/{path.name}", str(usual_split(split) or split))
            for split in map(str, splits)
            for path in _tables(root / split)
        ]
    return [(path, path.name, "") for path in _tables(root)] if (root / _STATE).is_file() else []


def _tables(folder: Path) -> list[Path]:
    files = _json(folder / _STATE).get("_data_files")
    if not isinstance(files, list) or not all(isinstance(f, dict) and "filename" in f for f in files):
        raise InputError(f"{folder / _STATE} names no tables; save the dataset again.")
    return [folder / Path(str(file["filename"])).name for file in files]


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is missing or damaged ({error}); save the dataset again.") from error
    if not isinstance(found, dict):
        raise InputError(f"{path} is damaged; save the dataset again.")
    return found


def _of_csv(path: Path) -> Iterator[Mapping[str, Any]]:
    yield from (row for _, row in read_table(path)[1])


def _of_lines(path: Path) -> Iterator[Mapping[str, Any]]:
    for number, line in enumerate(read_lines(path, "lines of JSON"), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{path}, line {number}, is no JSON: {error}. Mend or remove the line.") from error
            if not isinstance(row, dict):
                raise InputError(f"{path}, line {number}, should be a JSON object with the columns of a file.")
            yield row


def _of_parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        found = table.opened(path)
    except MediaError as error:
        raise InputError(f"{error.detail} Write it again.") from error
    names = list(found.schema.names)
    yield from (dict(zip(names, values, strict=True)) for values in found.values(names))


_ROWS = {".csv": _of_csv, ".jsonl": _of_lines, ".parquet": _of_parquet}


def _refused(title: str, split: str, path: Path, reason: str, detail: str) -> ClipRef:
    return ClipRef(id=title, label="", split=split, audio=path, image=path, refused=(reason, detail))
