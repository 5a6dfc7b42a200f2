"""A whole recipe on generated recordings, and the promise on real ones."""

from __future__ import annotations

import json
import pickle
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers import sound_layouts
from tests.helpers.layouts import table
from tests.helpers.weights_folder import yamnet_folder

from limbeck.comparison import Place, run
from limbeck.comparison.kinds.sounds import SoundRecipe
from limbeck.encoders import Encoder, load
from limbeck.errors import InputError
from limbeck.evaluation.sounds import SoundResults
from limbeck.evaluation.sounds.metrics import ACCURACY, CLASS_WISE, EXAMPLE_WISE, PURITY
from limbeck.report.model import Spread
from limbeck.report.sounds_comparison import by_fold

ABLATIONS = {
    "cluster_size": {"settings": {"sizes": [1, 2]}},
    "prompts": {"settings": {"texts": ["{label}", "A {label}"]}},
    "pool_size": {"settings": {"fractions": [0.5, 1.0], "draws": 2}},
    "imbalance": {"settings": {"ratios": [1, 2], "draws": 1}},
    "out_of_vocabulary": {"settings": {"ratios": [0.0, 1.0], "draws": 1}},
    "noise": {"settings": {"snr_db": [10]}},
}


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    pytest.importorskip("ai_edge_litert")
    pytest.importorskip("sentence_transformers")
    return load("yamnet").tiny()


def recipe(dataset: str, **more: Any) -> SoundRecipe:
    rows = {
        "zero-shot": {"classifier": "zero_shot"},
        "paper": {"settings": {"paper": True, "two_spaces": False}},
        "two spaces": {},
        "probe": {"classifier": "linear_probe"},
    }
    return SoundRecipe.from_json({"data": {"dataset": dataset}, "rows": rows, **more})


def without_seconds(results: SoundResults) -> list[Any]:
    return [(c.ablation, c.row, c.fold, c.draw, c.point, c.variant, c.x, c.values) for c in results.cells]


def test_rows_and_studies_on_every_fold(encoder: Encoder, tmp_path: Path) -> None:
    data = sound_layouts.esc50(tmp_path / "data")
    asked = recipe("esc50", ablations=ABLATIONS)
    results = run(asked, out=tmp_path / "out", data=data, encoder=encoder, command="by hand")
    assert {(c.row, c.fold) for c in results.of()} == {(r, f"fold{i}") for r in asked.rows for i in range(1, 6)}
    assert results.supervised == ("probe",)
    assert results.about["command"] == "by hand"
    assert results.about["folds"]["fold2"] == {"pool": 12, "test": 3}
    points = {name: list(dict.fromkeys((c.point, c.variant, c.x) for c in results.of(name))) for name in ABLATIONS}
    assert points["cluster_size"] == [("1", "", 1.0), ("2", "", 2.0)]
    assert [p for p, _, _ in points["prompts"]] == ["{label}", "A {label}", "all together", "surest on the pool"]
    assert [x for _, _, x in points["pool_size"]] == [6.0, 12.0]
    assert [(p, v) for p, v, _ in points["noise"]] == [
        ("no noise", "clean pool"),
        ("10 dB", "clean pool"),
        ("10 dB", "noisy pool"),
    ]
    assert {c.row for c in results.of("cluster_size")} == {"paper", "two spaces"}
    assert {c.row for c in results.of("noise")} == {"zero-shot", "paper", "two spaces"}
    assert all(0 <= c.values[ACCURACY] <= 100 for c in results.cells)
    # The same neighbours whatever space they are averaged in; twelve in the pool of four each.
    purity = [[c.values[PURITY] for c in results.of("cluster_size", row=r)] for r in ("paper", "two spaces")]
    assert purity[0] == purity[1]
    kept = SoundResults.from_json(json.loads((tmp_path / "out" / "results" / "table.json").read_text(encoding="utf-8")))
    assert kept == results


