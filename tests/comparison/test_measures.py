"""Measures in a recipe: read, planned, taken once, beside distillations and scores that are left alone."""

from __future__ import annotations

import json
import shutil

import pytest

import limbeck
from limbeck import _files, comparison
from limbeck.cli.benchmark import _print_plan
from limbeck.comparison import Line, Place, Recipe
from limbeck.comparison.jobs.distil import FACTS, Distil, MeasureSet
from limbeck.comparison.kinds.distillation import DistillationRecipe, cells, tables
from limbeck.engine.executor import Here
from limbeck.errors import BusyError, InputError
from limbeck.evaluation import measures

pytestmark = pytest.mark.slow

MORE = """
[measures.retrieval]
settings = { dim = 4, galleries = 2 }
repeats = 1

[measures."retrieval, by pair"]
measure = "retrieval"
settings = { dim = 4, galleries = 2, positives = "pair" }
per_class = [1]
"""


@pytest.fixture(scope="module")
def measuring(toml, tmp_path_factory) -> Recipe:
    file = tmp_path_factory.mktemp("measuring") / "more.toml"
    file.write_text(toml.read_text() + MORE)
    return Recipe.load(file)


@pytest.fixture(scope="module")
def out(done, measuring, tmp_path_factory):
    """Where the small recipe was done, and then run again with measures."""
    place = tmp_path_factory.mktemp("measured") / "runs"
    shutil.copytree(done, place)
    before = kept(place)
    comparison.run(measuring, name="measured", out=place, device="cpu", progress=False)
    after = kept(place)
    assert {p: after[p] for p in before} == before, "no distillation and no score was done again"
    return place


def kept(place):
    files = [*place.rglob("*.safetensors"), *place.rglob("scores/*.json"), *place.rglob("done.json")]
    return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in files}


def prepare(recipe, out):
    return recipe.data.prepare(Place(out=out))


def asked(recipe, out):
    prepared = prepare(recipe, out)
    return recipe.jobs(prepared.folder, prepared.fingerprint, Place(out=out, device="cpu"), prepared.clips("train"))


def of_row(jobs, row, seed=0, per_class=1):
    """The distillation of a row, and what is measured of it by name."""
    made = next(j for j in jobs if isinstance(j, Distil) and (j.row, j.seed, j.per_class) == (row, seed, per_class))
    return made, {j.name: j for j in jobs if isinstance(j, MeasureSet) and j.of is made}


def test_sets_do_not_depend_on_what_is_measured(recipe, measuring, out):
    sets = [job.folder for job in asked(measuring, out) if isinstance(job, Distil)]
    assert sets == [job.folder for job in asked(recipe, out)]


def test_every_job_is_measured_as_often_as_was_asked(measuring, out):
    found = json.loads((out / "measured" / "table.json").read_text())["measures"]
    assert [(t["name"], t["budget"]["per_class"]) for t in found] == [
        ("retrieval", 1), ("retrieval", 2), ("retrieval, by pair", 1),
    ]  # fmt: skip
    counts = [{(c["row"], c["seed"]): len(c["values"]) for c in t["cells"]} for t in found]
    assert counts[0] == {("random", 0): 1, ("random", 1): 1, ("dm, Adam", 0): 1, ("dm, Adam", 1): 1, ("whole", 0): 1}
    assert counts[1] == {("random", 0): 1, ("random", 1): 1, ("whole", 0): 1}
    assert set(counts[2].values()) == {1, 2}, "as often as there are students; the whole once"
    assert all(job.done for job in asked(measuring, out))


def test_a_measure_is_what_the_verb_gives_by_itself(measuring, out):
    job, measures_of = of_row(asked(measuring, out), "dm, Adam", seed=1)
    by_itself = limbeck.evaluate(
        limbeck.DistilledSet.load(job.folder),
        "retrieval",
        on=prepare(measuring, out),
        repeats=1,
        network=measuring.network,
        protocol=measuring.protocol,
        seed=1,
        device="cpu",
        progress=False,
        dim=4,
        galleries=2,
    )
    found = measures_of["retrieval"].found
    assert [t.values for t in found.repeats] == [t.values for t in by_itself.repeats]


