"""Commands as they are typed."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def line(verb: str, *arguments: Path, **options: Any) -> str:
    """A command that says the same as a call.

    Args:
        verb: Of the command line.
        arguments: Without names.
        options: By name. True is a flag; of settings, mappings, each is a word ``name=value``.

    Example:
        >>> line("distill", Path("my data"), method="dm", set={"steps": 3, "optimiser": {"kind": "adam"}})
        "limbeck distill 'my data' --method dm --set steps=3 --set optimiser.kind=adam"
    """
    words = ["limbeck", verb, *map(str, arguments)]
    for name, value in options.items():
        flag = f"--{name.replace('_', '-')}"
        if isinstance(value, Mapping):
            words += [word for pair in _pairs(value) for word in (flag, pair)]
        else:
            words += [flag] if value is True else [flag, str(value)]
    return shlex.join(words)


def _pairs(settings: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _pairs(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}={value if isinstance(value, str) else json.dumps(value)}"
