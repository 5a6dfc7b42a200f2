"""Writing files so that a reader sees the old one or the new one, never half of one."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import AcquireReturnProxy, FileLock, SoftFileLease, Timeout
from safetensors import SafetensorError

from limbeck._addresses import refuse_address
from limbeck.errors import BusyError, InputError

if TYPE_CHECKING:
    import torch

NOTE = "limbeck"
"""Entry of a safetensors file's metadata: JSON."""
SEAL = "checksum"
"""Key, in a record or note, of the SHA-256 of all else."""
LOCKS = "LIMBECK_LOCKS"
"""Environment variable that says how folders are held, the same on every machine; see `exclusive`."""
SYSTEM = "system"
LEASE_SECONDS = 120.0
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP}


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` for a file or a folder; left without an error, it is synced and gets the name."""
    refuse_address(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Processes of several machines may write one file, and have the same number.
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")
    try:
        with naming(path):
            yield temporary
            for file in (temporary, *temporary.rglob("*")):
                if file.is_file():
                    with open(file, "rb+") as handle:
                        os.fsync(handle.fileno())
            os.replace(temporary, path)
            with contextlib.suppress(OSError):  # the name lasts as well, where folders can be opened
                folder = os.open(path.parent, os.O_RDONLY)
                try:
                    os.fsync(folder)
                finally:
                    os.close(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def refuse_full(folder: Path) -> None:
    """Refuse a place for something new where there is a file, or a folder that holds anything."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} exists and is not an empty folder; choose another folder or remove it first.")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes; empty where they cannot be read."""
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError:
        return ""


def check_seen(files: Iterable[Path]) -> None:
    """Refuse to take files, which were there when they were listed, for lost where it is their disk that is not there.

    Raises:
        InputError: None of those in one folder is there.
    """
    folders: dict[Path, list[Path]] = {}
    for file in files:
        folders.setdefault(file.parent, []).append(file)
    for folder, own in folders.items():
        if not any(os.path.exists(file) for file in own):
            raise InputError(
                f"None of {len(own)} files is in {folder} any more that were listed, such as {own[0].name!r}. Is their "
                "disk still there, and does every machine see it under the same path?"
            )


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Errors of the system that do not say of which file, or name a temporary one beside it, say `path`.

    A write that fails, other than an open, does not know the name of its file.
    """
    try:
        yield
    except OSError as error:
        named = error.filename is not None and not str(error.filename).endswith(f".{os.getpid()}.part")
        if named or error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def is_of_system(error: BaseException) -> bool:
    """Whether an error is the system's (no permission, disk full), rather than of something missing or damaged."""
    return isinstance(error, OSError) and error.errno not in {None, errno.ENOENT}


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes atomically."""
    with atomic(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text atomically."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Write indented JSON with sorted keys atomically; NaN is refused, since JSON has none."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file; `InputError` if it is none, or has numbers that JSON has not: NaN, infinity, 1e999."""
    try:
        return json.loads(path.read_bytes(), parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} should be JSON, but is not: {error}.") from error


def write_record(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON that `read_record` reads: sealed with a checksum of what it says."""
    plain = json.loads(json.dumps(content, allow_nan=False))
    write_json(path, {**plain, SEAL: _sum_of(plain)})


def read_record(path: Path) -> dict[str, Any]:
    """Read what `write_record` wrote; `InputError` if it is damaged, or was changed since."""
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"it is no JSON any more ({error})") from error
    if not isinstance(content, dict):
        raise _damaged(path, "it holds no fields")
    if content.pop(SEAL, None) != _sum_of(content):
        raise _damaged(path, "its checksum does not fit")
    return content


def write_tensors(path: Path, tensors: Mapping[str, torch.Tensor], note: Mapping[str, Any] | None = None) -> None:
    """Write tensors and JSON-able data as one safetensors file, atomically, sealed with a checksum."""
    from safetensors.torch import save  # it loads torch, which takes seconds

    plain = {name: t.detach().to("cpu").contiguous() for name, t in tensors.items()}
    sealed = {**(note or {}), SEAL: _sum_of(note or {}, plain)}
    # One entry of metadata: the order of several would differ from process to process.
    write_bytes(path, save(plain, {NOTE: json.dumps(sealed, sort_keys=True)}))


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """Tensors on the CPU, in the order of their names, and the note, that `write_tensors` wrote.

    `InputError` if the file is damaged, or was changed since.
    """
    from safetensors.torch import load

    content = path.read_bytes()
    try:
        tensors = load(content)
        header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
        note: dict[str, Any] = json.loads(header["__metadata__"][NOTE])
        seal = note.pop(SEAL, None)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(path, f"it is not what was written ({error})") from error
    if seal != _sum_of(note, tensors):
        raise _damaged(path, "its checksum does not fit")
    return dict(sorted(tensors.items())), note


def digest(*parts: Any) -> str:
    """A short stable key (16 hexadecimal digits) of JSON-able parts.

    Example:
        >>> digest("a", {"b": 1}) == digest("a", {"b": 1})
        True
    """
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@contextlib.contextmanager
def exclusive(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a folder, made if need be, for this process; the lock ends with the process, however it ends.

    ``LIMBECK_LOCKS=lease`` is for disks that have no locks, or whose locks other machines do not see: a file there says
    who holds the folder, as long as that process, or its machine, says so again. One that is not heard of for
    `LEASE_SECONDS` has lost the folder to whoever asks for it, and is told when it is done.

    `BusyError` where another process holds it and `wait` is off, or has taken it meanwhile; `InputError` where it is a
    file or lies below one, or the variable is not understood.
    """
    refuse_address(folder)
    if (kind := os.environ.get(LOCKS, SYSTEM)) not in _HOLD:
        raise InputError(f"{LOCKS} is {' or '.join(_HOLD)}, but it is set to {kind!r}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        raise InputError(
            f"{folder} should be a folder, but it is a file or lies below one. Choose another folder."
        ) from error
    try:
        held = _HOLD[kind](folder, wait)
    except Timeout as error:
        raise BusyError(
            f"Another process is at work in {folder}. Wait for it to end, or choose another output folder."
        ) from error
    except OSError as error:
        hint = f"; see {LOCKS} in the documentation of clusters" if error.errno in _NO_LOCKS else ""
        raise OSError(error.errno, f"it cannot be locked ({error.strerror}{hint})", str(folder)) from error
    with held as lock:
        yield
    if isinstance(lock, SoftFileLease) and lock.compromise:
        raise BusyError(
            f"Another process took over {folder}, since this one was not heard of for {LEASE_SECONDS:g} s: its machine "
            "slept, or did not reach the disk. Give the command again, when the other one has ended."
        )


def _system_lock(folder: Path, wait: bool) -> AcquireReturnProxy[Any]:
    # Where the system has no locks, a file that only says "locked" would outlive a process that is killed.
    return FileLock(folder / ".lock", timeout=-1 if wait else 0, fallback_to_soft=False).acquire()


def _lease(folder: Path, wait: bool) -> AcquireReturnProxy[Any]:
    """A lease; that of a process of this machine that has ended is taken at once, another one after its time."""
    lease = SoftFileLease(folder / ".lease", lease_duration=LEASE_SECONDS)
    patience = 0.0 if _is_fresh(folder / ".lease") else 1.5 * LEASE_SECONDS
    return lease.acquire(timeout=-1 if wait else patience, poll_interval=LEASE_SECONDS / 120)


def _is_fresh(lease: Path) -> bool:
    """Whether its holder said lately that it is there, by the clock of the disk."""
    now = lease.with_name(f".now-{secrets.token_hex(4)}")
    try:
        now.touch()
        with contextlib.suppress(FileNotFoundError), lease.open("rb") as held:  # opened, a disk of others looks anew
            return now.stat().st_mtime - os.fstat(held.fileno()).st_mtime < LEASE_SECONDS
        return True
    finally:
        now.unlink(missing_ok=True)


_HOLD = {SYSTEM: _system_lock, "lease": _lease}


def _sum_of(content: Mapping[str, Any], tensors: Mapping[str, torch.Tensor] | None = None) -> str:
    """SHA-256 of JSON-able data and of tensors: names, formats, shapes and bytes."""
    total = hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
    for name, tensor in sorted((tensors or {}).items()):
        import torch

        total.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return total.hexdigest()


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text} is no number that can be written again")
    return number


def _damaged(path: Path, why: str) -> InputError:
    return InputError(
        f"{path} was damaged or changed since Limbeck wrote it: {why}. Bring back a copy, or delete it and give the "
        "command again that made it."
    )
