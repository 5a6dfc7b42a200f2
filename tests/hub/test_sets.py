"""Distilled sets go to a hub and come back: the same, described, without what is private, without running code."""

from __future__ import annotations

import io
import json
import os
import pickle
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from tests.exports.conftest import HOSTILE, small_set
from tests.helpers.fake_hub import FakeHub, head_of
from tests.hub.conftest import point

import limbeck
from limbeck import cli
from limbeck import storage as storage_room
from limbeck.distilled import DistilledSet
from limbeck.errors import HubError, InputError
from limbeck.evaluation import Repeat, Score, Source
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.store import SCORES, file_of, keep
from limbeck.hub import Download, Result
from limbeck.networks import Architecture

# The hub's client uploads large files in a way that its network layer will not offer for ever.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
NAME = "ada/bells"
PRIVATE = "/mnt/ada/secret/recordings/day one.wav"


def _with_secrets() -> DistilledSet:
    made = small_set()
    about = {"imported": {"from": PRIVATE, "notes": [f"The scale of {PRIVATE} was assumed."]}, "settings": {"steps": 3}}
    return replace(made, provenance=made.provenance | about, start=made.tensors)


def _all_files(hub: FakeHub, kind: str = "dataset", name: str = NAME) -> bytes:
    return b"".join(hub.repositories[kind, name].files.values())


