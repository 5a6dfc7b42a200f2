"""What of the hub's client is used, each of its errors in a sentence."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal, TypeVar

from limbeck import __version__, _files
from limbeck._words import size
from limbeck.errors import HubError, InputError, LimbeckError, package

Kind = Literal["dataset", "model"]
T = TypeVar("T")
LARGEST = 4 * 10**9
"""Bytes that are fetched at most, unless more is asked for."""
_LARGEST_JSON = 50 * 10**6
_CONFIG = "config.json"
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_LOG_IN = "Make a token on https://huggingface.co/settings/tokens and give it with: hf auth login (or set HF_TOKEN)."


def is_offline(offline: bool = False) -> bool:
    """Whether the network must not be used: by argument, or by ``HF_HUB_OFFLINE``."""
    return offline or os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


@dataclass(frozen=True)
class Download:
    """Files of one commit of a repository, in the hub's cache.

    Attributes:
        name: Of the repository, ``owner/name``.
        revision: The commit, 40 hexadecimal digits, whatever branch or tag was asked for.
        folder: Where they lie.
    """

    name: str
    revision: str
    folder: Path

    @property
    def source(self) -> str:
        """Where they come from, for provenance: ``owner/name@commit``."""
        return f"{self.name}@{self.revision}"

    def read(self, load: Callable[[Path], T]) -> T:
        """What a function reads from the folder; if they are not what it expects, that is said of the repository."""
        try:
            return load(self.folder)
        except Exception as error:  # files of strangers may break any part of what reads them
            if _files.is_of_system(error):
                raise
            why = error if isinstance(error, LimbeckError) else f"{type(error).__name__}: {error}."
            raise HubError(
                f"{self.source} on the hub cannot be read: {why} Its owner can push it again; if it was read before, "
                f"the copy in {self.folder} is damaged: delete that folder and fetch it again."
            ) from error


@dataclass(frozen=True)
class Upload:
    """What goes to the hub, or would go, and nothing else does.

    Attributes:
        name: Of the repository, ``owner/name``.
        kind: ``"dataset"`` or ``"model"``.
        files: Bytes of every file, by name.
        remarks: Sentences on what of it people may want to keep to themselves.
        revision: The commit it became, 40 hexadecimal digits; empty where nothing was sent.
    """

    name: str
    kind: Kind
    files: Mapping[str, int]
    remarks: tuple[str, ...] = ()
    revision: str = ""

    @property
    def url(self) -> str:
        """Where it is looked at."""
        return _url(self.name, self.kind)

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {**asdict(self), "remarks": list(self.remarks), "url": self.url}


def fetch(
    name: str,
    kind: Kind,
    files: Sequence[str],
    *,
    revision: str | None = None,
    token: str | None = None,
    offline: bool = False,
    max_bytes: int = LARGEST,
    progress: bool = True,
) -> Download:
    """Some files of a repository, all of one commit, from the hub or its cache; nothing else is fetched.

    Args:
        name: ``owner/name``.
        kind: ``"dataset"`` or ``"model"``.
        files: Names, or patterns with stars, of files at the top; none may be missing.
        revision: A branch, a tag or a commit; the main branch by default.
        token: Proves who asks, for what is private; that of this machine by default.
        offline: Take them from the cache and never ask the network.
        max_bytes: What they may take in all.
        progress: Let the client draw its bars on standard error.

    Raises:
        HubError: There is no such repository or revision, it is private, holds other files or larger ones, or the hub
            cannot be reached; or it is not in the cache, where the network must not be asked.
        InputError: The name is none.
        MissingExtraError: The hub's client is not installed.
    """
    hub, offline = _client(name), is_offline(offline)
    options: dict[str, Any] = {"repo_type": kind, "revision": revision, "token": token}
    wanted = [*files]
    with _told(name, kind, revision, token), _bars(progress):
        commit = None
        if not offline:
            about = hub.HfApi().repo_info(name, files_metadata=True, **options)
            sizes = {file.rfilename: file.size for file in about.siblings or ()}
            _check(name, files, sizes, max_bytes)
            commit = about.sha
            wanted = [file for file in sizes if _matched(file, files)]
        folder = Path(hub.snapshot_download(name, allow_patterns=wanted, local_files_only=offline, **options))
        if commit not in (None, folder.name):
            raise HubError(f"{name} was changed on the hub while it was fetched. Give the same command again.")
        _check(name, files, {path.name: path.stat().st_size for path in folder.iterdir()}, max_bytes)
    return Download(name, folder.name, folder)


def push(
    folder: Path,
    name: str,
    kind: Kind,
    *,
    message: str,
    remarks: Sequence[str] = (),
    replaces: str = "",
    private: bool = False,
    token: str | None = None,
    dry_run: bool = False,
    progress: bool = True,
) -> Upload:
    """Send the files of a folder to a repository in one commit; the repository is made if need be.

    Args:
        folder: Whose files go, those in its folders not.
        name: ``owner/name``.
        kind: ``"dataset"`` or ``"model"``.
        message: Of the commit.
        remarks: See `Upload`.
        replaces: Files there whose names match this pattern with stars, and are not sent anew, are deleted.
        private: Only its owner may see it.
        token: Proves who sends; that of this machine by default.
        dry_run: Say what would be sent, and ask nothing of the network.
        progress: Let the client draw its bars on standard error.

    Raises:
        HubError: There is no token, it may not write there, or the hub cannot be reached; or the repository is public
            and should be private, or holds something that Limbeck did not make. Nothing was sent, then.
        InputError: The name is none.
        MissingExtraError: The hub's client is not installed.
    """
    hub, files = _client(name), sorted(path for path in folder.iterdir() if path.is_file())
    upload = Upload(name, kind, {path.name: path.stat().st_size for path in files}, tuple(remarks))
    if dry_run:
        return upload
    if is_offline():
        raise HubError("Nothing can be sent while HF_HUB_OFFLINE is set. Unset it, or see what would go: --dry-run.")
    if not (token or hub.get_token()):
        raise HubError(f"Nothing was sent to {name}: the hub must know who you are, and there is no token. {_LOG_IN}")
    api = hub.HfApi(token=token, library_name="limbeck", library_version=__version__)
    with _told(name, kind, None, token, sends=True), _bars(progress):
        api.create_repo(name, repo_type=kind, private=private or None, exist_ok=True)
        there = api.repo_info(name, repo_type=kind, files_metadata=True)
        if private and not there.private:
            raise HubError(
                f"Nothing was sent: {name} is there already, and public. Choose another name, or make it so."
            )
        settings = next((file for file in there.siblings or () if file.rfilename == _CONFIG), None)
        if settings is not None and not (
            (settings.size or 0) <= _LARGEST_JSON
            and _is_ours(Path(api.hf_hub_download(name, _CONFIG, repo_type=kind, revision=there.sha)))
        ):
            raise HubError(
                f"Nothing was sent: {name} holds something else, whose {_CONFIG} and card would be lost. "
                "Choose another name."
            )
        old = [file.rfilename for file in there.siblings or () if _matched(file.rfilename, [replaces])]
        done = api.create_commit(
            name,
            [hub.CommitOperationAdd(path_in_repo=path.name, path_or_fileobj=path) for path in files]
            + [hub.CommitOperationDelete(path_in_repo=file) for file in old if file not in upload.files],
            repo_type=kind,
            commit_message=message,
        )
    return replace(upload, revision=done.oid)


def _is_ours(settings: Path) -> bool:
    """Whether a ``config.json`` is of a set or a classifier, of this version or another."""
    try:
        content = json.loads(settings.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(content, dict) and str(content.get("format")).startswith("limbeck-")


def new_folder(out: Path | str) -> Path:
    """The folder that something fetched goes to; refused where it holds anything."""
    folder = Path(out)
    _files.refuse_full(folder)
    return folder


def _url(name: str, kind: Kind) -> str:
    endpoint = package("hub", "huggingface_hub.constants").ENDPOINT
    return f"{endpoint}/{'datasets/' if kind == 'dataset' else ''}{name}"


def _client(name: str) -> Any:
    """The hub's client, for a name that can be one of its repositories."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            f"A repository of the Hugging Face hub is written owner/name, with letters, digits and . _ -, but got "
            f"{name!r}. A folder on this machine is read by load."
        )
    return package("hub", "huggingface_hub")


