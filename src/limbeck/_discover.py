"""List what is in a room (methods, datasets, networks, heads) without importing it, and load one by name.

A room is a package with one public module per thing; the module's stem is the thing's name everywhere. Other
distributions (plug-ins) add to a room through an entry point in the group of the room's package name
(``limbeck.methods``); there the entry point's name is the thing's name everywhere, wherever its class is.
"""

import ast
import contextlib
import difflib
import importlib
import inspect
import os
import pkgutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.machinery import ModuleSpec
from importlib.metadata import EntryPoint, EntryPoints, entry_points, version
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from limbeck.errors import PluginError, UnknownNameError


class Listed:
    """Something a room (the dotted name of a package) lists."""

    room: ClassVar[str]

    @property
    def name(self) -> str:
        """The name it is listed under; of a class that is not listed, where it is defined (``my_file.MyMethod``)."""
        return name_of(type(self), self.room)


L = TypeVar("L", bound=Listed)


@dataclass(frozen=True)
class Origin:
    """Where a listed thing comes from; `place` is ``module`` or ``module:Class``, as the value of an entry point."""

    distribution: str
    version: str
    place: str

    def __str__(self) -> str:
        return f"{self.place} of {self.distribution} {self.version}"


def names(room: str) -> tuple[str, ...]:
    """Names of everything in a room, sorted, found by listing the folder and entry points.

    Example:
        >>> names("limbeck.networks.heads")
        ('attention', 'concat', 'ensemble', 'sum')
    """
    return tuple(sorted(_built_in(room) | {entry.name for entry in _entries(room)}))


def origins(room: str, name: str) -> list[Origin]:
    """Where the things of that name come from: one, or several that are in each other's way."""
    found = [Origin("limbeck", _own_version(), f"{room}.{name}")] if name in _built_in(room) else []
    for entry in _entries(room).select(name=name):
        where = (entry.dist.name, entry.dist.version) if entry.dist else ("an unknown distribution", "")
        found.append(Origin(*where, entry.value))
    return found


def lister(base: type[Listed]) -> Callable[[], tuple[str, ...]]:
    """`names` of the room whose things are subclasses of `base`, as its package offers it."""

    def listed() -> tuple[str, ...]:
        """Names of everything in the room, sorted; nothing is imported."""
        return names(base.room)

    return listed


def loader(base: type[L]) -> Callable[[str], type[L]]:
    """`load` of the room whose things are subclasses of `base`, as its package offers it."""

    def loaded(name: str) -> type[L]:
        """The class of one of the room's names.

        Raises:
            UnknownNameError: Nothing has this name; the message gives the nearest one.
            PluginError: A plug-in of that name cannot be loaded, is no such thing, or has the name of another one.
        """
        return load(base, name)

    return loaded


def load(base: type[L], name: str) -> type[L]:
    """The class that a module of the room, or a plug-in, defines: its one concrete subclass of `base`; see `loader`."""
    room = base.room
    found = origins(room, name)
    if not found:
        known = names(room)
        raise UnknownNameError(
            f"There is no {name!r} in {room}.{did_you_mean(name, known)} Known names: {', '.join(known)}."
        )
    if len(found) > 1:
        raise PluginError(
            f"{len(found)} things in {room} are called {name!r}: {' and '.join(map(str, found))}. Names must differ: "
            "uninstall one, or have its author rename the entry point."
        )
    for entry in _entries(room).select(name=name):
        try:
            return _class_in(entry.load(), base)
        except Exception as error:
            raise PluginError(
                f"The plug-in {name!r} in {room} ({found[0]}) could not be loaded. {type(error).__name__}: {error}. "
                f"Mend it, or uninstall {found[0].distribution}."
            ) from error
    return _class_in(importlib.import_module(f"{room}.{name}"), base)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """A question after the known name that is nearest to `name`, with a space before it; '' where none is near."""
    close = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def name_of(kind: type, room: str) -> str:
    """The name a class is listed under; of one that is not listed, where it is defined.

    Example:
        >>> from limbeck.networks.heads.sum import Sum
        >>> name_of(Sum, "limbeck.networks.heads")
        'sum'
    """
    package, _, stem = kind.__module__.rpartition(".")
    if package == room:
        return stem
    entry = entry_of(kind, room)
    return entry.name if entry else f"{kind.__module__}.{kind.__name__}"


@cache
def entry_of(kind: Any, room: str) -> EntryPoint | None:
    """The entry point a class is listed by; None for Limbeck's own, and for one that is not listed."""
    if kind.__module__.rpartition(".")[0] == room:
        return None
    for entry in sorted(_entries(room), key=lambda e: e.name):
        with contextlib.suppress(Exception):  # another plug-in that is broken
            found = entry.load()
            if found is kind or (inspect.ismodule(found) and found.__name__ == kind.__module__):
                return entry
    return None


def summary(room: str, name: str) -> str:
    """First line of a thing's docstring, by `room` and `name`, read without importing it; '' where there is none."""
    found = origins(room, name)
    if len(found) > 1:
        return f"Cannot be used: {' and '.join(map(str, found))} are both called {name}."
    module, _, inside = found[0].place.partition(":")
    return (_docstring(module, inside) or _docstring(module, "")).partition("\n")[0]


def spec_of(module: str) -> ModuleSpec | None:
    """Where a module is, found without importing it or the packages it is in; None where it is not to be found."""
    spec, path = None, None
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        name = ".".join(parts[:depth])
        if depth > 1 and path is None:
            return None  # below a module that is no package
        spec = next(filter(None, (finder.find_spec(name, path) for finder in sys.meta_path)), None)
        if spec is None:
            return None
        path = spec.submodule_search_locations
    return spec


def _entries(room: str) -> EntryPoints:
    """What plug-ins add to a room. Reading what is installed takes 20 ms: it is done again once that may be other."""
    places = tuple((place, os.stat(place).st_mtime_ns) for place in sys.path if os.path.exists(place))
    found: EntryPoints = _all_entries(places).select(group=room)
    return found


@lru_cache(maxsize=1)
def _all_entries(_places: tuple[tuple[str, int], ...]) -> Any:  # a class of its own in Python 3.11
    return entry_points()


@cache
def _own_version() -> str:
    return version("limbeck")


def _built_in(room: str) -> set[str]:
    spec = spec_of(room)
    folders = list(spec.submodule_search_locations or []) if spec else []
    return {m.name for m in pkgutil.iter_modules(folders) if not m.name.startswith("_") and not m.ispkg}


def _class_in(found: Any, base: type[L]) -> type[L]:
    """What an entry point or module stands for: a class, or the one class a module defines."""
    if inspect.isclass(found):
        if not issubclass(found, base) or inspect.isabstract(found):
            raise TypeError(f"{found.__name__} is no concrete {base.__module__.rpartition('.')[0]}.{base.__name__}")
        return found
    if not inspect.ismodule(found):
        raise TypeError(f"a class or a module was expected, but came: {found!r}")
    own = (c for c in vars(found).values() if inspect.isclass(c) and c.__module__ == found.__name__)
    classes = [c for c in own if issubclass(c, base) and not inspect.isabstract(c)]
    if len(classes) != 1:
        raise TypeError(f"{found.__name__} must define one {base.__name__}, but defines {len(classes)}")
    return classes[0]


def _docstring(module: str, inside: str) -> str:
    """Docstring of a module, or of a class in it, from its source."""
    spec = spec_of(module)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return ""
    try:
        tree = ast.parse(Path(spec.origin).read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):
        return ""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == inside]
    return next((ast.get_docstring(node) or "" for node in (classes if inside else [tree])), "")
