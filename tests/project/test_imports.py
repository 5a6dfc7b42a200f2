"""Importing is cheap and silent, and rooms import only what comes before them."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "limbeck"

ORDER = [
    {"media"},
    {"playground"},
    {"datasets"},
    {"augment", "networks", "encoders"},
    {"index", "prototypes"},
    {"storage"},
    {"distilled"},
    {"methods"},
    {"evaluation"},
    {"report"},
    {"exports"},
    {"engine"},
    {"verbs", "sounds"},
    {"inspection"},
    {"benchmark", "testing"},
    {"cli"},
]
"""Rooms from left to right; those in one set do not know each other."""


def test_import_is_silent_and_light() -> None:
    code = (
        "import sys, time\nbegin = time.perf_counter()\nimport limbeck\n"
        "heavy = {'torch', 'numpy', 'pydantic', 'typer', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\nprint(time.perf_counter() - begin)\n"
    )
    seconds = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        seconds.append(float(done.stdout))
    assert min(seconds) < 0.5


def test_everything_exported_loads() -> None:
    import limbeck

    assert {name: hasattr(limbeck, name) for name in limbeck.__all__} == dict.fromkeys(limbeck.__all__, True)
    assert set(limbeck.__all__) <= set(dir(limbeck))
    with pytest.raises(AttributeError, match="nosuchname"):
        limbeck.nosuchname  # noqa: B018


def test_rooms_import_only_from_the_left() -> None:
    assert list(_wrong_imports()) == []


def test_every_module_has_a_place_in_the_order() -> None:
    placed = set().union(*ORDER)
    there = {path.stem for path in SOURCE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert {name for name in there if not name.startswith("_")} - {"errors"} == placed


def _wrong_imports() -> Iterator[str]:
    rank = {room: place for place, rooms in enumerate(ORDER) for room in rooms}
    for path in sorted(SOURCE.rglob("*.py")):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for line, target in _imports(path):
            if target.startswith("_") or target in {"errors", room}:
                continue
            if room not in rank or rank[target] >= rank[room]:
                yield f"{path.relative_to(SOURCE)}:{line} imports limbeck.{target}"


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Line and room of every import of a part of Limbeck, those inside functions included."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                for name in names:
                    if name.name.startswith("limbeck."):
                        yield node.lineno, name.name.split(".")[1]
            case ast.ImportFrom(module="limbeck", names=names, level=0):
                for name in names:
                    yield node.lineno, name.name
            case ast.ImportFrom(module=str(module), level=0) if module.startswith("limbeck."):
                yield node.lineno, module.split(".")[1]
            case ast.ImportFrom(level=level) if level:
                raise AssertionError(f"{path}:{node.lineno}: imports are absolute here")
