"""Classifiers of sounds go to a hub and come back: they name as before, and do not say whose recordings they know."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from tests.helpers.fake_hub import FakeHub, head_of
from tests.helpers.listener import WORDS, Listener, recording
from tests.helpers.weights_folder import yamnet_folder

import limbeck
from limbeck import _files, cli, sounds
from limbeck.encoders.yamnet import YamNet
from limbeck.errors import HubError, InputError
from limbeck.hub import Result
from limbeck.prototypes import Confidence, SoundClassifier

# The hub's client uploads large files in a way that its network layer will not offer for ever.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
NAME = "ada/tones"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Eighteen recordings of three tones in a folder with a telling name, and a classifier learned from three words."""
    folder, encoder = tmp_path_factory.mktemp("secret-project"), Listener()
    for word, hertz in WORDS.items():
        for i in range(6):
            recording(folder / "recordings" / word / f"patient {word} {i}.wav", hertz, seed=i)
    sounds.index(folder / "recordings", out=folder / "index", encoder=encoder, workers=1, progress=False)
    sounds.learn(folder / "index", list(WORDS), out=folder / "classifier", encoder=encoder, neighbours=4)
    new = [recording(folder / "new" / f"{word}.wav", hertz, seed=99) for word, hertz in WORDS.items()]
    return SimpleNamespace(folder=folder, classifier=folder / "classifier", encoder=encoder, new=new)


def _sent(hub: FakeHub, name: str = NAME) -> dict[str, bytes]:
    return hub.repositories["model", name].files


class TestThereAndBack:
    def test_it_names_as_before_and_says_where_it_is_from(
        self, made: SimpleNamespace, hub: FakeHub, tmp_path: Path
    ) -> None:
        before = SoundClassifier.load(made.classifier)
        commit = sounds.push(made.classifier, NAME, licence="cc0-1.0").revision
        back = limbeck.SoundClassifier.from_pretrained(NAME)
        assert (back.fingerprint, back.source) == (before.fingerprint, f"{NAME}@{commit}")
        named = [list(sounds.classify(one, made.new, encoder=made.encoder)) for one in (before, back)]
        assert named[0] == named[1]
        assert [row.label for row in named[1]] == list(WORDS)
        sounds.pull(NAME, out=tmp_path / "pulled", revision=commit)
        kept = SoundClassifier.load(tmp_path / "pulled")
        assert (kept.fingerprint, kept.source) == (before.fingerprint, f"{NAME}@{commit}")
        assert limbeck.inspect(tmp_path / "pulled")["hub"] == f"{NAME}@{commit}"
        with pytest.raises(InputError, match="not an empty folder"):
            sounds.pull(NAME, out=tmp_path / "pulled")

    def test_what_was_fetched_can_be_corrected(self, made: SimpleNamespace, hub: FakeHub, tmp_path: Path) -> None:
        sounds.push(made.classifier, NAME)
        sounds.pull(NAME, out=tmp_path / "pulled")
        changed = sounds.correct(
            tmp_path / "pulled", rename={"low": "deep"}, add=[f"high={made.new[0]}"], encoder=made.encoder
        )
        assert {*changed.labels} == {"deep", "middle", "high"}
        assert changed.source.startswith(f"{NAME}@")

    def test_a_recording_is_taken_out_by_its_number(self, made: SimpleNamespace, hub: FakeHub, tmp_path: Path) -> None:
        sounds.push(made.classifier, NAME)
        pulled = sounds.pull(NAME, out=tmp_path / "pulled")
        first, second, *others = [piece.path for _, piece in pulled.neighbours("high")]
        sounds.correct(tmp_path / "pulled", remove=[f"high={first}"])
        page = tmp_path / "corrections.json"
        page.write_text(json.dumps({"remove": [{"label": "high", "path": second, "start_s": 0.0}]}), encoding="utf-8")
        changed = sounds.correct(tmp_path / "pulled", corrections=page)
        assert [piece.path for _, piece in changed.neighbours("high")] == others
        with pytest.raises(InputError, match="recording 99 does not stand for 'high'"):
            sounds.correct(tmp_path / "pulled", remove=["high=recording 99"])

    def test_files_of_one_name_are_told_apart_by_their_content(
        self, made: SimpleNamespace, hub: FakeHub, tmp_path: Path
    ) -> None:
        learned = SoundClassifier.load(made.classifier)
        same = [piece.model_copy(update={"path": str(Path(piece.path).with_name("a.wav"))}) for piece in learned.pieces]
        replace(learned, pieces=tuple(same)).push_to_hub(NAME, recordings=True)
        sounds.pull(NAME, out=tmp_path / "pulled")
        mine = [piece for _, piece in learned.neighbours("low")]
        changed = sounds.correct(tmp_path / "pulled", remove=[f"low={mine[1].path}"])
        changed = sounds.correct(tmp_path / "pulled", remove=[f"low={mine[2].path}"])
        left = {piece.sha256 for piece in mine} - {mine[1].sha256, mine[2].sha256}
        assert {piece.sha256 for _, piece in changed.neighbours("low")} == left
        with pytest.raises(InputError, match=r"recordings are called a\.wav here"):
            sounds.correct(tmp_path / "pulled", remove=["low=a.wav"])

    def test_sent_again_only_the_new_numbers_stay(self, made: SimpleNamespace, hub: FakeHub) -> None:
        first = sounds.push(made.classifier, NAME)
        learned = SoundClassifier.load(made.classifier)
        second = learned.regrouped({"low": ["low"], "other": ["middle", "high"]}).push_to_hub(NAME)
        assert first.files.keys() != second.files.keys()
        assert _sent(hub).keys() - {".gitattributes"} == second.files.keys()
        assert SoundClassifier.from_pretrained(NAME).labels == ("low", "other")
        assert SoundClassifier.from_pretrained(NAME, revision=first.revision).labels == learned.labels

    def test_offline(self, made: SimpleNamespace, hub: FakeHub) -> None:
        with pytest.raises(HubError, match="not in the hub's cache"):
            SoundClassifier.from_pretrained(NAME, offline=True)
        sounds.push(made.classifier, NAME)
        SoundClassifier.from_pretrained(NAME)
        asked = len(hub.asked)
        assert SoundClassifier.from_pretrained(NAME, offline=True).labels == tuple(WORDS)
        assert len(hub.asked) == asked


