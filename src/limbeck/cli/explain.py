"""``limbeck explain``: what one of the things ``limbeck list`` shows is, and every setting it has."""

import builtins
import importlib
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import typer

from limbeck.cli import _options, _output
from limbeck.cli.listing import ROOMS, Kind
from limbeck.errors import UnknownNameError

EXAMPLES = (
    "limbeck explain avdd",
    "limbeck explain retrieval",
    "limbeck explain coded --kind storage",
    "limbeck explain convnet --json",
)


_KINDS = {
    NoneType: "none",
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    Any: "value",
}
"""Kinds of values in words."""
_WHOLE = (Literal, tuple, list, Annotated, Sequence)
"""Kinds whose arguments are no alternatives."""


@dataclass(frozen=True)
class Setting:
    """One setting of a thing.

    Attributes:
        name: As given to ``--set``, ``--set-network``, ``--set-measure`` or ``--option``; dots lead into parts, and
            NAME stands for any name where there are several parts of a kind.
        type: Kind of value, in words.
        default: In words; empty where a value must be given.
        about: The sentence of the docstring.
    """

    name: str
    type: str
    default: str
    about: str


def run(
    name: Annotated[
        str,
        typer.Argument(help="Name of a method, dataset, network, head, measure, encoder, form of storage or export."),
    ],
    *,
    kind: Annotated[Kind | None, typer.Option(help="What it is, where two things have one name.")] = None,
    json: _options.Json = False,
) -> None:
    """Show what something is, and every setting with its default."""
    room = ROOMS[kind or _kind(name)]
    thing = importlib.import_module(room).load(name)
    about = inspect.getdoc(inspect.getmodule(thing)) or ""
    settings = _once(_fields(thing) if _is_part(thing) else _arguments(thing))
    presets: dict[str, dict[str, Any]] = getattr(thing, "presets", {})
    from limbeck import _discover

    (origin,) = _discover.origins(room, name)
    if json:
        rows = [asdict(setting) for setting in settings]
        _output.as_json({"name": name, "about": about, "from": asdict(origin), "settings": rows, "presets": presets})
        return
    typer.echo(f"{about}\n\nIt is {origin}.\n")
    if settings:
        _output.as_table(
            ["setting", "type", "default", "about"], [[s.name, s.type, s.default, s.about] for s in settings]
        )
    for preset, values in presets.items():
        typer.echo(f"\npreset {preset}:")
        _output.as_outline(values)


def _kind(name: str) -> Kind:
    from limbeck import _discover

    for kind, room in ROOMS.items():
        if name in _discover.names(room):
            return kind
    where = ", ".join(f"limbeck list {kind}" for kind in ROOMS)
    raise UnknownNameError(f"Nothing is called {name!r}. For the names there are, see: {where}.")


def _fields(settings: Any, prefix: str = "", values: Any = None) -> Iterator[Setting]:
    """Settings of a typed settings class, those of its parts included.

    Args:
        settings: The class.
        prefix: Where the class is a part of another: the part's name and a dot.
        values: An object with the defaults, where they are not the class's own.
    """
    about = _sentences(settings)
    for name, field in settings.model_fields.items():
        default = getattr(values, name) if values is not None else field.get_default(call_default_factory=True)
        given = not field.is_required() or values is not None
        members = _members(field.annotation)
        parts = sorted((m for m in members if _is_part(m)), key=lambda part: not isinstance(default, part))
        several = get_origin(field.annotation) is dict
        plain = [m for m in members if not _is_part(m) and m is not NoneType]
        if several or plain or not parts:
            told = "; ".join(default) if several and parts else _words(default)
            kinds = [field.annotation] if several or not parts else plain
            # The field that tells one kind of part from another carries no sentence of its own: the part's says it.
            said = about.get(name) or (inspect.getdoc(settings) or "").partition("\n")[0]
            yield Setting(prefix + name, _any_of(kinds), told if given else "", said)
        for part in parts:
            below = f"{prefix}{name}.NAME." if several else f"{prefix}{name}."
            yield from _fields(part, below, default if isinstance(default, part) else None)


def _once(settings: Iterable[Setting]) -> list[Setting]:
    """Each name once: of parts of several kinds, the one that is the default comes first and gives the default."""
    found: dict[str, Setting] = {}
    for one in settings:
        if one.name not in found:
            found[one.name] = one
            continue
        first = found[one.name]
        kinds = list(dict.fromkeys([*first.type.split(" or "), *one.type.split(" or ")]))
        told = first.about if one.about in first.about else f"{first.about} / {one.about}"
        found[one.name] = replace(first, type=" or ".join(kinds), default=first.default or one.default, about=told)
    return list(found.values())


def _arguments(thing: Any) -> Iterator[Setting]:
    """Options of a class without typed settings: the keywords of what makes one."""
    makes = next((getattr(thing, name) for name in ("pretrained", "open") if hasattr(thing, name)), thing)
    about = _sentences(thing) | _said_in(inspect.getdoc(makes) or "")
    types = get_type_hints(makes.__init__ if inspect.isclass(makes) else makes, _loaded(makes))
    for option in inspect.signature(makes).parameters.values():
        if option.kind is not option.VAR_KEYWORD:
            default = "" if option.default is option.empty else _words(option.default)
            yield Setting(option.name, _type(types[option.name]), default, about.get(option.name, ""))


def _loaded(makes: Any) -> dict[str, Any]:
    """What annotations may name: all a module imports, for types too, which it does where they are checked only."""
    module = inspect.getmodule(makes)
    names = dict(vars(module)) if module else {}
    return dict.fromkeys(re.findall(r"\w+", str(inspect.signature(makes))), Any) | vars(builtins) | names


def _is_part(member: Any) -> bool:
    return hasattr(member, "model_fields")


def _members(annotation: Any) -> tuple[Any, ...]:
    return (annotation,) if inspect.isclass(annotation) or get_origin(annotation) in _WHOLE else get_args(annotation)


def _type(annotation: Any) -> str:
    """A kind of value in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return " or ".join(_words(value) for value in inner)
    if origin in (Union, UnionType):
        return _any_of(inner)
    if origin is tuple and inner[-1] is not Ellipsis:
        return " by ".join(_type(member) for member in inner)
    if origin in (tuple, list, Sequence):
        return f"list of {_type(inner[0])}"
    if origin in (dict, Mapping):
        return f"names with {_type(inner[1])}"
    return _KINDS.get(annotation) or str(getattr(annotation, "__name__", "value")).lower()


def _any_of(kinds: Iterable[Any]) -> str:
    return " or ".join(dict.fromkeys(_type(kind) for kind in kinds))


def _words(value: Any) -> str:
    """A value as people write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(one)}" for name, one in value.items()) or "none"
    if hasattr(type(value), "model_fields"):
        return _words(value.to_json())
    return f"{value:g}" if isinstance(value, float) else str(value).removeprefix("torch.")


def _sentences(thing: Any) -> dict[str, str]:
    """What the docstrings of a class and its bases say about each of its attributes and arguments."""
    found: dict[str, str] = {}
    for base in reversed(thing.__mro__):
        found |= _said_in(inspect.getdoc(base) or "")
    return found


def _said_in(docstring: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for section in re.findall(r"^(?:Args|Attributes):\n((?:[ \t]+.*\n?|\n)*)", docstring, re.M):
        for name, text in re.findall(r"^ {4}(\w+): ((?:.*\n?)(?:^ {5,}.*\n?)*)", section, re.M):
            found[name] = " ".join(text.split())
    return found
