"""Paths of somebody's machine, kept from what others read."""

import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

_PATH = re.compile(r"(?:file:/+|~/|/|[A-Za-z]:[\\/]|\\\\)\S")


def without_paths(content: Any) -> Any:
    """JSON-able `content` in which every path from the root of a disk or from a home has become its last part.

    Keys of mappings too. A path in the middle of a sentence is cut likewise.

    Example:
        >>> without_paths({"from": "/mnt/ada/set.pt", "C:/x/y": ["~/z", "a/b", 3], "note": "Read from /srv/a.csv."})
        {'from': 'set.pt', 'y': ['z', 'a/b', 3], 'note': 'Read from a.csv.'}
        >>> without_paths("<b>https://x.org/a and/or b</b>, 3 / 4")
        '<b>https://x.org/a and/or b</b>, 3 / 4'
    """
    if isinstance(content, dict):
        return {without_paths(name): without_paths(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [without_paths(value) for value in content]
    if not isinstance(content, str):
        return content
    if _PATH.match(content):
        return _last(content)
    return re.sub(rf"(?<![^\s\"'(=,\[])(?:{_PATH.pattern})\S*", lambda found: _last(found[0]), content)


def _last(path: str) -> str:
    kind = PureWindowsPath if "\\" in path else PurePosixPath
    return kind(path).name
