"""Which files below a folder could be recordings, by their names alone."""

import os
from collections.abc import Callable
from pathlib import Path

from limbeck._text import portable
from limbeck.errors import InputError

# fmt: off
_NOT_MEDIA = frozenset([
    ".json", ".jsonl", ".csv", ".tsv", ".txt", ".md", ".rst", ".html", ".htm", ".xml", ".yaml", ".yml", ".toml",
    ".ini", ".cfg", ".bib", ".cff", ".parquet", ".npy", ".npz", ".pt", ".pth", ".pkl", ".h5", ".hdf5", ".mat",
    ".safetensors", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".py", ".ipynb", ".sh", ".log",
    ".srt", ".vtt", ".ass", ".lab", ".textgrid", ".pdf", ".doc", ".docx", ".xls", ".xlsx", ".part", ".ytdl",
    ".tmp", ".db", ".lnk", ".url", ".sha256", ".md5",
])
# fmt: on
_NOT_OURS = frozenset(["__macosx", "@eadir", "lost+found", "$recycle.bin", "system volume information"])
_NOT_MEDIA_NAMES = frozenset(["readme", "license", "licence", "copying", "citation", "changelog", "notice", "makefile"])


def _refuse_unlisted(error: OSError) -> None:
    raise InputError(
        f"The folder {error.filename} cannot be listed: {error.strerror}. Make it readable, or move it elsewhere."
    ) from error


def files_below(root: Path, unlisted: Callable[[OSError], None] = _refuse_unlisted) -> list[tuple[str, Path]]:
    """All files below `root` that could be media, with their paths relative to it (`portable`), sorted.

    Hidden files, folders that systems make for themselves and kinds of file that are known not to be media (text,
    tables, archives, ...) are left out; anything else is kept, so that a recording with an odd name is tried rather
    than lost. Links are followed, but not back into a folder that one came through. `unlisted` is called with the
    error, which names the folder, for each folder that cannot be listed.

    Raises:
        InputError: A folder cannot be listed, and `unlisted` was not given.
    """
    found: list[tuple[str, Path]] = []
    came_through: dict[str, frozenset[str]] = {str(root): frozenset()}
    for folder, subfolders, names in os.walk(root, onerror=unlisted, followlinks=True):
        real, above = os.path.realpath(folder), came_through.pop(folder)
        if real in above:
            subfolders.clear()
            continue
        subfolders[:] = sorted(s for s in subfolders if not s.startswith(".") and s.lower() not in _NOT_OURS)
        came_through.update((os.path.join(folder, s), above | {real}) for s in subfolders)
        for name in names:
            path = Path(folder, name)
            if could_be_media(path):
                found.append((portable(path.relative_to(root).as_posix()), path))
    return sorted(found)


def could_be_media(path: Path) -> bool:
    """Whether a file is neither hidden nor, by its name, of a kind known to hold no picture and no sound."""
    name = path.name.lower()
    known = path.suffix.lower() in _NOT_MEDIA if path.suffix else name in _NOT_MEDIA_NAMES
    return not (name.startswith(".") or known)
