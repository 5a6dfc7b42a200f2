"""A prepared dataset on disk: what is in it, and its arrays row by row without holding them."""

import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from limbeck._files import NOTE, SEAL, atomic, digest, is_of_system, read_record, read_tensors, write_tensors
from limbeck._locations import File, Location, each
from limbeck.datasets import _annotations, _sources
from limbeck.datasets._annotations import Annotation
from limbeck.datasets._clips import ClipStore, LabelledClips, Targets
from limbeck.datasets._window import CUT
from limbeck.errors import InputError, UnknownNameError
from limbeck.media import ClipRecipe, RawClip
from limbeck.modalities import Modality, Statistics, bound

FORMAT = "limbeck-prepared-3"
_TABLES = ("clips.parquet", "rejected.parquet")
_LENGTH_BYTES = 8
_HEADER_BYTES = 2**18
"""As many are asked for at once: most headers are shorter, and each question to a store takes its time."""
_MOST_SHOWN = 10
_DTYPES = {"F32": torch.float32, "U8": torch.uint8}


@dataclass(frozen=True)
class Shard:
    """One safetensors file: its rows, the first byte of each modality's arrays, and the record that `prepare` wrote."""

    file: File
    rows: int
    offsets: dict[str, int]
    record: dict[str, Any]

    @classmethod
    def open(
        cls,
        file: File,
        modalities: Mapping[str, Modality],
        check: Callable[[dict[str, Any]], None] = lambda record: None,
    ) -> "Shard":
        """One of a prepared dataset; `check` sees the record before anything is said of the arrays."""
        with _intact(file):
            header, data_start, size = _header(file)
            record = json.loads(header["__metadata__"][NOTE])
            check(record)
            rows = header[next(iter(modalities))]["shape"][0]
            offsets: dict[str, int] = {}
            end = data_start
            for name, modality in modalities.items():
                entry, wanted = header[name], [rows, *modality.shape]
                if _DTYPES.get(entry["dtype"]) != modality.dtype or entry["shape"] != wanted:
                    raise ValueError(
                        f"its arrays of {name} are {entry['dtype']} {entry['shape']}, not {modality.dtype} {wanted}"
                    )
                first, last = entry["data_offsets"]
                offsets[name] = data_start + first
                end = max(end, data_start + last)
            if end != size:
                raise ValueError(f"it has {size} bytes instead of {end}")
            return cls(file, rows, offsets, record)

    def check(self, path: Path) -> None:
        """Refuse what was fetched if it is not this shard, as a whole."""
        _, note = read_tensors(path)
        if note != {name: value for name, value in self.record.items() if name != SEAL}:
            raise InputError(f"{self.file} was written anew since it was opened. Give the same command again.")


@dataclass(frozen=True)
class ShardStore(ClipStore):
    """Clips in shard files. A gather reads its rows into a fresh tensor and keeps nothing: no map, no open file.

    Reading instead of mapping keeps resident memory at what one gather returns, however much was touched before; it may
    be pickled, forked and used from several threads. Shards are in row order.
    """

    folder: Path
    shards: tuple[Shard, ...]
    recipe: ClipRecipe
    modalities: Mapping[str, Modality]

    def originals(self, rows: Tensor) -> list[RawClip]:
        table = read_table(self.folder / "clips.parquet", [*_sources.COLUMNS])
        return _sources.read_again(self.folder, table, rows.tolist(), self.recipe)

    def annotations(self, rows: Tensor) -> list[tuple[Annotation, ...]]:
        told = read_table(_annotations.refuse_none(self.folder)).to_pylist()
        ids = read_table(self.folder / "clips.parquet", ["id"]).column("id")
        return _annotations.of_rows(told, [ids[row].as_py() for row in rows.tolist()])

    @cached_property
    def _starts(self) -> npt.NDArray[np.int64]:
        return np.cumsum([0, *(s.rows for s in self.shards)])

    def read(self, modality: str, rows: Tensor) -> Tensor:
        kind = self.modalities[modality]
        out = torch.empty((len(rows), *kind.shape), dtype=kind.dtype)
        if not len(rows):
            return out
        wanted = rows.numpy()
        if wanted.min() < 0 or wanted.max() >= self._starts[-1]:
            raise IndexError(f"Rows must lie in 0..{self._starts[-1] - 1}, but lie in {wanted.min()}..{wanted.max()}.")
        row_bytes = out[0].numel() * out.element_size()
        view = out.numpy().data.cast("B")
        home = np.searchsorted(self._starts, wanted, side="right") - 1
        for at, group in groupby(np.argsort(wanted, kind="stable"), key=home.__getitem__):
            shard = self.shards[at]
            try:
                with shard.file.opened(shard.check) as handle:
                    for i in group:
                        handle.seek(shard.offsets[modality] + int(wanted[i] - self._starts[at]) * row_bytes)
                        if handle.readinto(view[i * row_bytes : (i + 1) * row_bytes]) != row_bytes:
                            raise OSError("it ends too early")
            except OSError as error:
                if is_of_system(error):
                    raise
                raise InputError(f"Shard {shard.file} cannot be read ({error}); prepare the dataset again.") from error
        return out