def test_only_what_is_missing_is_done(measuring, out, monkeypatch):
    taken = []
    kind = measures.load("retrieval")
    honest = kind.take
    monkeypatch.setattr(
        kind, "take", lambda self, subject, seed: taken.append(seed) or honest(self, subject, seed=seed)
    )
    comparison.run(measuring, name="measured", out=out, device="cpu", progress=False)
    assert taken == []
    more = measuring.model_copy(
        update={
            "measures": {
                "retrieval": measuring.measures["retrieval"].model_copy(update={"repeats": 2, "per_class": (2,)})
            }
        }
    )
    waiting = [job for job in asked(more, out) if not job.done]
    assert {(job.row, job.of.per_class) for job in waiting} == {("random", 2)}, "measures alone"
    lines = {line.name: line for line in comparison.plan(more, out=out, device="cpu")}
    assert lines["random"].seconds > 0
    assert lines["dm, Adam"].seconds == lines["whole"].seconds == 0
    comparison.run(more, name="again", out=out, device="cpu", progress=False)
    assert len(taken) == 2, "one more of each of two distillations"


def test_references_are_random_pairs_of_the_same_number_and_the_whole(measuring, out, monkeypatch):
    seen = []
    kind = measures.load("retrieval")
    monkeypatch.setattr(kind, "show", lambda self, values, references, letters: seen.append(references) or dict(values))
    listed, test = asked(measuring, out), prepare(measuring, out).clips("test")
    tables(listed, test)
    random = {n: [of_row(listed, "random", seed, n)[1]["retrieval"].found.mean for seed in (0, 1)] for n in (1, 2)}
    name = "class-level A->V mAP (%)"
    first, last = seen[0], seen[5]
    assert first["random"][name] == pytest.approx((random[1][0][name] + random[1][1][name]) / 2)
    assert last["random"][name] == pytest.approx((random[2][0][name] + random[2][1][name]) / 2)
    whole = of_row(listed, "whole", per_class=None)[1]["retrieval"]
    assert first["whole"] == last["whole"] == whole.found.mean


def test_measures_alone(measuring, done, tmp_path):
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    alone = measuring.model_copy(
        update={"heads": (), "per_class": (1,), "distillations": 1, "rows": {"random": measuring.rows["random"]},
                "measures": {"retrieval": measuring.measures["retrieval"]}, "baseline": "random"}
    )  # fmt: skip
    told = []
    plan = comparison.plan(alone, out=tmp_path, device="cpu")
    assert all(line.seconds > 0 and not line.done for line in plan)
    found = comparison.run(
        alone, name="a", out=tmp_path, device="cpu", progress=False, on_job=lambda *a: told.append(a[0])
    )
    assert found.cells == ()
    assert {c.row for t in found.measures for c in t.cells} == {"random", "whole"}
    assert told[2].startswith("random, 1 per class, seed 0: retrieval")
    assert {_files.read_record(file)["measure"] for file in tmp_path.rglob("scores/*.json")} == {"retrieval"}
    assert "| chance |" in (tmp_path / "a" / "table.md").read_text()
    assert (tmp_path / "a" / "index.html").exists()


def test_mistakes_in_measures_are_told(toml, tmp_path):
    text = toml.read_text().replace('heads = ["ensemble", "audio"]', "heads = []")
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(InputError, match="neither heads nor measures"):
        Recipe.load(tmp_path / "r.toml")
    (tmp_path / "r.toml").write_text(text + "[measures.retrieval]\nsettings = { dimm = 3 }\n[measures.retrievl]\n")
    with pytest.raises(InputError) as error:
        Recipe.load(tmp_path / "r.toml")
    assert all(words in str(error.value) for words in ("measure 'retrieval'", "dimm", "Did you mean 'retrieval'"))


def test_measures_need_rows_where_they_are_taken_and_those_they_compare_with(toml, tmp_path):
    text = toml.read_text()

    def mistakes(more, base=text):
        (tmp_path / "r.toml").write_text(base + more)
        with pytest.raises(InputError) as error:
            Recipe.load(tmp_path / "r.toml")
        return str(error.value)

    told = mistakes("[measures.retrieval]\nper_class = [1, 5]\n")
    assert "measure 'retrieval' is taken at 5 per class, but rows are run at 1 per class, 2 per class" in told
    without = text.replace("whole = 1", "whole = 0")
    for name in ("robustness", "hyperparameters", "savings"):
        assert f"measure {name!r} compares with the whole" in mistakes(f"[measures.{name}]\n", without)
    packed = text.replace("[rows.random]", '[rows.random]\nsettings = { hold = "mosaic:2" }')
    told = mistakes("[measures.robustness]\n[measures.savings]\n", packed)
    assert (
        "measure 'robustness' compares with random samples, but no row at 1, 2 has method random and hold plain" in told
    )
    assert "savings" not in told
    (tmp_path / "r.toml").write_text(text + "[measures.robustness]\n[measures.savings]\nper_class = [2]\n")
    Recipe.load(tmp_path / "r.toml")