def _matched(file: str, files: Sequence[str]) -> bool:
    # A name may be used as a pattern, and must be a name alone.
    return bool(re.fullmatch(r"[\w.-]+", file)) and any(fnmatchcase(file, pattern) for pattern in files)


def _check(name: str, files: Sequence[str], sizes: Mapping[str, int | None], max_bytes: int) -> None:
    """Refuse a repository that lacks files, or whose files are too large."""
    for pattern in files:
        if not any(_matched(file, [pattern]) for file in sizes):
            here = ", ".join(sorted(sizes)[:6]) or "nothing"
            raise HubError(f"{name} holds nothing of the kind that was expected: no {pattern} is in it, but {here}.")
    taken = {file: count for file, count in sizes.items() if _matched(file, files)}
    if unknown := [file for file, count in taken.items() if count is None]:
        raise HubError(f"The hub does not say how large {unknown[0]} of {name} is, so it is not fetched.")
    known = {file: count or 0 for file, count in taken.items()}
    if (total := sum(known.values())) > max_bytes:
        raise HubError(
            f"{name} takes {size(total)}, and {size(max_bytes)} at most were to be fetched. Where you trust it, allow "
            "more: max_bytes in Python, --max-bytes on the command line."
        )
    if odd := [file for file, count in known.items() if file.endswith(".json") and count > _LARGEST_JSON]:
        raise HubError(f"{odd[0]} of {name} takes {size(known[odd[0]])}, far more than settings do: it is not read.")


