"""Recipes: read, filled in, checked whole."""

from __future__ import annotations

import pytest

from limbeck.benchmark import Recipe
from limbeck.errors import InputError


def write(folder, text, name="r.toml"):
    (folder / name).write_text(text)
    return folder / name


def test_a_row_gets_the_recipes_settings_then_its_own(recipe):
    dm = recipe.method(recipe.rows["dm, Adam"], 1)
    assert (dm.steps, dm.sound, dm.per_class, dm.mosaic) == (40, "raw", 1, 1)
    assert (dm.encoders.bank, dm.encoders.batch) == (2, 3)
    assert dm.encoders.network.options == {"width": 4}
    assert dm.optimiser.kind == "adam"
    random = recipe.method(recipe.rows["random"], 2)
    assert (random.sound, random.per_class) == ("raw", 2)


def test_settings_for_a_budget_win(recipe):
    row = recipe.rows["dm, Adam"].model_copy(update={"at": {2: {"steps": 7}}})
    assert [recipe.method(row, n).steps for n in (1, 2)] == [40, 7]


def test_the_word_null_is_none(toml, tmp_path):
    text = toml.read_text().replace("encoders = { bank = 2,", 'encoders = { bank = "null",')
    recipe = Recipe.load(write(tmp_path, text))
    assert recipe.method(recipe.rows["dm, Adam"], 1).encoders.bank is None


def test_settings_for_all_at_a_budget(toml, tmp_path):
    recipe = Recipe.load(write(tmp_path, toml.read_text() + "[at.2]\nsteps = 5\n"))
    assert [recipe.method(recipe.rows["dm, Adam"], n).steps for n in (1, 2)] == [40, 5]
    assert recipe.method(recipe.rows["random"], 2).sound == "raw"


def test_extending_says_only_what_differs(toml, tmp_path):
    (tmp_path / "base.toml").write_text(toml.read_text())
    longer = write(tmp_path, 'extends = "base.toml"\nstudents = 9\n[rows."dm, Adam"]\nper_class = []\n')
    recipe = Recipe.load(longer)
    base = Recipe.load(toml)
    assert recipe.students == 9
    assert recipe.budgets(recipe.rows["dm, Adam"]) == ()
    assert recipe.rows["dm, Adam"].settings == base.rows["dm, Adam"].settings
    assert recipe.data == base.data


def test_only_keeps_some_rows(toml, tmp_path):
    (tmp_path / "base.toml").write_text(toml.read_text())
    assert list(Recipe.load(write(tmp_path, 'extends = "base.toml"\nonly = ["random"]\n')).rows) == ["random"]
    with pytest.raises(InputError, match="not there: \\['rnadom'\\]"):
        Recipe.load(write(tmp_path, 'extends = "base.toml"\nonly = ["rnadom"]\n'))


def test_every_mistake_is_told_at_once(toml, tmp_path):
    text = (
        toml.read_text().replace('baseline = "random"', 'baseline = "nobody"').replace('"audio"]', '"nose"]')
        + '[rows.bad]\nmethod = "dm"\nsettings = { stepps = 3 }\n'
        + '[rows.worse]\nmethod = "alchemy"\n'
    )
    with pytest.raises(InputError) as error:
        Recipe.load(write(tmp_path, text))
    for part in ("'nobody' is none of the rows", "no head 'nose'", "row 'bad' at 1 pairs", "stepps", "alchemy"):
        assert part in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [("title = ", "not TOML"), ("title = 3", "title"), ('[data]\ndatasett = "x"', "datasett")],
)
def test_what_is_no_recipe_is_refused_in_a_sentence(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        Recipe.load(write(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        Recipe.load(tmp_path / "none.toml")


def test_json_and_back(recipe):
    assert Recipe.from_json(recipe.to_json()) == recipe
