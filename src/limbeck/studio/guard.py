"""What may reach a studio: a browser on this machine that was given its address, and nobody else.

The token is the first part of the path, so that addresses on the page stay relative. Pages of other sites know neither
it nor the answer, and are refused whatever they know.
"""

import secrets
from collections.abc import Mapping

import anyio
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_SAME_SITE = frozenset(["same-origin", "none"])
_SILENCE = 1.0  # seconds without a byte after which a body that is refused anyway is no longer waited for


class Guard:
    """Refuses requests without the token, of other origins, to other hosts, and with bodies that are too large.

    Args:
        app: What is guarded; it sees paths without the token.
        token: The secret.
        hosts: What the server is called in addresses, such as ``127.0.0.1:8000``.
        limits: Largest body in bytes by path below the token; other paths have `other_limit`.
        other_limit: In bytes.
    """

    def __init__(
        self, app: ASGIApp, *, token: str, hosts: frozenset[str], limits: Mapping[str, int], other_limit: int
    ) -> None:
        self._app, self._token, self._hosts = app, token, hosts
        self._limits, self._other_limit = limits, other_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer why not."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        _, token, *rest = scope["path"].split("/", 2) if scope["path"].startswith("/") else ("", "", "")
        path = "/" + "".join(rest)
        if (refusal := self._refusal(headers, token)) is not None:
            await PlainTextResponse(refusal, 403, HEADERS)(scope, receive, send)
            return
        if not rest:  # the address without its last slash: what the page asks for would be looked for beside it
            await PlainTextResponse("", 307, {**HEADERS, "Location": f"/{token}/"})(scope, receive, send)
            return
        limit = self._limits.get(path, self._other_limit)
        sent = headers.get("content-length", "0")
        body = await _body(receive, limit) if sent.isdigit() and int(sent) <= limit else None
        if body is None:
            await _drain(receive)
            await PlainTextResponse(_too_large(limit), 413, HEADERS)(scope, receive, send)
            return
        given = False

        async def replayed() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        below = dict(scope) | {"path": path, "raw_path": path.encode(), "root_path": ""}
        await self._app(below, replayed, send)

    def _refusal(self, headers: Headers, token: str) -> str | None:
        """Why a request is refused; None where it is not."""
        if headers.get("host", "") not in self._hosts:
            return "This is a studio of Limbeck, which answers on this machine only."
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
        if site not in _SAME_SITE or (origin is not None and origin not in {f"http://{host}" for host in self._hosts}):
            return "Pages of other sites are refused."
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return "The address is not complete: use the one that limbeck sounds studio printed."
        return None


async def _body(receive: Receive, limit: int) -> bytes | None:
    """The body of a request; None as soon as it goes on beyond the limit."""
    parts: list[bytes] = []
    total = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return b"".join(parts)
        parts.append(message.get("body", b""))
        total += len(parts[-1])
        if total > limit:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


async def _drain(receive: Receive) -> None:
    """Take the rest of a body and keep nothing: who still sends reads no answer, and finds the connection broken."""
    with anyio.move_on_after(_SILENCE) as waiting:
        while (message := await receive())["type"] == "http.request" and message.get("more_body", False):
            waiting.deadline = anyio.current_time() + _SILENCE


def _too_large(limit: int) -> str:
    return f"That is too large: at most {limit:,} bytes are taken. Cut the recording shorter."
