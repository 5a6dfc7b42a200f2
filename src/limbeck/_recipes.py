"""Recipes that come with Limbeck, found by name as others are by path."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from limbeck._discover import did_you_mean
from limbeck.errors import InputError

ROOM = Path(__file__).parent / "recipes"
"""Folder of the recipes that come with Limbeck: comparisons of methods; below it, of ways to name sounds."""
METHODS, SOUNDS = "", "sounds"
KINDS = (METHODS, SOUNDS)
"""Kinds of recipes: folders of the room."""


def names(kind: str = METHODS) -> tuple[str, ...]:
    """Names of the recipes of a kind that come with Limbeck, sorted.

    Example:
        >>> names("sounds")
        ('esc10', 'esc10_birdnet', 'esc10_clicks', 'esc50', 'fsd50k', 'urbansound8k')
    """
    return tuple(sorted(file.stem for file in (ROOM / kind).glob("*.toml")))


def summary(name: str, kind: str = METHODS) -> str:
    """The first line of one of `names`: what it compares."""
    return (ROOM / kind / f"{name}.toml").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def find(recipe: str | Path, *kinds: str) -> Path:
    """The file of a recipe: that file, or the one that comes with Limbeck under that name, of any kind by default.

    Example:
        >>> find("playground").name, find("esc10").parent.name
        ('playground.toml', 'sounds')
    """
    file = Path(recipe)
    found = file if file.is_file() else shipped(recipe, *kinds)
    if found is None:
        known = [name for kind in kinds or KINDS for name in names(kind)]
        raise InputError(
            f"There is no recipe {str(recipe)!r}: no such file, and none of that name comes with Limbeck."
            f"{did_you_mean(file.stem, known)} Those that do: {', '.join(known)}."
        )
    return found


def shipped(recipe: str | Path, *kinds: str) -> Path | None:
    """The file of a recipe that comes with Limbeck, by name or path below the room; None if there is no such one."""
    places = [ROOM / kind / name for kind in kinds or KINDS for name in (f"{recipe}.toml", recipe)]
    return next((place for place in places if place.is_file()), None)


def folder_of(name: str, recipe: Mapping[str, Any], *, out: Path, data: Path | str | None = None) -> Path:
    """Folder of a recipe's tables, which says whose they are in ``recipe.json``.

    That is ``out/name``, or one beside it where another recipe of that name, or the same over other `data` than the
    recipe's own, has its own.
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


def read(file: Path, above: tuple[Path, ...] = ()) -> dict[str, Any]:
    """The content of a recipe, with what it extends filled in; the word ``"null"`` becomes None, which TOML lacks.

    With ``extends = "other.toml"`` (a file beside it, or a recipe of Limbeck's by name) a recipe says only what
    differs, and with ``only = [...]`` which rows are kept. Those `above` extend it.
    """
    import tomllib

    from limbeck._config import merge  # it loads pydantic, which lists of recipes do without

    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{file} is not TOML: {error}.") from error
    below, only = content.pop("extends", None), content.pop("only", None)
    whole = content
    if below is not None:
        base = _base(file, below)
        if base.resolve() in (file.resolve(), *above):
            raise InputError(f"{file} extends {below!r}, which extends it.")
        whole = merge(_with_other_data(read(base, (file.resolve(), *above)), content), content)
    if only is not None:
        rows = whole.get("rows", {})
        if not isinstance(only, list) or not isinstance(rows, dict):
            raise InputError(f"{file}: only is a list of names of rows, as only = ['random', 'dm'], but {only!r} came.")
        if missing := [name for name in only if name not in rows]:
            raise InputError(f"{file}: only names rows that are not there: {missing}. There are: {', '.join(rows)}.")
        whole["rows"] = {name: row for name, row in rows.items() if name in only}
    filled: dict[str, Any] = _with_nulls(whole)
    return filled


def _base(file: Path, below: Any) -> Path:
    """The file of what a recipe extends: beside it, or one that comes with Limbeck."""
    if not isinstance(below, str):
        raise InputError(f"{file}: extends names one other recipe, as extends = 'playground', but {below!r} came.")
    beside = file.parent / below
    found = beside if beside.is_file() else shipped(below)
    if found is None:
        raise InputError(
            f"{file} extends {below!r}, but there is no such file beside it, and no recipe of that name comes with "
            f"Limbeck. Those that do: {', '.join(name for kind in KINDS for name in names(kind))}."
        )
    return found


def _with_other_data(beneath: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """What is extended, for another dataset: place, options and size were the old one's; how clips are cut stays."""
    old, new = beneath.get("data"), content.get("data")
    if not isinstance(old, dict) or not isinstance(new, dict) or new.get("dataset") in (None, old.get("dataset")):
        return beneath
    return beneath | {"data": {key: value for key, value in old.items() if key == "clip"}}


def _with_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _with_nulls(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_with_nulls(v) for v in value]
    return None if value == "null" else value
