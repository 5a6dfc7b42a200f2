"""The recipes of the project: all can be read and planned, and run on miniatures of the official layouts."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.helpers import cifar, layouts

from limbeck import _recipes, comparison, methods
from limbeck.comparison import Recipe
from limbeck.evaluation import Protocol
from limbeck.media import ClipRecipe, MelRecipe
from limbeck.networks import Architecture
from limbeck.report.model import Budget

pytestmark = pytest.mark.slow

ROOM = _recipes.ROOM
FILES = sorted(ROOM.glob("*.toml"))
OFFICIAL = ("vggsound10k", "vggsound", "music21", "ave")
TRAINING = {"epochs": 2, "batch": 8}
TINY = {
    "steps": 2,
    "network_epochs": 1,
    "student_steps": 2,
    "expert_epochs": 1,
}


def small(recipe: Recipe) -> Recipe:
    """The same rows, heads and data layout, with every number that costs time made small."""
    rows = {}
    for name, row in recipe.rows.items():
        kind = methods.load(row.method)
        settings = {key: value for key, value in TINY.items() if key in kind.model_fields}
        if "encoders" in kind.model_fields:
            preset = kind.configured(row.preset)
            training = {"training": TRAINING} if preset.encoders.training else {}
            settings["encoders"] = {"bank": preset.encoders.bank and 2, "batch": 4, **training}
        budgets = (1,) if recipe.budgets(row) else ()
        rows[name] = row.model_copy(
            update={"settings": row.settings | settings, "at": {}, "per_class": budgets, "set_bytes": ()}
        )
    return recipe.model_copy(
        update={
            "rows": rows,
            "per_class": (1,),
            "distillations": 1,
            "students": 1,
            "whole": min(recipe.whole, 1),
            "network": Architecture(options={"width": 4}),
            "protocol": Protocol(epochs=1),
            "data": recipe.data.model_copy(update={"clip": ClipRecipe(image_size=24, mel=MelRecipe(mels=16))}),
        }
    )


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_recipe_fits(file):
    recipe = Recipe.load(file)
    assert recipe.data.expected is not None
    assert f"limbeck benchmark {file.stem} " in file.read_text(), "the command that runs it is in its head"


@pytest.mark.parametrize("file", [f for f in FILES if f.stem.partition("_")[0] in OFFICIAL], ids=lambda f: f.stem)
def test_published_recipes_are_the_published_sizes(file):
    recipe = Recipe.load(file)
    assert recipe.per_class == (1, 10, 20)
    assert (recipe.distillations, recipe.students) == (3, 5)
    assert recipe.network.build().width == 128
    assert recipe.protocol == Protocol.faithful()
    assert recipe.data.clip.image_size == 224
    assert recipe.data.clip.mel.shape == (128, 56)
    for name in recipe.rows.keys() & {"dm", "avdd"}:
        assert recipe.method(recipe.rows[name], Budget(per_class=10)).steps == 5001


@pytest.mark.parametrize("name", ["vggsound10k", "ave_fusion"])
def test_published_recipes_run_on_miniatures(name, tmp_path):
    """Two of them: all extend the same rows, and what they read is tested by the contract of datasets."""
    recipe, dataset = small(Recipe.load(ROOM / f"{name}.toml")), name.partition("_")[0]
    root = layouts_of(dataset, tmp_path / "data")
    found = comparison.run(recipe, name="mini", out=tmp_path / "runs", data=root, device="cpu", progress=False)
    rows = [name for name, row in recipe.rows.items() if recipe.budgets(row)]
    assert found.about["failed"] == {}
    assert {(c.row, c.head) for c in found.cells} == {
        (name, head) for name in [*rows, "whole"] for head in recipe.heads
    }
    assert {"avdd", "dm", "herding + 2x2"} <= set(rows)


def test_the_table_of_images_is_by_their_published_protocol_and_holds_the_published_numbers():
    """Both protocols under which rows were published; sets are the same, so that they are shared."""
    table, plain = (Recipe.load(ROOM / f"{name}.toml") for name in ("cifar10", "cifar10_plain"))
    assert table.protocol == Protocol.faithful(["image"])
    assert plain.protocol == Protocol.faithful(["image"]).changed(epochs=300, augment=None)
    assert (table.distillations, table.students, table.per_class) == (3, 3, (1, 10))
    assert table.network.build().width == 128
    assert {name: row.published for name, row in table.rows.items() if row.published} == {
        "random": {1: 14.4, 10: 26.0, 50: 43.4},
        "herding": {1: 21.5, 10: 31.6, 50: 40.4},
        "dc": {1: 28.3, 10: 44.9, 50: 53.9},
        "dsa": {1: 28.8, 10: 52.1, 50: 60.6},
        "dm": {1: 26.0, 10: 48.9, 50: 63.0},
        "mtt": {1: 46.2, 10: 65.4, 50: 71.6},
        "idm": {1: 45.6, 10: 58.6, 50: 67.5},
        "m3d": {1: 45.3, 10: 63.5, 50: 69.9},
        "ncfm": {1: 49.5, 10: 71.8, 50: 77.4},
    }
    assert table.published.whole == 84.8
    for name, row in plain.rows.items():
        assert [plain.method(row, Budget(per_class=n)) for n in (1, 10)] == [
            table.method(table.rows[name], Budget(per_class=n)) for n in (1, 10)
        ]


def test_the_table_of_images_runs_on_a_miniature(tmp_path):
    recipe = small(Recipe.load(ROOM / "cifar10.toml"))
    root, _ = cifar.cifar10(tmp_path / "data", rounds=2)
    found = comparison.run(recipe, name="mini", out=tmp_path / "runs", data=root, device="cpu", progress=False)
    assert found.about["failed"] == {}
    assert {c.row for c in found.cells} == set(recipe.rows)
    assert {key for c in found.cells for key in c.accuracy} == {"V"}
    text = (tmp_path / "runs" / "mini" / "table.md").read_text()
    line = next(line for line in text.splitlines() if line.startswith("| dm "))
    assert "| 26.0 |" in line
    assert "published (%)" in text
    assert "The whole training split, as published: 84.8 %." in text


def layouts_of(dataset: str, root: Path) -> Path:
    root.mkdir()
    written = getattr(layouts, dataset)(root, train=9)["root"]
    assert isinstance(written, Path)
    return written


def test_the_plan_of_a_full_recipe_needs_no_data(tmp_path):
    recipe = Recipe.load(ROOM / "ave_fusion.toml")
    lines = comparison.plan(recipe, out=tmp_path, device="cpu")
    rows = [n for n, row in recipe.rows.items() if recipe.budgets(row)]
    assert [line.name for line in lines][: len(rows)] == rows
    assert sum(line.seconds for line in lines) > 24 * 3600
    assert all(line.stored_bytes > 0 for line in lines)
    assert not any(tmp_path.iterdir())
