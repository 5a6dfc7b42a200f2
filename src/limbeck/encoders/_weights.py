"""Published weights: found in a folder or in the cache, or fetched, and checked; read without running code, hashed.

A model says what it needs as `HubFiles` (a repository of the Hugging Face hub) or as an `OfficialFile` (one address of
its authors). Hub files lie in the hub's own cache (``HF_HOME``), others under ``LIMBECK_CACHE`` (by default the user's
cache folder). ``HF_HUB_OFFLINE=1`` keeps both from asking the network.
"""

import hashlib
import logging
import os
import pickle
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from limbeck._files import atomic, write_text
from limbeck.encoders._module import package
from limbeck.errors import InputError, LimbeckError, MissingWeightsError
from limbeck.hub import is_offline

_SHA256 = re.compile(r"[0-9a-f]{64}")


def cache_folder() -> Path:
    """Where files of official addresses are kept: ``LIMBECK_CACHE``, or the user's cache folder."""
    return Path(os.environ.get("LIMBECK_CACHE") or package("pooch").os_cache("limbeck")) / "weights"


@dataclass(frozen=True)
class HubFiles:
    """All `files` of the repository ``owner/name`` of the Hugging Face hub, and the first of `weights` that exists.

    `OfficialFile` has methods of the same names. The `revision` is the hash of a commit, so that all users have the
    same files; the hub serves what a commit held, or nothing.
    """

    repo: str
    revision: str
    files: tuple[str, ...]
    weights: tuple[str, ...] = ("model.safetensors", "pytorch_model.bin")

    def command(self, folder: Path | None = None) -> str:
        """What to type to get them into a folder, or into the cache."""
        names = " ".join(f"--include {shlex.quote(name)}" for name in (*self.files, *self.weights[:1]))
        target = f" --local-dir {shlex.quote(str(folder))}" if folder is not None else ""
        others = "".join(f" (if it has no {self.weights[0]}: the same with {name})" for name in self.weights[1:])
        return f"HF_HUB_OFFLINE=0 hf download {self.repo} --revision {self.revision} {names}{target}{others}"

    def __str__(self) -> str:
        return self.repo

    @property
    def name(self) -> str:
        """What their folder is called beside other weights."""
        return self.repo.rpartition("/")[2]

    def cache_name(self) -> str:
        """Where the cache is, in words."""
        return f"the cache of the Hugging Face hub ({package('huggingface_hub').constants.HF_HUB_CACHE})"

    def inside(self, folder: Path) -> Path:
        """What stands for them in a folder that lacks nothing."""
        return folder

    def weights_in(self, folder: Path) -> Path:
        """The file of weights in a folder that lacks nothing."""
        return next(folder / name for name in self.weights if (folder / name).is_file())

    def held(self, place: Path) -> dict[str, Path]:
        """The files by their names, of what `cached` or `fetched` gave."""
        weights = [self.weights_in(place)] if self.weights else []
        return {str(path.relative_to(place)): path for path in (*(place / name for name in self.files), *weights)}

    def lacking(self, folder: Path) -> list[str]:
        """What of them a folder, which need not exist, has not got."""
        found = [name for name in self.files if not (folder / name).is_file()]
        if self.weights and not any((folder / name).is_file() for name in self.weights):
            found.append(" or ".join(self.weights))
        return found

    def cached(self) -> Path | None:
        """Where they lie in the cache, if all do."""
        hub = package("huggingface_hub")
        for name in (*self.weights, *self.files):
            path = hub.try_to_load_from_cache(self.repo, name, revision=self.revision)
            if isinstance(path, str):
                folder = Path(path.removesuffix(name))
                return None if self.lacking(folder) else folder
        return None

    def fetched(self) -> Path:
        """Where they lie in the cache, once they are fetched and found to be what they should be."""
        hub = package("huggingface_hub")
        try:
            for weights in self.weights or ("",):
                needed = [*self.files, *([weights] if weights else [])]
                folder = Path(hub.snapshot_download(self.repo, revision=self.revision, allow_patterns=needed))
                if not self.lacking(folder):
                    break
        except Exception as error:  # the hub's client and its network layers have many roots of errors
            raise MissingWeightsError(
                f"The weights {self.repo} could not be fetched from the Hugging Face hub: {first_line(error)} "
                f"Try again later, or on a machine with network: {self.command()}"
            ) from error
        if lacking := self.lacking(folder):
            raise MissingWeightsError(f"The hub's {self.repo} ({self.revision}) has no {', '.join(lacking)}.")
        for name in (*self.files, *self.weights):
            blob = (folder / name).resolve()  # the hub's cache names a large file by its sha256
            if blob.is_file() and _SHA256.fullmatch(blob.name) and file_sha256(blob) != blob.name:
                blob.unlink()  # or the next look would take it for whole
                raise MissingWeightsError(f"{name} of {self.repo} arrived damaged. Try again: {self.command()}")
        return folder


