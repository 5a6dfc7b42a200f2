"""Measures in a recipe: read, planned, taken once, beside distillations and scores that are left alone."""

from __future__ import annotations

import json
import shutil

import pytest

from limbeck import _files, benchmark, verbs
from limbeck.benchmark import Recipe
from limbeck.benchmark.jobs import finished, jobs, measured, scored, tables
from limbeck.benchmark.run import prepare
from limbeck.errors import InputError
from limbeck.evaluation import measures

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
    benchmark.run(measuring, name="more", out=place, device="cpu", progress=False)
    after = kept(place)
    assert {p: after[p] for p in before} == before, "no distillation and no score was done again"
    return place


def kept(place):
    files = [*place.rglob("*.safetensors"), *place.rglob("scores/*.json"), *place.rglob("done.json")]
    return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in files}


def asked(recipe, out):
    return jobs(recipe, prepare(recipe, out).fingerprint, out, device="cpu")


def test_sets_do_not_depend_on_what_is_measured(recipe, measuring, out):
    assert [j.folder for j in asked(measuring, out)] == [j.folder for j in asked(recipe, out)]


def test_every_job_is_measured_as_often_as_was_asked(measuring, out):
    found = json.loads((out / "more" / "table.json").read_text())["measures"]
    assert [(t["name"], t["per_class"]) for t in found] == [
        ("retrieval", 1), ("retrieval", 2), ("retrieval, by pair", 1),
    ]  # fmt: skip
    counts = [{(c["row"], c["seed"]): len(c["values"]) for c in t["cells"]} for t in found]
    assert counts[0] == {("random", 0): 1, ("random", 1): 1, ("dm, Adam", 0): 1, ("dm, Adam", 1): 1, ("whole", 0): 1}
    assert counts[1] == {("random", 0): 1, ("random", 1): 1, ("whole", 0): 1}
    assert set(counts[2].values()) == {1, 2}, "as often as there are students; the whole once"
    assert all(finished(measuring, job) for job in asked(measuring, out))


def test_a_measure_is_what_the_verb_gives_by_itself(measuring, out):
    job = next(j for j in asked(measuring, out) if j.row == "dm, Adam" and j.seed == 1)
    by_itself = verbs.measure(
        verbs.DistilledSet.load(job.folder),
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
    found = measured(measuring, job, "retrieval")
    assert [t.values for t in found.repeats] == [t.values for t in by_itself.repeats]


def test_only_what_is_missing_is_done(measuring, out, monkeypatch):
    taken = []
    kind = measures.load("retrieval")
    honest = kind.take
    monkeypatch.setattr(
        kind, "take", lambda self, subject, seed: taken.append(seed) or honest(self, subject, seed=seed)
    )
    benchmark.run(measuring, name="more", out=out, device="cpu", progress=False)
    assert taken == []
    more = measuring.model_copy(
        update={
            "measures": {
                "retrieval": measuring.measures["retrieval"].model_copy(update={"repeats": 2, "per_class": (2,)})
            }
        }
    )
    waiting = [job for job in asked(more, out) if not finished(more, job)]
    assert {(job.row, job.per_class) for job in waiting} == {("random", 2)}
    assert all(scored(more, job) for job in waiting)
    lines = {line.name: line for line in benchmark.plan(more, out=out, device="cpu")}
    assert lines["random"].seconds > 0
    assert lines["dm, Adam"].seconds == lines["whole"].seconds == 0
    benchmark.run(more, name="again", out=out, device="cpu", progress=False)
    assert len(taken) == 2, "one more of each of two distillations"


def test_references_are_random_pairs_of_the_same_number_and_the_whole(measuring, out, monkeypatch):
    seen = []
    kind = measures.load("retrieval")
    monkeypatch.setattr(kind, "show", lambda self, values, references: seen.append(references) or dict(values))
    listed, test = asked(measuring, out), prepare(measuring, out).clips("test")
    tables(measuring, listed, test)
    random = {
        n: [measured(measuring, j, "retrieval").mean for j in listed if j.row == "random" and j.per_class == n]
        for n in (1, 2)
    }
    name = "class-level A->V mAP (%)"
    first, last = seen[0], seen[5]
    assert first["random"][name] == pytest.approx((random[1][0][name] + random[1][1][name]) / 2)
    assert last["random"][name] == pytest.approx((random[2][0][name] + random[2][1][name]) / 2)
    whole = next(j for j in listed if j.method is None)
    assert first["whole"] == last["whole"] == measured(measuring, whole, "retrieval").mean


def test_measures_alone(measuring, done, tmp_path):
    shutil.copytree(done / "prepared", tmp_path / "prepared")
    alone = measuring.model_copy(
        update={"heads": (), "per_class": (1,), "distillations": 1, "rows": {"random": measuring.rows["random"]},
                "measures": {"retrieval": measuring.measures["retrieval"]}, "baseline": "random"}
    )  # fmt: skip
    told = []
    plan = benchmark.plan(alone, out=tmp_path, device="cpu")
    assert all(line.seconds > 0 and not line.done for line in plan)
    found = benchmark.run(
        alone, name="a", out=tmp_path, device="cpu", progress=False, on_job=lambda *a: told.append(a[0])
    )
    assert found.cells == ()
    assert {c.row for t in found.measures for c in t.cells} == {"random", "whole"}
    assert told[1].startswith("random, 1 a class, seed 0: retrieval")
    assert not list(tmp_path.rglob("scores/*.json"))
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


def test_a_recipe_with_measures_goes_to_json_and_back(measuring):
    assert Recipe.from_json(measuring.to_json()) == measuring
    assert measuring.measure("retrieval, by pair").positives == "pair"


def test_a_file_with_another_answer_is_refused(measuring, out, tmp_path):
    job = asked(measuring, out)[0]
    shutil.copytree(job.folder / "measures", tmp_path / "measures")
    file = next((tmp_path / "measures").glob("*.json"))
    content = _files.read_json(file)
    measure = measures.load("retrieval").from_json(content["settings"])
    _files.write_json(file, content | {"trained_on": content["trained_on"] | {"fingerprint": "other"}})
    with pytest.raises(InputError, match="trained_on differ"):
        verbs.measure(
            job.folder, measure, on=prepare(measuring, out), repeats=1, network=measuring.network,
            protocol=measuring.protocol, seed=job.seed, device="cpu", progress=False, out=tmp_path / "measures",
        )  # fmt: skip
