"""The studio as a server on this machine: a page, and the few questions it asks. No request names a file."""

import contextlib
import importlib.resources
import secrets
import socket
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Unpack

import anyio.to_thread
import uvicorn
from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from limbeck._config import Config
from limbeck.active_learning.steps import step_of
from limbeck.errors import InputError, LimbeckError
from limbeck.index import SoundIndex, is_address
from limbeck.report import sound_window, style
from limbeck.sounds import EncoderOptions, encoder_of
from limbeck.studio.guard import HEADERS, Guard
from limbeck.studio.session import Session, tidy

EXAMPLE_BYTES = 64 * 2**20
"""Largest recording that is taken as an example."""
_REQUEST_BYTES = 2**20
_HERE = "127.0.0.1"
_KINDS = {"studio.css": "text/css", "studio.js": "text/javascript"}
_TICKS_HZ = (500, 1000, 2000, 4000)
_MEDIA = {"sound": "audio/mpeg", "picture": "image/png"}


class _Search(Config):
    """What is looked for: words, windows by row, and examples by the names `example` gave."""

    words: str = Field(default="", max_length=2000)
    like: tuple[int, ...] = Field(default=(), max_length=200)
    unlike: tuple[int, ...] = Field(default=(), max_length=200)
    examples: tuple[str, ...] = Field(default=(), max_length=32)
    skip: int = Field(default=0, ge=0, le=100_000)


class _Judged(Config):
    """A verdict on windows by row."""

    word: str = ""
    yes: bool | None = None
    rows: tuple[int, ...] = Field(default=(), max_length=20_000)


class _OfWord(Config):
    """Which windows of a word are asked for."""

    word: str = ""
    skip: int = Field(default=0, ge=0, le=100_000)


class _Rows(Config):
    """Windows by row."""

    rows: tuple[int, ...] = Field(default=(), max_length=2000)


def serve(
    index: SoundIndex | Path | str,
    classifier: Path | str | None = None,
    *,
    port: int = 0,
    points: int = 1500,
    seed: int = 0,
    opened: Callable[[str], None] = lambda address: None,
    **options: Unpack[EncoderOptions],
) -> None:
    """Serve a studio on this machine until it is interrupted.

    Args:
        index: An index or its folder.
        classifier: Folder in which the classifier and all work on it are kept, new or an existing classifier's; by
            default beside the index, with ``-classifier`` after its name.
        port: Where it listens, 1 to 65535; 0 for any that is free.
        points: Most windows on the map.
        seed: Of the map.
        opened: Called with the address to open in a browser, which has a secret token in it.
        options: Which encoder is used and how it is loaded.

    Raises:
        InputError: There is no such index, it is empty, or the folder holds something else.
        FingerprintError: The encoder is not the index's.
        BusyError: Another studio, or another process, is at work in the folder.
        MissingExtraError: A package of the extra ``studio`` or ``report`` is not installed.
    """
    there = index if isinstance(index, SoundIndex) else SoundIndex.open(index)
    folder = Path(classifier) if classifier is not None else beside(str(there.describe()["place"]))
    encoder = encoder_of(there, **options)
    try:
        listening = socket.create_server((_HERE, port))
    except OSError as error:
        raise InputError(f"Port {port} cannot be used ({error.strerror}). Choose another with --port.") from error
    with listening, Session.opened(there, encoder, folder, points=points, seed=seed) as session:
        token, found = secrets.token_urlsafe(24), int(listening.getsockname()[1])
        app = application(session, token=token, hosts=frozenset([f"{_HERE}:{found}", f"localhost:{found}"]))
        settings = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", server_header=False)
        opened(f"http://{_HERE}:{found}/{token}/")
        with contextlib.suppress(KeyboardInterrupt):  # which is how it ends; what is left to write is written now
            uvicorn.Server(settings).run(sockets=[listening])


def beside(index: str) -> Path:
    """The folder of the classifier that belongs to an index, where none is named.

    Raises:
        InputError: The index is at an address.

    Example:
        >>> beside("sounds/index/")
        PosixPath('sounds/index-classifier')
    """
    if is_address(index):
        raise InputError("This index is at an address; name a folder to keep the classifier in: --classifier FOLDER.")
    return Path(index).with_name(f"{Path(index).name}-classifier")


