"""What may reach a studio and what may not, two tabs at once, and being killed."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.helpers.listener import recording
from tests.helpers.served_studio import Served

from limbeck.studio.journal import Journal

Serve = Callable[[], Served]


@pytest.fixture(scope="module")
def served(tones: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    studio = Served(tones, tmp_path_factory.mktemp("served") / "classifier")
    studio.json("step", {"do": "add", "word": "low"})
    yield studio
    studio.kill()


def root(served: Served) -> str:
    parts = urlsplit(served.address)
    return f"{parts.scheme}://{parts.netloc}"


@pytest.mark.slow
def test_an_answer_is_for_its_page_alone(served: Served) -> None:
    status, content, headers = served.ask("")
    assert (status, b'<script src="studio.js">' in content) == (200, True)
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers
    for path, kind in (("studio.css", "text/css"), ("studio.js", "text/javascript"), ("picture/0", "image/png")):
        assert served.ask(path)[2]["content-type"].startswith(kind)


@pytest.mark.parametrize("path", ["/", "/x/", "/overview", "/x/overview", "/favicon.ico"])
def test_without_the_token_nothing_is_answered(served: Served, path: str) -> None:
    status, content, _ = served.ask(path, at=root(served))
    assert (status, b"The address is not complete" in content) == (403, True)


def test_the_token_must_be_whole(served: Served) -> None:
    assert served.ask("", at=served.address[:-2] + "/")[0] == 403
    assert served.ask("", at=served.address[:-1] + "x/")[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
    ],
)
def test_other_origins_and_hosts_are_refused(served: Served, headers: dict[str, str]) -> None:
    before = served.json("overview")
    assert served.ask("overview", headers=headers)[0] == 403
    assert served.ask("step", {"do": "add", "word": "evil"}, headers=headers)[0] == 403
    assert served.json("overview") == before


def test_its_own_origin_is_not(served: Served) -> None:
    for headers in ({"Origin": root(served)}, {"Sec-Fetch-Site": "same-origin"}):
        assert served.ask("overview", headers=headers)[0] == 200


@pytest.mark.parametrize(
    "path",
    [
        "../../../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "studio.html",
        "server.py", "sound/..%2f0", "sound/0.wav", "sound/etc", "picture/-1", "/etc/passwd", "file/0",
        "sound//etc/passwd", "__init__.py",
    ],
)  # fmt: skip
def test_no_path_leads_to_a_file(served: Served, path: str) -> None:
    with contextlib.closing(http.client.HTTPConnection(urlsplit(served.address).netloc)) as there:
        there.request("GET", urlsplit(served.address).path + path)  # as it is: urllib would tidy it
        answer = there.getresponse()
        content = answer.read()
    assert answer.status in (403, 404), content
    assert b"root:" not in content
    assert b"import" not in content


def test_what_is_no_sense_is_refused_in_a_sentence(served: Served) -> None:
    for path, body, sentence in (
        ("step", b"{", "The request is no JSON"),
        ("step", [], "no JSON object"),
        ("step", {"do": "fly"}, "No step of a studio"),
        ("step", {"do": "add", "word": "  "}, "A word is empty"),
        ("step", {"do": "drop", "word": "x"}, "There is no word 'x'"),
        ("judge", {"word": "low", "yes": True, "rows": [99999]}, "There is no window 99999"),
        ("judge", {"word": "low", "yes": True, "rows": ["x"]}, "Settings of"),
        ("search", {"words": " "}, "nothing to look for"),
        ("search", {"words": "x" * 3000}, "Settings of"),
        ("word", {"word": "nothing"}, "There is no word"),
        ("example?name=x.wav", b"RIFFnothing", "Choose another file"),
    ):
        status, content, _ = served.ask(path, body)
        assert (status, sentence in json.loads(content)["error"]) == (400, True), content
    assert served.ask("sound/99999")[0] == 400
    assert served.ask("step")[0] == 404
    assert served.ask("overview", {"x": 1})[0] == 405


def test_bodies_beyond_the_limit_are_refused_however_they_say_it(served: Served) -> None:
    # More than sockets hold: an answer before the last byte would meet a client that is still sending.
    for more in (1, 2**24, 2**26):
        status, content, _ = served.ask("step", b" " * (2**20 + more))
        assert (status, b"too large" in content) == (413, True)
    assert served.ask("example", b"", headers={"Content-Length": str(2**26 + 1)})[0] == 413
    assert served.ask("example", b"x", headers={"Content-Length": "-1"})[0] in (400, 413)
    with contextlib.closing(http.client.HTTPConnection(urlsplit(served.address).netloc)) as there:
        # No length said: it is counted as it comes.
        there.request("POST", urlsplit(served.address).path + "step", iter([b" " * 2**16] * 40), encode_chunked=True)
        assert there.getresponse().status == 413
    assert served.json("overview")["words"][0]["word"] == "low"


def test_a_file_is_searched_for(served: Served, tmp_path: Path) -> None:
    content = recording(tmp_path / "x.wav", 3000, seed=60).read_bytes()
    name = served.json("example?name=%2e%2e%2fx.wav", content)["example"]
    found = served.json("search", {"examples": [name]})
    assert {Path(item["path"]).parent.name for item in found[:8]} == {"high"}


def test_two_tabs_lose_nothing(served: Served) -> None:
    start = served.json("overview")
    failures: list[object] = []

    def tab(rows: range) -> None:
        for row in rows:
            status, content, _ = served.ask("judge", {"word": "low", "yes": True, "rows": [row]})
            if status != 200:
                failures.append(content)

    tabs = [threading.Thread(target=tab, args=(range(at, 30, 3),)) for at in range(3)]
    for one in tabs:
        one.start()
    for one in tabs:
        one.join()
    assert failures == []
    now = served.json("overview")
    assert (now["version"] - start["version"], now["words"][0]["yes"]) == (30, 30)
    assert served.ask(f"overview?since={now['version']}")[0] == 204
    assert served.ask(f"overview?since={now['version'] - 1}")[0] == 200


@pytest.mark.slow
def test_what_was_answered_outlives_a_kill(serve: Serve, tmp_path: Path) -> None:
    """Killed in the middle of clicks, twice; every click that was answered is there, and the classifier follows."""
    folder, answered = tmp_path / "classifier", 0
    for begin in (0, 12):
        studio = serve()
        if not begin:
            for word in ("low", "high"):
                studio.json("step", {"do": "add", "word": word})
        judged = iter(range(begin, 33))
        stop = threading.Timer(0.35, studio.process.kill)
        stop.start()
        try:
            for row in judged:
                studio.json("judge", {"word": "high", "yes": True, "rows": [row]})
                answered += 1
        except (OSError, http.client.HTTPException):
            pass
        stop.cancel()
        studio.kill()
        kept = [step for step in Journal(folder / "studio.jsonl").steps if step.do == "judge"]
        assert answered <= len(kept) <= answered + 1
        answered = len(kept)
    studio = serve()
    told = studio.json("overview")
    assert [word["word"] for word in told["words"]] == ["low", "high"]
    assert studio.end() == 0
    corrections = json.loads((folder / "origin.json").read_text())["corrections"]
    added = {(one["path"], one["start_s"]) for one in corrections["add"]}
    said = {(w.path, w.start_s) for step in kept for w in step.windows}
    assert added == said
