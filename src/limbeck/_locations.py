"""Folders on a disk or in object storage (``s3://bucket/name``), and what is kept of the latter on this machine.

pyarrow speaks to the store; who one is and where the store is, it finds in the environment alone.
"""

import contextlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from io import FileIO
from pathlib import Path
from typing import IO, Any, TypeVar

from limbeck import _files
from limbeck._addresses import is_address, without_secrets
from limbeck._words import parse_size
from limbeck.errors import InputError

_T = TypeVar("_T")
_R = TypeVar("_R")
_KEPT = "50GB"
"""Bytes of large files that are kept of object storage at most, unless ``LIMBECK_CACHE_SIZE`` says otherwise."""
_AT_ONCE = 16
_ABANDONED_S = 86400.0
_WHY = (
    ("NO_SUCH_BUCKET", "there is no such bucket. Make it, or check its name"),
    (
        "ACCESS_DENIED|INVALID_ACCESS_KEY|INVALID_CLIENT_TOKEN|SIGNATURE|UNRECOGNIZED_CLIENT|HTTP status 40[13]",
        "who you are is not known there, or has no right to it. Check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in "
        "the environment of every machine, and the rights of that key",
    ),
    (
        "NETWORK_CONNECTION|SLOW_DOWN|SERVICE_UNAVAILABLE|INTERNAL_FAILURE|REQUEST_TIMEOUT|HTTP status 5",
        "the store cannot be reached, or is busy. Check the network and, where the store is not Amazon's, "
        "AWS_ENDPOINT_URL",
    ),
)