def application(session: Session, *, token: str, hosts: frozenset[str]) -> ASGIApp:
    """Make the application that serves a `session`: paths begin with the `token`, addresses with one of the `hosts`."""

    async def asked(request: Request) -> dict[str, Any]:
        try:
            content = await request.json()
        except ValueError as error:
            raise InputError(f"The request is no JSON: {error}") from error
        if not isinstance(content, dict):
            raise InputError("The request is no JSON object.")
        return content

    def answer(work: Callable[[dict[str, Any]], Any]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            content = await asked(request)
            return JSONResponse(await anyio.to_thread.run_sync(work, content), headers=_FRESH)

        return endpoint

    def search(content: dict[str, Any]) -> Any:
        return session.search(**dict(_Search.from_json(content)))

    def judge(content: dict[str, Any]) -> Any:
        return session.judge(**dict(_Judged.from_json(content)))

    def of_word(content: dict[str, Any]) -> Any:
        return session.of_word(**dict(_OfWord.from_json(content)))

    def windows(content: dict[str, Any]) -> Any:
        return session.windows(_Rows.from_json(content).rows)

    async def example(request: Request) -> Response:
        content = await request.body()
        title = request.query_params.get("name", "")[:200]
        name = await anyio.to_thread.run_sync(session.keep_example, content, title)
        return JSONResponse({"example": name}, headers=_FRESH)

    def overview(request: Request) -> Response:
        if request.query_params.get("since") == str(session.version):
            return Response(status_code=204, headers=_FRESH)
        return JSONResponse(session.overview(), headers=_FRESH)

    def drawn(request: Request) -> Response:
        found = session.map()
        return Response(status_code=204, headers=_FRESH) if found is None else JSONResponse(found, headers=_FRESH)

    def media(request: Request) -> Response:
        kind = request.path_params["kind"]
        if kind not in _MEDIA:
            return Response(status_code=404, headers=HEADERS)
        content = session.media(request.path_params["row"], kind)
        # Rows belong to this server, whose token is in the address: what they are does not change while it lives.
        return Response(content, media_type=_MEDIA[kind], headers={**HEADERS, "Cache-Control": "private, max-age=3600"})

    def page(request: Request) -> Response:
        return Response(_file("studio.html"), media_type="text/html", headers=_FRESH)

    def part(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in _KINDS:
            return Response(status_code=404, headers=HEADERS)
        content = style() + _file(name) if name == "studio.css" else _file(name)
        return Response(content, media_type=_KINDS[name], headers=_FRESH)

    def axis(request: Request) -> Response:
        ticks = [[hertz, round(sound_window.height_of(hertz), 4)] for hertz in _TICKS_HZ]
        return JSONResponse(ticks, headers=_FRESH)

    async def refused(request: Request, error: Exception) -> Response:
        return JSONResponse({"error": str(error)}, 400, _FRESH)

    post = {
        "/search": search,
        "/judge": judge,
        "/step": lambda content: session.step(tidy(step_of(content))),
        "/word": of_word,
        "/windows": windows,
        "/check": lambda content: session.to_check(),
        "/curve": lambda content: session.curve(str(content.get("word", ""))),
    }
    app = Starlette(
        routes=[
            Route("/", page),
            Route("/overview", overview),
            Route("/map", drawn),
            Route("/axis", axis),
            Route("/example", example, methods=["POST"]),
            *(Route(path, answer(work), methods=["POST"]) for path, work in post.items()),
            Route("/{kind}/{row:int}", media),
            Route("/{name}", part),
        ],
        exception_handlers={LimbeckError: refused},
    )
    return Guard(app, token=token, hosts=hosts, limits={"/example": EXAMPLE_BYTES}, other_limit=_REQUEST_BYTES)


_FRESH = {**HEADERS, "Cache-Control": "no-store"}


@cache
def _file(name: str) -> str:
    return (importlib.resources.files("limbeck.studio") / "page" / name).read_text(encoding="utf-8")
