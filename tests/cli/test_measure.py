"""`limbeck evaluate --measure` as it is typed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.helpers.generated import RECIPE, Generated

from limbeck import DistilledSet, cli, datasets, distillation
from limbeck.cli import evaluate
from limbeck.evaluation import Protocol
from limbeck.storage.float32 import Float32

TINY = ["--set", "network.width=4", "--set", "epochs=1", "--device", "cpu", "--quiet"]
Run = Callable[..., tuple[str, str]]


@pytest.fixture
def limbeck(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command that ends with a code, and gives what it wrote."""

    def run(*words: object, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as caught:
            cli.main([str(word) for word in words])
        out, err = capsys.readouterr()
        assert (caught.value.code or 0) == code, err
        return out, err

    return run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared dataset and a set distilled from it."""
    folder = tmp_path_factory.mktemp("measure")
    datasets.prepare(Generated(40), out=folder / "prepared", recipe=RECIPE, workers=1)
    distillation.distill(
        folder / "prepared", "random", out=folder / "pairs", hold="mosaic:2", device="cpu", progress=False
    )
    return folder


def test_a_table_with_chance_and_controls(place: Path, limbeck: Run) -> None:
    words = ["evaluate", place / "pairs", "--on", place / "prepared", "--measure", "retrieval", "--repeats", 2, *TINY]
    out, _ = limbeck(*words, "--controls")
    lines = [line.split() for line in out.splitlines()]
    assert [line[0] for line in lines if line and line[0] in ("pairs", "random", "chance", "whole")] == [
        "pairs", "random", "chance", "whole",
    ] * 4  # fmt: skip
    assert "retrieval, 1 stored sample per class: instance-level" in out
    kept = {p.relative_to(place / "pairs") for p in (place / "pairs" / "scores").rglob("*.json")}
    controls = ("scores", "controls", DistilledSet.load(place / "pairs").fingerprint)
    kinds = {(p.parts[:-1], p.name.rpartition("-")[0]) for p in kept}
    assert kinds == {
        (("scores",), "random+mosaic 2 (retrieval)"),
        (controls, "random (retrieval)"),
        (controls, "whole (retrieval)"),
    }
    assert limbeck(*words, "--controls")[0] == out


def test_as_json_it_has_every_number(place: Path, limbeck: Run) -> None:
    words = ["evaluate", place / "pairs", "--on", place / "prepared", "--measure", "retrieval", "--repeats", 1, *TINY]
    told = json.loads(limbeck(*words, "--set", "measure.dim=3", "--title", "mine", "--json")[0])
    assert told["measured"]["mine"]["settings"]["dim"] == 3
    assert told["table"]["chance"]["class-level gallery (clips)"] == 10
    assert told["table"]["cells"][0]["values"] == [told["measured"]["mine"]["repeats"][0]["values"]]


def test_the_whole_is_measured_too(place: Path, tmp_path: Path, limbeck: Run) -> None:
    words = ["evaluate", "--whole", "--on", place / "prepared", "--measure", "retrieval", "--repeats", 1, *TINY]
    out, _ = limbeck(*words, "--out", tmp_path)
    assert "retrieval: class-level" in out
    assert len(list(tmp_path.glob("whole (retrieval)-*.json"))) == 1


def test_the_words_below_the_table_are_on_standard_error(place: Path, limbeck: Run) -> None:
    words = ["evaluate", place / "pairs", "--on", place / "prepared", "--measure", "retrieval", "--repeats", 1]
    _, err = limbeck(*words, *TINY[:-1])
    assert "a hit is any clip of the same class, among all 10 test clips" in err


def test_columns_without_their_references_are_told(place: Path, limbeck: Run) -> None:
    words = ["evaluate", place / "pairs", "--on", place / "prepared", "--repeats", 1, *TINY[:-1]]
    said = "compare with whole are left out; --controls"
    measure = ["--measure", "savings", "--set", "measure.clips=[1]"]
    assert said in limbeck(*words, *measure)[1]
    assert said not in limbeck(*words, *measure, "--controls")[1]
    assert said not in limbeck(*words, *measure, "--quiet")[1]
    assert "left out" not in limbeck(*words, "--measure", "retrieval")[1]


def test_controls_are_scored_under_the_head_and_epochs_of_the_set_and_told_as_they_come(
    place: Path, tmp_path: Path, limbeck: Run
) -> None:
    words = ["evaluate", place / "pairs", "--on", place / "prepared", "--repeats", 1, "--set", "network.width=4"]
    words += ["--device", "cpu", "--head", "concat", "--epochs", 4, "--controls", "--json", "--out", tmp_path]
    out, err = limbeck(*words, "--whole-repeats", 0)
    scores = json.loads(out)
    assert {(one["settings"]["head"], one["protocol"]["epochs"]) for one in scores.values()} == {("concat", 4)}
    assert {tuple(one["protocol"]["drop_after"]) for one in scores.values()} == {(1, 2)}
    assert [line.partition(":")[0] for line in err.splitlines() if " %" in line] == list(scores)
    assert not any(name.startswith("whole") for name in scores)
    assert "whole (concat)" in json.loads(limbeck(*words, "--quiet")[0])
    kept = {p.relative_to(tmp_path).parts[:-1] for p in tmp_path.rglob("*.json")}
    assert kept == {(), ("controls", DistilledSet.load(place / "pairs").fingerprint)}


def test_the_help_names_every_setting_of_the_training() -> None:
    (said,) = evaluate.run.__annotations__["set_"].__metadata__
    assert all(name in said.help for name in Protocol.model_fields)


def test_a_set_called_as_a_control_keeps_its_row(place: Path, tmp_path: Path, limbeck: Run) -> None:
    shutil.copytree(place / "pairs", tmp_path / "whole", ignore=shutil.ignore_patterns("scores"))
    words = ["evaluate", tmp_path / "whole", "--on", place / "prepared", "--repeats", 1, *TINY, "--controls", "--json"]
    told = json.loads(limbeck(*words, "--measure", "retrieval")[0])["measured"]
    assert list(told) == ["whole (this set)", "random", "whole"]
    assert [told[name]["trained_on"]["kind"] for name in told] == ["distilled", "distilled", "clips"]
    told = json.loads(limbeck(*words)[0])
    assert told["whole (this set)"]["trained_on"]["kind"] == "distilled"
    assert told["whole"]["trained_on"]["kind"] == "clips"


def test_rows_helped_by_real_labels_are_marked(place: Path, tmp_path: Path, limbeck: Run) -> None:
    made = replace(DistilledSet.load(place / "pairs"), storage=Float32(), payload=None)
    replace(made, provenance=made.provenance | {"sees_labels": True}).save(tmp_path / "helped")
    words = ["evaluate", tmp_path / "helped", "--on", place / "prepared", "--repeats", 1, *TINY[:-1]]
    for more in ([], ["--measure", "retrieval"]):
        out, err = limbeck(*words, *more)
        assert "helped ‡" in out
        assert "‡: networks trained on the real clips' labels" in err
    out, err = limbeck("evaluate", place / "pairs", *words[2:])
    assert "‡" not in out + err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--measure", "retrievl"], 1, "Did you mean 'retrieval'"),
        (["--measure", "retrieval", "--set", "measure.dimm=3"], 1, "dimm"),
        (["--set", "measure.dim=3"], 1, "Settings of Accuracy do not fit"),
        (["--epochs", "3", "--set", "epochs=4"], 2, "twice"),
        (["--epochs", "10", "--set", "drop_after=[10,20]"], 1, "behind the last of 10 epochs"),
        (["--measure", "retrieval", "--head", "concat"], 1, "Settings of Retrieval do not fit"),
    ],
)
def test_mistakes_are_explained(words: list[str], code: int, said: str, place: Path, limbeck: Run) -> None:
    _, err = limbeck("evaluate", place / "pairs", "--on", place / "prepared", *words, code=code)
    assert said in err


def test_measures_are_listed(limbeck: Run) -> None:
    assert "retrieval" in {line["name"] for line in json.loads(limbeck("list", "measures", "--json")[0])}
