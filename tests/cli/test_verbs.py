"""The verbs, one after the other, as a user gives them, on a few generated videos."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.helpers import layouts

from limbeck import cli
from limbeck.cli import demo

NARROW = '{"options": {"width": 8}}'
Run = Callable[..., str]


@pytest.fixture
def limbeck(typed: Run) -> Run:
    """Types a command; see `typed`."""
    return typed


@pytest.fixture(scope="module")
def prepared(videos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty generated clips at 32 x 32."""
    folder = tmp_path_factory.mktemp("cli")
    shutil.copytree(videos, folder / "videos")
    words = ["prepare", "playground", folder / "videos", "--out", folder / "prepared", "--image-size", 32]
    with pytest.raises(SystemExit) as caught:
        cli.main([str(w) for w in [*words, "--set", "clips=60", "--workers", 2, "--quiet"]])
    assert not caught.value.code
    return folder / "prepared"


@pytest.fixture(scope="module")
def distilled(prepared: Path) -> Path:
    """Two steps of `dm` with narrow networks."""
    out = prepared.parent / "dm"
    words = ["distill", prepared, "--method", "dm", "--out", out, "--steps", 2, "--device", "cpu", "--quiet"]
    words += ["--set", "encoders.bank=1", "--set", f"encoders.network={NARROW}"]
    with pytest.raises(SystemExit) as caught:
        cli.main([str(w) for w in words])
    assert not caught.value.code
    return out


def test_prepared_folder_is_described(prepared: Path, limbeck: Run) -> None:
    told = json.loads(limbeck("inspect", prepared, "--json"))
    assert len(told["classes"]) == 10
    assert told["recipe"]["image_size"] == 32
    assert "classes:" in limbeck("inspect", prepared)


def test_a_folder_of_videos_needs_no_options(prepared: Path, tmp_path: Path, limbeck: Run) -> None:
    videos = prepared.parent / "videos"
    words = ["--image-size", 16, "--mels", 32, "--window", 256, "--hop", 100]
    out = limbeck("prepare", "folder", videos, "--out", tmp_path / "again", *words, "-q")
    assert out == f"{tmp_path / 'again'}\n"
    told = json.loads(limbeck("inspect", tmp_path / "again", "--json"))
    mel = told["recipe"]["mel"]
    assert (told["recipe"]["image_size"], mel["mels"], mel["fft_samples"], mel["hop_samples"]) == (16, 32, 256, 100)


def test_what_is_wrong_with_a_dataset_is_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layouts.video(tmp_path / "videos" / "train" / "bell" / "0.mp4")
    layouts.video(tmp_path / "videos" / "test" / "bell" / "0.mp4")
    (tmp_path / "videos" / "train" / "drip").mkdir()
    (tmp_path / "videos" / "train" / "drip" / "0.mp4").touch()
    words = ["prepare", "folder", tmp_path / "videos", "--out", tmp_path / "out", "--image-size", 16, "--workers", 1]
    for _ in range(2):  # done anew, and found done
        with pytest.raises(SystemExit):
            cli.main([str(word) for word in words])
        told = " ".join(capsys.readouterr().err.split())
        assert "Class 'drip' has no usable clip in 'train': all 1 were rejected." in told
        assert "The same audio is in 'train' and 'test' (2 clips" in told


def test_dry_run_prints_the_plan_and_does_nothing(prepared: Path, tmp_path: Path, limbeck: Run) -> None:
    out = tmp_path / "nothing"
    words = ["--per-class", 3, "--hold", "plain", "--start", "noise", "--seed", 7, "--set", "joint_weight=5"]
    plan = json.loads(limbeck("distill", prepared, "--method", "avdd", "--out", out, *words, "--dry-run"))
    assert plan["seed"] == 7
    settings = plan["settings"]
    assert (settings["per_class"], settings["hold"], settings["start"]) == (3, "plain", "noise")
    assert settings["joint_weight"] == 5
    assert not out.exists()


