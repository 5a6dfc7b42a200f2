"""Paths of somebody's machine, kept from what others read."""

import re
from typing import Any

_ROOT = r"(?i:(?<!\w)file:/+)|(?<!\w)~[\w.-]*[\\/]|(?<!\w)[A-Za-z]:[\\/]|(?<![\w\\])\\\\|(?<![\w:/.])//"
# One slash is a root where no name stands before it; </b> is none.
_SLASH = r"(?<![\w./<])/(?![/\s])|(?<=<)/(?=[^<>\s]*/)"
# Names in a path may have spaces, so whatever stands between two slashes of a line may be of one.
_PATH = re.compile(rf"(?:{_ROOT}|{_SLASH})(?:[^\n]*[\\/](?=[^\\/\s]))?")
_WHO = re.compile(r"(?<=://)(?:[^\s/]*|\S*:\S*)@")
_QUESTION = re.compile(r"(://[^\s?]*)\?\S*")


def without_paths(content: Any) -> Any:
    """JSON-able `content` in which every path from the root of a disk or from a home has become its last part.

    Keys of mappings too. In a sentence rather too much is cut than too little: names may have spaces, so all between a
    root and the last slash of the line goes. Of addresses, names, passwords and what follows a question mark go.

    Example:
        >>> without_paths({"from": "/mnt/ada/set.pt", "C:/x/y": ["~/z", "a/b", 3], "note": "Read from /srv/a.csv."})
        {'from': 'set.pt', 'y': ['z', 'a/b', 3], 'note': 'Read from a.csv.'}
        >>> without_paths("<b>https://x.org/a and/or b</b>, 3 / 4")
        '<b>https://x.org/a and/or b</b>, 3 / 4'
        >>> without_paths("Read from: `/mnt/ada/My Data/a.csv` and https://ada:key@x.org/b?token=1.")
        'Read from: `b'
        >>> without_paths("Fetched https://ada:key@x.org/b?token=1 once.")
        'Fetched https://x.org/b once.'
    """
    if isinstance(content, dict):
        return {without_paths(name): without_paths(value) for name, value in content.items()}
    if isinstance(content, list | tuple):
        return [without_paths(value) for value in content]
    if not isinstance(content, str):
        return content
    return _PATH.sub("", _QUESTION.sub(r"\1", _WHO.sub("", content)))
