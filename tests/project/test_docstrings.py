"""Everything public is explained."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

import limbeck

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(limbeck.__path__, "limbeck.")
    if not any(part.startswith("_") for part in module.name.split(".")) and ".cli" not in module.name
)


@pytest.mark.parametrize("module", MODULES)
def test_public_things_have_docstrings(module: str) -> None:
    assert importlib.import_module(module).__doc__
    assert [name for name, thing in _public(module) if not inspect.getdoc(thing)] == []


@pytest.mark.parametrize("module", MODULES)
def test_functions_of_several_arguments_name_each(module: str) -> None:
    """One argument may go without saying; of several, each is named in a list or in the sentence."""
    wrong = []
    for name, thing in _public(module):
        arguments = _arguments(thing)
        words = set(re.findall(r"\w+", inspect.getdoc(thing) or ""))
        if (
            len(arguments) > 1
            and not set(arguments) <= words
            and not re.search(r"[Ss]ee `[\w.]+`", inspect.getdoc(thing) or "")
        ):
            wrong.append(f"{name}: {[a for a in arguments if a not in words]}")
    assert wrong == []


def _public(module: str) -> Iterator[tuple[str, Any]]:
    """Functions and classes defined here or offered by this package, with the classes' own public methods."""
    loaded = importlib.import_module(module)
    offered = set(getattr(loaded, "__all__", ()))
    for name, thing in (vars(loaded) | {name: getattr(loaded, name) for name in offered}).items():
        if name.startswith("_") or not (inspect.isclass(thing) or inspect.isfunction(thing)):
            continue
        if thing.__module__ != module and not (name in offered and thing.__module__.startswith("limbeck.")):
            continue
        yield name, thing
        if inspect.isclass(thing):
            for member, value in vars(thing).items():
                function = getattr(value, "__func__", getattr(value, "fget", value))
                inherited = any(hasattr(base, member) for base in thing.__mro__[1:])
                # The names of tests are sentences.
                if not member.startswith(("_", "test_")) and inspect.isfunction(function) and not inherited:
                    yield f"{name}.{member}", function


def _arguments(thing: Any) -> list[str]:
    if not inspect.isfunction(thing):
        return []
    return [name for name in inspect.signature(thing).parameters if name not in {"self", "cls"}]
