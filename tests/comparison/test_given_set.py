"""A row may be a set that is there, imported say, instead of a method."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import limbeck
from limbeck import comparison
from limbeck.comparison import Place, Recipe
from limbeck.comparison.jobs.distil import Distil
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError


@pytest.fixture(scope="module")
def given(done: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set of two per class, exported and imported."""
    folder = tmp_path_factory.mktemp("given")
    sets = [p.parent for p in sorted((done / "sets").glob("*/config.json"))]  # of others, jobs that failed left traces
    made = next(p for p in sets if DistilledSet.load(p).per_class == 2)
    limbeck.import_set(limbeck.export(made, out=folder / "exported", to="folder"), out=folder / "set")
    return folder / "set"


@pytest.fixture(scope="module")
def with_a_set(toml: Path, given: Path) -> Recipe:
    file = given.parent / "with_a_set.toml"
    (given.parent / "base.toml").write_text(toml.read_text())
    file.write_text(f'extends = "base.toml"\nonly = ["random", "published"]\n[rows.published]\nset = "{given}"\n')
    return Recipe.load(file)


def test_it_is_compared_once_at_the_samples_it_has(with_a_set: Recipe, given: Path, done: Path) -> None:
    comparison.run(with_a_set, name="with a set", out=done, device="cpu", progress=False, page=False)
    cells = json.loads((done / "with a set" / "table.json").read_text())["cells"]
    found = [cell for cell in cells if cell["row"] == "published"]
    assert {(cell["budget"]["per_class"], cell["head"], cell["seed"]) for cell in found} == {
        (2, "ensemble", 0),
        (2, "audio", 0),
    }
    assert all(cell["stored_bytes"] == DistilledSet.load(given).stored_bytes for cell in found)
    assert not any(cell["reference"] for cell in found)
    prepared = with_a_set.data.prepare(Place(out=done))  # type: ignore[attr-defined]
    score = limbeck.evaluate(
        given, on=prepared, repeats=2, network=with_a_set.network, protocol=with_a_set.protocol, device="cpu",  # type: ignore[attr-defined]
        progress=False, out=given.parent / "scores",
    )  # fmt: skip
    (seen,) = [cell for cell in found if cell["head"] == "ensemble"]
    assert seen["accuracy"] == {key: list(values) for key, values in score.values.items()}


def test_nothing_is_done_twice_and_another_set_is_another_job(with_a_set: Recipe, given: Path, done: Path) -> None:
    told: list[object] = []
    comparison.run(
        with_a_set,
        name="with a set",
        out=done,
        device="cpu",
        progress=False,
        page=False,
        on_job=lambda *words: told.append(words),
    )
    assert "Nothing was run" in str(told[0])
    prepared = with_a_set.data.prepare(Place(out=done))  # type: ignore[attr-defined]
    jobs = with_a_set.jobs(
        prepared.folder, prepared.fingerprint, Place(out=done, device="cpu"), prepared.clips("train")
    )  # type: ignore[attr-defined]
    job = next(job for job in jobs if isinstance(job, Distil) and job.row == "published")
    assert job.done
    assert job.command.splitlines()[0].startswith(f"limbeck evaluate {given} --on")


def test_it_is_in_the_plan(with_a_set: Recipe, given: Path, done: Path) -> None:
    lines = {line.name: line for line in comparison.plan(with_a_set, out=done, device="cpu")}
    assert lines["published"].jobs == 1
    assert lines["published"].stored_bytes == DistilledSet.load(given).stored_bytes


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('set = "nowhere"', "row 'published': nowhere is not a distilled set"),
        ('set = "nowhere"\nmethod = "dm"', "a set or a method with its settings, not both"),
        ('set = "nowhere"\nsettings = { steps = 3 }', "a set or a method with its settings, not both"),
    ],
)
def test_what_does_not_fit_is_told_before_any_work(row: str, said: str, toml: Path, tmp_path: Path) -> None:
    (tmp_path / "base.toml").write_text(toml.read_text())
    (tmp_path / "mine.toml").write_text(f'extends = "base.toml"\n[rows.published]\n{row}\n')
    with pytest.raises(InputError) as caught:
        Recipe.load(tmp_path / "mine.toml")
    assert said in str(caught.value)