@dataclass(frozen=True)
class OfficialFile:
    """One file at the address its authors published; `name` is what it is called in the cache and a local folder.

    Where the authors give no `sha256`, that of the first download is kept beside it, and every later look compares.
    """

    name: str
    url: str
    sha256: str | None = None

    def __str__(self) -> str:
        return self.name

    def cache_name(self) -> str:
        return f"the cache ({cache_folder()})"

    def held(self, place: Path) -> dict[str, Path]:
        return {self.name: place}

    def lacking(self, folder: Path) -> list[str]:
        return [] if (folder / self.name).is_file() else [self.name]

    def cached(self) -> Path | None:
        path = cache_folder() / self.name
        if not path.is_file():
            return None
        self._check_once(path)
        return path

    def command(self, folder: Path | None = None) -> str:
        target = shlex.quote(str((folder or cache_folder()) / self.name))
        return f"curl -L --fail --create-dirs -o {target} {shlex.quote(self.url)}"

    def inside(self, folder: Path) -> Path:
        return folder / self.name

    def fetched(self) -> Path:
        pooch, path = package("pooch"), cache_folder() / self.name
        pooch.get_logger().setLevel(logging.WARNING)
        try:
            pooch.retrieve(self.url, known_hash=self.sha256, fname=path.name, path=path.parent)
        except Exception as error:  # of requests, urllib3, or the system, or a wrong hash
            raise MissingWeightsError(
                f"{self.name} could not be fetched from {self.url}: {first_line(error)} Get it with: {self.command()}"
            ) from error
        self._check_once(path)
        return path

    def _check_once(self, path: Path) -> None:
        """Compare with the published hash or that of the first download, unless this very file was compared before."""
        note = path.with_name(path.name + ".sha256")
        seen = note.read_text(encoding="utf-8").split() if note.is_file() else []
        expected = self.sha256 or (seen[0] if seen else None)
        stamp = f"{path.stat().st_size}:{path.stat().st_mtime_ns}"
        if seen == [expected, stamp]:
            return
        found = file_sha256(path)
        if found != (expected or found):
            raise MissingWeightsError(
                f"{self.name} in {path} is damaged or another file: its sha256 is {found}, expected was {expected}. "
                f"Remove it and fetch it again: rm {shlex.quote(str(path))} && {self.command()}"
            )
        write_text(note, f"{found} {stamp}\n")


@dataclass(frozen=True)
class Needed:
    """Something a model needs, looked for in a folder, and with `or_cache` in the cache, filled from its address."""

    source: HubFiles | OfficialFile
    folder: Path | None
    or_cache: bool = False

    @classmethod
    def near(cls, source: HubFiles, folder: Path | None) -> Self:
        """What lies in a folder of its own in a folder of weights, or else in the cache."""
        return cls(source, None if folder is None else folder / source.name, or_cache=True)

    @property
    def in_cache(self) -> bool:
        """Whether the cache will do."""
        return self.folder is None or self.or_cache

    def here(self) -> Path | None:
        """Where it lies on this machine; None where it does not."""
        if self.folder is not None and not self.source.lacking(self.folder):
            return self.source.inside(self.folder)
        return self.source.cached() if self.in_cache else None

    def sentence(self) -> str:
        """What is missing, where it was looked for, and how to get it."""
        places = [str(self.folder) + ("" if self.folder.is_dir() else " (no such folder)")] if self.folder else []
        places += [self.source.cache_name()] if self.in_cache else []
        what = ", ".join(self.source.lacking(self.folder or Path(os.devnull)))
        what += f" of {self.source}" if what != str(self.source) else ""
        return f"{what}: looked for in {' and in '.join(places)}. Get with: {self.source.command(self.folder)}"


