"""Which code made a result: what is kept beside settings, so that what other code made is never taken for its own.

Of a method, network, measure, ... that is: the distributions it and its bases come from with their versions, and a
hash of the source of its module, of its bases' modules, and of what these import from their own package.
"""

import ast
import contextlib
import hashlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from limbeck._config import Config
from limbeck._discover import Listed, entry_of, spec_of

Code = dict[str, dict[str, str]]
"""JSON-able: versions under ``"distributions"``, hashes of sources under ``"modules"``, both by name."""

OURS, VERSION = "limbeck", version("limbeck")


def of(*things: Any) -> Code:
    """The code behind some things, and behind whatever their settings name: networks, forms of storage, starts."""
    distributions = {OURS: VERSION}
    modules: dict[str, str] = {}
    kinds: list[Any] = list(_kinds(things))
    for kind in dict.fromkeys(kinds):
        for base in kind.__mro__:
            if base is kind or (base is not Listed and issubclass(base, Listed)):
                _add(base.__module__, modules)
                entry = entry_of(base, base.room) if issubclass(base, Listed) else None
                if entry is not None and entry.dist is not None:
                    distributions[entry.dist.name] = entry.dist.version
    return {"distributions": distributions, "modules": dict(sorted(modules.items()))}


def differences(before: Code, now: Code) -> list[str]:
    """What is not the same, in words; empty where all of it is.

    Example:
        >>> was = {"distributions": {"mine": "1.0"}, "modules": {"mine.fancy": "aa", "mine.helper": "cc"}}
        >>> now = {"distributions": {"mine": "1.1"}, "modules": {"mine.fancy": "bb"}}
        >>> differences(was, now)
        ['mine was 1.0 and is 1.1', 'mine.fancy was changed', 'mine.helper is not used any more']
    """
    told = []
    for part in ("distributions", "modules"):
        was, is_ = before.get(part, {}), now.get(part, {})
        for name in sorted(was.keys() | is_.keys()):
            old, new = was.get(name), is_.get(name)
            if part == "distributions":
                verb = f"was {old or 'not used'} and is {new or 'not used'}"
            else:
                verb = "was changed" if old and new else "is not used any more" if old else "was not used"
            told += [f"{name} {verb}"] if old != new else []
    return told


def _kinds(thing: Any) -> Iterator[type[Any]]:
    """Classes of things, and of everything their settings name."""
    if isinstance(thing, type):
        yield thing
    elif isinstance(thing, Mapping | list | tuple):
        for part in thing.values() if isinstance(thing, Mapping) else thing:
            yield from _kinds(part)
    elif isinstance(thing, Listed):
        yield type(thing)
    if isinstance(thing, Config):
        yield from _kinds([thing.named(), *(getattr(thing, field) for field in type(thing).model_fields)])


def _add(module: str, found: dict[str, str]) -> None:
    """Add a module and those of its own package that it imports, to whatever depth."""
    file = None if module in found else _file(module)
    if file is None:
        return
    source = file.read_bytes()
    found[module] = hashlib.sha256(source).hexdigest()[:16]
    for name in _imported(source, module if file.stem == "__init__" else module.rpartition(".")[0]):
        if _is_own(name, module, file):
            _add(name, found)


def _file(module: str) -> Path | None:
    loaded = getattr(sys.modules.get(module), "__file__", None)
    spec = None if loaded else spec_of(module)
    place = loaded or (spec.origin if spec is not None and spec.has_location else None)
    return Path(place) if place and Path(place).is_file() else None


@cache
def _imported(source: bytes, package: str) -> frozenset[str]:
    """Dotted names of all that a source imports anywhere, in functions too; some are of things, not of modules."""
    found = set()
    with contextlib.suppress(SyntaxError, ValueError, ImportError):  # compiled, or relative beyond the top
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
                found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return frozenset(found)


def _is_own(name: str, importer: str, file: Path) -> bool:
    """Whether a module belongs to the package of one that imports it: of Limbeck, the room; else the outermost."""
    if (top := importer.partition(".")[0]) == OURS:
        return name.rpartition(".")[0] == importer.rpartition(".")[0]
    beside = "." not in name and (file.parent / f"{name}.py").exists()
    return name.partition(".")[0] == top or beside
