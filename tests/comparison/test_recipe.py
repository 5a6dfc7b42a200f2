"""Recipes: read, filled in, checked whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.comparison import Recipe
from limbeck.errors import InputError
from limbeck.report.model import Budget


def write(folder, text, name="r.toml"):
    (folder / name).write_text(text)
    return folder / name


def test_a_row_gets_the_recipes_settings_then_its_own(recipe):
    dm = recipe.method(recipe.rows["dm, Adam"], Budget(per_class=1))
    assert (dm.steps, dm.sound, dm.per_class, str(dm.hold)) == (40, "raw", 1, "plain")
    assert (dm.encoders.bank, dm.encoders.batch) == (2, 3)
    assert dm.encoders.network.options == {"width": 4}
    assert dm.optimiser.kind == "adam"
    random = recipe.method(recipe.rows["random"], Budget(per_class=2))
    assert (random.sound, random.per_class) == ("raw", 2)


def test_settings_for_a_budget_win(recipe):
    row = recipe.rows["dm, Adam"].model_copy(update={"at": {2: {"steps": 7}}})
    assert [recipe.method(row, Budget(per_class=n)).steps for n in (1, 2)] == [40, 7]


def test_the_word_null_is_none(toml, tmp_path):
    text = toml.read_text().replace("encoders = { bank = 2,", 'encoders = { bank = "null",')
    recipe = Recipe.load(write(tmp_path, text))
    assert recipe.method(recipe.rows["dm, Adam"], Budget(per_class=1)).encoders.bank is None


def test_settings_for_all_at_a_budget(toml, tmp_path):
    recipe = Recipe.load(write(tmp_path, toml.read_text() + "[at.2]\nsteps = 5\n"))
    assert [recipe.method(recipe.rows["dm, Adam"], Budget(per_class=n)).steps for n in (1, 2)] == [40, 5]
    assert recipe.method(recipe.rows["random"], Budget(per_class=2)).sound == "raw"


def test_extending_says_only_what_differs(toml, tmp_path):
    (tmp_path / "base.toml").write_text(toml.read_text())
    longer = write(tmp_path, 'extends = "base.toml"\nstudents = 9\n[rows."dm, Adam"]\nper_class = []\n')
    recipe = Recipe.load(longer)
    base = Recipe.load(toml)
    assert recipe.students == 9
    assert recipe.budgets(recipe.rows["dm, Adam"]) == ()
    assert recipe.rows["dm, Adam"].settings == base.rows["dm, Adam"].settings
    assert recipe.data == base.data


def test_what_is_published_has_a_source_and_is_in_percent(toml, tmp_path):
    row = "[rows.random]\npublished = { 1 = %s }\n"
    text = toml.read_text()
    (tmp_path / "base.toml").write_text(text)
    above = 'extends = "base.toml"\n'
    told = Recipe.load(write(tmp_path, above + '[published]\nsource = "A paper"\n' + row % 14.4))
    assert told.rows["random"].published == {1: 14.4}
    with pytest.raises(InputError, match=r"rows \['random'\] say what is published, but published.source does not say"):
        Recipe.load(write(tmp_path, above + row % 14.4))
    with pytest.raises(InputError, match=r"rows.random.published.1: .*less than or equal to 100"):
        Recipe.load(write(tmp_path, above + row % 144))


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
    told = refusal(write(tmp_path, text))
    for part in (
        "'nobody' is none of the rows",
        "no head 'nose'",
        "row 'bad' at 1 per class, 2 per class",
        "stepps",
        "alchemy",
    ):
        assert part in told
    assert told.count("stepps") == 1, "once, not for every number of pairs"


def refusal(file):
    with pytest.raises(InputError) as error:
        Recipe.load(file)
    return str(error.value)


MISSPELT = {
    'titel = "T"': "titel: there is no such setting",
    "students = 0": "students: Input should be greater than or equal to 1",
    'heads = ["ensemble", "nose"]': "no head 'nose'",
    '[data]\ndataset = "playgruond"': "data.dataset: There is no 'playgruond'",
    '[network]\nname = "convnt"': "network: There is no 'convnt'",
    "[protocol]\nepoch = 3": "protocol.epoch: there is no such setting",
    "[settings]\nstepps = 3": "settings: no method has a setting 'stepps'; did you mean 'steps'?",
    "[at.2]\nholt = 2": "at.2: no method has a setting 'holt'; did you mean 'hold'?",
    '[rows.odd]\nmethod = "random"\nsetings = { hold = "mosaic:2" }': "rows.odd.setings: there is no such setting",
    '[rows.lacking]\nmetod = "dm"': "rows.lacking.method: is missing",
    '[rows.bad]\nmethod = "dm"\nsettings = { steps = -1 }': "row 'bad' at 1 per class: Settings of DM do not fit",
    "[measures.retreival]": "measure 'retreival': There is no 'retreival'",
}


def test_what_is_misspelt_in_one_place_hides_no_mistake_in_another(tmp_path):
    told = refusal(write(tmp_path, "\n".join(MISSPELT)))
    for words in MISSPELT.values():
        assert words in told, told
    assert "title: is missing" in told
    assert "baseline: is missing" in told


@pytest.mark.parametrize("only", MISSPELT)
def test_each_mistake_is_told_alone_too(toml, tmp_path, only):
    (tmp_path / "base.toml").write_text(toml.read_text())
    told = refusal(write(tmp_path, f'extends = "base.toml"\n{only}\n'))
    assert MISSPELT[only].replace(" at 1 per class", " at 1 per class, 2 per class") in told


def test_options_a_reader_does_not_have_are_told_before_any_work(toml, tmp_path):
    text = toml.read_text().replace("clips = 60", "clip = 60")
    assert "data.options: dataset 'playground' has no option 'clip'; it has: " in refusal(write(tmp_path, text))


def test_other_data_takes_no_options_of_the_old(toml, tmp_path):
    (tmp_path / "base.toml").write_text(toml.read_text())
    other = write(tmp_path, 'extends = "base.toml"\n[data]\ndataset = "folder"\nroot = "videos"\n')
    data = Recipe.load(other).data
    assert (data.dataset, data.root, data.options, data.expected) == ("folder", "videos", {}, None)
    assert data.clip == Recipe.load(toml).data.clip
    same = write(tmp_path, 'extends = "base.toml"\n[data]\ndataset = "playground"\noptions = { seed = 3 }\n', "s.toml")
    assert Recipe.load(same).data.options == {"clips": 60, "size": 48, "seed": 3}


def test_recipes_of_limbeck_are_found_and_extended_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = Recipe.load("playground")
    mine = Recipe.load(write(tmp_path, 'extends = "playground"\nonly = ["herding + 2x2"]\n'))
    assert mine.rows == {"herding + 2x2": whole.rows["herding + 2x2"]}
    assert mine.data == whole.data
    assert "Did you mean 'playground'?" in refusal("playgruond")
    Path("playground").mkdir()  # a folder of that name is no recipe
    assert Recipe.load("playground") == whole
    below = refusal(write(tmp_path, 'extends = "rows/smal.toml"\n'))
    assert "extends 'rows/smal.toml', but there is no such file beside it" in below


def test_a_recipe_that_extends_itself_is_refused(tmp_path):
    (tmp_path / "a.toml").write_text('extends = "b.toml"\n')
    (tmp_path / "b.toml").write_text('extends = "a.toml"\n')
    assert "extends 'a.toml', which extends it" in refusal(tmp_path / "a.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "not TOML"),
        ("title = 3", "title"),
        ('[data]\ndatasett = "x"', "datasett"),
        ("rows = 3", "rows: "),
        ("extends = 3", "names one other recipe"),
        ("only = 3", "a list of names of rows"),
    ],
)
def test_what_is_no_recipe_is_refused_in_a_sentence(tmp_path, text, said):
    with pytest.raises(InputError, match=said):
        Recipe.load(write(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path):
    assert "There is no recipe" in refusal(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes('title = "Müll"'.encode("latin-1"))
    assert "is not TOML" in refusal(tmp_path / "latin.toml")


def test_json_and_back(recipe):
    assert type(recipe).from_json(recipe.to_json()) == recipe
