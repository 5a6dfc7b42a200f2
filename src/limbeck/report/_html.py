"""Pages that hold everything: one file, no network, names from data escaped."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from limbeck.errors import MissingExtraError
from limbeck.report._words import duration, number, size


def render(template: str, *, script: str, styles: tuple[str, ...], **content: Any) -> str:
    """A page as text; whatever is not in it is refused by the page itself.

    Args:
        template: File beside this one, which extends ``base.html.jinja``.
        script: File of its script.
        styles: Files of its style sheets.
        content: What the template shows.

    Raises:
        MissingExtraError: jinja2 is not installed.
    """
    jinja2 = require()
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_resource),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {"number": number, "duration": duration, "size": size}
    words = _resource(script)
    page: str = environment.get_template(template).render(
        style="".join(map(_resource, styles)),
        script=words,
        script_hash=base64.b64encode(hashlib.sha256(words.encode()).digest()).decode(),
        **content,
    )
    return page


def require() -> ModuleType:
    """The package that fills templates.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import jinja2
    except ImportError as error:
        raise MissingExtraError("report", "jinja2") from error
    return jinja2


def flat(data: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested data as dotted names and short texts.

    Args:
        data: JSON-able.
        prefix: Of the names.

    Example:
        >>> flat({"seed": 0, "mel": {"bands": 128}})
        [('seed', '0'), ('mel.bands', '128')]
    """
    lines: list[tuple[str, str]] = []
    for key, value in data.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            lines += flat(value, f"{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
            lines.append((name, text))
    return lines


def _resource(name: str) -> str:
    return importlib.resources.files("limbeck.report").joinpath(name).read_text(encoding="utf-8")