def test_what_other_code_measured_is_measured_anew(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number of a row belongs to the code it comes from."""
    from limbeck import _code
    from limbeck.evaluation.sounds.classifiers import load as classifier

    data = sound_layouts.esc50(tmp_path / "data")
    run(recipe("esc50"), out=tmp_path / "out", data=data, encoder=encoder)
    named = set((tmp_path / "out" / "named").iterdir())
    run(recipe("esc50"), out=tmp_path / "out", data=data, encoder=encoder)
    assert set((tmp_path / "out" / "named").iterdir()) == named
    module = classifier("zero_shot").__module__
    mended = tmp_path / "zero_shot.py"
    mended.write_bytes(Path(sys.modules[module].__file__ or "").read_bytes() + b"# mended")
    monkeypatch.setattr(sys.modules[module], "__file__", str(mended))
    run(recipe("esc50"), out=tmp_path / "out", data=data, encoder=encoder)
    assert len(set((tmp_path / "out" / "named").iterdir()) - named) == 1
    assert _code.of(classifier("zero_shot"))["modules"][module]


def test_other_recordings_or_another_recipe_leave_results_alone(encoder: Encoder, tmp_path: Path) -> None:
    """Tables are found by the name of a recipe, so that the name alone must not decide whose they are."""
    asked = SoundRecipe.from_json({"data": {"dataset": "folder"}, "rows": {"zero-shot": {"classifier": "zero_shot"}}})
    data = [sound_layouts.folder(tmp_path / name) for name in ("a", "b")]
    out = tmp_path / "out"
    others = asked.model_copy(update={"title": "Others"})
    found = [
        run(r, out=out, data=d, encoder=encoder) for r, d in ((asked, data[0]), (asked, data[1]), (others, data[0]))
    ]
    assert found[0].name == "results"
    assert len({one.name for one in found}) == 3
    for one in (*found, run(asked, out=out, data=data[0], encoder=encoder)):
        kept = json.loads((out / one.name / "table.json").read_text(encoding="utf-8"))
        assert SoundResults.from_json(kept).title == one.title


def test_words_of_no_class_are_refused(encoder: Encoder, tmp_path: Path) -> None:
    data = sound_layouts.esc50(tmp_path / "data")
    asked = SoundRecipe.from_json({"data": {"dataset": "esc50", "words": {"nosuch": "a dog"}}})
    with pytest.raises(InputError, match=r"data\.words: .* has no class 'nosuch'; it has: "):
        run(asked, out=tmp_path / "out", data=data, encoder=encoder)


@pytest.mark.slow
def test_run_is_repeatable_and_takes_up_what_is_kept(encoder: Encoder, tmp_path: Path) -> None:
    data, asked = sound_layouts.urbansound8k(tmp_path / "data"), recipe("urbansound8k")
    told: list[str] = []
    one = run(asked, out=tmp_path / "a", data=data, encoder=encoder, on_job=lambda what, *_: told.append(what))
    assert told == ["", *asked.rows]
    kept = sorted((tmp_path / "a" / "named").glob("*/trials.json"))
    stamps = [p.stat().st_mtime_ns for p in kept]
    again = run(asked, out=tmp_path / "a", data=data, encoder=encoder)
    assert [p.stat().st_mtime_ns for p in sorted((tmp_path / "a" / "named").glob("*/trials.json"))] == stamps
    assert again.cells == one.cells
    assert without_seconds(run(asked, out=tmp_path / "b", data=data, encoder=encoder)) == without_seconds(one)


def test_other_recordings_of_the_same_names_are_measured_anew(encoder: Encoder, tmp_path: Path) -> None:
    asked = SoundRecipe.from_json({"data": {"dataset": "folder"}, "rows": {"zero-shot": {"classifier": "zero_shot"}}})
    for count, seconds in ((1, 0.3), (2, 0.4)):
        data = sound_layouts.folder(tmp_path / str(count))
        sound_layouts.recording(data / "rain" / "0.wav", 1, seconds)
        run(asked, out=tmp_path / "out", data=data, encoder=encoder)
        assert len(list((tmp_path / "out" / "named").iterdir())) == count


def test_several_labels_get_each_number_under_its_own_name(encoder: Encoder, tmp_path: Path) -> None:
    data = sound_layouts.fsd50k(tmp_path / "data")
    results = run(recipe("fsd50k"), out=tmp_path / "out", data=data, encoder=encoder)
    values = results.of(row="zero-shot")[0].values
    assert next(iter(values)) == CLASS_WISE
    assert {CLASS_WISE, EXAMPLE_WISE} < set(values)
    assert sum("as published" in name for name in values) == 2
    assert results.about["folds"] == {"test": {"pool": 6, "test": 4}}


def test_rotten_and_unlabelled_recordings_are_left_out_and_told(encoder: Encoder, tmp_path: Path) -> None:
    data = sound_layouts.folder(tmp_path / "data")
    (data / "rain" / "9.wav").write_bytes(b"nothing")
    sound_layouts.recording(data / "loose.wav", 3)
    results = run(recipe("folder"), out=tmp_path / "out", data=data, encoder=encoder)
    assert list(results.about["rejected"]) == ["rain/9.wav"]
    sizes = results.about["folds"].values()
    assert sum(s["test"] for s in sizes) == 10
    assert {s["pool"] + s["test"] for s in sizes} == {10, 11}


def test_words_of_the_recipe_are_said(encoder: Encoder, tmp_path: Path) -> None:
    data = sound_layouts.folder(tmp_path / "data")
    asked = recipe("folder").to_json()
    asked["data"]["words"] = {"rain": "rain on a roof"}
    results = run(SoundRecipe.from_json(asked), out=tmp_path / "out", data=data, encoder=encoder)
    assert results.about["classes"] == {"dog_bark": "dog bark", "rain": "rain on a roof"}


def test_fold_without_anything_to_learn_from_is_refused(encoder: Encoder, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.wav").write_bytes(b"nothing")
    table(tmp_path / "manifest.csv", [("a.wav", "x", "train"), ("b.wav", "y", "test")], ("path", "label", "split"))
    with pytest.raises(InputError, match=r"has 0 recordings to learn from and 0 labelled ones to test on"):
        run(recipe("manifest"), out=tmp_path / "out", data=tmp_path, encoder=encoder)


def test_prompt_without_a_place_is_refused() -> None:
    for wrong in (
        {"encoder": {"prompts": ["a sound"]}},
        {"ablations": {"prompts": {"settings": {"texts": ["a sound"]}}}},
    ):
        with pytest.raises(InputError, match=r"label.*'a sound'"):
            recipe("folder", **wrong).ablation("prompts")


def test_summary_of_one_fold_spreads_over_its_draws(encoder: Encoder, tmp_path: Path) -> None:
    data = sound_layouts.fsd50k(tmp_path / "data")
    asked = SoundRecipe.from_json({"data": {"dataset": "fsd50k"}, "rows": {"zero-shot": {"classifier": "chance"}}})
    results = run(asked, out=tmp_path / "out", data=data, encoder=encoder)
    values = [c.values[CLASS_WISE] for c in results.of()]
    found = Spread.of(by_fold(results.of()), CLASS_WISE, over_trials=True)
    assert found is not None
    assert (found.mean, found.sd) == (pytest.approx(np.mean(values)), pytest.approx(np.std(values, ddof=1)))


@pytest.mark.data
@pytest.mark.slow
def test_prototypes_beat_asking_directly_on_real_recordings(test_data: Path, tmp_path: Path) -> None:
    weights = tmp_path / "weights"
    weights.mkdir()
    yamnet_folder(test_data, weights)
    rows = {
        "zero-shot": {"classifier": "zero_shot"},
        "paper": {"settings": {"paper": True, "two_spaces": False}},
        "two spaces": {},
    }
    asked = SoundRecipe.from_json({"data": {"dataset": "manifest"}, "rows": rows})
    results = run(asked, out=tmp_path / "out", data=test_data / "esc10", weights=weights, offline=True)
    found = {row: Spread.of(by_fold(results.of(row=row)), ACCURACY, over_trials=True) for row in rows}
    assert found["zero-shot"].mean >= 82
    assert found["paper"].mean >= found["zero-shot"].mean + 2
    assert found["two spaces"].mean >= 93


@pytest.mark.slow
def test_a_trial_is_kept_when_it_is_there_and_not_done_again(
    encoder: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after some trials, it goes on with the next one; a rotten row does not stop the others."""
    data, asked = sound_layouts.esc50(tmp_path / "data"), recipe("esc50")
    whole = run(asked, out=tmp_path / "whole", data=data, encoder=encoder)
    kind, left = type(asked.classifier("zero-shot")), [3]
    honest = kind.classify

    def dying(self: Any, fold: Any, *, seed: int) -> Any:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        return honest(self, fold, seed=seed)

    monkeypatch.setattr(kind, "classify", dying)
    with pytest.raises(KeyboardInterrupt):
        run(asked, out=tmp_path / "out", data=data, encoder=encoder)
    (kept,) = (tmp_path / "out" / "named").glob("*/trials.json")
    first = json.loads(kept.read_text(encoding="utf-8"))["repeats"]
    assert len(first) == 2
    again = run(asked, out=tmp_path / "out", data=data, encoder=encoder)
    assert json.loads(kept.read_text(encoding="utf-8"))["repeats"][:2] == first
    assert without_seconds(again) == without_seconds(whole)

    def rotten(self: Any, fold: Any, *, seed: int) -> Any:
        raise InputError("Not today.")

    monkeypatch.setattr(kind, "classify", rotten)
    found = run(asked, out=tmp_path / "rotten", data=data, encoder=encoder)
    assert found.about["failed"] == {"zero-shot": "Not today."}
    assert {c.row for c in found.cells} == set(asked.rows) - {"zero-shot"}


def test_a_job_can_be_sent_and_done_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], encoder: Encoder
) -> None:
    data = sound_layouts.esc50(tmp_path / "data")
    asked = recipe("esc50", ablations={"noise": ABLATIONS["noise"]})
    session = asked.begin(Place(out=tmp_path / "out", data=data, encoder=encoder, device="cpu"))
    monkeypatch.setattr(type(encoder), "pretrained", lambda *_, **__: encoder)
    for job in (session.jobs[0], session.jobs[-1]):
        job.run()
        sent = pickle.loads(pickle.dumps(job))
        assert (sent.folder, sent.done) == (job.folder, True)
        exec(shlex.split(job.command)[2], {})
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [t["values"] for t in told] == [t.values for t in job.found.repeats]