@contextmanager
def _bars(show: bool) -> Iterator[None]:
    """With the client's bars, or without."""
    utils = package("hub", "huggingface_hub.utils")
    if show or utils.are_progress_bars_disabled():
        yield
        return
    utils.disable_progress_bars()
    try:
        yield
    finally:
        utils.enable_progress_bars()


@contextmanager
def _told(name: str, kind: Kind, revision: str | None, token: str | None, *, sends: bool = False) -> Iterator[None]:
    """Whatever the client and its network layers raise inside becomes one sentence."""
    try:
        yield
    except LimbeckError:
        raise
    except Exception as error:  # the client and its network layers have many roots of errors
        if _files.is_of_system(error):
            raise
        # What fails in a thread of the client is wrapped.
        cause = error.__cause__ if isinstance(error, RuntimeError) and isinstance(error.__cause__, Exception) else error
        raise HubError(_sentence(cause, name, kind, revision, token, sends)) from error


def _sentence(error: Exception, name: str, kind: Kind, revision: str | None, token: str | None, sends: bool) -> str:
    errors = package("hub", "huggingface_hub.errors")
    known = bool(token or package("hub", "huggingface_hub").get_token())
    status = getattr(getattr(error, "response", None), "status_code", None)
    match error:
        case errors.GatedRepoError():
            return f"{name} is open to those who accept its conditions: {_url(name, kind)}. {_LOG_IN}"
        case errors.RepositoryNotFoundError() if not sends:
            access = "your token gives no access to it" if known else f"it is private, and there is no token. {_LOG_IN}"
            return f"There is no {kind} {name} on the hub; or {access.rstrip('.')}."
        case errors.RevisionNotFoundError():
            return f"{name} on the hub has no branch, tag or commit {revision!r}. Leave it out for the newest state."
        case errors.LocalEntryNotFoundError():
            state = f"{name} at {revision}" if revision else name
            return (
                f"{state} is not in the hub's cache on this machine, and the network may not be asked (offline). Fetch "
                "it once with network."
            )
    if status in (401, 403):
        return (
            f"Nothing was sent: the token may not write to {name}. {_LOG_IN}"
            if sends
            else (f"The hub refuses {name} to this token ({status}). {_LOG_IN}")
        )
    said = str(error).strip().splitlines()
    why = f"{type(error).__name__}: {said[0].rstrip('.')}" if said else type(error).__name__
    if status is not None or isinstance(error, ValueError):
        return f"The hub does not take what was asked about {name} ({why}). {' '.join(said[1:])}".strip()
    help_ = "Try again later" + ("." if sends else ", or take what is in the cache: offline=True, --offline.")
    return f"The hub cannot be reached ({why}). {help_}"