@dataclass(frozen=True)
class Location:
    """A folder, or a folder in object storage.

    Attributes:
        text: Its path, or its address. An address names no user, secret or server: these are in the environment.
    """

    text: str

    @classmethod
    def of(cls, place: "str | Path | Location") -> "Location":
        """A place of its path or address; one that is a place already is given back.

        Raises:
            InputError: The address cannot be one.
        """
        if isinstance(place, Location):
            return place
        if not is_address(place):
            return cls(str(place))
        text = str(place).rstrip("/")
        if not re.fullmatch(r"([a-z][a-z0-9+.-]*://|file:///)[^/@?#]+(/[^/@?#]+)*", text) or {".", ".."} & {
            *text.split("/")
        }:
            raise InputError(
                f"{without_secrets(text)} is no address that can be used: s3://BUCKET/NAME was expected, of plain "
                "names. Who you are and where the store is are told by the environment: AWS_ACCESS_KEY_ID, "
                "AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL."
            )
        return cls(text)

    def __str__(self) -> str:
        return self.text

    def absolute(self) -> "Location":
        """It, as it is known from any folder."""
        return self if self.is_remote else Location(str(self.folder.absolute()))

    @property
    def is_remote(self) -> bool:
        """Whether it is in object storage."""
        return is_address(self.text)

    @property
    def folder(self) -> Path:
        """The folder itself; of an address the one of this machine where files of it are kept, and runs on it."""
        if not self.is_remote:
            return Path(self.text)
        server = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", self.text.partition("://")[2])[-60:]
        return _kept() / f"{name}-{_files.digest(self.text, server)}"

    def files(self, pattern: str = "*") -> dict[str, "File"]:
        """Its files, or those in folders below it, whose names match a pattern (``shards/*``), by name; no hidden ones.

        Raises:
            InputError: The store cannot be asked.
        """
        below = pattern.rpartition("/")[0]
        if not self.is_remote:
            found: list[str] = []
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                found = sorted(name for name in os.listdir(self.folder / below) if name[0] != ".")
            names = [f"{below}/{name}" if below else name for name in found]
            return {name: File(self, name) for name in names if fnmatch(name, pattern)}
        from pyarrow import fs

        with _telling(self):
            system, root = _system(self.text, os.getpid())
            start = f"{root}/{below}".rstrip("/")
            try:
                listed = system.get_file_info(fs.FileSelector(start))
            except FileNotFoundError:  # where it is allowed, a bucket that is not there is nothing, too
                return {}
        entries = {one.path.removeprefix(f"{root}/"): one for one in listed}
        return {
            name: File(self, name, one.size, one.mtime_ns or 0)
            for name, one in sorted(entries.items())
            if one.base_name[0] != "." and fnmatch(name, pattern)
        }

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[Path]:
        """A path to write one of its files to; left without an error, that of an address goes to the store as a whole.

        Raises:
            InputError: The store cannot be written to.
        """
        if not self.is_remote:
            yield self.folder / name
            return
        from pyarrow import fs

        path = self.folder / "outgoing" / name  # where nobody makes room
        path.parent.mkdir(parents=True, exist_ok=True)
        yield path
        with _telling(self):
            system, root = _system(self.text, os.getpid())
            # Not by a stream of Python's: what leaves it with an error, or Ctrl-C, closes it, and half a file is there.
            there = {"source_filesystem": fs.LocalFileSystem(), "destination_filesystem": system}
            fs.copy_files(str(path.absolute()), f"{root}/{name}", use_threads=False, **there)
            modified_ns = system.get_file_info(f"{root}/{name}").mtime_ns
        os.utime(path, ns=(time.time_ns(), modified_ns))
        (self.folder / name).parent.mkdir(exist_ok=True)
        os.replace(path, self.folder / name)
        _bound(keep={self.folder / name})

    def clear(self) -> None:
        """Delete it with all that it holds, here and in the store.

        Raises:
            InputError: The store refuses it, or cannot be reached.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.is_remote:
            with _telling(self), contextlib.suppress(FileNotFoundError):
                system, root = _system(self.text, os.getpid())
                system.delete_dir(root)

    def delete(self, name: str) -> None:
        """Delete a file, if it is there.

        Raises:
            InputError: The store refuses it, or cannot be reached.
        """
        (self.folder / name).unlink(missing_ok=True)
        if self.is_remote:
            with _telling(self), contextlib.suppress(FileNotFoundError):
                system, root = _system(self.text, os.getpid())
                system.delete_file(f"{root}/{name}")


@dataclass(frozen=True)
class File:
    """A file of a place, as it was when it was listed.

    Attributes:
        place: Where it is.
        name: Its name below that.
        size: Its bytes, where it is in object storage and was listed.
        modified_ns: When it was written there.
    """

    place: Location
    name: str
    size: int | None = None
    modified_ns: int = 0

    def __str__(self) -> str:
        return f"{self.place}/{self.name}"

    @property
    def path(self) -> Path:
        """Where it is on this machine, or is once it was needed."""
        return self.place.folder / self.name

    @property
    def is_here(self) -> bool:
        """Whether it need not be fetched."""
        if not self.place.is_remote:
            return True
        try:
            stat = self.path.stat()
        except OSError:
            return False
        return (stat.st_size, stat.st_mtime_ns) == (self.size, self.modified_ns)

    @contextlib.contextmanager
    def begun(self) -> Iterator[IO[bytes]]:
        """It, open for reading a little of it: what is in object storage stays there."""
        if self.is_here:
            with self.path.open("rb") as handle:
                yield handle
            return
        with _telling(self):
            system, root = _system(self.place.text, os.getpid())
            with system.open_input_file(f"{root}/{self.name}") as handle:
                yield handle

    @contextlib.contextmanager
    def opened(self, check: Callable[[Path], None] = lambda path: None) -> Iterator[FileIO]:
        """It, unbuffered, `here`."""
        handle = None
        while handle is None:
            try:
                handle = self.here(check).open("rb", buffering=0)
            except FileNotFoundError:  # another process needed the room at this moment
                if not self.place.is_remote:
                    raise
        with handle:
            if self.place.is_remote:
                with contextlib.suppress(OSError):
                    os.utime(self.path, ns=(time.time_ns(), self.modified_ns))
            yield handle

    def here(self, check: Callable[[Path], None] = lambda path: None) -> Path:
        """Its path, fetched before if need be; `check` is given what was fetched before it is believed.

        Raises:
            InputError: It is no more what was listed, or the store cannot be reached.
        """
        if not self.is_here:
            self._fetch(check)
        return self.path

    def _fetch(self, check: Callable[[Path], None]) -> None:
        with _files.atomic(self.path) as part:
            with _telling(self):
                system, root = _system(self.place.text, os.getpid())
                with system.open_input_stream(f"{root}/{self.name}") as source, part.open("wb") as sink:
                    shutil.copyfileobj(source, sink, 2**22)
            if self.size not in {None, got := part.stat().st_size}:
                raise InputError(
                    f"{self} has {got} bytes, but had {self.size} when it was opened: it was written anew since. Give "
                    "the same command again."
                )
            check(part)
            os.utime(part, ns=(time.time_ns(), self.modified_ns))
        _bound(keep={self.path})


def each(function: Callable[[_T], _R], items: Sequence[_T], *, at_once: bool) -> list[_R]:
    """What a function gives for each; several `at_once` where it waits for a store."""
    if not at_once:
        return [*map(function, items)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(function, items))


def cache_folder() -> Path:
    """Where things are kept that can be had again: ``LIMBECK_CACHE``, or ``~/.cache/limbeck``."""
    return Path(os.environ.get("LIMBECK_CACHE") or Path.home() / ".cache" / "limbeck")


def _kept() -> Path:
    return cache_folder() / "remote"


def _bound(keep: set[Path]) -> None:
    """Delete of what is kept the shards that were not used for longest, until the others are few enough.

    One that is open somewhere is read on: the system keeps it until then.
    """
    most = parse_size(os.environ.get("LIMBECK_CACHE_SIZE") or _KEPT)
    with _files.exclusive(_kept(), wait=True):
        there: dict[Path, os.stat_result] = {}
        for path in _kept().glob("*/shards/*"):
            with contextlib.suppress(OSError):
                there[path] = path.stat()
        parts = [path for path in there if path.suffix == ".part"]
        for path in parts:  # of processes that were killed
            if time.time() - there.pop(path).st_mtime > _ABANDONED_S:
                path.unlink(missing_ok=True)
        shards = {path: stat for path, stat in there.items() if path.suffix == ".safetensors"}
        total = sum(stat.st_size for stat in shards.values())
        for path in sorted(shards.keys() - keep, key=lambda path: shards[path].st_atime_ns):
            if total <= most:
                break
            path.unlink(missing_ok=True)
            total -= shards[path].st_size


@cache
def _system(address: str, process: int) -> tuple[Any, str]:
    """The file system of an address and its path there, for one process: a fork shares none of its connections."""
    import pyarrow
    from pyarrow import fs

    try:
        system, root = fs.FileSystem.from_uri(address)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError) as error:
        raise InputError(
            f"{address} is no address that can be used: s3://BUCKET/NAME was expected. pyarrow says: {error}"
        ) from error
    return system, root.rstrip("/")


@contextlib.contextmanager
def _telling(what: object) -> Iterator[None]:
    """Whatever goes wrong with a store is one sentence, which names the place and what to do, and no secret."""
    try:
        yield
    except OSError as error:
        if error.filename is not None or (error.errno and not isinstance(error, FileNotFoundError)):
            raise  # of this machine's disk
        said = str(error).partition(" (Request ID")[0]
        if isinstance(error, FileNotFoundError):
            why = "it is not there any more"
        else:
            fitting = (why for pattern, why in _WHY if re.search(pattern, said))
            why = next(fitting, f"the store says: {said[:200]}")
        raise InputError(f"{what}: {why}, then give the same command again.") from error