@dataclass(frozen=True)
class Prepared:
    """A prepared dataset: a folder with ``dataset.json``, ``clips.parquet``, ``rejected.parquet`` and ``shards/``.

    Where the dataset tells of things in its clips, there is ``annotations.parquet``, too; see `Annotation`.

    Its `description` is the content of the first; the `store` has the arrays. The folder may be in object storage
    (``s3://bucket/name``): shards are fetched when they are first read, and kept on this machine.
    """

    place: Location
    description: dict[str, Any]
    store: ShardStore

    def __repr__(self) -> str:
        by_split = {split: sum(self.description["counts"][split].values()) for split in self.description["splits"]}
        counts = ", ".join(f"{count} {split}" for split, count in by_split.items())
        modalities, classes = ", ".join(self.description["modalities"]), len(self.description["classes"])
        return f"<Prepared {self.description['name']}: {classes} classes, clips ({modalities}): {counts}; {self.place}>"

    @classmethod
    def open(cls, folder: "str | Path | Location | Prepared") -> "Prepared":
        """Open a prepared dataset; reads headers, no arrays. One that is open already is given back.

        Raises:
            InputError: The folder, or address, is of no prepared dataset, is not finished, is damaged, or cannot be
                reached.
        """
        if isinstance(folder, Prepared):
            return folder
        if not isinstance(folder, str | Path | Location):
            raise InputError(
                "A prepared dataset was expected, what limbeck.prepare returns or the folder that it wrote, but got "
                f"a {type(folder).__name__}. Prepare the data first."
            )
        place = Location.of(folder)
        files = place.files()
        if (file := files.get("dataset.json")) is None:
            if "shards" in files:
                raise InputError(f"{place} is not finished; run the same limbeck prepare again, and it will go on.")
            raise InputError(f"{place} is not a prepared dataset (no dataset.json). Make one with: limbeck prepare.")
        try:
            description = read_description(file)
            if description["format"] != FORMAT:
                raise InputError(f"{place} is of format {description['format']!r}; this version reads {FORMAT!r}.")
            recipe = ClipRecipe.from_json(description["recipe"])
            modalities = bound(description["modalities"], recipe)
            names = [shard_name(index) for index in range(description["shards"])]
            shards = tuple(opened_shards(place, modalities, names).values())
            told = [_annotations.TABLE] if description.get("annotations") else []
            for name in (*_TABLES, *told):
                files.get(name, File(place, name)).here()
        except UnknownNameError as error:
            raise UnknownNameError(
                f"{place} cannot be read without the package that adds a modality. {error}"
            ) from error
        except (KeyError, TypeError, ValueError, OSError) as error:
            if isinstance(error, InputError) or is_of_system(error):
                raise
            raise InputError(
                f"{file} is damaged ({type(error).__name__}: {error}); delete the folder and prepare again."
            ) from error
        prepared = cls(place, description, ShardStore(place.folder, shards, recipe, modalities))
        table, stored = prepared._table, sum(s.rows for s in shards)
        if len(table["id"]) != stored:
            raise InputError(
                f"{place} is damaged: clips.parquet lists {len(table['id'])} clips, but the shards hold {stored}. "
                "Delete the folder and prepare again."
            )
        # Files of two prepared datasets in one folder: results are known by the fingerprint of one.
        listed = [(e["id"], e["sha256"]) for s in shards for e in s.record["clips"]]
        content = [list(row) for row in zip(*(table[n] for n in ("id", "label", "split", "sha256")), strict=True)]
        made = fingerprint_of(prepared.name, prepared.classes, modalities, recipe, content)
        if made != prepared.fingerprint or listed != list(zip(table["id"], table["sha256"], strict=True)):
            raise InputError(
                f"{place} is damaged: its dataset.json, clips.parquet and shards are not of one dataset. "
                "Bring back a copy of all, or delete the folder and prepare again."
            )
        return prepared

    @property
    def folder(self) -> Path:
        """Its folder; of one in object storage the folder of this machine in which is kept what is used of it."""
        return self.place.folder

    @property
    def name(self) -> str:
        """Name of the dataset."""
        return str(self.description["name"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in label order."""
        return tuple(self.description["classes"])

    @property
    def cache(self) -> Path:
        """Folder in which runs on this data find what earlier ones can share with them."""
        return self.cache_of(self.place)

    @staticmethod
    def cache_of(place: Location) -> Path:
        """The cache of the data prepared in a place, which is not opened."""
        return place.folder / "cache"

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, ``"train"`` first."""
        return tuple(self.description["splits"])

    @property
    def recipe(self) -> ClipRecipe:
        """How recordings became arrays."""
        return self.store.recipe

    @property
    def modalities(self) -> Mapping[str, Modality]:
        """What its arrays are, by name."""
        return self.store.modalities

    @property
    def statistics(self) -> dict[str, Statistics]:
        """Mean and spread of the training clips, by modality."""
        return {name: Statistics.from_json(self.description["statistics"][name]) for name in self.modalities}

    @property
    def fingerprint(self) -> str:
        """Identifies content and recipe of all splits; that of one split is `LabelledClips.fingerprint`."""
        return str(self.description["fingerprint"])

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know, in sentences: classes without a usable clip, say."""
        return tuple(self.description["warnings"])

    @property
    def notes(self) -> tuple[str, ...]:
        """How clips were made of the recordings, in sentences."""
        return tuple(self.description.get("notes", ()))

    @property
    def repairs(self) -> dict[str, int]:
        """How many clips were mended in which way; the numbers of each clip are in ``clips.parquet``."""
        return dict(self.description["repairs"])

    @property
    def is_of_longer_files(self) -> bool:
        """Whether one clip was taken of files that could be cut into several."""
        return any(CUT in kind for kind in self.repairs)

    @cached_property
    def rejected(self) -> list[dict[str, Any]]:
        """Clips left out: ``id``, ``source``, ``label``, ``split``, ``reason``, ``detail``."""
        return list(read_table(self.folder / "rejected.parquet").to_pylist())

    def why_rejected(self, most: int) -> list[str]:
        """Why `most` clips were left out, a sentence each that names the recording; the last counts the others."""
        return _why(self.rejected, most, self.place)

    def clips(self, split: str = "train") -> LabelledClips:
        """The clips of a split; an unknown one is refused."""
        if split not in self.splits:
            raise InputError(f"{self.place} has no split {split!r}; it has: {', '.join(self.splits)}.")
        rows = np.flatnonzero(np.array(self._table["split"], dtype=object) == split)
        index = {name: label for label, name in enumerate(self.classes)}
        labels = torch.tensor([index[self._table["label"][row]] for row in rows], dtype=torch.int64)
        return LabelledClips(
            store=self.store,
            rows=torch.from_numpy(rows),
            targets=Targets(self.classes, labels),
            modalities=self.modalities,
            statistics=self.statistics,
            fingerprint=digest(self.fingerprint, "split", split),
            name=self.name,
            ids=tuple(self._table["id"][row] for row in rows),
        )

    def summary(self) -> dict[str, Any]:
        """What is in the dataset, JSON-able.

        ``fingerprint`` identifies all of it, ``split_fingerprints`` each split: sets and runs remember that of
        ``"train"`` as their ``training_fingerprint``.
        """
        keys = ("name", "title", "modalities", "classes", "splits", "counts", "rejected", "repairs", "warnings")
        more = ("recipe", "units", "licence", "citation", "homepage", "fingerprint", "limbeck")
        told = {"kind": "prepared dataset"} | {k: self.description[k] for k in keys + more}
        told["notes"] = list(self.notes)
        told["sizes"] = {name: kind.words for name, kind in self.modalities.items()}
        told["rejected_clips"] = self.why_rejected(_MOST_SHOWN)
        return told | {"split_fingerprints": {split: self.clips(split).fingerprint for split in self.splits}}

    @cached_property
    def _table(self) -> dict[str, list[Any]]:
        table = read_table(self.folder / "clips.parquet", ["id", "label", "split", "sha256"])
        return {name: table.column(name).to_pylist() for name in table.column_names}


def unusable(folder: Path) -> dict[str, Any] | None:
    """What is in a folder that clips were prepared into of which none for training could be used, JSON-able.

    None of another folder.

    Raises:
        InputError: The preparation has not ended.
    """
    if not any((folder / "shards").glob("*.safetensors")):
        return None
    if not (folder / "rejected.parquet").exists():
        Prepared.open(folder)
    rows = read_table(folder / "rejected.parquet").to_pylist()
    return {
        "kind": "no dataset: no training clip could be used",
        "rejected": dict(Counter(row["reason"] for row in rows)),
        "rejected_clips": _why(rows, _MOST_SHOWN, folder),
    }


def _why(rejected: Sequence[Mapping[str, Any]], most: int, place: Location | Path) -> list[str]:
    rows = [(row["source"] or row["id"], row["detail"]) for row in rejected]
    told = [detail if name in detail else f"{name}: {detail}" for name, detail in rows[:most]]
    more = len(rows) - most
    return [*told, f"... and {more} more, in {place}/rejected.parquet."] if more > 0 else told


def fingerprint_of(
    name: str,
    classes: Sequence[str],
    modalities: Mapping[str, Modality],
    recipe: ClipRecipe,
    content: Sequence[Sequence[str]],
) -> str:
    """Identifies a prepared dataset; `content` is id, label, split and the SHA-256 of the arrays of every clip."""
    return digest(FORMAT, name, list(classes), [*modalities], recipe.to_json(), content)


def write_shard(
    place: Location,
    index: int,
    modalities: Mapping[str, Modality],
    record: dict[str, Any],
    clips: Sequence[Mapping[str, npt.NDArray[Any]]],
) -> None:
    """Write one shard file atomically: the clips' arrays by modality, and JSON-able data that goes with them."""
    tensors = {}
    for name, modality in modalities.items():
        tensors[name] = torch.empty((len(clips), *modality.shape), dtype=modality.dtype)
        for row, arrays in enumerate(clips):
            tensors[name][row] = torch.from_numpy(arrays[name])
    with place.writing(shard_name(index)) as path:
        write_tensors(path, tensors, record)


def read_description(file: File) -> dict[str, Any]:
    """The content of a prepared dataset's ``dataset.json``."""
    return read_record(file.here())


def opened_shards(
    place: Location,
    modalities: Mapping[str, Modality],
    names: Sequence[str] | None = None,
    check: Callable[[dict[str, Any]], None] = lambda record: None,
) -> dict[str, Shard]:
    """Shards of a place by name: those with some `names`, which have to be there, or all; see `Shard.open`."""
    there = place.files("shards/*.safetensors")
    wanted = [there.get(name, File(place, name)) for name in (there if names is None else names)]
    shards = each(lambda file: Shard.open(file, modalities, check), wanted, at_once=place.is_remote)
    return {shard.file.name: shard for shard in shards}


def shard_name(index: int) -> str:
    return f"shards/{index:05d}.safetensors"


def _header(file: File) -> tuple[dict[str, Any], int, int]:
    """A safetensors header, the first byte after it, and the file's size."""
    with file.begun() as handle:
        size = handle.seek(0, 2)
        handle.seek(0)
        content = handle.read(_HEADER_BYTES)
        end = _LENGTH_BYTES + int.from_bytes(content[:_LENGTH_BYTES], "little")
        if end > size:
            raise ValueError("its header is cut off")
        content += handle.read(max(0, end - len(content)))
        return json.loads(content[_LENGTH_BYTES:end]), end, size


@contextlib.contextmanager
def _intact(file: File) -> Iterator[None]:
    """Whatever is wrong with a shard's header is told in a sentence."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError) as error:
        if is_of_system(error) or isinstance(error, InputError):
            raise
        raise InputError(
            f"Shard {file} is missing or damaged ({error}); delete it and run the same limbeck prepare again."
        ) from error


def read_table(path: Path, columns: list[str] | None = None) -> Any:
    """A Parquet table as pyarrow has it: the `columns` named, or all; `InputError` where it is damaged."""
    import pyarrow
    from pyarrow import parquet

    try:
        with path.open("rb") as handle:  # pyarrow takes no names but UTF-8
            # Not by `read_table`: it starts threads whatever one asks, and a process that ends meanwhile is aborted.
            return parquet.ParquetFile(handle, pre_buffer=False).read(columns, use_threads=False)
    except (OSError, pyarrow.ArrowException) as error:
        if is_of_system(error):
            raise
        raise InputError(f"{path} is missing or damaged ({error}); delete the folder and prepare again.") from error


def write_table(path: Path, rows: Sequence[dict[str, Any]], schema: Any) -> None:
    """Write a Parquet table atomically; keys of the rows that the pyarrow schema lacks are left out."""
    import pyarrow
    from pyarrow import parquet

    with atomic(path) as temporary, temporary.open("wb") as handle:
        parquet.write_table(pyarrow.Table.from_pylist(list(rows), schema=schema), handle)
