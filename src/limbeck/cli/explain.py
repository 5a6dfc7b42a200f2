"""``limbeck explain``: what one of the things ``limbeck list`` shows is, and every setting it has."""

import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Annotated, Any, get_args, get_origin

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


@dataclass(frozen=True)
class Setting:
    """One setting of a thing.

    Attributes:
        name: As given to ``--set``, ``--set-network``, ``--set-measure`` or ``--option``; dots lead into parts, and
            NAME stands for any name where there are several parts of a kind.
        type: Kind of value.
        default: As JSON would write it; empty where a value must be given.
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
    settings = list(_fields(thing) if hasattr(thing, "model_fields") else _arguments(thing))
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
        parts = [part for part in _members(field.annotation) if hasattr(part, "model_fields")]
        several = get_origin(field.annotation) is dict
        if several or not parts:
            told = "; ".join(default) if several and parts else str(default)
            shown = "" if field.is_required() and values is None else told
            # The field that tells one kind of part from another carries no sentence of its own: the part's says it.
            said = about.get(name) or (inspect.getdoc(settings) or "").partition("\n")[0]
            yield Setting(prefix + name, _type(field.annotation), shown, said)
        for part in parts:
            below = f"{prefix}{name}.NAME." if several else f"{prefix}{name}."
            yield from _fields(part, below, default if isinstance(default, part) else None)


def _arguments(thing: Any) -> Iterator[Setting]:
    """Options of a class without typed settings: the keywords of what makes one."""
    makes = next((getattr(thing, name) for name in ("pretrained", "open") if hasattr(thing, name)), thing)
    about = _sentences(thing) | _said_in(inspect.getdoc(makes) or "")
    for option in inspect.signature(makes).parameters.values():
        if option.kind is not option.VAR_KEYWORD:
            default = "" if option.default is option.empty else str(option.default)
            yield Setting(option.name, _type(option.annotation), default, about.get(option.name, ""))


def _members(annotation: Any) -> tuple[Any, ...]:
    return (annotation,) if inspect.isclass(annotation) else get_args(annotation)


def _type(annotation: Any) -> str:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return re.sub(r"\b(?:typing|pathlib|collections\.abc|limbeck(?:\.\w+)*)\.", "", text)


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
