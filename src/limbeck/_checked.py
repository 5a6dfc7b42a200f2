"""All that is wrong with a file of settings, told at once."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from limbeck._config import mistake
from limbeck.errors import InputError

Model = TypeVar("Model", bound=BaseModel)


def checked(
    kind: type[Model],
    content: Mapping[str, Any],
    file: Path,
    *,
    stand_in: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    mistakes: Callable[[Model], Sequence[str]],
) -> Model:
    """The settings of a file that fits. What does not hides no other mistake: it is left out, and the rest looked at.

    `stand_in` gives what such settings must have, for a file that has not got it, or got it wrong; `mistakes` tells
    what does not fit together, a sentence each.
    """
    found: list[str] = []
    recipe: Model | None = None
    try:
        recipe = kind.model_validate(content)
    except ValidationError as error:
        found = [mistake(e) for e in error.errors()]
        rest = _without(content, [e["loc"] for e in error.errors()], [e["type"] for e in error.errors()])
        with contextlib.suppress(ValidationError):  # else too little of it fits to say more
            recipe = kind.model_validate({**stand_in(rest), **rest})
    if recipe is not None:
        found += mistakes(recipe)
    if found or recipe is None:
        raise InputError("\n".join([f"{file} does not fit:", *(f"  {m}" for m in found)]))
    return recipe


def _without(
    content: Mapping[str, Any], places: Sequence[tuple[int | str, ...]], kinds: Sequence[str]
) -> dict[str, Any]:
    """The content without what did not fit; what lacks something is left out whole."""
    rest = copy.deepcopy(dict(content))
    for place, kind in zip(places, kinds, strict=True):
        path = _existing(content, place[:-1] if kind == "missing" else place)
        inside: Any = rest
        for key in path[:-1]:
            inside = inside.get(key, {})  # may be gone with what it was a part of
        if path:
            inside.pop(path[-1], None)
    return rest


def _existing(content: Mapping[str, Any], place: Sequence[int | str]) -> list[str]:
    """The keys of a place as far as tables lead: a list is left out whole, and kinds of a part are no keys."""
    path: list[str] = []
    inside: Any = content
    for key in place:
        if not isinstance(inside, dict) or key not in inside:
            break
        path.append(str(key))
        inside = inside[key]
    return path
