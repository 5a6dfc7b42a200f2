"""What the readers share: walking folders, reading tables, drawing and splitting without chance.

Every order and every draw depends on names and the seed alone, so that all machines agree.
"""

from __future__ import annotations

import csv
import hashlib
import math
import os
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TypeVar

from limbeck.errors import InputError, MediaError
from limbeck.media import probe

T = TypeVar("T")

TRAIN, TEST = "train", "test"
MANIFEST = "manifest.csv"

# fmt: off
_NOT_MEDIA = frozenset([
    ".json", ".jsonl", ".csv", ".tsv", ".txt", ".md", ".rst", ".html", ".htm", ".xml", ".yaml", ".yml", ".toml",
    ".ini", ".cfg", ".bib", ".cff", ".parquet", ".npy", ".npz", ".pt", ".pth", ".pkl", ".h5", ".hdf5", ".mat",
    ".safetensors", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".py", ".ipynb", ".sh", ".log",
    ".srt", ".vtt", ".ass", ".lab", ".textgrid", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".part", ".ytdl",
    ".tmp", ".db", ".lnk", ".url", ".sha256", ".md5",
])
# fmt: on
_NOT_MEDIA_NAMES = frozenset(["readme", "license", "licence", "copying", "citation", "changelog", "notice", "makefile"])


def existing_folder(path: Path, what: str) -> Path:
    """The folder itself, once it is known to exist.

    Args:
        path: Folder to look for.
        what: What it should hold, for the message: ``"the AVE dataset (Annotations.txt, AVE/*.mp4)"``.

    Raises:
        InputError: It does not exist or is a file.
    """
    if not path.is_dir():
        state = "is a file" if path.exists() else "does not exist"
        raise InputError(f"{path} should be the folder with {what}, but it {state}. Check the path.")
    return path


def existing_file(path: Path, what: str) -> Path:
    """The file itself, once it is known to exist.

    Raises:
        InputError: It does not exist; names what else lies in its folder.
    """
    if not path.is_file():
        here = sorted(p.name for p in path.parent.iterdir())[:8] if path.parent.is_dir() else []
        beside = f" Its folder holds {', '.join(here)}." if here else ""
        raise InputError(f"{path} should be {what}, but there is no such file.{beside}")
    return path


def _refuse_unlisted(error: OSError) -> None:
    raise InputError(
        f"The folder {error.filename} cannot be listed: {error.strerror}. Make it readable, or move it elsewhere."
    ) from error


