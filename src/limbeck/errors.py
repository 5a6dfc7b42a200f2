"""What can go wrong, one root and a few leaves.

Every message says what was wrong, what was expected, what came, and what to do next.
"""

import errno
import importlib
import os
import re
from typing import Any

_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
"""How libraries written in Rust (safetensors, Lance, tokenizers) tell of an error of the system."""
_REASONS = {
    errno.ENOSPC: "the disk is full. Free some room, or choose another place",
    errno.EDQUOT: "your share of the disk is used up. Free some room, or choose another place",
    errno.EFBIG: "a file would become larger than this system or its limit (ulimit -f) allows. Raise the limit",
    errno.EROFS: "the disk is read-only. Choose another place",
    errno.EACCES: "permission is denied. Choose another place, or ask for the right to use this one",
    errno.EPERM: "the system does not permit it. Choose another place, or ask for the right to use this one",
    errno.ENAMETOOLONG: "the name is too long. Choose a shorter one",
    errno.ENOTDIR: "part of the path is a file, not a folder. Choose another place",
    errno.EISDIR: "it is a folder, and a file was expected. Choose another place",
    errno.EEXIST: "it exists already. Choose another place",
    errno.ENOTEMPTY: "it is a folder that is not empty. Choose another place",
    errno.ENOENT: "it does not exist. Check the path",
    errno.EMFILE: "too many files are open. Raise the limit (ulimit -n)",
    errno.EIO: "the disk reports a fault. Check the disk",
    errno.ENOMEM: "memory is full. Close other programs, or do less at once",
}


class LimbeckError(Exception):
    """Root of all errors Limbeck raises on purpose."""


class InputError(LimbeckError, ValueError):
    """An argument, option or file the user gave does not fit."""


class UnknownNameError(InputError):
    """No method, dataset, network or head has this name."""


class PluginError(InputError):
    """What another distribution adds cannot be used: it does not load, or has the name of something else."""


class MediaError(LimbeckError):
    """A media file cannot be used.

    Args:
        reason: Short machine-readable reason, for instance ``"no_audio_track"``; goes into ``rejected.parquet``.
        detail: The sentence for people.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.detail} ({self.reason})"


class BudgetError(InputError):
    """A class has fewer clips than the method needs."""


class FingerprintError(InputError):
    """A run or a distilled set does not belong to this dataset."""


class BusyError(LimbeckError):
    """Another process is at work in this folder."""


class DivergedError(LimbeckError):
    """A number became NaN or infinite during optimisation."""


class MissingWeightsError(LimbeckError):
    """Weights of a pretrained model are not on this machine and could not be fetched."""


class HubError(LimbeckError):
    """The Hugging Face hub cannot be reached, refuses, or does not hold what is expected."""


class MissingExtraError(LimbeckError, ImportError):
    """An optional dependency is not installed.

    Args:
        extra: Name of the extra in ``pyproject.toml``.
        package: The package that could not be imported.
    """

    def __init__(self, extra: str, package: str) -> None:
        super().__init__(
            f"This needs the package '{package}', which is not installed. "
            f"Install it with: pip install 'limbeck[{extra}]'"
        )
        self.extra = extra
        self.package = package


def package(extra: str, name: str) -> Any:
    """An optional package called `name`, or a module of one, imported where it is used.

    Raises:
        MissingExtraError: It is not installed; the `extra` brings it.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        distribution = name.partition(".")[0]
        if error.name != distribution:
            raise
        raise MissingExtraError(extra, distribution) from error


def explained(error: BaseException) -> str | None:
    """What went wrong, for people, if it is no fault in the program.

    That is the message of an `error` raised on purpose; a sentence for one of the system, whichever library it came
    through, and for a lack of memory; None for anything else, which is a fault.

    Example:
        >>> explained(FileNotFoundError(2, "No such file or directory", "clips.csv"))
        'clips.csv: it does not exist. Check the path, then give the same command again.'
        >>> explained(RuntimeError("lance: IO: No space left on device (os error 28)"))
        'The disk is full. Free some room, or choose another place, then give the same command again.'
        >>> explained(ZeroDivisionError()) is None
        True
    """
    if isinstance(error, LimbeckError):
        return str(error)
    if isinstance(error, MemoryError):
        return _sentence(errno.ENOMEM)
    if isinstance(error, OSError):
        where = error.filename if error.filename2 is None else error.filename2
        told = isinstance(where, str | bytes | os.PathLike)
        return _sentence(error.errno, os.fsdecode(where) if told else "", str(error.strerror or error))
    found = _SYSTEM_ERROR.search(str(error))
    return _sentence(int(found[1])) if found else None


def _sentence(number: int | None, where: str = "", words: str = "") -> str:
    reason = _REASONS.get(number or 0) or f"{words or os.strerror(number or 0)}. Choose another place"
    reason = f"{where}: {reason}" if where else reason[0].upper() + reason[1:]
    return f"{reason}, then give the same command again."
