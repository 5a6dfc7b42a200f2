"""`limbeck sounds` as it is typed, with a small CLAP whose random weights lie in a folder."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.helpers import network
from typer.main import get_command

from limbeck import cli
from limbeck.cli.sounds import demo
from limbeck.playground import write_sounds
from limbeck.prototypes import Confidence, SoundClassifier

VERBS = [
    "index",
    "search",
    "learn",
    "classify",
    "detect",
    "check",
    "cut",
    "page",
    "studio",
    "correct",
    "watch",
    "push",
    "pull",
    "weights",
    "benchmark",
    "demo",
]
WORDS = ["metal bar", "zither string", "harp"]
Run = Callable[..., tuple[str, str]]


@pytest.fixture
def limbeck(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `limbeck sounds ...`, which ends with a code, and gives what it wrote."""

    def run(*words: object, code: int = 0) -> tuple[str, str]:
        with pytest.raises(SystemExit) as caught:
            cli.main(["sounds", *map(str, words)])
        out, err = capsys.readouterr()
        assert (caught.value.code or 0) == code, err
        return out, err

    return run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nine generated sounds, the weights of a small CLAP, an index and a classifier of three words."""
    pytest.importorskip("transformers")
    from limbeck.encoders.clap import Clap

    folder = tmp_path_factory.mktemp("place")
    write_sounds(folder / "recordings", each=3, kinds=3)
    Clap.tiny().save(folder / "weights")
    for words in (
        ["index", folder / "recordings", "--out", folder / "index", "--window", 4, "--workers", 1],
        ["learn", folder / "index", "--labels", ",".join(WORDS), "--neighbours", 2, "--out", folder / "classifier"],
    ):
        with pytest.raises(SystemExit) as caught:
            cli.main([str(w) for w in ["sounds", *words, "--weights", folder / "weights", "--offline", "--quiet"]])
        assert not caught.value.code
    return folder


@pytest.fixture
def own(place: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    shutil.copytree(place, tmp_path / "own")
    return tmp_path / "own"


class TestHelp:
    def test_examples_name_the_verb_and_are_understood(self) -> None:
        group = get_command(cli.app).commands["sounds"]  # type: ignore[attr-defined]
        assert list(group.commands) == VERBS
        for verb, command in group.commands.items():
            lines = [line for line in command.epilog.split("\n\n") if line.startswith("limbeck ")]
            assert lines, verb
            for line in lines:
                words = shlex.split(line)
                assert words[:3] == ["limbeck", "sounds", verb]
                command.make_context(verb, words[3:])

    def test_group_lists_every_verb(self, limbeck: Run) -> None:
        out, err = limbeck("--help")
        assert all(verb in out for verb in VERBS)
        assert err == ""

    def test_help_of_every_verb_imports_nothing_heavy(self) -> None:
        code = (
            "import sys\nfrom limbeck import cli\n"
            f"for verb in {VERBS}:\n"
            "    try:\n        cli.main(['sounds', verb, '--help'])\n"
            "    except SystemExit as leave:\n        assert not leave.code\n"
            "heavy = {'torch', 'lancedb', 'sklearn', 'av', 'numpy'} & set(sys.modules)\nassert not heavy, heavy\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("Examples:") == len(VERBS)

    @pytest.mark.parametrize(
        "words",
        [
            ["nosuchverb"],
            ["index", "recordings"],
            ["learn", "index", "--labels", "a,b", "--out", "x", "--reject", "often"],
            ["learn", "index", "--labels", "a,b", "--out", "x", "--neighbours", "3", "--set", "neighbours=4"],
            ["classify", "classifier"],
            ["classify", "classifier", "a.wav", "--by", "hour"],
            ["correct", "classifier"],
        ],
    )
    def test_commands_that_cannot_be_understood_exit_2(self, words: list[str], limbeck: Run) -> None:
        out, err = limbeck(*words, code=2)
        assert out == ""
        assert "Traceback" not in err


class TestTheWholeWay:
    def test_index_again_hears_nothing(self, own: Path, limbeck: Run) -> None:
        (own / "recordings" / "rotten.wav").write_bytes(b"RIFF")
        words = ["index", own / "recordings", "--out", own / "index", "--weights", own / "weights", "--workers", 1]
        told = json.loads(limbeck(*words, "--json", "-q")[0])
        # The copy lies elsewhere, so its recordings are new to the index and the old ones stay.
        assert (told["added"] + told["unchanged"], told["removed"]) == (9, 0)
        assert told["moved"] + told["added"] + told["unchanged"] == 9
        assert [Path(row["path"]).name for row in told["rejected"]] == ["rotten.wav"]
        out, err = limbeck(*words)
        assert out == f"{own / 'index'}\n"
        assert "9 unchanged" in err
        assert "rotten.wav: " in err

    def test_a_renamed_recording_is_told_as_moved(self, own: Path, tmp_path: Path, limbeck: Run) -> None:
        words = ["index", own / "recordings", "--out", tmp_path / "index", "--weights", own / "weights"]
        limbeck(*words, "--window", 4, "--workers", 1)
        (own / "recordings" / "harp").rename(own / "recordings" / "lyre")
        told = json.loads(limbeck(*words, "--workers", 1, "--json", "-q")[0])
        assert [told[name] for name in ("added", "changed", "moved", "removed", "unchanged")] == [0, 0, 3, 0, 6]

    def test_an_index_of_another_encoder_is_told_before_it_is_fetched(self, place: Path, limbeck: Run) -> None:
        words = ["index", place / "recordings", "--encoder", "yamnet", "--out", place / "index", "--offline"]
        assert "made with clap, but yamnet was requested" in limbeck(*words, code=1)[1]

    @pytest.mark.slow
    def test_an_index_may_have_an_address(
        self, own: Path, tmp_path: Path, limbeck: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One on this machine, as there is no other here."""
        monkeypatch.chdir(tmp_path)
        address, weights = f"file://{tmp_path}/index", ["--weights", own / "weights"]
        limbeck("index", own / "recordings", "--out", address, "--window", 4, "--workers", 1, *weights)
        assert len(json.loads(limbeck("search", address, "rain", "--json", *weights)[0])) == 9
        limbeck("learn", address, "--labels", "harp,bell", "--out", "classifier", *weights)
        origin = json.loads(Path("classifier", "origin.json").read_text(encoding="utf-8"))
        assert origin["index"] == address
        sound = own / "recordings" / "harp" / "00.wav"
        limbeck("correct", "classifier", "--add", f"bell={sound}", "--index", address, *weights)
        limbeck("page", "classifier", "--out", "page")
        limbeck("page", "classifier", "--index", address, "--out", "page")

    def test_search(self, place: Path, limbeck: Run) -> None:
        words = ["search", place / "index", "glass breaking", "--top", 4, "--weights", place / "weights"]
        hits = json.loads(limbeck(*words, "--json")[0])
        assert len(hits) == 4
        assert set(hits[0]) == {"path", "start_s", "duration_s", "similarity", "above", "state"}
        assert {hit["state"] for hit in hits} == {"there"}
        table = limbeck(*words)[0].splitlines()
        assert [line.split()[0] for line in table[1:]] == [hit["path"] for hit in hits]

    def test_search_by_example(self, place: Path, tmp_path: Path, limbeck: Run) -> None:
        sound, other = sorted((place / "recordings").rglob("*.wav"))[::5]
        words = ["search", place / "index", "--weights", place / "weights", "--json", "--top", 3]
        saved = tmp_path / "found.json"
        found = json.loads(limbeck(*words, "--like", sound, "--not", other, "--at", 0.5, "--save", saved)[0])
        assert len(found) == 3
        assert [row["path"] for row in json.loads(saved.read_text())["windows"]] == [row["path"] for row in found]
        again = json.loads(limbeck(*words, "harp", "--like", saved, "--exact")[0])
        assert len(again) == 3
        assert not {row["path"] for row in again} & {row["path"] for row in found}
        assert "There are no words to look for" in limbeck("search", place / "index", code=1)[1]
        assert "cannot be used" in limbeck(*words, "--like", tmp_path / "none.wav", code=1)[1]

    def test_search_tells_of_recordings_that_are_not_what_they_were(
        self, own: Path, tmp_path: Path, limbeck: Run
    ) -> None:
        limbeck("index", own / "recordings", "--out", tmp_path / "i", "--weights", own / "weights", "--workers", 1)
        (own / "recordings" / "harp" / "00.wav").unlink()
        (own / "recordings" / "harp" / "01.wav").write_bytes(b"RIFF")
        out, err = limbeck("search", tmp_path / "i", "glass", "--weights", own / "weights", "--json")
        states = {Path(hit["path"]).name: hit["state"] for hit in json.loads(out) if "harp" in hit["path"]}
        assert states == {"00.wav": "missing_file", "01.wav": "changed_file", "02.wav": "there"}
        assert "1 of these recordings have gone since they were indexed" in err
        assert "1 of these recordings have changed since" in err

    def test_learn_tells_what_it_made(self, place: Path, tmp_path: Path, limbeck: Run) -> None:
        (tmp_path / "labels.txt").write_text("bar: a struck metal bar\nharp\n", encoding="utf-8")
        words = ["learn", place / "index", "--labels", tmp_path / "labels.txt", "--out", tmp_path / "c"]
        words += ["--weights", place / "weights", "--prompt", "{label}", "--prompt", "hear {label}"]
        told = json.loads(limbeck(*words, "--set", "weights=similarity", "--json")[0])
        assert told["labels"] == ["bar", "harp"]
        assert told["descriptions"] == {"bar": "a struck metal bar"}
        assert told["prompts"] == ["{label}", "hear {label}"]
        assert told["settings"]["weights"] == "similarity"
        assert told["threshold"] is None
        out, err = limbeck(*words)
        assert out == f"{tmp_path / 'c'}\n"
        assert "2 words, each with" in err

    def test_classify_as_table_and_as_json(self, place: Path, limbeck: Run) -> None:
        words = ["classify", place / "classifier", place / "recordings" / "harp", "--weights", place / "weights"]
        rows = json.loads(limbeck(*words, "--json", "--top", 2)[0])
        assert [Path(row["path"]).name for row in rows] == ["00.wav", "01.wav", "02.wav"]
        assert all(row["label"] in WORDS and len(row["scores"]) == 2 for row in rows)
        table = limbeck(*words)[0]
        assert all(f"{row['label']}" in line for row, line in zip(rows, table.splitlines()[1:], strict=True))
        by_window = json.loads(limbeck(*words, "--json", "--by", "window", "--window", 2)[0])
        assert [row["start_s"] for row in by_window] == [0, 2] * 3

    def test_classify_passes_over_what_cannot_be_read(self, place: Path, tmp_path: Path, limbeck: Run) -> None:
        (tmp_path / "rotten.wav").write_bytes(b"RIFF")
        words = ["classify", place / "classifier", "--weights", place / "weights", tmp_path / "rotten.wav"]
        out, err = limbeck(*words, place / "recordings" / "harp" / "00.wav", "--json")
        assert ["error" in row for row in json.loads(out)] == [True, False]
        assert err.count("rotten.wav") == 1
        assert "None of the 1 recordings can be read" in limbeck(*words, code=1)[1]

    def test_a_table_grows_is_checked_and_cut(self, place: Path, tmp_path: Path, limbeck: Run) -> None:
        weights, table = ["--weights", place / "weights"], tmp_path / "t.csv"
        words = ["classify", place / "classifier", place / "recordings", "--append", table, *weights]
        assert len(limbeck(*words)[0].splitlines()) == 10
        out, err = limbeck(*words)
        assert (out, "9 recordings are in" in err) == ("", True)
        assert json.loads(limbeck(*words, "--json")[0]) == []
        out, err = limbeck("cut", table, "--out", tmp_path / "clips")
        assert out == f"{tmp_path / 'clips'}\n"
        assert "9 clips were written" in err
        assert len(list((tmp_path / "clips").glob("*/*.wav"))) == 9
        (tmp_path / "events.csv").write_text("path,start_s,end_s\n" + "a.wav,0,1\n" * 5, encoding="utf-8")
        err = limbeck("cut", tmp_path / "events.csv", "--out", tmp_path / "none", code=1)[1]
        assert err.count("a.wav does not exist") == 1
        assert "None of the 5 sounds" in err
        assert "--root" in err
        lines = [f"{path},{path.parent.name}" for path in sorted((place / "recordings").rglob("*.wav"))]
        (tmp_path / "labels.csv").write_text("\n".join(["path,label", *lines]), encoding="utf-8")
        words = ["check", place / "classifier", tmp_path / "labels.csv", *weights]
        out, err = limbeck(*words)
        assert out.startswith("accuracy: ")
        assert all(word in out for word in WORDS)
        assert "--keep keeps the thresholds" in err
        assert "no word of this classifier" not in out
        told = json.loads(limbeck(*words, "--json")[0])
        assert f"({told['right']} of 9; 95 % interval" in out
        lines[0] = lines[0].rsplit(",", 1)[0] + ",harpsichord"
        (tmp_path / "labels.csv").write_text("\n".join(["path,label", *lines]), encoding="utf-8")
        assert "1 recordings have labels that are no word of this classifier" in limbeck(*words)[0]

    def test_words_are_changed(self, own: Path, limbeck: Run) -> None:
        words = ["correct", own / "classifier", "--rename", "harp=lyre", "--merge", "metal bar+zither string=metal"]
        assert json.loads(limbeck(*words, "--json")[0])["labels"] == ["metal", "lyre"]
        assert "not of the form OLD=NEW" in limbeck("correct", own / "classifier", "--rename", "lyre", code=2)[1]
        assert json.loads(limbeck("correct", own / "classifier", "--drop", "lyre", "--json")[0])["labels"] == ["metal"]

    def test_confidence_that_is_lost_by_correcting_is_told(self, own: Path, limbeck: Run) -> None:
        made = SoundClassifier.load(own / "classifier")
        measured = Confidence(recordings=30, cases=90, right=30, classifier=made.fingerprint)
        replace(made, confidence=measured).save(own / "classifier")
        assert "measure it again" in limbeck("correct", own / "classifier", "--drop", "harp")[1]
        assert "measure it again" not in limbeck("correct", own / "classifier", "--drop", "metal bar")[1]

    def test_examples_teach_and_corrections_are_kept(self, own: Path, limbeck: Run) -> None:
        words = ["learn", own / "index", "--out", own / "classifier", "--weights", own / "weights"]
        sound = own / "recordings" / "harp" / "00.wav"
        limbeck("correct", own / "classifier", "--add", f"harp={sound}", "--weights", own / "weights")
        out, err = limbeck(*words, "--labels", "harp", "--examples", own / "recordings", "--json")
        assert set(json.loads(out)["labels"]) == {"harp", *(p.name for p in (own / "recordings").iterdir())}
        assert "Corrections of 'harp' were kept: 0 taken out, 1 put in." in err
        assert "kept" not in limbeck(*words, "--labels", "harp", "--fresh")[1]
        assert "Give words (--labels)" in limbeck(*words, code=2)[1]

    def test_a_name_that_is_not_text_is_printed(self, place: Path, tmp_path: Path, limbeck: Run) -> None:
        odd = tmp_path / os.fsdecode(b"\xff.wav")
        shutil.copy(place / "recordings" / "harp" / "00.wav", odd)
        words = ["classify", place / "classifier", odd, place / "recordings" / "harp" / "00.wav", "-q"]
        assert "\\udcff.wav" in limbeck(*words, "--weights", place / "weights")[0]
        words = ["watch", place / "classifier", "--input", tmp_path, "--existing", "--count", 1]
        assert "\\udcff.wav" in limbeck(*words, "--weights", place / "weights")[0]

    def test_correct_then_page(self, own: Path, limbeck: Run) -> None:
        config = own / "classifier" / "config.json"
        pieces = json.loads(config.read_text(encoding="utf-8"))["pieces"]
        before = config.read_text(encoding="utf-8")
        words = ["correct", own / "classifier", "--add", f"harp={own / 'recordings' / 'harp' / '00.wav'}"]
        words += ["--weights", own / "weights"]
        out, err = limbeck(*words)
        assert out == f"{own / 'classifier'}\n"
        assert "Learned again" in err
        assert config.read_text(encoding="utf-8") != before
        assert pieces
        told = json.loads(limbeck(*words, "--json")[0])
        assert told["labels"] == WORDS
        out, err = limbeck("page", own / "classifier", "--out", own / "page", "-q")
        assert out == f"{own / 'page' / 'index.html'}\n"
        assert (own / "page" / "index.html").exists()

    def test_watch_leaves_after_so_many(self, place: Path, limbeck: Run) -> None:
        words = ["watch", place / "classifier", "--input", place / "recordings", "--existing", "--count", 2]
        out, err = limbeck(*words, "--weights", place / "weights", "--json")
        rows = [json.loads(line) for line in out.splitlines()]
        assert [Path(row["path"]).parent.name for row in rows] == ["harp", "harp"]
        assert "Waiting for sounds" in err
        out, _ = limbeck(*words, "--weights", place / "weights", "-q")
        assert out.count("\n") == 2
        assert rows[0]["label"] in out

    def test_detect_hears_once_and_writes_what_is_asked_for(
        self, place: Path, tmp_path: Path, limbeck: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "archive").mkdir()
        shutil.copy(place / "recordings" / "harp" / "00.wav", tmp_path / "archive" / "20240131_233005.wav")
        (tmp_path / "archive" / "rotten.wav").write_bytes(b"RIFF")
        words = ["detect", place / "classifier", tmp_path / "archive", "--out", tmp_path / "d", "--workers", 1]
        out, err = limbeck(*words, "--weights", place / "weights", "--min-confidence", 0.01, "--window", 2)
        assert out.splitlines()[-1] == str(tmp_path / "d")
        assert "1 recordings, 0.0 hours; 1 heard now, 1 cannot be used." in err
        assert "rotten.wav" in err
        # Without weights, and without the network: nothing is to be heard.
        network.forbid(monkeypatch)
        words += ["--window", 2, "--form", "raven", "--threshold", "harp=0.9", "--weights", tmp_path, "--offline"]
        told = json.loads(limbeck(*words, "--json")[0])
        assert (told["heard"], told["recordings"]) == (0, 1)
        assert set(told["files"]) == {"raven", "summary", "heard"}
        assert (tmp_path / "d" / "raven" / "20240131_233005.wav.Table.1.selections.txt").exists()
        assert "no word 'cello'" in limbeck(*words, "--threshold", "cello=0.5", code=1)[1]
        assert "word=confidence" in limbeck(*words, "--threshold", "harp", code=2)[1]

    def test_weights_can_be_named_once_for_all(
        self, place: Path, limbeck: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LIMBECK_WEIGHTS", str(place / "weights"))
        assert limbeck("search", place / "index", "rain", "--offline")[0]

    def test_errors_are_sentences(self, place: Path, tmp_path: Path, limbeck: Run) -> None:
        for words, told in (
            (["search", tmp_path, "rain"], "index"),
            (["classify", tmp_path, "a.wav"], "is not a classifier of sounds"),
            (["learn", place / "index", "--labels", "nosuch.txt", "--out", tmp_path / "c"], "nosuch.txt"),
            (["page", tmp_path, "--out", tmp_path / "p"], "is not a classifier of sounds"),
            (["correct", place / "classifier", "--remove", "rain"], "label=path"),
        ):
            out, err = limbeck(*words, code=1)
            assert out == ""
            assert err.startswith("Error: ")
            assert told in err
            assert "Traceback" not in err


class TestWeights:
    def test_a_folder_for_a_machine_without_network(
        self, place: Path, tmp_path: Path, limbeck: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Fetched from a hub on this machine, then used where there is none; all that cannot be had is named."""
        from limbeck.encoders.clap import REVISIONS

        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setattr("tests.helpers.network.COMMIT", REVISIONS["clap-htsat-unfused"])
        files = {path.name: path.read_bytes() for path in (place / "weights").iterdir() if path.is_file()}
        words = ["weights", "clap", "--to", tmp_path / "w"]
        _, err = limbeck(*words, "--offline", code=1)
        assert "config.json, preprocessor_config.json, tokenizer.json, model.safetensors" in err
        with network.serving(network.Hub("laion/clap-htsat-unfused", files)) as hub:
            template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
            monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.url)
            monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
            out, err = limbeck(*words)
        assert out == f"{tmp_path / 'w'}\n"
        assert "model.safetensors: " in err
        shutil.rmtree(tmp_path / "hub")
        network.forbid(monkeypatch)
        assert json.loads(limbeck("search", place / "index", "rain", "--weights", tmp_path / "w", "--json")[0])
        told = json.loads(limbeck(*words, "--offline", "--json")[0])
        assert set(told["files"]) == {"config.json", "preprocessor_config.json", "tokenizer.json", "model.safetensors"}


@pytest.mark.slow
def test_benchmark_prints_its_table(place: Path, tmp_path: Path, limbeck: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no --out is given, in runs/; recipes that share it have tables of their own."""
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(
        'title = "Generated sounds"\n[data]\ndataset = "folder"\n'
        f'root = "{place / "recordings"}"\noptions = {{ folds = 3 }}\n[encoder]\nname = "clap"\n',
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    words = ["benchmark", recipe, "--weights", place / "weights", "--offline"]
    out, err = limbeck(*words)
    assert "Generated sounds" in out
    assert "Tables and figures: runs/tiny" in err
    assert (tmp_path / "runs" / "tiny" / "table.md").exists()
    assert not (tmp_path / "runs" / "table.md").exists()
    told = json.loads(limbeck(*words, "--json", "-q")[0])
    assert told["cells"]


@pytest.mark.slow
def test_demo_without_recordings_or_weights(tmp_path: Path, limbeck: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It generates sounds; the encoder's weights are random, and it says so."""
    pytest.importorskip("ai_edge_litert")
    monkeypatch.delenv("LIMBECK_TEST_DATA", raising=False)
    monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(demo, "EACH", 4)
    monkeypatch.setattr(demo, "TESTED", 1)
    out, err = limbeck("demo", "--out", tmp_path / "demo")
    assert "random weights" in err
    assert "accuracy: " in out
    assert "of 10 held out" in out
    # Apart from what another kind of recordings, or real weights, would leave there.
    assert out.splitlines()[-1] == str(tmp_path / "demo" / "generated_random_weights" / "page" / "index.html")