def test_a_measure_that_refuses_does_not_stop_those_after_it(measuring, out, tmp_path, monkeypatch):
    shutil.copytree(out, tmp_path / "runs")
    place, kind = tmp_path / "runs", measures.load("retrieval")
    more = {"measure": "retrieval", "settings": {"dim": 3, "galleries": 1}, "repeats": 1, "per_class": [1]}
    recipe = DistillationRecipe.from_json(
        measuring.to_json()
        | {
            "measures": {
                "no": {**more, "settings": {"dim": 5}},
                "nor this": {**more, "settings": {"dim": 6}},
                "yes": more,
            }
        }
    )
    honest = kind.take

    def take(self, subject, *, seed):
        if self.dim > 4:
            raise InputError(f"Not with {self.dim}.")
        return honest(self, subject, seed=seed)

    monkeypatch.setattr(kind, "take", take)
    _, jobs = of_row(asked(recipe, place), "random")
    failed = {job.name: error for job, error in Here().run(jobs.values()) if error}
    assert failed == {"no": "Not with 5.", "nor this": "Not with 6."}
    assert jobs["yes"].found.n == 1
    assert jobs["no"].found is None

    def busy(self, subject, *, seed):
        raise BusyError("elsewhere")

    monkeypatch.setattr(kind, "take", busy)
    with pytest.raises(BusyError):
        jobs["no"].run()


def test_what_was_found_of_another_set_is_not_shown(measuring, out, tmp_path):
    """Scores and measures lie beside a set that was made anew: they are looked up by its content."""
    place = tmp_path / "runs"
    shutil.copytree(out, place)
    job, measures_of = of_row(asked(measuring, place), "random")
    assert job.done
    facts = _files.read_record(job.folder / FACTS)
    _files.write_record(job.folder / FACTS, facts | {"fingerprint": "another"})
    assert measures_of["retrieval"].found is None
    assert cells([job]) == []
    job.run()
    assert _files.read_record(job.folder / FACTS) == facts
    assert job.done
    assert measures_of["retrieval"].done


def test_the_plan_says_that_measures_may_take_longer(measuring, recipe, out, tmp_path, capsys):
    before = {line.name: line for line in comparison.plan(measuring, out=tmp_path, device="cpu")}
    assert all(line.at_least for line in before.values())
    assert not any(line.at_least for line in comparison.plan(recipe, out=tmp_path, device="cpu"))
    assert not any(line.at_least for line in comparison.plan(measuring, out=out, device="cpu")), "all is done"
    _print_plan("t", list(before.values()), 2)
    told = capsys.readouterr()
    assert told.out.count("≥") == 4
    assert "≥: at least" in told.err


def test_no_number_of_processes_makes_the_longest_job_shorter(capsys):
    short, long = Line("short", 4, 0, 40.0, 0, longest_seconds=10.0), Line("long", 2, 0, 60.0, 0, longest_seconds=50.0)
    both = Line.total("both", [short, long])
    assert [both.seconds_on(count) for count in (1, 2, 64)] == [100.0, 50.0, 50.0]
    _print_plan("t", [short, long], 64)
    told = capsys.readouterr()
    assert "all, 64 at a time" in told.out
    assert "The longest job takes 50.0 s: more at a time would not help." in told.err
    _print_plan("t", [short, long], 1)
    assert "longest" not in capsys.readouterr().err


def test_a_recipe_with_measures_goes_to_json_and_back(measuring):
    assert DistillationRecipe.from_json(measuring.to_json()) == measuring
    assert measuring.measure("retrieval, by pair").positives == "pair"


def test_a_file_with_another_answer_is_refused(measuring, out, tmp_path):
    job = asked(measuring, out)[0]
    shutil.copytree(job.folder / "scores", tmp_path / "scores")
    file = next((tmp_path / "scores").glob("retrieval-*.json"))
    content = _files.read_record(file)
    measure = measures.load("retrieval").from_json(content["settings"])
    _files.write_record(file, content | {"trained_on": content["trained_on"] | {"fingerprint": "other"}})
    with pytest.raises(InputError, match=r"answer another question \(trained_on differ\); start anew"):
        limbeck.evaluate(
            job.folder, measure, on=prepare(measuring, out), repeats=1, network=measuring.network,
            protocol=measuring.protocol, seed=job.seed, device="cpu", progress=False, out=tmp_path / "scores",
            title="retrieval",
        )  # fmt: skip