class TestThereAndBack:
    @pytest.mark.parametrize("hold", ["plain", "mosaic:2"])
    @pytest.mark.parametrize("storage", ["float32", "uint8"])
    def test_a_set_comes_back_as_it_was(self, hub: FakeHub, hold: str, storage: str) -> None:
        made = small_set(hold=hold)
        if storage == "uint8":
            made = made.stored_as(storage_room.load(storage)())
        upload = made.push_to_hub(NAME, licence="cc-by-4.0")
        back = DistilledSet.from_pretrained(NAME)
        assert back.fingerprint == made.fingerprint
        assert back.classes == made.classes
        assert all(torch.equal(back.tensors[m], made.tensors[m]) for m in made.tensors)
        assert back.provenance == made.provenance | {"hub": f"{NAME}@{upload.revision}"}
        assert upload.revision == hub.repositories["dataset", NAME].commits[-1][0]
        assert upload.url == f"{hub.url}/datasets/{NAME}"

    def test_what_is_sent_is_what_was_announced(self, hub: FakeHub) -> None:
        announced = small_set().push_to_hub(NAME, dry_run=True)
        assert hub.asked == []
        assert not hub.repositories
        sent = small_set().push_to_hub(NAME)
        files = hub.repositories["dataset", NAME].files
        assert (
            {n: len(c) for n, c in files.items() if n != ".gitattributes"} == dict(sent.files) == dict(announced.files)
        )
        assert {*sent.files} == {"README.md", "config.json", "data.safetensors", "audio.png", "image.png"}
        assert (announced.revision, len(sent.revision)) == ("", 40)

    def test_revisions_are_commits_tags_and_branches_and_the_commit_is_kept(self, hub: FakeHub) -> None:
        old, new = small_set(), small_set(per_class=3)
        first = old.push_to_hub(NAME).revision
        hub.repositories["dataset", NAME].tags["v1"] = first
        second = new.push_to_hub(NAME).revision
        for revision, made, commit in (
            ("v1", old, first),
            (first, old, first),
            ("main", new, second),
            (None, new, second),
        ):
            back = DistilledSet.from_pretrained(NAME, revision=revision)
            assert (back.fingerprint, back.provenance["hub"]) == (made.fingerprint, f"{NAME}@{commit}")

    def test_a_set_that_was_fetched_goes_on_saying_where_it_came_from(self, hub: FakeHub, tmp_path: Path) -> None:
        commit = small_set().push_to_hub(NAME).revision
        limbeck.pull(NAME, out=tmp_path / "set")
        again = DistilledSet.load(tmp_path / "set")
        again.push_to_hub("ada/copy")
        assert DistilledSet.load(tmp_path / "set").provenance["hub"] == f"{NAME}@{commit}"
        assert f"{NAME}@{commit}".encode() in hub.repositories["dataset", "ada/copy"].files["README.md"]

    def test_what_was_fetched_needs_no_network(self, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
        made = small_set()
        commit = made.push_to_hub(NAME).revision
        DistilledSet.from_pretrained(NAME)
        point(monkeypatch, "http://127.0.0.1:9")
        asked = len(hub.asked)
        for revision in (None, commit):
            assert DistilledSet.from_pretrained(NAME, revision=revision, offline=True).fingerprint == made.fingerprint
        with pytest.raises(HubError, match=r"cannot be reached \(ConnectError.*offline=True"):
            DistilledSet.from_pretrained(NAME)
        assert len(hub.asked) == asked

    def test_a_file_that_is_no_part_of_a_set_is_never_asked_for(self, hub: FakeHub) -> None:
        small_set().push_to_hub(NAME)
        repository = hub.repositories["dataset", NAME]
        more = {
            "data.safetensors.py": b"x",
            "evil.pkl": pickle.dumps(print),
            "sub/config.json": b"{}",
            "loader.py": b"x",
        }
        repository.commit(repository.files | more)
        DistilledSet.from_pretrained(NAME)
        fetched = {line.rpartition("/")[2] for line in hub.asked if "/resolve/" in line}
        assert fetched == {"config.json", "data.safetensors"}


class TestPrivacy:
    def test_paths_and_what_was_before_optimisation_stay_here(self, hub: FakeHub) -> None:
        _with_secrets().push_to_hub(NAME)
        sent = _all_files(hub)
        assert b"secret" not in sent
        assert b"/mnt" not in sent
        back = DistilledSet.from_pretrained(NAME)
        assert back.start is None
        assert back.provenance["imported"]["from"] == "day one.wav"

    def test_what_people_may_want_to_keep_is_said_before_it_goes(self) -> None:
        remarks = " ".join(_with_secrets().push_to_hub(NAME, dry_run=True).remarks)
        assert "3 classes" in remarks
        assert HOSTILE[0] in remarks
        assert "name of the dataset goes along: <b>toy</b>" in remarks

    def test_a_private_set_is_for_its_owner_alone(self, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
        small_set().push_to_hub(NAME, private=True)
        assert hub.repositories["dataset", NAME].private
        assert len(DistilledSet.from_pretrained(NAME))
        monkeypatch.setenv("HF_TOKEN", "hf_bob")
        with pytest.raises(HubError, match="no dataset ada/bells on the hub; or your token gives no access to it"):
            DistilledSet.from_pretrained(NAME)
        assert len(DistilledSet.from_pretrained(NAME, token="hf_ada"))
        monkeypatch.delenv("HF_TOKEN")
        with pytest.raises(HubError, match=r"or it is private, and there is no token\. Make a token .*hf auth login"):
            DistilledSet.from_pretrained(NAME)

    def test_what_should_be_private_does_not_go_where_all_may_read(self, hub: FakeHub) -> None:
        small_set().push_to_hub(NAME)
        before = len(hub.repositories["dataset", NAME].commits)
        with pytest.raises(HubError, match="Nothing was sent: ada/bells is there already, and public"):
            small_set(per_class=3).push_to_hub(NAME, private=True)
        assert len(hub.repositories["dataset", NAME].commits) == before


class TestErrors:
    def test_no_token(self, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("HF_TOKEN")
        with pytest.raises(HubError, match=r"there is no token\. .*hf auth login \(or set HF_TOKEN\)"):
            small_set().push_to_hub(NAME)
        assert hub.asked == []

    @pytest.mark.parametrize("token", ["hf_bob", "hf_nobody"])
    def test_a_token_that_may_not_write(self, hub: FakeHub, token: str) -> None:
        hub.put("dataset", NAME, {"a": b""})
        with pytest.raises(HubError, match="Nothing was sent: the token may not write to ada/bells"):
            small_set().push_to_hub(NAME, token=token)
        assert hub.repositories["dataset", NAME].files == {"a": b""}

    def test_no_network(self, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
        point(monkeypatch, "http://127.0.0.1:9")
        with pytest.raises(HubError, match=r"cannot be reached \(ConnectError"):
            small_set().push_to_hub(NAME)
        with pytest.raises(HubError, match=r"is not in the hub's cache on this machine.*offline"):
            DistilledSet.from_pretrained(NAME, offline=True)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(HubError, match="while HF_HUB_OFFLINE is set"):
            small_set().push_to_hub(NAME)
        with pytest.raises(HubError, match="offline"):
            DistilledSet.from_pretrained(NAME)
        assert hub.asked == []

    def test_unknown_names_and_revisions(self, hub: FakeHub) -> None:
        with pytest.raises(HubError, match="There is no dataset ada/nosuch on the hub"):
            DistilledSet.from_pretrained("ada/nosuch")
        small_set().push_to_hub(NAME)
        with pytest.raises(HubError, match="ada/bells on the hub has no branch, tag or commit 'v7'"):
            DistilledSet.from_pretrained(NAME, revision="v7")

    @pytest.mark.parametrize(
        "name", ["bells", "a/b/c", "../x", "ada/", "/srv/set", "https://hf.co/a/b", "a b/c", "", 3]
    )
    def test_what_is_no_name(self, name: Any) -> None:
        for ask in (DistilledSet.from_pretrained, small_set().push_to_hub):
            with pytest.raises(InputError, match="written owner/name"):
                ask(name)

    def test_conditions(self, hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
        small_set().push_to_hub(NAME)
        hub.conditions.add(NAME)
        monkeypatch.setenv("HF_TOKEN", "hf_bob")
        with pytest.raises(HubError, match=f"open to those who accept its conditions: {hub.url}/datasets/{NAME}"):
            DistilledSet.from_pretrained(NAME)

    def test_a_licence_that_the_hub_does_not_know(self, hub: FakeHub) -> None:
        with pytest.raises(HubError, match=r'does not take.*"license" must be one of a list, not Do what you like'):
            small_set().push_to_hub(NAME, licence="Do what you like")

    def test_a_set_without_samples_is_not_sent(self, hub: FakeHub) -> None:
        empty = small_set(per_class=0)
        with pytest.raises(InputError, match="no samples"):
            empty.push_to_hub(NAME)
        assert hub.asked == []


def _one_bit(content: bytes) -> bytes:
    return content[:-9] + bytes([content[-9] ^ 1]) + content[-8:]


class TestSafety:
    def test_something_else_is_refused_before_it_is_fetched(self, hub: FakeHub) -> None:
        hub.put("dataset", NAME, {"train.parquet": b"PAR1", "data.bin": pickle.dumps(print)})
        with pytest.raises(HubError, match=r"no config\.json is in it, but data\.bin, train\.parquet"):
            DistilledSet.from_pretrained(NAME)
        assert not any("/resolve/" in line for line in hub.asked)

    def test_large_files_are_refused_before_they_are_fetched(self, hub: FakeHub) -> None:
        small_set().push_to_hub(NAME)
        with pytest.raises(HubError, match=r"ada/bells takes .* and 1 kB at most were to be fetched.*max_bytes"):
            DistilledSet.from_pretrained(NAME, max_bytes=1000)
        files = hub.repositories["dataset", NAME].files
        hub.repositories["dataset", NAME].commit(files | {"config.json": bytes(50_000_001)})
        with pytest.raises(HubError, match=r"config\.json of ada/bells takes 50 MB, far more than settings do"):
            DistilledSet.from_pretrained(NAME)
        assert not any("/resolve/" in line for line in hub.asked)

    @pytest.mark.parametrize("file", ["config.json", "data.safetensors"])
    @pytest.mark.parametrize("damage", [lambda x: x[: len(x) // 2], _one_bit, pickle.dumps])
    def test_damaged_files_are_refused(self, hub: FakeHub, file: str, damage: Any) -> None:
        small_set().push_to_hub(NAME)
        files = hub.repositories["dataset", NAME].files
        hub.repositories["dataset", NAME].commit(files | {file: damage(files[file])})
        with pytest.raises(
            HubError, match=r"ada/bells@\w{40} on the hub cannot be read: .*Its owner can push it again"
        ):
            DistilledSet.from_pretrained(NAME)

    @pytest.mark.parametrize("broken", [RuntimeError("shape"), RecursionError(), IndexError(7), UnicodeError("utf-8")])
    def test_whatever_a_strangers_files_break_is_one_sentence(self, tmp_path: Path, broken: Exception) -> None:
        def load(folder: Path) -> None:
            raise broken

        with pytest.raises(HubError, match=rf"ada/bells@0f on the hub cannot be read: {type(broken).__name__}: "):
            Download("ada/bells", "0f", tmp_path).read(load)

    def test_what_the_system_refuses_is_no_fault_of_the_repository(self, tmp_path: Path) -> None:
        def load(folder: Path) -> None:
            raise PermissionError(13, "Permission denied", str(folder))

        with pytest.raises(PermissionError):
            Download("ada/bells", "0f", tmp_path).read(load)

    def test_a_set_that_changes_while_it_is_fetched_is_refused(self, hub: FakeHub) -> None:
        small_set().push_to_hub(NAME)
        hub.swaps.add(NAME)
        with pytest.raises(HubError, match="was changed on the hub while it was fetched"):
            DistilledSet.from_pretrained(NAME)


class TestCard:
    def test_its_head_is_read_as_it_was_meant(self, hub: FakeHub) -> None:
        small_set().push_to_hub(NAME, licence="cc-by-4.0")
        head = head_of(hub.repositories["dataset", NAME].files["README.md"].decode())
        assert head == {
            "license": "cc-by-4.0",
            "tags": ["dataset-distillation", "audio", "image", "limbeck"],
            "library_name": "limbeck",
            "source_datasets": ["<b>toy</b>"],
        }

    def test_it_says_how_it_was_made_and_how_well_it_does(self, hub: FakeHub) -> None:
        made = _with_secrets()
        more = {"cost": {"seconds": 75.0}, "machine": {"cores": 2}, "versions": {"limbeck": "0.1.0"}, "clips": 1200}
        found = [Result(dataset="a|b", measure="accuracy (A+V)", value=71.25, spread=2.04, repeats=3, about="convnet")]
        replace(made, provenance=made.provenance | more).push_to_hub(NAME, licence="mit", results=found)
        text = hub.repositories["dataset", NAME].files["README.md"].decode()
        for line in (
            "- Method: dm",
            "- Seed: 3",
            "- Took: 1 min 15 s",
            "- Machine: cores 2",
            "- Versions: limbeck 0.1.0",
        ):
            assert line in text
        assert "- Training clips: 1200" in text
        assert "- Licence: mit" in text
        assert r"| a\|b | accuracy (A+V) | 71.2 ± 2.0 % | 3 | convnet |" in text
        assert "![Samples: audio](audio.png)" in text
        assert "<b>toy" not in text.partition("```json")[0].rpartition("## How")[2]

    @pytest.mark.parametrize(("hold", "across", "down"), [("mosaic:2", 8, 3), ("plain", 3, 2)])
    def test_its_pictures_show_a_row_or_a_column_for_each_class(
        self, hub: FakeHub, hold: str, across: int, down: int
    ) -> None:
        made = small_set(hold=hold)
        made.push_to_hub(NAME)
        for m, kind in made.modalities.items():
            # As large as fits 96 pixels in whole steps, with two of white around each.
            height, width = (side * (96 // max(kind.shape[-2:])) for side in kind.shape[-2:])
            sheet = Image.open(io.BytesIO(hub.repositories["dataset", NAME].files[f"{m}.png"]))
            assert sheet.size == (across * (width + 4), down * (height + 4))

    @pytest.mark.slow
    def test_its_code_runs_as_it_stands(self, hub: FakeHub, tmp_path: Path) -> None:
        made = small_set()
        made.push_to_hub(NAME)
        text = hub.repositories["dataset", NAME].files["README.md"].decode()
        (code,) = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
        done = _process(hub, tmp_path, "-c", code)
        assert done.returncode == 0, done.stderr
        assert str(tuple(made.modalities["audio"].shape)) in done.stdout.replace("torch.Size([", "(").replace("])", ")")


class TestCommands:
    @pytest.mark.slow
    def test_a_folder_goes_there_with_its_accuracies_and_comes_back(self, hub: FakeHub, tmp_path: Path) -> None:
        """In processes of their own, which find the hub by HF_ENDPOINT, as a user would."""
        made = small_set()
        made.save(tmp_path / "set")
        _score(made, tmp_path / "set")
        dry = _process(hub, tmp_path, "-m", "limbeck", "push", "set", NAME, "--dry-run")
        assert dry.returncode == 0, dry.stderr
        assert hub.asked == []
        assert "data.safetensors: " in dry.stderr
        assert "Nothing was sent" in dry.stderr
        assert dry.stdout == f"{hub.url}/datasets/{NAME}\n"
        sent = _process(hub, tmp_path, "-m", "limbeck", "push", "set", NAME, "--licence", "cc0-1.0", "--json")
        assert sent.returncode == 0, sent.stderr
        commit = json.loads(sent.stdout)["revision"]
        assert r"| toy-test | accuracy (A) | 62.5 ± 17.7 % | 2 |" in _all_files(hub).decode("utf-8", "replace")
        back = _process(hub, tmp_path, "-m", "limbeck", "pull", NAME, "--revision", commit, "--out", "back")
        assert back.returncode == 0, back.stderr
        assert back.stdout == "back\n"
        assert f"{NAME}@{commit}: 24 samples of 3 classes" in back.stderr
        assert DistilledSet.load(tmp_path / "back").fingerprint == made.fingerprint

    def test_quiet_is_quiet(self, hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        small_set().save(tmp_path / "set")
        with pytest.raises(SystemExit, match="0"):
            cli.main(["push", str(tmp_path / "set"), NAME, "--quiet"])
        with pytest.raises(SystemExit, match="0"):
            cli.main(["pull", NAME, "--out", str(tmp_path / "back"), "--quiet"])
        out, err = capsys.readouterr()
        assert (out.splitlines()[-1], err) == (str(tmp_path / "back"), "")

    def test_errors_are_sentences(
        self, hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.chdir(tmp_path)
        small_set().save(tmp_path / "set")
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "x").touch()
        for words, said in (
            (["pull", "ada/nosuch", "--out", "new"], "There is no dataset ada/nosuch"),
            (["pull", "nosuch", "--out", "new"], "written owner/name"),
            (["pull", NAME, "--out", "full"], "not an empty folder"),
            (["push", "nosuch", NAME], "is not a distilled set"),
            (["push", "set", "bob/bells"], "may not write to bob/bells"),
        ):
            with pytest.raises(SystemExit, match="1"):
                cli.main(words)
            told = capsys.readouterr().err
            assert f"Error: {told.partition('Error: ')[2]}" == told
            assert said in told
        assert not (tmp_path / "new").exists()


def _score(made: DistilledSet, folder: Path) -> None:
    """Keep an accuracy of a set in its folder, as an evaluation does."""
    test = Source(kind="clips", name="toy-test", fingerprint="0", modalities=("audio", "image"), samples=2, rows=2,
                  stored_bytes=9, storage="prepared")  # fmt: skip
    repeats = tuple(Repeat(seed=n, seconds=1, values={"A": 50.0 + 25 * n, "A+V": 75.0}) for n in range(2))
    score = Score(measure="accuracy", settings={"head": "ensemble"}, trained_on=Source.of(made), tested_on=test,
                  letters={"audio": "A", "image": "V"}, classes=made.classes, truth=(0, 1), network=Architecture(),
                  protocol=Protocol(), scales={}, seed=0, device="cpu", repeats=repeats)  # fmt: skip
    keep(file_of(score, folder / SCORES, "dm"), score)


def _process(hub: FakeHub, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Python with some words, in a folder, which knows the hub by the environment alone."""
    there = {"HF_ENDPOINT": hub.url, "HF_HOME": str(folder / "home"), "HF_TOKEN": "hf_ada", "HF_HUB_DISABLE_XET": "1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=kept | there, capture_output=True, text=True, check=False, timeout=300
    )