def test_distill_prints_its_folder_and_says_the_rest_on_stderr(
    prepared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["distill", prepared, "--method", "random", "--hold", "mosaic:2", "--out", tmp_path / "random"]
    with pytest.raises(SystemExit) as caught:
        cli.main([str(w) for w in words])
    assert not caught.value.code
    out, err = capsys.readouterr()
    assert out == f"{tmp_path / 'random'}\n"
    assert "10 samples stored, 40 to train on" in err


def test_distill_as_json_describes_the_set(prepared: Path, tmp_path: Path, limbeck: Run) -> None:
    told = json.loads(
        limbeck("distill", prepared, "--method", "random", "--out", tmp_path / "r", "--per-class", 2, "--json", "-q")
    )
    assert told == json.loads(limbeck("inspect", tmp_path / "r", "--json"))


def test_score_as_table_and_as_json(distilled: Path, prepared: Path, tmp_path: Path, limbeck: Run) -> None:
    words = [
        "evaluate",
        distilled,
        "--on",
        prepared,
        "--set",
        "network.width=8",
        "--set",
        "epochs=1",
        "--device",
        "cpu",
    ]
    words += ["--repeats", 2, "--out", tmp_path / "score", "--quiet"]
    score = json.loads(limbeck(*words, "--json"))
    assert score["protocol"]["epochs"] == 1
    assert score["network"]["options"] == {"width": 8}
    table = limbeck(*words)
    for key in ("A", "V", "A+V"):
        assert f"{score['summary']['mean'][key]:.1f} ± {score['summary']['sd'][key]:.1f}" in table


@pytest.mark.slow
def test_report_and_exports_say_where_they_are(distilled: Path, prepared: Path, tmp_path: Path, limbeck: Run) -> None:
    page = Path(limbeck("report", distilled, "--on", prepared, "--out", tmp_path / "page", "-q").strip())
    assert page.suffix == ".html"
    assert page.is_relative_to(tmp_path / "page")
    for form in ("folder", "webdataset", "huggingface"):
        out = limbeck("export", distilled, "--to", form, "--out", tmp_path / form)
        assert Path(out.strip()).exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["distill", "{prepared}", "--method", "herdin", "--out", "{out}"], "Did you mean 'herding'"),
        (["distill", "{prepared}", "--method", "random", "--steps", "3", "--out", "{out}"], "steps"),
        (["distill", "{prepared}", "--method", "random", "--per-class", "999", "--out", "{out}"], "999"),
        (["distill", "{out}", "--method", "random", "--out", "{out}"], "not a prepared dataset"),
        (["prepare", "folder", "{out}", "--out", "{out}"], "{out}"),
        (["prepare", "folder", "{out}", "--out", "{out}", "--set", "nosuch=1"], "nosuch"),
        (["inspect", "{out}"], "{out}"),
        (["report", "{prepared}", "--out", "{out}"], "not a distilled set"),
        (["export", "{distilled}", "--to", "pickle", "--out", "{out}"], "pickle"),
        (["distill", "{prepared}", "--device", "toaster", "--out", "{out}"], "toaster"),
    ],
)
def test_mistakes_are_explained(
    words: list[str],
    said: str,
    prepared: Path,
    distilled: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    places = {"prepared": prepared, "distilled": distilled, "out": tmp_path / "nowhere"}
    with pytest.raises(SystemExit) as caught:
        cli.main([word.format(**places) for word in words])
    out, err = capsys.readouterr()
    assert caught.value.code == 1, err
    assert out == ""
    before, error, sentence = err.partition("Error: ")
    assert error, err
    assert "Error" not in before
    assert said.format(**places) in sentence
    assert "Traceback" not in err


@pytest.mark.slow
def test_demo_goes_the_whole_way(prepared: Path, tmp_path: Path, limbeck: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "videos").symlink_to(prepared.parent / "videos")  # the same clips: not made again
    sizes = demo.Sizes(
        clips=60, test_fraction=0.25, image_size=32, width=8, steps=1, bank=1, repeats=1, whole_repeats=1, epochs=1
    )
    monkeypatch.setattr(demo, "SIZES", sizes)
    out = limbeck("demo", "--out", tmp_path / "demo", "--device", "cpu")
    lines = out.splitlines()
    titles = list(demo.rows(sizes))
    shown = [line.split()[0] for line in lines if line.split()[:1] and line.split()[0] in titles]
    assert shown == [*titles[: demo.CONTROLS], *titles]  # a first small table early, and the whole one at the end
    assert Path(lines[-1]).read_text(encoding="utf-8").startswith("<!")


def test_a_model_is_sampled_as_often_as_wanted(prepared: Path, tmp_path: Path, limbeck: Run) -> None:
    model, drawn = tmp_path / "model", tmp_path / "drawn"
    limbeck("distill", prepared, "--method", "generator", "--bytes", "40KB", "--out", model, "--device", "cpu", "-q")
    assert limbeck("sample", model, "--per-class", 7, "--seed", 1, "--out", drawn) == f"{drawn}\n"
    told = json.loads(limbeck("inspect", drawn, "--json"))
    assert (told["rows"], told["hold"]) == (70, "plain")
    assert told["provenance"]["drawn"] == "generator:samples=7,seed=1"
    with pytest.raises(SystemExit) as caught:
        cli.main(["sample", str(model), "--per-class", "7", "--out", str(drawn)])
    assert caught.value.code == 1
