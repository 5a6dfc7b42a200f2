"""What every encoder of the room must do, checked before it has tests of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.helpers import network

from limbeck import encoders
from limbeck._discover import summary
from limbeck.encoders._weights import HubFiles
from limbeck.errors import InputError, MissingWeightsError, UnknownNameError
from limbeck.testing import EncoderContract

PARTS = {"clap": 1, "msclap": 2, "audioclip": 2, "wav2clip": 2, "yamnet": 3, "birdnet": 3, "panns": 3}
"""Things each needs: networks, names of classes, tokenizers, models of text."""


def test_an_unknown_name_names_its_neighbour() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'msclap'"):
        encoders.load("msclapp")


def test_all_are_there() -> None:
    assert {"audioclip", "birdnet", "clap", "msclap", "panns", "wav2clip", "yamnet"} <= set(encoders.names())


@pytest.mark.parametrize("name", encoders.names())
class TestEveryEncoder(EncoderContract):
    def test_its_first_line_has_its_name(self, name: str) -> None:
        assert f"`{name}`" in summary("limbeck.encoders", name)

    @pytest.mark.parametrize("way", ["argument", "HF_HUB_OFFLINE"])
    def test_missing_weights_offline_name_the_command_that_gets_them(
        self, name: str, way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "1" if way == "HF_HUB_OFFLINE" else "")
        network.forbid(monkeypatch)
        for checkpoint in (None, *encoders.load(name).checkpoints):
            with pytest.raises(MissingWeightsError, match=r"(?s)offline.*(hf download \w|curl -L .*https://)"):
                encoders.load(name).pretrained(checkpoint, offline=way == "argument")

    def test_what_comes_from_the_hub_is_of_one_commit(self, name: str) -> None:
        for checkpoint in encoders.load(name).checkpoints:
            for needed in encoders.load(name)._needed(checkpoint, None):
                if isinstance(needed.source, HubFiles):
                    assert re.fullmatch("[0-9a-f]{40}", needed.source.revision)

    def test_a_folder_is_filled_by_what_the_message_says(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The command, given without network, names all that it would put there."""
        monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "ours"))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        network.forbid(monkeypatch)
        kind = encoders.load(name)
        with pytest.raises(MissingWeightsError, match=rf"limbeck sounds weights {name} --to FOLDER$"):
            kind.pretrained(folder=tmp_path / "w", offline=True)
        for checkpoint in kind.checkpoints:
            with pytest.raises(MissingWeightsError) as caught:
                kind.fetch(tmp_path / "w", checkpoint, offline=True)
            files = [f for n in kind._needed(checkpoint, tmp_path) for f in n.source.lacking(tmp_path)]
            assert files
            assert all(file in str(caught.value) for file in files)
        assert not (tmp_path / "w").exists()
        with pytest.raises(UnknownNameError, match="no checkpoint 'nosuch'"):
            kind.fetch(tmp_path / "w", "nosuch", offline=True)

    def test_a_folder_without_the_weights_is_refused_with_the_command(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        network.forbid(monkeypatch)
        with pytest.raises(MissingWeightsError, match=r"(?s)(hf download \w|curl -L .*https://)") as caught:
            encoders.load(name).pretrained(folder=tmp_path)
        assert str(tmp_path) in str(caught.value)

    def test_a_folder_may_be_text_and_must_be_a_path(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        network.forbid(monkeypatch)
        kind = encoders.load(name)
        with pytest.raises(MissingWeightsError, match="nosuch"):
            kind.pretrained(folder=str(tmp_path / "nosuch"))
        with pytest.raises(InputError, match="folder of weights must be a path, but got 3"):
            kind.pretrained(folder=3)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="'cpu' or 'cuda' was expected, but got 'gpu'"):
            kind.pretrained(folder=tmp_path, device="gpu")

    def test_all_that_is_missing_is_named_with_where_it_was_looked_for(
        self, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "ours"))
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
        network.forbid(monkeypatch)
        kind = encoders.load(name)
        with pytest.raises(MissingWeightsError) as caught:
            kind.pretrained(folder=tmp_path / "weights")
        *lines, advice = str(caught.value).splitlines()[1:]
        assert advice.endswith(f"limbeck sounds weights {name} --to FOLDER")
        assert len(lines) == PARTS[name]
        assert all(f"looked for in {tmp_path / 'weights'}" in line for line in lines)
        assert all("hf download" in line or "curl" in line for line in lines)
        with pytest.raises(MissingWeightsError) as caught:
            kind.pretrained(offline=True)
        lines = str(caught.value).splitlines()[1 : 1 + PARTS[name]]
        assert all("looked for in the cache" in line and str(tmp_path) in line for line in lines)
