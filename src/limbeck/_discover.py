"""List what is in a room (methods, datasets, networks, heads) without importing it, and load one by name.

A room is a package with one public module per thing; the module's stem is the thing's name everywhere. Other
distributions add to a room through an entry point in the group of the room's package name (``limbeck.methods``).
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import inspect
import pkgutil
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

from limbeck.errors import UnknownNameError

T = TypeVar("T")


def names(room: str) -> tuple[str, ...]:
    """Names of everything in a room, sorted, found by listing the folder.

    Args:
        room: Dotted package name, for instance ``"limbeck.methods"``.

    Example:
        >>> names("limbeck.networks.heads")
        ('attention', 'audio', 'concat', 'ensemble', 'image', 'sum')
    """
    spec = importlib.util.find_spec(room)
    folders = list(spec.submodule_search_locations or []) if spec else []
    here = {m.name for m in pkgutil.iter_modules(folders) if not m.name.startswith("_") and not m.ispkg}
    plugged = {e.name for e in entry_points(group=room)}
    return tuple(sorted(here | plugged))


def load(room: str, name: str, base: type[T]) -> type[T]:
    """The class a room's module defines.

    Args:
        room: Dotted package name.
        name: Stem of the module.
        base: The room's abstract class; the module must define exactly one concrete subclass of it.

    Raises:
        UnknownNameError: No such name in the room; the message lists the nearest names.
    """
    known = names(room)
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean '{close[0]}'?" if close else ""
        raise UnknownNameError(f"There is no {name!r} in {room}.{hint} Known names: {', '.join(known)}.")
    plugged = [e for e in entry_points(group=room) if e.name == name]
    module: Any = plugged[0].load() if plugged else importlib.import_module(f"{room}.{name}")
    if inspect.isclass(module) and issubclass(module, base):
        return module
    found = [
        c
        for c in vars(module).values()
        if inspect.isclass(c) and issubclass(c, base) and not inspect.isabstract(c) and c.__module__ == module.__name__
    ]
    if len(found) != 1:
        raise TypeError(f"{module.__name__} must define one {base.__name__}, but defines {len(found)}.")
    return found[0]


def summary(room: str, name: str) -> str:
    """First line of a module's docstring, read from its source without importing it ('' for plug-ins).

    Args:
        room: Dotted package name.
        name: Stem of the module.
    """
    import ast

    spec = importlib.util.find_spec(room)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        file = Path(folder) / f"{name}.py"
        if file.exists():
            return (ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or "").partition("\n")[0]
    return ""
