"""Files that hold many clips each: which a pattern names, what they are called, and which split they are of."""

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

from limbeck._text import portable
from limbeck.datasets._contract import ClipRef
from limbeck.datasets._listing import usual_split
from limbeck.errors import InputError

_WORDS = re.compile(r"[\W_]+")
_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_ELSEWHERE = re.compile(r"pipe:|\w{2,}:/")
_UNPACKED_BY = {".gz": "gunzip", ".tgz": "gunzip", ".bz2": "bunzip2", ".xz": "unxz", ".zst": "unzstd", ".zip": "unzip"}
_MOST_FILES = 100_000


def expanded(root: str | Path, endings: Sequence[str], what: str) -> list[Path]:
    """The files with some `endings` below a folder, or that a pattern names, sorted; `what` they are is for messages.

    Of a pattern with braces, ``0-{000..009}.tar``, files that are missing are kept, if one is there.

    Raises:
        InputError: There are none, or what is named is compressed or not on this machine.
    """
    text, path = str(root), Path(root)
    if _ELSEWHERE.match(text):
        raise InputError(
            f"{text} is no place on this machine. Limbeck reads files and fetches nothing: fetch them first."
        )
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if _has_ending(file, endings) and file.is_file())
    else:
        named = [file for name in _alternatives(text) for file in _matching(name)]
        found = sorted(dict.fromkeys(named)) if any(file.is_file() for file in named) else []
    if packed := next((file for file in found if file.suffix.lower() in _UNPACKED_BY), None):
        raise InputError(
            f"{packed} is compressed, so that all before a sample would have to be read to get at it. Unpack it first "
            f"({_UNPACKED_BY[packed.suffix.lower()]} {packed.name}), or name the files to read by a pattern."
        )
    if not found:
        raise InputError(f"{root} should be a folder with {what}, one of these, or a pattern, but none is there.")
    return found


def _has_ending(file: Path, endings: Sequence[str]) -> bool:
    """Whether a file's name has one of some endings, or would once it is unpacked, which it is not yet."""
    if file.suffix.lower() not in _UNPACKED_BY:
        return file.suffix.lower() in endings
    unpacked = file.with_suffix(".tar" if file.suffix.lower() == ".tgz" else "")
    return unpacked.suffix.lower() in endings and not unpacked.exists()


def titles(files: Sequence[Path]) -> list[tuple[Path, str]]:
    """Files with their names below the folder that all share, equal on every machine."""
    base = os.path.commonpath([file.parent.absolute() for file in files])
    return [(file, portable(file.absolute().relative_to(base).as_posix())) for file in files]


def split_of(title: str) -> str:
    """The split that a file's name tells, or else its folder's; empty where neither does.

    Example:
        >>> split_of("train-00000-of-00002.parquet"), split_of("val/0.tar"), split_of("all.tar")
        ('train', 'validation', '')
    """
    words = (word for part in reversed(title.split("/")) for word in _WORDS.split(part))
    return next((split for word in words if (split := usual_split(word))), "")


def without_one_split(refs: Sequence[ClipRef], *, by_row: bool = False) -> list[ClipRef]:
    """Clips without splits, where no two are named; else as they are.

    Where clips say theirs each (`by_row`), those that say none beside others that do are not passed over.
    """
    there = {ref.split for ref in refs if ref.split or (by_row and ref.refused is None)}
    return list(refs) if len(there) > 1 else [replace(ref, split="") for ref in refs]


def _matching(pattern: str) -> list[Path]:
    """The files of a pattern with stars; the file itself of a name without."""
    path = Path(pattern)
    if path.is_file() or not re.search(r"[*?\[]", pattern):
        return [path]
    here = Path(path.anchor or ".")
    return list(here.glob(str(path.relative_to(path.anchor))))


def _alternatives(pattern: str) -> list[str]:
    """All names that a pattern with braces stands for.

    Example:
        >>> _alternatives("a-{08..10}.{tar,tgz}")
        ['a-08.tar', 'a-08.tgz', 'a-09.tar', 'a-09.tgz', 'a-10.tar', 'a-10.tgz']
    """
    literal, choices = _BRACES.split(pattern)[::2], [_choices(part) for part in _BRACES.findall(pattern)]
    count = 1
    for part in choices:
        count *= len(part)
    if count > _MOST_FILES:
        raise InputError(f"{pattern} stands for more than {_MOST_FILES} files.")
    return ["".join(a + b for a, b in zip(literal, (*made, ""), strict=True)) for made in product(*choices)]


def _choices(inside: str) -> list[str]:
    if span := _RANGE.fullmatch(inside):
        last = min(int(span[2]), int(span[1]) + _MOST_FILES)
        return [str(i).zfill(len(span[1])) for i in range(int(span[1]), last + 1)]
    return inside.split(",")
