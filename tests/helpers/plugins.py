"""Distributions that add to Limbeck, installed by pip into a folder of their own and run in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

GIFTS = Path(__file__).with_name("plugin")


def install(target: Path, project: Path = GIFTS) -> Path:
    """Install a project of pure Python as its users would; returns the folder its packages are in.

    Args:
        target: Folder to install into.
        project: With a ``pyproject.toml`` and a folder ``src``.
    """
    facts = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    files = {p.relative_to(project / "src").as_posix(): p.read_text() for p in (project / "src").rglob("*.py")}
    return install_files(target, facts["name"], facts["version"], files, facts["entry-points"])


def install_files(
    target: Path, name: str, version: str, files: Mapping[str, str], points: Mapping[str, Mapping[str, str]]
) -> Path:
    """Put files into a wheel and have pip install it, without asking the network.

    Args:
        target: Folder to install into; what is there of an earlier version is replaced.
        name: Of the distribution.
        version: Of the distribution.
        files: Sources by path.
        points: Entry points: values by name, by group.
    """
    stem = f"{name.replace('-', '_')}-{version}"
    info = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        "WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        "entry_points.txt": "".join(
            f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in found.items()) for group, found in points.items()
        ),
    }
    contents = {**files, **{f"{stem}.dist-info/{key}": text for key, text in info.items()}}
    wheel = target.parent / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in contents.items():
            archive.writestr(path, text)
        archive.writestr(f"{stem}.dist-info/RECORD", "".join(f"{path},,\n" for path in contents))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--upgrade", "--target", str(target), str(wheel)], check=True, capture_output=True)
    return target


def run(code: str, *targets: Path) -> subprocess.CompletedProcess[str]:
    """Run Python with plug-ins installed.

    Args:
        code: What to run; ``limbeck("list", "methods")`` is there, and tells the exit code, stdout and stderr.
        targets: Folders of `install`.
    """
    done = subprocess.run(
        [sys.executable, "-c", _PRELUDE + dedent(code)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, targets)), "OMP_WAIT_POLICY": "passive"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


_PRELUDE = """
import contextlib, io, json

def limbeck(*words):
    from limbeck.cli import main
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(words)
        except SystemExit as leave:
            return leave.code or 0, out.getvalue(), err.getvalue()
"""