def located(*needed: Needed, offline: bool = False, advice: str = "") -> list[Path]:
    """Where all that a model needs lies: an `OfficialFile` itself, of `HubFiles` the folder.

    Nothing is fetched while something else cannot be had; the message of that names all of it, and ends with `advice`.
    """
    found = [one.here() for one in needed]
    lacking = [one for one, path in zip(needed, found, strict=True) if path is None]
    reason = "the network may not be asked (offline)" if is_offline(offline) else ""
    if not reason and all(one.in_cache for one in lacking):
        try:
            return [path or one.source.fetched() for one, path in zip(needed, found, strict=True)]
        except MissingWeightsError as error:
            # Its own sentence says again what the lines above do.
            reason = first_line(error.__cause__) if isinstance(error.__cause__, Exception) else str(error)
            lacking = [one for one in needed if one.here() is None]
    if lacking:
        raise MissingWeightsError(
            "\n".join(["Weights are not on this machine:", *(f"  {one.sentence()}" for one in lacking)])
            + (f"\nThey cannot be fetched: {reason}" if reason else "")
            + (f"\n{advice}" if advice else "")
        )
    return [path for path in found if path is not None]


def copied(*needed: Needed, offline: bool = False) -> list[Path]:
    """Put all that a model needs into the folders it would be looked for in, from the cache or fetched; the files.

    What lies there already is left as it is. Nothing is put there while something cannot be had.
    """
    lacking = [one for one in needed if one.folder is not None and one.source.lacking(one.folder)]
    found = located(*(Needed(one.source, None) for one in lacking), offline=offline)
    for one, place in zip(lacking, found, strict=True):
        for name, path in one.source.held(place).items():
            assert one.folder is not None
            with atomic(one.folder / name) as part:
                shutil.copyfile(path, part)
    there = ((one.folder, one.source) for one in needed if one.folder is not None)
    return [folder / name for folder, source in there for name in source.held(source.inside(folder))]


def say_once(sentence: str) -> None:
    """Log a sentence, unless the cache has a note that it was said on this machine."""
    note = cache_folder() / "said" / f"{hashlib.sha256(sentence.encode()).hexdigest()[:16]}.txt"
    if not note.exists():
        logging.getLogger("limbeck").warning(sentence)
        with suppress(OSError):  # a cache that cannot be written: it is said again
            write_text(note, f"{sentence}\n")


@contextmanager
def reading(place: Path) -> Iterator[None]:
    """Whatever other packages raise inside over a file that is not as it should be becomes one sentence."""
    try:
        yield
    except (LimbeckError, ImportError):
        raise
    except Exception as error:  # json, safetensors, zip, torch, tokenizers and transformers each have their own root
        raise InputError(f"{place} cannot be read: {first_line(error)} Fetch it again.") from error


def read_state(path: Path, *, inside: Sequence[str] = ()) -> dict[str, Tensor]:
    """Tensors by name, on the CPU, of a ``.safetensors`` file or one written by torch; nothing in it is run."""
    with reading(path):
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        try:
            found: Any = torch.load(path, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise InputError(
                f"{path} holds more than tensors, and reading that would run code of its maker: it is refused. "
                "Convert it to safetensors where you trust it."
            ) from error
    for key in inside:
        if isinstance(found, Mapping) and isinstance(found.get(key), Mapping):
            found = found[key]
            break
    tensors = {str(k): v for k, v in found.items() if isinstance(v, Tensor)} if isinstance(found, Mapping) else {}
    if not tensors:
        raise InputError(f"{path} holds no tensors by name. Is it the checkpoint of this model?")
    return tensors


def weights_hash(*parts: Mapping[str, Tensor] | str) -> str:
    """A short hash (12 hexadecimal digits) for `Encoder.id`, of tensors by name in any order, settings as text.

    Example:
        >>> one, two = torch.zeros(2), torch.ones(1)
        >>> weights_hash({"a": one, "b": two}) == weights_hash({"b": two, "a": one})
        True
    """
    content = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            content.update(f"text of {len(part)}:{part};".encode())
            continue
        for name in sorted(part):
            tensor = part[name].detach().cpu().contiguous()
            content.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)};".encode())
            content.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return content.hexdigest()[:12]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, 64 hexadecimal digits."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def first_line(error: Exception) -> str:
    """An error of somebody else in one sentence."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0].rstrip('.')}." if lines else f"{type(error).__name__}."
