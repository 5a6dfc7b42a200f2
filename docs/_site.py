"""What the site holds beside docs/: a reference made from docstrings, one page per room, and pages of other folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "limbeck"
ELSEWHERE = ["CHANGELOG.md", "CONTRIBUTING.md", *(f"benchmarks/{p.name}" for p in (ROOT / "benchmarks").glob("*.md"))]
ELSEWHERE += [f"benchmarks/results/{p.name}" for p in (ROOT / "benchmarks" / "results").glob("*.md")]


def on_config(config: MkDocsConfig) -> None:
    """Fill in what the navigation leaves open: folders, the reference, and the pages for those who carry on."""
    assert config.nav is not None
    docs = Path(config.docs_dir)
    for place, entry in enumerate(config.nav):
        for title, folder in entry.items() if isinstance(entry, dict) else ():
            if isinstance(folder, str) and folder.endswith("/"):
                found = sorted(p.relative_to(docs).as_posix() for p in (docs / folder).glob("*.md"))
                config.nav[place] = {title: found}
    config.nav += [
        {"Reference": [f"reference/{room}.md" for room in rooms()]},
        {"Carry on": ["CONTRIBUTING.md", "CHANGELOG.md"]},
    ]


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    for room, modules in rooms().items():
        blocks = "\n\n".join(f"::: {module}" for module in modules)
        files.append(File.generated(config, f"reference/{room}.md", content=f"# {room}\n\n{blocks}\n"))
    for name in ELSEWHERE:
        files.append(File.generated(config, name, content=(ROOT / name).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Let links lead to where pages lie on the site: what is in docs/ lies at its top."""
    here = page.file.src_uri
    folder = PurePosixPath(here if here in ELSEWHERE else f"docs/{here}").parent

    def moved(link: re.Match[str]) -> str:
        name, hash_, anchor = link[1].partition("#")
        target = os.path.normpath(folder / name).removeprefix("docs/")
        if not name or ":" in name or files.get_file_from_path(target) is None:
            return link[0]
        return f"]({os.path.relpath(target, PurePosixPath(here).parent)}{hash_}{anchor})"

    return re.sub(r"\]\(([^)\s]+)\)", moved, markdown)


def rooms() -> dict[str, list[str]]:
    """The packages and modules of each room's page; modules of the top folder are on that of ``limbeck``.

    A package shows what it offers, so modules that it offers things from are left out.
    """
    found: dict[str, list[str]] = {"limbeck": ["limbeck"]}
    for module, offered in _public(PACKAGE, "limbeck"):
        parts = module.split(".")
        if not offered:
            is_room = len(parts) > 2 or (PACKAGE / parts[1]).is_dir()
            found.setdefault(parts[1] if is_room else "limbeck", []).append(module)
    return found


def _public(folder: Path, package: str) -> Iterator[tuple[str, bool]]:
    """Public modules below a folder, and whether their package offers their things rather than them."""
    source = (folder / "__init__.py").read_text(encoding="utf-8")
    for path in sorted(folder.iterdir()):
        module = f"{package}.{path.stem}"
        if path.name.startswith("_") or module in {"limbeck.cli", "limbeck.recipes"}:
            continue
        if path.suffix == ".py":
            yield module, f"from {module} import" in source and f'"{path.stem}"' not in source
        elif (path / "__init__.py").exists():
            yield module, False
            yield from _public(path, module)


class DoctestExamples(griffe.Extension):
    """Reads "Example:" in docstrings as the section that examples have."""

    def on_object(self, *, obj: griffe.Object, **_: object) -> None:
        """Rename the section of one object."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^(\s*)Example:$", r"\1Examples:", obj.docstring.value, flags=re.M)
