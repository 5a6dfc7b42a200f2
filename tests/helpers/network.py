"""The network in tests: forbidden, or one small server on this machine."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attempt to reach a host fails the test."""

    def refuse(*_: object) -> None:
        raise AssertionError("something asked the network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


class Server:
    """Files under their paths; a path in `short` ends in the middle, one in `changed` has its first byte changed."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = dict(files)
        self.short: set[str] = set()
        self.changed: set[str] = set()
        self.asked: list[str] = []
        self.url = ""

    def answer(self, path: str) -> tuple[dict[str, str], bytes] | None:
        content = self.files.get(path)
        return None if content is None else ({}, content)


class Hub(Server):
    """As much of the Hugging Face hub as one repository needs; files beyond 100 bytes are large ones to it."""

    def __init__(self, repo: str, files: Mapping[str, bytes]) -> None:
        super().__init__(files)
        self.repo = repo

    def answer(self, path: str) -> tuple[dict[str, str], bytes] | None:
        path = path.partition("?")[0]
        if path == f"/api/models/{self.repo}/revision/{COMMIT}":
            return {}, json.dumps({"id": self.repo, "sha": COMMIT, "siblings": []}).encode()
        if path == f"/api/models/{self.repo}/tree/{COMMIT}":
            rows = [{"type": "file", "path": n, "size": len(c), "oid": _oid(c)} for n, c in self.files.items()]
            return {}, json.dumps(rows).encode()
        name = path.removeprefix(f"/{self.repo}/resolve/{COMMIT}/")
        if name not in self.files:
            return None
        content = self.files[name]
        return {"ETag": f'"{_oid(content)}"', "X-Repo-Commit": COMMIT}, content


def _oid(content: bytes) -> str:
    return (hashlib.sha256 if len(content) > 100 else hashlib.sha1)(content).hexdigest()


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    """The server at work, its address in `url`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(True)

        def do_HEAD(self) -> None:
            self._reply(False)

        def _reply(self, with_content: bool) -> None:
            server.asked.append(self.path)
            found = server.answer(self.path)
            name = self.path.rpartition("/")[2].partition("?")[0]
            self.send_response(404 if found is None else 200)
            headers, content = found or ({}, b"")
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if with_content:
                content = bytes([content[0] ^ 1]) + content[1:] if name in server.changed else content
                self.wfile.write(content[: len(content) // 2] if name in server.short else content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        server.url = f"http://127.0.0.1:{running.server_address[1]}"
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            running.shutdown()
            thread.join()
