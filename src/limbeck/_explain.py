"""What settings a plug-in has, in words: names, kinds of value, defaults, and what its docstrings say of them."""

import builtins
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import PlainSerializer

from limbeck._words import plain

_KINDS = {
    NoneType: "none",
    bool: "true or false",
    int: "whole number",
    float: "number",
    str: "text",
    Path: "path",
    Any: "value",
}
_WHOLE = (Literal, tuple, list, Annotated, Sequence)
"""Kinds whose arguments are no alternatives."""


@dataclass(frozen=True)
class Setting:
    """One setting, in words.

    The `name` is given to ``--set``, in `evaluate` behind ``network.`` or ``measure.``; dots lead into parts, and NAME
    stands for any name where there are several parts of a kind. The `default` is empty where a value must be given.
    """

    name: str
    type: str
    default: str
    about: str


def settings(thing: Any) -> list[Setting]:
    """Every setting of a method, dataset, ... once: its typed settings, or else the options of what makes one.

    Where a part may be of several kinds, the kind that is the default comes first and gives the default.
    """
    found: dict[str, Setting] = {}
    for one in _fields(thing) if _is_part(thing) else _arguments(thing):
        if (first := found.setdefault(one.name, one)) is not one:
            kinds = dict.fromkeys([*first.type.split(" or "), *one.type.split(" or ")])
            about = first.about if one.about in first.about else f"{first.about} / {one.about}"
            default = first.default or one.default
            found[one.name] = replace(first, type=" or ".join(kinds), default=default, about=about)
    return list(found.values())


def _fields(config: Any, prefix: str = "", values: Any = None) -> Iterator[Setting]:
    """Settings of a class and its parts; `values` has the defaults where they are not the class's own."""
    about = _sentences(config)
    for name, field in config.model_fields.items():
        default = getattr(values, name) if values is not None else field.get_default(call_default_factory=True)
        if PlainSerializer(str) in field.metadata:  # given as text, whatever it is read into
            yield Setting(prefix + name, "text", str(default), about[name])
            continue
        given = not field.is_required() or values is not None
        whole = inspect.isclass(field.annotation) or get_origin(field.annotation) in _WHOLE
        kinds = (field.annotation,) if whole else get_args(field.annotation)
        parts = sorted((k for k in kinds if _is_part(k)), key=lambda part: not isinstance(default, part))
        several = get_origin(field.annotation) is dict
        others = [k for k in kinds if not _is_part(k) and k is not NoneType]
        if several or others or not parts:
            value = "; ".join(default) if several and parts else plain(default)
            # The field that says which kind of part it is carries no sentence of its own: the part's says it.
            sentence = about.get(name) or field.description or (inspect.getdoc(config) or "").partition("\n")[0]
            kinds = (field.annotation,) if several or not parts else tuple(others)
            yield Setting(prefix + name, _any_of(kinds), value if given else "", sentence)
        for part in parts:
            below = f"{prefix}{name}.NAME." if several else f"{prefix}{name}."
            yield from _fields(part, below, default if isinstance(default, part) else None)


def _arguments(thing: Any) -> Iterator[Setting]:
    """Options of a class without typed settings: the keywords of what makes one."""
    makes = next((getattr(thing, name) for name in ("pretrained", "open") if hasattr(thing, name)), thing)
    about = _sentences(thing) | _said_in(inspect.getdoc(makes) or "")
    types = get_type_hints(makes.__init__ if inspect.isclass(makes) else makes, _loaded(makes))
    for option in inspect.signature(makes).parameters.values():
        if option.kind is not option.VAR_KEYWORD:
            default = "" if option.default is option.empty else plain(option.default)
            yield Setting(option.name, _type(types[option.name]), default, about.get(option.name, ""))


def _loaded(makes: Any) -> dict[str, Any]:
    """What annotations may name: all a module imports. What it imports for type checkers alone is any value."""
    module = inspect.getmodule(makes)
    names = dict(vars(module)) if module else {}
    return dict.fromkeys(re.findall(r"\w+", str(inspect.signature(makes))), Any) | vars(builtins) | names


def _is_part(kind: Any) -> bool:
    return hasattr(kind, "model_fields")


def _type(annotation: Any) -> str:
    """A kind of value in words."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(inner[0])
    if origin is Literal:
        return " or ".join(map(plain, inner))
    if origin in (Union, UnionType):
        return _any_of(inner)
    if origin is tuple and inner[-1] is not Ellipsis:
        return " by ".join(map(_type, inner))
    if origin in (tuple, list, Sequence):
        return f"list of {_type(inner[0])}"
    if origin in (dict, Mapping):
        return f"names with {_type(inner[1])}"
    return _KINDS.get(annotation) or str(getattr(annotation, "__name__", "value")).lower()


def _any_of(kinds: Iterable[Any]) -> str:
    return " or ".join(dict.fromkeys(map(_type, kinds)))


def _sentences(thing: Any) -> dict[str, str]:
    """What the docstrings of a class and its bases say about each of its attributes and arguments."""
    found: dict[str, str] = {}
    for base in reversed(thing.__mro__):
        found |= _said_in(inspect.getdoc(base) or "")
    return found


def _said_in(docstring: str) -> dict[str, str]:
    sections = re.findall(r"^(?:Args|Attributes):\n((?:[ \t]+.*\n?|\n)*)", docstring, re.M)
    entry = re.compile(r"^ {4}(\w+): ((?:.*\n?)(?:^ {5,}.*\n?)*)", re.M)
    return {name: " ".join(text.split()) for section in sections for name, text in entry.findall(section)}
