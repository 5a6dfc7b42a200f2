"""Importing is cheap and silent; rooms import only what lies below them, nothing private of others, in no circle."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "limbeck"

ORDER = [
    {"engine", "hub", "media"},
    {"playground", "modalities"},
    {"datasets"},
    {"augment", "networks", "parameterisations", "encoders"},
    {"index", "prototypes", "detections"},
    {"active_learning"},
    {"storage"},
    {"distilled"},
    {"methods"},
    {"evaluation"},
    {"distillation", "report"},
    {"exports"},
    {"imports"},
    {"sounds"},
    {"inspection", "sharing", "spatial", "studio"},
    {"comparison", "testing"},
    {"cli"},
    {"__main__"},
]
"""Rooms from the ground floor up; those on one floor do not know each other.

Modules of the top folder whose names begin with an underscore, and `errors`, are for all rooms and know none.
"""


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


def test_reading_a_sentence_loads_nothing_that_reads_recordings(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom limbeck.cli import main\n"
        "sys.argv = ['limbeck', 'spatial', 'scene', 'a dog barks on the left', '--out', 'scene.toml']\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code, ended\n"
        "heavy = {'torch', 'av', 'scipy', 'numba', 'safetensors.torch'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "scene.toml").is_file()


def test_everything_exported_loads() -> None:
    import limbeck

    assert {name: hasattr(limbeck, name) for name in limbeck.__all__} == dict.fromkeys(limbeck.__all__, True)
    assert set(limbeck.__all__) <= set(dir(limbeck))
    with pytest.raises(AttributeError, match="nosuchname"):
        limbeck.nosuchname  # noqa: B018


def test_no_room_imports_from_above_its_floor() -> None:
    floor = {room: number for number, rooms in enumerate(ORDER) for room in rooms}
    wrong = [
        f"{use.importer}:{use.line} imports {use.target}"
        for use in _imports()
        if use.leaves_its_room
        if use.room not in floor or floor[use.target_room] >= floor[use.room]
    ]
    assert wrong == []


def test_every_module_has_a_place_in_the_order() -> None:
    placed = set().union(*ORDER)
    there = {module.split(".")[1] for module in MODULES if "." in module}
    there = {name for name in there if not name.startswith("_") or name == "__main__"} - {"errors"}
    assert there == placed


def test_no_room_imports_what_is_private_to_another() -> None:
    private = [use for use in _imports() if use.leaves_its_room and use.is_private]
    assert [f"{use.importer}:{use.line} imports {use.target}" for use in private] == []


def test_imports_go_in_no_circle() -> None:
    """Those inside functions count, those for type checkers alone do not."""
    needed: dict[str, set[str]] = {module: set() for module in MODULES}
    for use in _imports():
        if not use.is_for_types:
            needed[use.importer].add(use.module)
    TopologicalSorter(needed).prepare()  # or CycleError, which names the circle


class Use(NamedTuple):
    """One thing of Limbeck's that a module imports; names are dotted, and `module` is the target or holds it."""

    importer: str
    line: int
    target: str
    module: str
    is_for_types: bool

    @property
    def room(self) -> str:
        return self.importer.split(".")[1]

    @property
    def target_room(self) -> str:
        return self.target.split(".")[1]

    @property
    def leaves_its_room(self) -> bool:
        """Helpers of the top folder are of no room, nor are errors; the top package itself may offer everything."""
        return "." in self.importer and self.target_room not in {self.room, "errors"} and self.target_room[0] != "_"

    @property
    def is_private(self) -> bool:
        return any(part.startswith("_") for part in self.target.split(".")[2:])


def _modules() -> dict[str, Path]:
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()


@cache
def _imports() -> list[Use]:
    """Every import of a part of Limbeck, those inside functions and for type checkers included."""
    found = []
    for importer, path in MODULES.items():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        types = {id(inner) for node in ast.walk(tree) if _is_for_types(node) for inner in ast.walk(node)}
        for node in ast.walk(tree):
            targets: list[str] = []
            match node:
                case ast.Import(names=names):
                    targets = [name.name for name in names]
                case ast.ImportFrom(module=str(module), level=0, names=names):
                    targets = [f"{module}.{name.name}" for name in names]
                case ast.ImportFrom(level=level) if level:
                    raise AssertionError(f"{path}:{node.lineno}: imports are absolute here")
            for target in targets:
                if target.startswith("limbeck."):
                    module = target if target in MODULES else target.rpartition(".")[0]
                    found.append(Use(importer, node.lineno, target, module, id(node) in types))
    return found


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
