"""A Hugging Face hub on this machine: as much of its HTTP as its client needs to make, fill and read repositories.

Files of some kinds are large ones to it and go through Git LFS, as there. Commits stay, whatever comes after.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import yaml

LARGE = (".safetensors", ".png")
Files = dict[str, bytes]


@dataclass
class Repository:
    """Commits, newest last, each with all files of its state; tags by name."""

    private: bool = False
    commits: list[tuple[str, Files]] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    messages: list[str] = field(default_factory=list)

    @property
    def files(self) -> Files:
        """The newest state."""
        return self.commits[-1][1]

    def commit(self, files: Files, message: str = "by hand") -> str:
        """A new state; its hash."""
        content = repr((len(self.commits), sorted(files.items()))).encode()
        self.commits.append((hashlib.sha1(content).hexdigest(), files))
        self.messages.append(message)
        return self.commits[-1][0]

    def at(self, revision: str) -> tuple[str, Files] | None:
        """The state of a branch, tag or commit."""
        wanted = self.commits[-1][0] if revision == "main" else self.tags.get(revision, revision)
        return next((one for one in self.commits if one[0] == wanted), None)


@dataclass
class FakeHub:
    """Repositories by kind and name, and the tokens it knows, each with the name of its owner.

    Attributes:
        asked: Method and path of every request, in order.
        conditions: Repositories that are open to those who accept conditions.
        swaps: Repositories that get an empty commit after every question about them.
    """

    tokens: dict[str, str] = field(default_factory=lambda: {"hf_ada": "ada", "hf_bob": "bob"})
    repositories: dict[tuple[str, str], Repository] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    conditions: set[str] = field(default_factory=set)
    swaps: set[str] = field(default_factory=set)
    url: str = ""
    large: Files = field(default_factory=dict)

    def put(self, kind: str, name: str, files: Files, *, private: bool = False) -> Repository:
        """A repository with some files, made without its HTTP."""
        made = self.repositories.setdefault((kind, name), Repository(private))
        made.commit(dict(files))
        return made


class RefusedError(Exception):
    """A status, and what the hub calls the reason in its headers and content."""

    def __init__(self, status: int, code: str = "", message: str = "", **content: Any) -> None:
        super().__init__(status, code, message)
        self.status, self.code, self.content = status, code, content or {"error": message or code}


class _Answers(BaseHTTPRequestHandler):
    hub: FakeHub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815 - names of http.server

    def _answer(self) -> None:
        hub, split = self.hub, urlsplit(self.path)
        hub.asked.append(f"{self.command} {self.path}")
        body = self._body()
        user = hub.tokens.get((self.headers.get("Authorization") or "").removeprefix("Bearer "))
        headers: dict[str, str] = {}
        try:
            found = self._found(unquote(split.path), parse_qs(split.query), body, user)
            status, content = 200, found
            if isinstance(found, tuple):
                headers, content = found
        except RefusedError as refusal:
            status, content = refusal.status, refusal.content
            headers = {"X-Error-Code": refusal.code} if refusal.code else {}
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(raw)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        chunks = []
        while length := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(length))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _found(self, path: str, query: dict[str, list[str]], body: bytes, user: str | None) -> Any:
        if path == "/api/repos/create":
            return self._create(json.loads(body), user)
        if path == "/api/validate-yaml":
            return _validated(json.loads(body)["content"])
        if hit := re.fullmatch(r"/lfs/(\w{64})", path):
            if hashlib.sha256(body).hexdigest() != hit[1]:
                raise RefusedError(400, message="another file")
            self.hub.large[hit[1]] = body
            return {}
        if hit := re.fullmatch(
            r"/api/(dataset|model)s/([^/]+/[^/]+)(?:/(revision|tree|preupload|commit)/([^/]+))?", path
        ):
            kind, name, what, revision = hit.groups()
            writes = what in {"preupload", "commit"}
            repository = self._repository(kind, name, user, writes=writes)
            if writes:
                return self._preupload(json.loads(body)) if what == "preupload" else self._commit(kind, name, body)
            commit, files = self._state(repository, revision or "main")
            if what == "tree":
                return [_row(file, content) for file, content in files.items()]
            if name in self.hub.swaps:
                repository.commit(files | {"swapped": str(len(repository.commits)).encode()})
            return {
                "id": name,
                "sha": commit,
                "private": repository.private,
                "tags": [],
                "siblings": [
                    {"rfilename": file, **({"size": len(content)} if "blobs" in query else {})}
                    for file, content in files.items()
                ],
            }
        if hit := re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)\.git/info/lfs/objects/batch", path):
            self._repository("dataset" if hit[1] else "model", hit[2], user, writes=True)
            objects = json.loads(body)["objects"]
            wanted = [
                o
                if o["oid"] in self.hub.large
                else {**o, "actions": {"upload": {"href": f"{self.hub.url}/lfs/{o['oid']}"}}}
                for o in objects
            ]
            return {"transfer": "basic", "objects": wanted}
        if hit := re.fullmatch(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            repository = self._repository("dataset" if hit[1] else "model", hit[2], user)
            commit, files = self._state(repository, hit[3])
            if hit[4] not in files:
                raise RefusedError(404, "EntryNotFound")
            return {"ETag": f'"{_oid(hit[4], files[hit[4]])}"', "X-Repo-Commit": commit}, files[hit[4]]
        raise RefusedError(404, message=f"no such address: {path}")

    def _create(self, wanted: dict[str, Any], user: str | None) -> Any:
        if user is None:
            raise RefusedError(401, message="Invalid username or password.")
        name = f"{wanted['organization']}/{wanted['name']}"
        if wanted["organization"] != user:
            raise RefusedError(403, message="You don't have the rights to create a repository under this namespace")
        key, url = (wanted.get("type", "model"), name), f"{self.hub.url}/{name}"
        if key in self.hub.repositories:
            raise RefusedError(409, url=url, error="You already created this repo")
        self.hub.put(
            *key, {".gitattributes": b""}, private=wanted.get("visibility") == "private" or wanted.get("private", False)
        )
        return {"url": url}

    def _repository(self, kind: str, name: str, user: str | None, *, writes: bool = False) -> Repository:
        found, owner = self.hub.repositories.get((kind, name)), name.partition("/")[0]
        if found is None or (found.private and user != owner):
            raise RefusedError(404 if user else 401, "RepoNotFound", "Repository not found")
        if name in self.hub.conditions and user != owner:
            raise RefusedError(403, "GatedRepo", "Access is restricted")
        if writes and user != owner:
            raise RefusedError(403, message="Forbidden: pass create_pr=1 as a query parameter to create a Pull Request")
        return found

    def _state(self, repository: Repository, revision: str) -> tuple[str, Files]:
        if (state := repository.at(revision)) is None:
            raise RefusedError(404, "RevisionNotFound")
        return state

    def _preupload(self, wanted: dict[str, Any]) -> Any:
        return {
            "files": [
                {
                    "path": f["path"],
                    "uploadMode": "lfs" if f["path"].endswith(LARGE) else "regular",
                    "shouldIgnore": False,
                }
                for f in wanted["files"]
            ]
        }

    def _commit(self, kind: str, name: str, body: bytes) -> Any:
        repository, message = self.hub.repositories[kind, name], ""
        files = dict(repository.files)
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            match line["key"]:
                case "header":
                    message = value["summary"]
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.hub.large[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
                case other:
                    raise RefusedError(400, message=f"unknown operation {other}")
        oid = repository.commit(files, message)
        return {"commitUrl": f"{self.hub.url}/{name}/commit/{oid}", "commitOid": oid, "pullRequestUrl": None}

    def log_message(self, *_: object) -> None:
        pass


def _oid(file: str, content: bytes) -> str:
    return (hashlib.sha256 if file.endswith(LARGE) else hashlib.sha1)(content).hexdigest()


def _row(file: str, content: bytes) -> dict[str, Any]:
    row = {"type": "file", "path": file, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
    if file.endswith(LARGE):
        row["lfs"] = {"oid": _oid(file, content), "size": len(content), "pointerSize": 130}
    return row


def head_of(card: str) -> dict[str, Any]:
    """The head of a card, as the hub reads it; a card without one, or with a broken one, is refused."""
    found = re.match(r"---\n(.*?)\n---\n", card, re.DOTALL)
    read = yaml.safe_load(found[1]) if found else None
    if not isinstance(read, dict):
        raise ValueError("a card begins with a mapping in YAML")
    return read


def _validated(content: str) -> Any:
    """What of the head the hub checks: texts and lists of texts where it wants them."""
    try:
        head = head_of(content)
    except (ValueError, yaml.YAMLError) as error:
        raise RefusedError(400, errors=[{"message": str(error)}], warnings=[]) from error
    wrong = [
        f'"{name}" must be a {kind.__name__}'
        for name, kind in {"license": str, "tags": list, "datasets": list, "library_name": str}.items()
        if name in head and not isinstance(head[name], kind)
    ]
    if isinstance(head.get("license"), str) and not re.fullmatch(r"[a-z0-9.+-]+", head["license"]):
        wrong.append(f'"license" must be one of a list, not {head["license"]}')
    if wrong:
        raise RefusedError(400, errors=[{"message": message} for message in wrong], warnings=[])
    return {"errors": [], "warnings": []}


@contextlib.contextmanager
def serving(hub: FakeHub) -> Iterator[FakeHub]:
    """The hub at work, its address in `url`."""
    handler = type("Handler", (_Answers,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        running.daemon_threads = True
        hub.url = f"http://127.0.0.1:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield hub
        finally:
            running.shutdown()
            thread.join()
