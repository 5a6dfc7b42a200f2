"""The documentation builds as a site, and its reference holds all that is public."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INVENTORY = json.loads(Path(__file__).with_name("api_surface.json").read_text(encoding="utf-8"))


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder


@pytest.mark.parametrize("package", [name for name in INVENTORY if ".cli" not in name])
def test_public_names_are_in_the_reference(package: str, site: Path) -> None:
    room = "limbeck" if package == "limbeck" else package.split(".")[1]
    page = (site / "reference" / f"{room}.html").read_text(encoding="utf-8")
    assert f'id="{package}"' in page
    own = [name for name in INVENTORY[package] if f"{package}.{name}" not in INVENTORY]  # packages have their own pages
    assert [name for name in own if f'id="{package}.{name}"' not in page] == []


def test_things_that_are_found_by_listing_are_in_the_reference(site: Path) -> None:
    page = (site / "reference" / "methods.html").read_text(encoding="utf-8")
    assert 'id="limbeck.methods.dm.DM"' in page


def test_links_to_pages_outside_docs_lead_somewhere(site: Path) -> None:
    assert 'href="benchmarks/index.html' in (site / "encoders.html").read_text(encoding="utf-8")
    assert (site / "benchmarks" / "index.html").is_file()


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    page = (site / "index.html").read_text(encoding="utf-8")
    assert "<link" in page
    assert 'src="http' not in page
    assert "fonts.googleapis" not in page
