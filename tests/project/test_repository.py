"""What the files of the repository say agrees with what is in it."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from limbeck import _discover

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)
TEXT = {".py", ".md", ".toml", ".txt", ".cff", ".json", ".html", ".j2", ".css", ".js", ".yml", ".yaml", ""}
SKIPPED = {"demo", "sounds-demo", "dist", "build", "site", "__pycache__"}
PRIVATE_PATH = re.compile(r"(?<![\w.~/-])/(?:work|root|home|Users)/\w")


def test_versions_agree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert project["version"] == version("limbeck")
    assert re.search(r'^version: "?([^"\n]+)', citation, re.M)[1] == project["version"]  # type: ignore[index]
    assert re.search(r"^license: (.+)", citation, re.M)[1] == project["license"]  # type: ignore[index]
    assert f"## [{project['version']}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_licence_is_there_in_full() -> None:
    words = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in words
    assert "END OF TERMS AND CONDITIONS" in words


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (page.parent / name).resolve() if name else page
        if not place.exists() or (anchor and anchor not in _anchors(place)):
            dead.append(target)
    assert dead == []


def test_on_a_package_index_no_link_leads_nowhere() -> None:
    """There is no docs/ beside the README: the build makes its links words, and keeps those within it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for change in project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["substitutions"]:
        text = re.sub(change["pattern"], change["replacement"], text)
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    assert targets
    assert all(target.startswith("#") for target in targets), targets
    assert "results, speed in benchmarks" in " ".join(text.split()), "the words stay"


@pytest.mark.parametrize(
    "room", ["methods", "datasets", "exports", "imports", "networks.heads", "encoders", "datasets.sounds"]
)
def test_everything_has_its_words_and_its_tests(room: str) -> None:
    names = _discover.names(f"limbeck.{room}")
    assert names
    if room == "methods":
        assert [n for n in names if not (ROOT / "docs" / "methods" / f"{n}.md").exists()] == []
    page = {
        "methods": "index.md",
        "datasets": "datasets.md",
        "exports": "files.md",
        "imports": "imports.md",
        "networks.heads": "evaluation.md",
        "encoders": "encoders.md",
        "datasets.sounds": "sounds-evaluation.md",
    }[room]
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in text] == []


def test_texts_end_with_one_newline_and_lines_without_blanks() -> None:
    wrong = []
    for path in _texts():
        text = path.read_bytes()
        if text and (
            not text.endswith(b"\n") or text.endswith(b"\n\n") or b"\r" in text or re.search(rb"[ \t]\n", text)
        ):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def test_no_path_of_somebodys_machine_is_left() -> None:
    found = []
    for path in _texts():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if PRIVATE_PATH.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert found == []


def _texts() -> Iterator[Path]:
    """Text files of the checkout, not of what its commands made."""
    for folder, below, names in os.walk(ROOT):
        below[:] = [name for name in below if name not in SKIPPED and (name == ".ci" or not name.startswith("."))]
        kept = [
            name for name in names if Path(name).suffix in TEXT and name != ".git"
        ]  # a file where a checkout is linked
        yield from (Path(folder) / name for name in kept)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
