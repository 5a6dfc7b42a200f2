"""What all pages are made of: templates, styles and script in one file that needs no network; data is escaped."""

import base64
import hashlib
import importlib.resources
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from limbeck import _files
from limbeck._words import duration, number, plural, size
from limbeck.errors import package
from limbeck.media import encode


def write(out: Path, page: str, **content: Any) -> Path:
    """Write ``index.html``, which refuses whatever is not in it, into a folder `out`, and give its path back.

    The `page` names a template in ``pages/``, which shows the `content`; a style sheet and a script of this name join
    those of all pages.
    """
    jinja2 = require()
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(resource),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"number": number, "duration": duration, "plural": plural, "size": size}
    script = resource("kit.js") + resource(f"{page}.js")
    html = environment.get_template(f"{page}.html.jinja").render(
        style=resource("kit.css") + resource(f"{page}.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        **content,
    )
    _files.write_text(out / "index.html", html)
    return out / "index.html"


def style() -> str:
    """The style sheet of all pages: colours for light and dark, letters, tables, buttons."""
    return resource("kit.css")


def require() -> Any:
    """The package that fills templates, or the sentence that says how to install it, or Pillow."""
    encode.require_pillow("report")
    return package("report", "jinja2")


def data_uri(content: bytes, kind: str) -> str:
    """Bytes as an address a page can hold.

    Example:
        >>> data_uri(b"hi", "text/plain")
        'data:text/plain;base64,aGk='
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def image_uri(png: bytes, largest: int | None = None, *, frames: int = 1) -> str:
    """A PNG file as an address a page can hold; with `largest`, in few bytes: pixels of each of its `frames`."""
    return data_uri(*(encode.smaller(png, largest=largest * frames) if largest else (png, "image/png")))


def sound_uri(wav: bytes, *, compact: bool) -> str:
    """A WAV file, or MP3 in few bytes, as an address a page can hold; empty where there is nothing to hear."""
    return "" if not wav else data_uri(*((encode.wav_to_mp3(wav), "audio/mpeg") if compact else (wav, "audio/wav")))


def flat(data: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested data as dotted names and short texts.

    Example:
        >>> flat({"seed": 0, "mel": {"bands": 128}})
        [('seed', '0'), ('mel.bands', '128')]
    """
    lines: list[tuple[str, str]] = []
    for key, value in data.items():
        if isinstance(value, Mapping) and value:
            lines += flat(value, f"{prefix}{key}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
            lines.append((f"{prefix}{key}", text))
    return lines


def resource(name: str) -> str:
    """A file of ``pages/``; nothing where there is none, as not every page has styles and a script of its own."""
    file = importlib.resources.files("limbeck.report") / "pages" / name
    return file.read_text(encoding="utf-8") if file.is_file() else ""
