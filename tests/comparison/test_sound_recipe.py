"""Recipes: those of the repository, and mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck import _recipes
from limbeck.comparison import Recipe
from limbeck.comparison.kinds.sounds import SoundRecipe
from limbeck.errors import InputError

RECIPES = [_recipes.find(name, _recipes.SOUNDS) for name in _recipes.names(_recipes.SOUNDS)]


def test_there_is_one_for_each_public_dataset() -> None:
    assert {"esc10", "esc50", "fsd50k", "urbansound8k"} <= {r.stem for r in RECIPES}


@pytest.mark.parametrize("file", RECIPES, ids=lambda p: p.stem)
def test_recipes_of_the_repository_fit(file: Path) -> None:
    recipe = Recipe.load(file, kind="sounds")
    assert f"limbeck sounds benchmark {file.stem} " in file.read_text(encoding="utf-8")
    assert recipe.encoder.name != "clap" or recipe.encoder.checkpoint == "clap-htsat-fused"
    if file.stem != "esc10_clicks":  # which is about a person, not about classifiers
        assert {"chance", "zero-shot", "prototypes, paper", "prototypes, two spaces"} <= set(recipe.rows)
        has_studies = recipe.encoder.name != "birdnet"  # whose rows alone are compared
        assert has_studies == ({"cluster_size", "prompts", "pool_size"} <= set(recipe.ablations))
        assert recipe.classifier("supervised prototypes, paper").to_json()["paper"]
    for name in recipe.ablations:
        assert recipe.rows_of(recipe.ablation(name))


def test_every_mistake_is_told(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(
        'titel = "x"\nbaseline = "nobody"\n[data]\ndatset = "x"\ndataset = "esc51"\n[encoder]\nname = "yammer"\n'
        '[rows.a]\nclassifier = "guess"\n[rows.b]\nsettings = { settings = { nosuch = 1 } }\n'
        "[rows.c]\nsettings = { papr = true }\n"
        '[ablations.noise]\nsettings = { rows = ["x"] }\n[ablations.weather]\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        Recipe.load(file, kind="sounds")
    for words in (
        "titel",
        "data.datset",
        "'nobody'",
        "'esc51'",
        "'yammer'",
        "'guess'",
        "nosuch",
        "papr",
        "the row 'x'",
        "'weather'",
    ):
        assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[rows.a]\nsettings = { settings = { neighbours = 'many' } }", "neighbours must be 'auto' or a whole number"),
        (
            "[rows.a]\nclassifier = 'supervised_prototypes'\nsettings = { settings = { metric = 'x' } }",
            "metric must be",
        ),
        ("[rows.a]\nclassifier = 'supervised_prototypes'\nsettings = { settings = { nosuch = 1 } }", "nosuch"),
        ("[rows.a]\n[data]\noptions = { fold = 3 }", "dataset 'folder' has no option 'fold'; it has: folds, seed"),
        (
            "[rows.a]\n[encoder]\ncheckpoint = 'newest'",
            "'yamnet' has no checkpoint 'newest'; it has: spectra-in",
        ),
        ("[rows.a]\n[ablations.cluster_size]\nsettings = { sizes = [0] }", "greater than 0"),
        ("[rows.a]\n[ablations.pool_size]\nsettings = { fractions = [2] }", "less than or equal to 1"),
    ],
)
def test_what_only_work_would_show_is_told_before(text: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    file.write_text(f"baseline = 'a'\n{text}\n", encoding="utf-8")
    with pytest.raises(InputError, match=sentence):
        Recipe.load(file, kind="sounds")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("title = [", "is not TOML"), ("titel = 'x'", "titel: there is no such setting"), (None, "There is no recipe")],
)
def test_files_that_are_no_recipes_are_refused(text: str | None, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "r.toml"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=sentence):
        Recipe.load(file, kind="sounds")


def test_settings_of_a_point_join_those_of_the_row() -> None:
    recipe = SoundRecipe.from_json({"rows": {"zero-shot": {"settings": {"settings": {"metric": "euclidean"}}}}})
    classifier = recipe.classifier("zero-shot", {"settings": {"neighbours": 3}})
    assert classifier.to_json()["settings"] == {"metric": "euclidean", "neighbours": 3}


def test_root_is_filled_in_or_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = SoundRecipe.from_json({"data": {"root": "$SOME_SOUNDS/a"}})
    monkeypatch.delenv("SOME_SOUNDS", raising=False)
    with pytest.raises(InputError, match=r"\$SOME_SOUNDS/a; set that variable, or give the folder with --data"):
        recipe.data.folder()
    monkeypatch.setenv("SOME_SOUNDS", "there")
    assert recipe.data.folder() == Path("there/a")
    assert recipe.data.folder("elsewhere") == Path("elsewhere")
