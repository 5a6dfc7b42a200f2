"""The whole way through the verbs on small data, and what happens when it is cut short."""

from __future__ import annotations

import html as html_lib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from tests.helpers.generated import RECIPE, Generated

import limbeck
from limbeck import _files, evaluation
from limbeck._runtime import choose_runtime
from limbeck.datasets import Prepared
from limbeck.errors import FingerprintError, InputError
from limbeck.evaluation import Protocol, Subject, _choose_scale, measures, on_disk, store
from limbeck.evaluation.measures.accuracy import Accuracy
from limbeck.methods.herding import Herding
from limbeck.methods.random import Random
from limbeck.networks import Architecture

NETWORK = {"options": {"width": 8}}
SETTINGS = {"per_class": 2, "hold": "mosaic:2", "steps": 60, "encoders": {"network": NETWORK, "bank": 4, "batch": None}}
QUICK = {"protocol": Protocol(epochs=2), "progress": False}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("data") / "prepared"
    limbeck.prepare(Generated(64), out=out, recipe=RECIPE, workers=1, progress=False)
    return out


@pytest.fixture(scope="module")
def distilled(prepared, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("sets") / "distilled"
    limbeck.distill(prepared, "avdd", out=out, progress=False, **SETTINGS)
    return out


def content(folder: Path) -> tuple[bytes, dict[str, object]]:
    """All of a set but the time it took."""
    config = _files.read_record(folder / "config.json")
    assert config["provenance"].pop("cost")["seconds"] > 0
    return (folder / "data.safetensors").read_bytes(), config


def test_folder_to_page(prepared, distilled, tmp_path):
    score = limbeck.evaluate(distilled, on=prepared, repeats=2, **QUICK)
    assert set(score.mean) == {"A", "V", "A+V"}
    controls = limbeck.evaluate_controls(distilled, on=prepared, repeats=1, **QUICK)
    assert set(controls) == {"random", "random+mosaic 2", "herding+mosaic 2", "whole"}
    page = limbeck.report.page(distilled, out=tmp_path / "page", on=prepared)
    text = page.read_text(encoding="utf-8")
    assert all(name in text for name in ("avdd+mosaic 2", *controls))
    for form in ("folder", "webdataset", "huggingface"):
        assert any(limbeck.export(distilled, to=form, out=tmp_path / form).iterdir())
    assert limbeck.inspect(distilled)["scores"]["whole"]["n"] == 1
    assert limbeck.inspect(prepared)["kind"] == "prepared dataset"
    assert limbeck.inspect(distilled / "run")["step"] == 60


def test_evaluation_goes_on_where_it_was(prepared, distilled, tmp_path):
    first = limbeck.evaluate(distilled, on=prepared, repeats=1, out=tmp_path, **QUICK)
    more = limbeck.evaluate(distilled, on=prepared, repeats=2, out=tmp_path, **QUICK)
    assert more.repeats[0] == first.repeats[0]
    assert more.n == 2
    assert limbeck.evaluate(distilled, on=prepared, repeats=1, out=tmp_path, **QUICK) == first
    with pytest.raises(InputError, match="slashes"):
        limbeck.evaluate(distilled, on=prepared, repeats=1, out=tmp_path, title="../elsewhere", **QUICK)


@pytest.mark.slow
def test_a_score_belongs_to_a_test_set_and_a_protocol_by_content(prepared, pairs, tmp_path):
    """Under one title in one folder: every other question is asked anew, beside the first."""
    other = limbeck.prepare(Generated(64, seed=1), out=tmp_path / "other", recipe=RECIPE, workers=1, progress=False)
    made = tmp_path / "pairs"
    shutil.copytree(pairs, made, ignore=shutil.ignore_patterns("scores"))
    asked = {"repeats": 1, **BRIEF}
    first = limbeck.evaluate(made, on=prepared, **asked)
    others = [
        limbeck.evaluate(made, on=other, **asked),
        limbeck.evaluate(made, on=prepared, **(asked | {"protocol": Protocol(epochs=2)})),
        limbeck.evaluate(made, on=prepared, title="random", head="concat", **asked),
        limbeck.evaluate(made, on=prepared, seed=1, **asked),
    ]
    assert others[0].repeats[0].predictions != first.repeats[0].predictions
    assert others[0] == limbeck.evaluate(made, on=other, out=tmp_path / "fresh", **asked).model_copy(
        update={"repeats": others[0].repeats}
    )
    assert [one.differs(first) for one in others] == [["tested_on"], ["protocol"], ["code", "settings"], ["seed"]]
    assert limbeck.evaluate(made, on=other, **asked) == others[0], "found again"
    shown = limbeck.inspect(made)["scores"]
    assert len(shown) == 5
    assert sum("tested on" in name for name in shown) == 1
    page = limbeck.report.page(made, out=tmp_path / "page", on=other).read_text(encoding="utf-8")
    assert "other seed" not in page, "on the other's test clips there is one score"


@pytest.mark.slow
def test_clips_a_set_was_not_made_from_are_not_taken_for_its_own(prepared, pairs, tmp_path):
    """Controls, nearest clips and further distillations are those of its own training clips, or there are none."""
    other = limbeck.prepare(Generated(64, seed=1), out=tmp_path / "other", recipe=RECIPE, workers=1, progress=False)
    with pytest.raises(InputError, match="distilled from other clips"):
        limbeck.evaluate_controls(pairs, on=other, repeats=1, **QUICK)
    with pytest.raises(InputError, match="distilled from other clips"):
        limbeck.evaluate_controls(pairs, "retrieval", on=other, repeats=1, **QUICK)
    made, network, protocol = limbeck.DistilledSet.load(pairs), Architecture(**NETWORK), QUICK["protocol"]
    runtime, train, test = choose_runtime("cpu"), other.clips("train"), other.clips("test")
    of = Subject.of(made, test, clips=train, runtime=runtime, network=network, protocol=protocol)
    with pytest.raises(InputError, match="from another dataset"):
        of.again(train.only(train.classes[:1]))
    parts = [
        limbeck.distill(prepared, "random", classes=[name], device="cpu", progress=False) for name in other.classes
    ]
    limbeck.DistilledSet.concat(parts, other.classes).save(tmp_path / "joined")
    for on in (prepared, other.folder):
        for made in (pairs, tmp_path / "joined"):
            page = limbeck.report.page(made, out=tmp_path / "page", on=on, progress=False).read_text(encoding="utf-8")
            assert ("nearest real clip" in page) == (on == prepared)
            assert ("Nearest real clips are left out" in page) == (on != prepared)


@pytest.mark.slow
def test_a_class_without_test_clips_is_told_beside_the_score(tmp_path, capsys):
    def split(labels):
        return {"image": torch.randint(0, 256, (len(labels), 16, 16, 3), dtype=torch.uint8), "label": labels}

    parts = {"train": split(["a", "b", "c"] * 4), "test": split(["a", "b"] * 2)}
    prepared = limbeck.prepare(parts, out=tmp_path / "prepared", progress=False)
    limbeck.evaluate(None, on=prepared, repeats=1, **(BRIEF | {"progress": True}))
    assert "No test clip is of c: of this the score says nothing." in capsys.readouterr().err
    other = Generated(8, splits=("train", "valid"))
    limbeck.prepare(other, out=tmp_path / "untested", recipe=RECIPE, workers=1, progress=False)
    with pytest.raises(InputError, match=r"untested has no split 'test'; it has: train, valid\."):
        limbeck.evaluate(None, on=tmp_path / "untested", repeats=1, **BRIEF)


def test_scores_of_a_set_that_was_there_before_are_not_shown_as_its_own(prepared, tmp_path):
    folder = tmp_path / "set"
    for seed in (0, 1):
        limbeck.distill(prepared, "random", seed=seed, progress=False).save(folder)
        score = limbeck.evaluate(folder, on=prepared, repeats=1, **BRIEF)
        assert [one for _, one in store.scores_in(folder)] == [score]
    assert len(list((folder / "scores").glob("*.json"))) == 2
    other = tmp_path / "other"
    limbeck.distill(prepared, "random", out=other, seed=2, progress=False)
    page = limbeck.report.page(other, out=tmp_path / "page", compare=[folder]).read_text(encoding="utf-8")
    assert "not evaluated yet" in page, "a set of the same method and size has a score, this one has none"


def test_controls_of_a_set_that_was_there_before_are_not_shown(prepared, tmp_path):
    """They are of other clips, and of another number of pairs."""
    page = tmp_path / "set"
    asked = {
        "on": prepared,
        "repeats": 1,
        "epochs": 1,
        "device": "cpu",
        "progress": False,
        "network": Architecture(**NETWORK),
    }
    for per_class in (2, 1):
        limbeck.distill(prepared, "random", per_class=per_class, device="cpu", progress=False).save(page)
        limbeck.evaluate(page, **asked)
        limbeck.evaluate_controls(page, whole_repeats=0, **asked) if per_class == 2 else None
        shown = [(title, one.trained_on.per_class) for title, one in store.scores_in(page)]
        assert {pairs for _, pairs in shown} == {per_class}
    assert shown == [("random", 1)]


@pytest.mark.parametrize("change", ["replaced", "gone"])
def test_a_finished_run_does_not_give_another_set_for_its_own(prepared, tmp_path, change):
    asked = {"device": "cpu", "progress": False}
    for seed in (0, 1):
        limbeck.distill(prepared, "random", seed=seed, out=tmp_path / str(seed), **asked)
    for name in ("config.json", "data.safetensors"):
        (tmp_path / "0" / name).unlink()
        if change == "replaced":
            shutil.copy(tmp_path / "1" / name, tmp_path / "0")
    with pytest.raises(FingerprintError, match="does not hold the set that its run made"):
        limbeck.distill(prepared, "random", seed=0, out=tmp_path / "0", **asked)


def test_settings_of_the_training_may_be_given_by_themselves(prepared, pairs, tmp_path):
    asked = {"on": prepared, "repeats": 1, "out": tmp_path, "device": "cpu", "progress": False}
    network = Architecture(**NETWORK)
    score = limbeck.evaluate(pairs, epochs=1, augment=None, network=network, **asked)
    assert score.protocol == Protocol(epochs=1, augment=None)
    with pytest.raises(InputError, match=r"epoch: .*\n.*Known: .*epochs"):
        limbeck.evaluate(pairs, epoch=3, **asked)


def test_every_finished_student_is_kept(prepared, pairs, tmp_path, monkeypatch):
    asked = {"on": prepared, "repeats": 3, "out": tmp_path, **BRIEF}
    honest, calls = Accuracy.take, []

    def stopped(self, subject, *, seed):
        calls.append(seed)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return honest(self, subject, seed=seed)

    monkeypatch.setattr(Accuracy, "take", stopped)
    with pytest.raises(KeyboardInterrupt):
        limbeck.evaluate(pairs, **asked)
    kept = evaluation.Score.read(next(tmp_path.glob("*.json")))
    assert kept.n == 2
    assert limbeck.evaluate(pairs, **asked).repeats[:2] == kept.repeats
    assert len(calls) == 4


def test_students_that_another_process_kept_meanwhile_stay(prepared, pairs, tmp_path):
    """Two commands ask the same at once, one for fewer students: what it keeps last must not be all."""
    asked = {"on": prepared, "network": Architecture(**NETWORK), "epochs": 1, "device": "cpu", "progress": False}
    both = [limbeck.evaluate(pairs, repeats=n, **asked, out=tmp_path) for n in (2, 1)]
    (file,) = tmp_path.glob("*.json")
    for kept in (both[1], both[0].model_copy(update={"repeats": both[0].repeats * 2})):
        store.keep(file, kept)
        assert evaluation.Score.read(file).n == max(2, kept.n)


def test_controls_are_asked_what_their_set_was_asked(prepared, tmp_path, monkeypatch):
    settings = {"hold": "mosaic:2", "network": {"options": {"width": 4}}}
    limbeck.distill(
        prepared, "herding", out=tmp_path / "set", seed=3, device="cpu", dtype="float32", progress=False, **settings
    )
    herded = []
    for method in (Random, Herding):
        monkeypatch.setattr(method, "distill", _noting(method.distill, herded))
    asked = {"on": prepared, "head": "concat", "seed": 5, "protocol": Protocol(epochs=1), "progress": False}
    told = []
    own = limbeck.evaluate(tmp_path / "set", repeats=1, device="cpu", **asked)
    controls = limbeck.evaluate_controls(
        tmp_path / "set", repeats=1, device="cpu", on_score=lambda *a: told.append(a), **asked
    )
    assert list(controls) == ["random (concat)", "random+mosaic 2 (concat)", "herding+mosaic 2 (concat)",
                              "whole (concat)"]  # fmt: skip
    assert told == list(controls.items())
    for score in controls.values():
        assert set(score.differs(own)) <= {"trained_on", "scales"}
    assert controls["herding+mosaic 2 (concat)"].trained_on == own.trained_on, "drawn and herded alike"
    assert [(seed, str(run.runtime.real_dtype)) for seed, run in herded] == [(3, "torch.float32")] * 3
    assert "whole" not in limbeck.evaluate_controls(tmp_path / "set", repeats=1, whole_repeats=0, **asked)
    kept = [score for _, score in store.scores_in(tmp_path / "set")]
    assert {score.key for score in kept} == {own.key, *(score.key for score in controls.values())}


def _noting(honest, into):
    def distill(self, real, *, seed=0, run=None):
        into.append((seed, run))
        return honest(self, real, seed=seed, run=run)

    return distill


def test_evaluation_uses_the_network_of_the_distillation(prepared, distilled, tmp_path):
    score = limbeck.evaluate(distilled, on=prepared, repeats=1, out=tmp_path, **QUICK)
    assert score.network == Architecture(**NETWORK)


def test_same_question_again_is_answered_from_disk(prepared, distilled):
    before = os.stat(distilled / "data.safetensors").st_mtime_ns
    limbeck.distill(prepared, "avdd", out=distilled, progress=False, **SETTINGS)
    assert os.stat(distilled / "data.safetensors").st_mtime_ns == before


def test_another_question_in_the_same_folder_is_refused(prepared, distilled):
    with pytest.raises(FingerprintError, match="settings"):
        limbeck.distill(prepared, "avdd", out=distilled, progress=False, **(SETTINGS | {"per_class": 1}))


def test_other_data_in_the_same_folder_is_refused(distilled, tmp_path):
    other = limbeck.prepare(Generated(60), out=tmp_path / "other", recipe=RECIPE, workers=1, progress=False)
    with pytest.raises(FingerprintError, match="fingerprint"):
        limbeck.distill(other, "avdd", out=distilled, progress=False, **SETTINGS)


def test_classes_apart_on_disk_join_to_the_whole(prepared, distilled, tmp_path):
    whole = limbeck.DistilledSet.load(distilled)
    parts = [
        limbeck.distill(prepared, "avdd", out=tmp_path / c, classes=[c], progress=False, **SETTINGS)
        for c in whole.classes
    ]
    joined = limbeck.DistilledSet.concat(parts, whole.classes)
    moved = (whole.tensors["audio"] - whole.start["audio"]).abs().max()
    assert (joined.tensors["audio"] - whole.tensors["audio"]).abs().max() < 0.02 * moved


@pytest.fixture(scope="module")
def pairs(prepared, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("pairs") / "pairs"
    limbeck.distill(prepared, "random", out=out, progress=False)
    return out


def test_a_set_that_is_not_packed_is_compared_with_herded_clips_that_are_not(prepared, pairs, tmp_path):
    shutil.copytree(pairs, tmp_path / "pairs")
    controls = limbeck.evaluate_controls(tmp_path / "pairs", on=prepared, repeats=1, **QUICK)
    assert {"random", "herding", "herding+mosaic 2", "whole"} <= set(controls)
    assert controls["herding"].trained_on.samples == len(limbeck.DistilledSet.load(pairs))


@pytest.mark.slow
def test_sets_to_compare_with_that_have_no_score_are_named_with_the_command(
    prepared, distilled, pairs, tmp_path, capsys
):
    """A set without scores, one whose only score is of what was in it before, and a folder that holds nothing."""
    stale = shutil.copytree(pairs, tmp_path / "stale set")
    limbeck.evaluate(stale, on=prepared, repeats=1, **QUICK)
    limbeck.distill(prepared, "random", seed=1, progress=False).save(stale)
    (tmp_path / "empty").mkdir()
    fresh = shutil.copytree(pairs, tmp_path / "fresh")
    compare = [stale, tmp_path / "empty", fresh]
    page = limbeck.report.page(distilled, out=tmp_path / "page", on=prepared, compare=compare)
    told = capsys.readouterr().err
    html = html_lib.unescape(page.read_text(encoding="utf-8"))
    table = (tmp_path / "page" / "table.md").read_text(encoding="utf-8")
    for place, command in (
        (stale, f"limbeck evaluate '{stale}' --on {prepared}"),
        (fresh, f"limbeck evaluate {fresh} --on {prepared}"),
        (tmp_path / "empty", "limbeck evaluate --out"),
    ):
        for said in (told, html, table):
            assert f"{place} h" in said
            assert command in said
    limbeck.evaluate(fresh, on=prepared, repeats=1, **QUICK)
    limbeck.report.page(distilled, out=tmp_path / "page", on=prepared, compare=[fresh])
    assert capsys.readouterr().err == ""
    with pytest.raises(InputError, match=r"There is no folder .*nowhere to compare with"):
        limbeck.report.page(distilled, out=tmp_path / "page", compare=[tmp_path / "nowhere"])


BRIEF = {"protocol": Protocol(epochs=1), "network": Architecture(**NETWORK), "device": "cpu", "progress": False}


def test_what_else_was_measured_is_no_accuracy(prepared, pairs, tmp_path):
    asked = {"on": prepared, "repeats": 1, "out": tmp_path / "both", **BRIEF}
    limbeck.evaluate(pairs, title="one", **asked)
    limbeck.evaluate(pairs, "retrieval", **asked)
    assert len(list((tmp_path / "both").glob("*.json"))) == 2
    assert [title for title, _ in store.scores_in(tmp_path / "both")] == ["one"]
    page = limbeck.report.page(pairs, out=tmp_path / "page", compare=[tmp_path / "both"])
    assert "one" in page.read_text(encoding="utf-8")


def test_every_other_question_has_a_file_of_its_own(prepared, pairs, tmp_path):
    asked = {"on": prepared, "repeats": 1, "out": tmp_path, **BRIEF}
    first = limbeck.evaluate(pairs, "retrieval", **asked)
    assert first.formats is None, "it does not distil"
    limbeck.evaluate(pairs, "retrieval", dtype="bfloat16", **asked)
    assert len(list(tmp_path.glob("* (retrieval)-*.json"))) == 1
    limbeck.evaluate(None, "retrieval", **asked)
    assert len(list(tmp_path.glob("* (retrieval)-*.json"))) == 2
    candidates = {"usual": {}, "narrow": {"options": {"width": 4}}}
    again = measures.load("hyperparameters").from_json({"unseen": True, "candidates": candidates})
    one = limbeck.evaluate(pairs, again, dtype="float32", **asked)
    other = limbeck.evaluate(pairs, again, dtype="bfloat16", **asked)
    assert (one.formats, other.formats) == (("float32", "float32"), ("bfloat16", "bfloat16"))
    assert len(list(tmp_path.glob("* (hyperparameters)-*.json"))) == 2


def test_controls_hold_as_many_pairs_as_were_asked_for_not_as_many_clips_as_fit(prepared, tmp_path, monkeypatch):
    settings = {"per_class": 2, "sound": "raw", "sound_codec": "webp", "chosen_by": "random"}
    assert limbeck.distill(prepared, "coded", out=tmp_path / "coded", progress=False, **settings).per_class > 2
    asked = []
    monkeypatch.setattr(
        on_disk,
        "evaluate",
        lambda what, *_, sound=None, **__: asked.append((what, sound)) or SimpleNamespace(label=str(len(asked))),
    )
    limbeck.evaluate_controls(tmp_path / "coded", on=prepared)
    limbeck.evaluate_controls(tmp_path / "coded", "retrieval", on=prepared)
    assert [what.per_class for what, _ in asked if what] == [2, 2, 2, 2, 2]
    assert {what.provenance["settings"]["sound"] for what, _ in asked if what} == {"raw"}
    assert [sound for what, sound in asked if what is None] == ["raw", "raw"]


def test_controls_of_a_set_without_settings_are_refused_in_a_sentence(prepared, pairs, tmp_path):
    whole = limbeck.DistilledSet.load(pairs)
    parts = [limbeck.distill(prepared, "random", classes=[c], progress=False) for c in whole.classes]
    limbeck.DistilledSet.concat(parts, whole.classes).save(tmp_path / "joined")
    with pytest.raises(InputError, match="joined from parts"):
        limbeck.evaluate_controls(tmp_path / "joined", on=prepared, **BRIEF)
    with pytest.raises(InputError, match="joined from parts"):
        limbeck.evaluate_controls(tmp_path / "joined", "retrieval", on=prepared, **BRIEF)


def test_a_set_tells_whether_real_labels_helped_to_make_it(prepared, pairs):
    plain = limbeck.DistilledSet.load(pairs)
    helped = limbeck.distill(
        prepared, "random", labels={"kind": "soft", "network": NETWORK, "training": {"epochs": 1}}, progress=False
    )
    assert not plain.sees_labels
    assert helped.sees_labels
    assert replace(plain, provenance={"parts": [plain.provenance, helped.provenance]}).sees_labels
    assert replace(helped, provenance=helped.provenance | {"method": "of a plug-in not installed"}).sees_labels
    assert not replace(helped, provenance={}).sees_labels


def test_validated_sound_is_chosen_on_training_clips_and_recorded(prepared, tmp_path, monkeypatch):
    asked: list[str] = []
    real = Prepared.clips
    monkeypatch.setattr(Prepared, "clips", lambda self, split="train": asked.append(split) or real(self, split))
    made = limbeck.distill(prepared, "random", sound="validated", out=tmp_path / "set", progress=False)
    found = json.loads((tmp_path / "set" / "run" / "done.json").read_text())["sound_validation"]
    assert set(found) == {"raw", "standardised"}
    assert made.provenance["settings"]["sound"] == max(found, key=found.get)
    assert set(asked) == {"train"}


def test_sound_is_validated_as_the_set_will_be_distilled(prepared, monkeypatch):
    herded, students = [], []
    for method in (Random, Herding):
        monkeypatch.setattr(method, "distill", _noting(method.distill, herded))
    honest = _choose_scale.evaluate
    monkeypatch.setattr(
        _choose_scale, "evaluate", lambda subject, **o: students.append((subject, o["seed"])) or honest(subject, **o)
    )
    limbeck.distill(prepared, "herding", sound="validated", network=NETWORK, device="cpu", dtype="bfloat16", seed=4)
    assert len(herded) == 3
    assert {str(run.runtime.real_dtype) for _, run in herded} == {"torch.bfloat16"}
    expected = ("cpu", 4, Architecture(**NETWORK))
    assert [(str(s.runtime.device), seed, s.network) for s, seed in students] == [expected] * 2


def test_plan_tells_everything_and_does_nothing(prepared):
    plan = limbeck.plan(prepared, "avdd", preset="faithful", per_class=5)
    assert plan["settings"]["steps"] == 5001
    assert plan["settings"]["optimiser"]["loop"] == "joint"
    assert json.loads(json.dumps(plan)) == plan


def test_plan_of_a_validated_sound_trains_nothing(prepared, monkeypatch):
    monkeypatch.setattr("torch.Tensor.backward", lambda *_, **__: pytest.fail("something was trained"))
    plan = limbeck.plan(prepared, "random", sound="validated")
    assert plan["settings"]["sound"] == "validated"


def test_a_finished_run_is_told_and_nothing_is_validated_again(prepared, tmp_path, monkeypatch, capfd):
    made = limbeck.distill(prepared, "random", sound="validated", out=tmp_path, progress=False)
    monkeypatch.setattr("torch.Tensor.backward", lambda *_, **__: pytest.fail("something was trained"))
    again = limbeck.distill(prepared, "random", sound="validated", out=tmp_path)
    assert again.provenance == made.provenance
    assert "Already done" in capfd.readouterr().err


def test_a_set_and_its_run_say_what_made_it_and_what_it_took(prepared, pairs):
    provenance = limbeck.DistilledSet.load(pairs).provenance
    run, done = (json.loads((pairs / "run" / name).read_text()) for name in ("run.json", "done.json"))
    assert run["reason"]
    train = limbeck.inspect(prepared)["split_fingerprints"]["train"]
    assert provenance["training_fingerprint"] == run["asked"]["training_fingerprint"] == train
    assert provenance["code"] == run["code"]
    assert provenance["code"]["distributions"] == {"limbeck": provenance["versions"]["limbeck"]}
    assert {"limbeck.methods.random", "limbeck.methods._start"} <= provenance["code"]["modules"].keys()
    assert 0 < provenance["cost"]["seconds"] <= done["seconds"]


def test_wrong_options_of_a_reader_are_a_sentence():
    with pytest.raises(InputError, match=r"Dataset 'folder'.*colour.*It takes"):
        limbeck.prepare("folder", "videos", out="nowhere", colour="blue", progress=False)


CODE = """
import sys
import torch
torch.set_num_threads(1)
from pathlib import Path
import limbeck
from limbeck.engine import run
run.RunCheckpoint.__init__.__defaults__ = (0.0,)
log = run.Run.log
run.Run.log = lambda self, event: (log(self, event), print("step", flush=True))
settings = {settings!r}
print("ready", flush=True)
limbeck.distill(Path({data!r}), "avdd", out=Path(sys.argv[1]), progress=False, **settings)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("optimiser", "kills"), [({"kind": "sgd", "loop": "joint"}, 4), ({"kind": "adam"}, 2)], ids=["joint", "adam"]
)
def test_killed_at_random_moments_it_ends_with_the_same_bytes(prepared, tmp_path, optimiser, kills):
    settings = SETTINGS | {"steps": 120, "optimiser": optimiser}
    code = CODE.format(settings=settings, data=str(prepared))
    environment = os.environ | {"OMP_NUM_THREADS": "1"}

    def run(folder: Path, steps: int | None = None, seconds: float = 0.0) -> int:
        """Start, let it make so many steps and work for so many seconds more, kill it; None lets it end."""
        command = [sys.executable, "-c", code, str(folder)]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            if steps is not None:
                for _ in range(steps + 1):
                    process.stdout.readline()
                time.sleep(seconds)
                process.send_signal(signal.SIGKILL)
            process.stdout.read()
            return process.wait()

    assert run(tmp_path / "whole") == 0
    draw = random.Random(0)
    moments = [(draw.choice((0, 1, 10)), draw.uniform(0, 0.05)) for _ in range(kills)]
    assert [run(tmp_path / "killed", *moment) for moment in moments] == [-signal.SIGKILL] * kills
    assert (tmp_path / "killed" / "run" / "checkpoint.safetensors").exists()
    assert run(tmp_path / "killed") == 0
    assert content(tmp_path / "killed") == content(tmp_path / "whole")


@pytest.mark.parametrize(
    ("method", "settings", "said"),
    [
        ("dm", {"hold": "frequencies:3", "storage": "uint8"}, "'uint8' rounds decibels and pixels"),
        ("dm", {"hold": "mosaic:9"}, "dm with start='herding'.*needs 81 training clips"),
        ("herding", {"hold": "mosaic:9"}, "herding with per_class=1.*needs 81 training clips"),
        ("dm", {"optimiser": {"kind": "sgd", "lr": float("inf")}}, "finite"),
    ],
)
def test_what_could_only_fail_at_the_end_is_refused_before_the_beginning(prepared, method, settings, said, monkeypatch):
    monkeypatch.setattr("torch.Tensor.backward", lambda *_, **__: pytest.fail("something was trained"))
    with pytest.raises(InputError, match=said):
        limbeck.plan(prepared, method, **settings)
    with pytest.raises(InputError, match=said):
        limbeck.distill(prepared, method, progress=False, **settings)


def test_a_method_of_two_modalities_says_so_before_the_beginning(prepared):
    sounds = Prepared.open(prepared).clips("train").seen_by(["audio"])
    for method in ("mdm", "davdd"):
        with pytest.raises(InputError, match="compares two modalities"):
            limbeck.plan(sounds, method)


@pytest.mark.parametrize("name", ["README.md", "config.json", "dataset.json"])
def test_what_no_run_made_is_not_overwritten(prepared, tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=rf"holds {name}, which no run of this folder made"):
        limbeck.distill(prepared, "random", out=tmp_path, progress=False)
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [(name, "mine")]