def files_below(root: Path, unlisted: Callable[[OSError], None] = _refuse_unlisted) -> list[tuple[str, Path]]:
    """All files that could be media, with their paths relative to `root` (posix, NFC), sorted.

    Hidden files and kinds of file that are known not to be media (text, tables, archives, ...) are left out;
    anything else is kept, so that a recording with an odd name is tried rather than lost.

    Args:
        root: A folder.
        unlisted: Called with the error, which names the folder, for each folder that cannot be listed.

    Raises:
        InputError: A folder cannot be listed, and `unlisted` was not given.
    """
    found: list[tuple[str, Path]] = []
    seen: set[str] = set()
    for folder, subfolders, names in os.walk(root, onerror=unlisted, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        subfolders[:] = sorted(s for s in subfolders if not s.startswith("."))
        for name in names:
            path = Path(folder, name)
            if _could_be_media(path):
                found.append((portable(path.relative_to(root).as_posix()), path))
    return sorted(found)


def by_stem(root: Path) -> dict[str, Path]:
    """Media files below a folder by their name without its ending; the first in sorted order wins."""
    return {path.stem: path for _, path in reversed(files_below(root))}


def require_some(found: Iterable[Path], *, told: str, hint: str) -> None:
    """Refuse a listing of which not one file exists: a wrong folder, rather than a few lost videos.

    Raises:
        InputError: Nothing exists; names the first path looked for.
    """
    first = None
    for path in found:
        first = first or path
        if path.exists():
            return
    raise InputError(f"None of the files that {told} names exist; the first looked for was {first}. {hint}")


def read_table(path: Path, delimiters: str = ",;\t") -> tuple[tuple[str, ...], list[tuple[int, dict[str, str]]]]:
    """Columns and rows of a CSV file with a header; each row with its line number.

    Commas, semicolons and tabs are told apart by the header; a byte order mark and empty lines are skipped.

    Raises:
        InputError: Not UTF-8 text, no header, a column named twice, or a row with more or fewer fields.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            header = handle.readline()
            delimiter = max(delimiters, key=header.count)
            handle.seek(0)
            reader = csv.reader(handle, delimiter=delimiter, strict=True)
            columns = tuple(c.strip().lower() for c in next(reader, []))
            rows = [(reader.line_num, row) for row in reader if any(f.strip() for f in row)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{path} cannot be read as a UTF-8 CSV file: {error}. Save it again as CSV (UTF-8)."
        ) from error
    if not any(columns):
        raise InputError(f"{path} is empty; a header line with the column names was expected.")
    twice = [c for c, n in Counter(columns).items() if n > 1]
    if twice:
        raise InputError(f"{path} names the column {twice[0]!r} twice; rename one.")
    for line, row in rows:
        if len(row) != len(columns):
            raise InputError(
                f"{path}, line {line}: {len(row)} fields came, but the header has {len(columns)}. "
                "Put fields that contain the separator in double quotes."
            )
    return columns, [(line, dict(zip(columns, map(str.strip, row), strict=True))) for line, row in rows]


def parse_seconds(text: str, where: str) -> float:
    """Seconds from text: finite and >= 0.

    Raises:
        InputError: Anything else; `where` opens the sentence (``"clips.csv, line 7, column start"``).
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value < 0:
        raise InputError(f"{where}: seconds >= 0 were expected, but {text!r} came.")
    return value


def parse_names(value: str | int | Sequence[str | int] | None) -> tuple[str, ...]:
    """Names from an option: ``"fold3,fold4"``, a sequence of names, or a number that is a name.

    Example:
        >>> parse_names("fold3, fold4"), parse_names(("fold4",)), parse_names(4), parse_names(None)
        (('fold3', 'fold4'), ('fold4',), ('4',), ())
    """
    if isinstance(value, int):
        value = str(value)
    parts = value.split(",") if isinstance(value, str) else map(str, value or ())
    return tuple(name.strip() for name in parts if name.strip())


def parse_pairs(value: str | Mapping[str, str] | None, option: str) -> dict[str, str]:
    """Pairs of names from an option: ``"dog bark:dog,rain:frog"`` or a mapping.

    Raises:
        InputError: A part has no colon, or a name on the left comes twice.

    Example:
        >>> parse_pairs("dog bark:dog, rain:frog", "mapping")
        {'dog bark': 'dog', 'rain': 'frog'}
    """
    if value is None:
        return {}
    if not isinstance(value, str):
        return {str(k): str(v) for k, v in value.items()}
    pairs: dict[str, str] = {}
    for part in parse_names(value):
        left, colon, right = (p.strip() for p in part.partition(":"))
        if not colon or not left or not right or left in pairs:
            raise InputError(
                f"Option {option!r}: 'name:name,name:name' was expected, each name on the left once, "
                f"but {part!r} came in {value!r}."
            )
        pairs[left] = right
    return pairs


def shuffled(
    items: Iterable[T], key: Mapping[T, str] | None = None, *, seed: int, path: Sequence[str | int] = ()
) -> list[T]:
    """Items in an order drawn by a seed, the same on every machine and in every version.

    Each item is ranked by a hash of seed, path and its own name, so adding one leaves the order of the others.

    Args:
        items: What to order.
        key: Name of each item; the item itself by default.
        seed: Whole number >= 0.
        path: Names of the draw, so that draws are independent.

    Raises:
        InputError: The seed is negative.

    Example:
        >>> shuffled("abcdef", seed=0) != shuffled("abcdef", seed=1)
        True
        >>> [c for c in shuffled("abcdefg", seed=0) if c != "g"] == shuffled("abcdef", seed=0)
        True
    """
    if seed < 0:
        raise InputError(f"A seed is a whole number >= 0, but {seed} came.")
    prefix = "\x1f".join(map(str, (seed, *path)))

    def rank(item: T) -> tuple[bytes, str]:
        name = str(key[item] if key is not None else item)
        return hashlib.sha256(f"{prefix}\x1f{name}".encode()).digest(), name

    return sorted(items, key=rank)


def hold_out(groups: Mapping[str, Mapping[str, int]], *, fraction: float, seed: int) -> frozenset[str]:
    """Groups to test on, so that every class gives about `fraction` of its clips and no group is cut in two.

    Classes are served from the rarest on. A class found in two groups or more gives at least one clip; its last
    group is never taken.

    Args:
        groups: Number of clips of each class in each group; a group is a file, say.
        fraction: In (0, 1).
        seed: Draws the order in which groups are taken.

    Raises:
        InputError: The fraction is out of range.

    Example:
        >>> len(hold_out({f"{c}{i}": {c: 1} for c in "ab" for i in range(5)}, fraction=0.4, seed=0))
        4
    """
    if not 0 < fraction < 1:
        raise InputError(f"test_fraction must lie between 0 and 1, but is {fraction}.")
    holders: dict[str, list[str]] = defaultdict(list)
    clips: Counter[str] = Counter()
    for name, counts in groups.items():
        clips.update(counts)
        for label in counts:
            holders[label].append(name)
    left = {label: len(names) for label, names in holders.items()}
    taken: set[str] = set()
    for label in sorted(clips, key=lambda c: (clips[c], c)):
        wanted = max(1, round(fraction * clips[label]))
        have = sum(groups[g][label] for g in holders[label] if g in taken)
        for group in shuffled(holders[label], seed=seed, path=("test",)):
            if have >= wanted:
                break
            if group not in taken and all(left[c] > 1 for c in groups[group]):
                taken.add(group)
                have += groups[group][label]
                for c in groups[group]:
                    left[c] -= 1
    return frozenset(taken)


def relative_path(text: str, where: str) -> str:
    r"""A manifest's path: relative, staying below its base, with forward slashes.

    Raises:
        InputError: Empty, absolute, or leading out of the base folder with ``..``.

    Example:
        >>> relative_path("clips\\./a.mp4", "line 2")
        'clips/a.mp4'
    """
    plain = PurePosixPath(text.replace("\\", "/"))
    drive = plain.parts[:1] and plain.parts[0].endswith(":")
    if not text or drive or plain.is_absolute() or ".." in plain.parts:
        raise InputError(
            f"{where}: a path below the manifest's folder was expected, but {text!r} came. Clip names must be the "
            "same on every machine; write paths relative to a folder and name that folder with the option 'base'."
        )
    return plain.as_posix()


def duration_s(path: Path) -> float | None:
    """Length of a media file in seconds as its header tells it; None where it cannot be told."""
    try:
        stamp = path.stat()
    except OSError:
        return None
    return _duration_s(path, stamp.st_size, stamp.st_mtime_ns)


@lru_cache(maxsize=65536)
def _duration_s(path: Path, _size: int, _modified_ns: int) -> float | None:
    try:
        return probe(path).duration_s
    except MediaError:
        return None


def portable(text: str) -> str:
    """Text in the one Unicode form (NFC) that all machines write alike."""
    return unicodedata.normalize("NFC", text)


def _could_be_media(path: Path) -> bool:
    name = path.name.lower()
    known = path.suffix.lower() in _NOT_MEDIA if path.suffix else name in _NOT_MEDIA_NAMES
    return not (name.startswith(".") or known)