class TestPrivacy:
    def test_nothing_tells_whose_recordings_they_were(self, made: SimpleNamespace, hub: FakeHub) -> None:
        learned = SoundClassifier.load(made.classifier)
        upload = sounds.push(made.classifier, NAME)
        files, digests = _sent(hub), {piece.sha256 for piece in learned.pieces}
        assert len(digests) == len(learned.pieces) == 12
        for secret in ("secret-project", "patient", "recordings/", str(made.folder), *digests):
            assert not any(secret.encode() in content for content in files.values())
        assert files.keys() - {".gitattributes"} == upload.files.keys()
        assert {name.partition("-")[0] for name in upload.files} == {"README.md", "config.json", "data"}
        assert "Recordings are numbered and not named." in upload.remarks

    def test_windows_of_one_recording_are_known_to_be_of_one(self, made: SimpleNamespace, hub: FakeHub) -> None:
        learned = SoundClassifier.load(made.classifier)
        pieces = [piece.model_copy(update={"path": "/a/b.wav", "sha256": "0"}) for piece in learned.pieces[:2]]
        replace(learned, pieces=(*pieces, *learned.pieces[2:])).push_to_hub(NAME)
        paths = [piece.path for piece in SoundClassifier.from_pretrained(NAME).pieces]
        assert paths[:3] == ["recording 1", "recording 1", "recording 2"]
        assert len(set(paths)) == len(paths) - 1

    def test_names_go_along_if_that_is_asked_for_and_it_is_said(self, made: SimpleNamespace, hub: FakeHub) -> None:
        upload = sounds.push(made.classifier, NAME, recordings=True)
        assert any("names and digests of 12 recordings go along: patient high" in remark for remark in upload.remarks)
        back = SoundClassifier.from_pretrained(NAME)
        assert {piece.sha256 for piece in back.pieces} == {
            piece.sha256 for piece in SoundClassifier.load(made.classifier).pieces
        }
        assert all(re.fullmatch(r"patient \w+ \d\.wav", piece.path) for piece in back.pieces)
        assert not any(b"secret-project" in content for content in _sent(hub).values())

    def test_a_dry_run_asks_nothing(self, made: SimpleNamespace, hub: FakeHub) -> None:
        dry = sounds.push(made.classifier, NAME, dry_run=True)
        assert (hub.asked, hub.repositories) == ([], {})
        assert dict(sounds.push(made.classifier, NAME).files) == dict(dry.files)


