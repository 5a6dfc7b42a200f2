from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from filelock import FileLock
from tests.helpers.shared import shared_folder

from limbeck.comparison import Recipe

TOML = """
title = "Two rows"
baseline = "random"
per_class = [1, 2]
distillations = 2
students = 2
whole = 1
heads = ["ensemble", "audio"]

[data]
dataset = "playground"
options = { clips = 60, size = 48 }
expected = { classes = 10, train = 50, test = 10 }

[data.clip]
image_size = 16
mel = { mels = 16 }

[network]
options = { width = 4 }

[protocol]
epochs = 2

[settings]
sound = "raw"
steps = 40
encoders = { bank = 2, batch = 3 }

[rows.random]
method = "random"

[rows."dm, Adam"]
method = "dm"
settings = { optimiser = { kind = "adam" } }
per_class = [1]
"""


@pytest.fixture(scope="session")
def toml(tmp_path_factory) -> Path:
    """A small recipe on disk."""
    file = tmp_path_factory.mktemp("recipe") / "two.toml"
    file.write_text(TOML)
    return file


@pytest.fixture(scope="session")
def recipe(toml) -> Recipe:
    return Recipe.load(toml)


@pytest.fixture(scope="session")
def done(recipe, tmp_path_factory) -> Path:
    """Where the small recipe was run without interruption: once for all test workers, each of which has a copy."""
    from limbeck import comparison

    of_all = shared_folder(tmp_path_factory) / "comparison"
    with FileLock(f"{of_all}.lock"):
        if not of_all.exists():
            made = tmp_path_factory.mktemp("made")
            comparison.run(recipe, name="two", out=made, device="cpu", progress=False)
            made.rename(of_all)
    return Path(shutil.copytree(of_all, tmp_path_factory.mktemp("runs") / "runs"))
