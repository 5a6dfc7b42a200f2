"""The public names are an inventory: none disappears or appears by accident.

After a change that is meant, write the inventory anew and commit it with the change::

    python tests/project/test_api_surface.py
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import limbeck

INVENTORY = Path(__file__).with_name("api_surface.json")


def packages() -> list[str]:
    """Limbeck and its rooms, those of the command line left out."""
    found = pkgutil.walk_packages(limbeck.__path__, "limbeck.")
    public = [m.name for m in found if m.ispkg and not any(p.startswith("_") for p in m.name.split("."))]
    return ["limbeck", *(name for name in public if name != "limbeck.cli")]


def surface() -> dict[str, list[str]]:
    """Public names of every package."""
    return {name: sorted(importlib.import_module(name).__all__) for name in packages()}


def test_every_package_says_what_is_public() -> None:
    assert [name for name in packages() if not hasattr(importlib.import_module(name), "__all__")] == []


def test_public_names_exist() -> None:
    missing = [
        f"{package}.{name}"
        for package, names in surface().items()
        for name in names
        if not hasattr(importlib.import_module(package), name)
    ]
    assert missing == []


def test_public_names_are_those_of_the_inventory() -> None:
    assert surface() == json.loads(INVENTORY.read_text(encoding="utf-8"))


if __name__ == "__main__":
    INVENTORY.write_text(json.dumps(surface(), indent=2) + "\n", encoding="utf-8")