class TestCard:
    def test_its_head_and_what_it_says(self, made: SimpleNamespace, hub: FakeHub) -> None:
        result = Result("my field recordings", "accuracy", 91.234, about="182 of 200 recordings")
        SoundClassifier.load(made.classifier).push_to_hub(NAME, licence="cc0-1.0", results=[result])
        text = _sent(hub)["README.md"].decode()
        head = head_of(text)
        assert (head["license"], head["library_name"], head["pipeline_tag"]) == (
            "cc0-1.0",
            "limbeck",
            "audio-classification",
        )
        assert head["tags"] == ["audio-classification", "prototypes", "spectral", "limbeck"]
        (measured,) = head["model-index"][0]["results"]
        assert measured["dataset"]["name"] == "my field recordings"
        assert measured["metrics"] == [{"type": "accuracy", "name": "accuracy", "value": 91.23}]
        assert "- Encoder: spectral (tiny), with the weights of `spectral:tiny:000000000000`" in text
        assert "windows of 2 s every 2 s; 12 of them stand for the words" in text
        assert "| my field recordings | accuracy | 91.2 % | 1 | 182 of 200 recordings |" in text

    def test_it_is_measured_as_it_will_name(self, made: SimpleNamespace, hub: FakeHub, tmp_path: Path) -> None:
        table = tmp_path / "mine.csv"
        table.write_text("\n".join(["path,label", *(f"{path},{path.stem}" for path in made.new)]), encoding="utf-8")
        strict = replace(SoundClassifier.load(made.classifier), thresholds={"low": 1.0}).save(tmp_path / "strict")
        sounds.push(strict, NAME, check=table, encoder=made.encoder)
        assert "| mine | accuracy | 66.7 % | 1 | 2 of 3 recordings" in _sent(hub)["README.md"].decode()

    def test_a_correction_voids_what_labels_told_of_confidence(self, made: SimpleNamespace, hub: FakeHub) -> None:
        learned = SoundClassifier.load(made.classifier)
        told = Confidence.of(np.linspace(0, 1, 60), np.arange(60) % 3 > 0, np.arange(60), "labels")
        assert told is not None
        for of, said in ((learned.fingerprint, True), ("of the one before", False)):
            replace(learned, confidence=told.model_copy(update={"classifier": of})).push_to_hub(NAME)
            assert ("Confidence is a probability" in _sent(hub)["README.md"].decode()) is said

    def test_words_cannot_break_it(self, made: SimpleNamespace, hub: FakeHub) -> None:
        hostile = {"---\nlicense: none": ["low"], "```\n<script>alert(1)</script>": ["middle"], "雨": ["high"]}
        SoundClassifier.load(made.classifier).regrouped(hostile).push_to_hub(NAME)
        text = _sent(hub)["README.md"].decode()
        assert "license" not in head_of(text)
        assert SoundClassifier.from_pretrained(NAME).labels == tuple(hostile)
        (words,) = re.findall(r"^```json\n(.*?)^```", text, re.M | re.S)
        assert list(json.loads(words)["words"]) == list(hostile)
        assert "<script>" not in text.replace(words, "")

    def test_its_code_runs(self, made: SimpleNamespace, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
        sounds.push(made.classifier, NAME)
        (code,) = re.findall(r"^```python\n(.*?)^```", _sent(hub)["README.md"].decode(), re.M | re.S)
        monkeypatch.setattr("limbeck.encoders.load", {"spectral": Listener}.__getitem__)
        there = {"__name__": "card"}
        exec(code.replace("recording.wav", str(made.new[1])), there)
        assert there["found"].label == "middle"  # type: ignore[attr-defined]


class TestCommands:
    def test_there_and_back(
        self, made: SimpleNamespace, hub: FakeHub, tmp_path: Path, typed: Callable[..., str]
    ) -> None:
        dry = json.loads(typed("sounds", "push", made.classifier, NAME, "--dry-run", "--json"))
        assert (dry["revision"], dry["url"], hub.asked) == ("", f"{hub.url}/{NAME}", [])
        assert any("numbers and not sounds" in remark for remark in dry["remarks"])
        told = typed("sounds", "push", made.classifier, NAME, "--licence", "cc0-1.0", "--private")
        repository = hub.repositories["model", NAME]
        assert told == f"{hub.url}/{NAME}/tree/{repository.commits[-1][0]}\n"
        assert repository.private
        assert repository.messages[-1] == f"Classifier of sounds {SoundClassifier.load(made.classifier).fingerprint}"
        about = json.loads(typed("sounds", "pull", NAME, "--out", tmp_path / "pulled", "--json"))
        assert about["hub"] == f"{NAME}@{repository.commits[-1][0]}"
        assert typed("sounds", "pull", NAME, "--offline", "--out", tmp_path / "again") == f"{tmp_path / 'again'}\n"

    def test_what_is_too_large_says_how_to_allow_more(
        self, made: SimpleNamespace, hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        sounds.push(made.classifier, NAME)
        with pytest.raises(SystemExit, match="1"):
            cli.main(["sounds", "pull", NAME, "--out", str(tmp_path / "x"), "--max-bytes", "10"])
        assert "--max-bytes" in capsys.readouterr().err
        assert not (tmp_path / "x").exists()


class TestSafety:
    def test_other_repositories_are_refused(self, made: SimpleNamespace, hub: FakeHub) -> None:
        hub.put("model", NAME, {"config.json": b"{}", "pytorch_model.bin": b"x"})
        with pytest.raises(HubError, match=r"no data-\*\.safetensors is in it, but config\.json, pytorch_model\.bin"):
            SoundClassifier.from_pretrained(NAME)
        with pytest.raises(HubError, match="no dataset ada/tones"):
            limbeck.DistilledSet.from_pretrained(NAME)

    @pytest.mark.parametrize("config", [b'{"model_type": "bert"}', b"[]", b"not JSON"])
    def test_what_another_program_put_there_is_not_overwritten(
        self, made: SimpleNamespace, hub: FakeHub, config: bytes
    ) -> None:
        theirs = {"config.json": config, "README.md": b"BERT", "model.safetensors": b"x"}
        hub.put("model", NAME, theirs)
        with pytest.raises(HubError, match=r"Nothing was sent: ada/tones holds something else"):
            sounds.push(made.classifier, NAME)
        assert _sent(hub) == theirs

    @pytest.mark.parametrize(
        "data",
        ["../../secret.safetensors", "/etc/passwd", "loader.py", "other/data-0.safetensors", "data-1.safetensors"],
    )
    def test_a_config_that_points_elsewhere_is_refused(
        self, made: SimpleNamespace, hub: FakeHub, data: str, tmp_path: Path
    ) -> None:
        sounds.push(made.classifier, NAME)
        files = _sent(hub)
        (tmp_path / "config.json").write_bytes(files["config.json"])
        config = _files.read_record(tmp_path / "config.json")
        _files.write_record(tmp_path / "config.json", config | {"data": data})
        changed = {"config.json": (tmp_path / "config.json").read_bytes()}
        hub.repositories["model", NAME].commit(files | changed)
        with pytest.raises(HubError, match="cannot be read"):
            SoundClassifier.from_pretrained(NAME)

    def test_damaged_numbers_are_refused(self, made: SimpleNamespace, hub: FakeHub) -> None:
        sounds.push(made.classifier, NAME)
        files = _sent(hub)
        data = next(name for name in files if name.startswith("data-"))
        hub.repositories["model", NAME].commit(files | {data: files[data][:-4] + b"\0\1\2\3"})
        with pytest.raises(HubError, match=r"ada/tones@\w{40} on the hub cannot be read.*damaged"):
            SoundClassifier.from_pretrained(NAME)


@pytest.mark.data
def test_real_recordings_are_named_by_what_came_from_a_hub(test_data: Path, hub: FakeHub, tmp_path: Path) -> None:
    """YAMNet, three words; the classifier is measured on the way to the hub, and names files it never saw."""
    (tmp_path / "weights").mkdir()
    encoder = YamNet.pretrained(folder=yamnet_folder(test_data, tmp_path / "weights"), offline=True)
    words = {"dog_bark": "dog bark", "rain": "rain", "rooster": "rooster"}
    files = {name: sorted((test_data / "esc10" / name).iterdir()) for name in words}
    sounds.index(
        [p for f in files.values() for p in f[:6]], out=tmp_path / "index", encoder=encoder, workers=1, progress=False
    )
    sounds.learn(tmp_path / "index", list(words.values()), out=tmp_path / "classifier", encoder=encoder)
    new = {path: words[name] for name, found in files.items() for path in found[-4:]}
    rows = [f"{path},{word}" for path, word in new.items()]
    (tmp_path / "esc10.csv").write_text("\n".join(["path,label", *rows]), encoding="utf-8")
    sounds.push(tmp_path / "classifier", NAME, check=tmp_path / "esc10.csv", encoder=encoder)
    text = _sent(hub)["README.md"].decode()
    (right,) = re.findall(r"\| esc10 \| accuracy \| [\d.]+ % \| 1 \| (\d+) of 12 recordings", text)
    named = list(sounds.classify(SoundClassifier.from_pretrained(NAME), list(new), encoder=encoder))
    assert sum(row.label == new[row.path] for row in named) == int(right) >= 10
    assert np.isclose(
        head_of(text)["model-index"][0]["results"][0]["metrics"][0]["value"], 100 * int(right) / 12, atol=0.01
    )
    assert not any(path.name.encode() in content for path in new for content in _sent(hub).values())
