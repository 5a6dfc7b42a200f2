"""Recipes that come with Limbeck, found by name as others are by path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from limbeck.errors import InputError

ROOM = Path(__file__).parent / "recipes"
"""Folder of the recipes that come with Limbeck: comparisons of methods; below it, of ways to name sounds."""
METHODS, SOUNDS = "", "sounds"
"""Kinds of recipes: folders of the room."""


def names(kind: str = METHODS) -> tuple[str, ...]:
    """Names of the recipes that come with Limbeck, sorted.

    Args:
        kind: Of what they compare.

    Example:
        >>> names("sounds")
        ('esc10', 'esc50', 'fsd50k', 'urbansound8k')
    """
    return tuple(sorted(file.stem for file in (ROOM / kind).glob("*.toml")))


def summary(name: str, kind: str = METHODS) -> str:
    """The first line of a recipe: what it compares.

    Args:
        name: One of `names`.
        kind: Of what it compares.
    """
    return (ROOM / kind / f"{name}.toml").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def find(recipe: str | Path, kind: str = METHODS) -> Path:
    """The file of a recipe.

    Args:
        recipe: A file, or the name of a recipe that comes with Limbeck.
        kind: Of what it compares.

    Raises:
        InputError: It is neither.

    Example:
        >>> find("playground").name
        'playground.toml'
    """
    file = Path(recipe)
    found = file if file.is_file() else shipped(recipe, kind)
    if found is None:
        known = names(kind)
        import difflib

        close = difflib.get_close_matches(file.stem, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise InputError(
            f"There is no recipe {str(recipe)!r}: no such file, and none of that name comes with Limbeck.{hint} "
            f"Those that do: {', '.join(known)}."
        )
    return found


def shipped(recipe: str | Path, kind: str = METHODS) -> Path | None:
    """The file of a recipe that comes with Limbeck; None if there is no such one.

    Args:
        recipe: Its name, or its path below the room.
        kind: Of what it compares.
    """
    places = (ROOM / kind / f"{recipe}.toml", ROOM / kind / recipe)
    return next((place for place in places if place.is_file()), None)


def folder_of(name: str, recipe: Mapping[str, Any], *, out: Path, data: Path | str | None = None) -> Path:
    """Folder of a recipe's tables, which says whose they are in ``recipe.json``.

    That is ``out/name``, or one beside it where another recipe of that name, or the same over other data, has its own.

    Args:
        name: Of the recipe.
        recipe: As JSON-able data.
        out: Folder of all runs.
        data: What was given instead of the recipe's data.

    Raises:
        InputError: A ``recipe.json`` that is there is no JSON.
    """
    from limbeck import _files  # it loads torch, which lists of recipes do without

    asked = json.loads(json.dumps(recipe))
    if data is not None:
        asked["data"]["root"] = str(Path(data).absolute())
    own = [out / name, out / f"{name}-{_files.digest(asked)[:8]}"]
    said = own[0] / "recipe.json"
    folder = own[said.exists() and _files.read_json(said) != asked]
    _files.write_json(folder / "recipe.json", asked)
    return folder


def read(file: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Args:
        file: Where it is.

    Raises:
        InputError: It is not TOML.
    """
    import tomllib

    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not TOML: {error}.") from error
