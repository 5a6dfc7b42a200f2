"""The official layout of Speech Commands."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from tests.helpers import layouts

from limbeck import datasets
from limbeck.datasets.speech_commands import SpeechCommands
from limbeck.errors import InputError, MediaError
from limbeck.media import ClipRecipe


def test_splits_are_those_of_the_lists_and_noise_is_left_out(tmp_path: Path) -> None:
    dataset = SpeechCommands(**layouts.speech_commands(tmp_path))
    clips = dataset.clips()
    assert dataset.classes == ("cat", "no", "yes")
    assert Counter((c.split, c.label) for c in clips) == {
        (split, word): n for split, n in (("train", 2), ("validation", 1), ("test", 1)) for word in dataset.classes
    }
    assert {Path(c.id).stem for c in clips if c.split == "test"} == {"3b4f8f24_nohash_0"}
    assert clips[0].id == "cat/0a7c2a8d_nohash_0.wav"
    assert clips[0].audio == tmp_path / "cat" / "0a7c2a8d_nohash_0.wav"


def test_words_can_be_the_ten_commands_or_some(tmp_path: Path) -> None:
    layouts.speech_commands(tmp_path, ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go", "cat"))
    commands = SpeechCommands(root=tmp_path, words="commands")
    assert commands.classes == ("down", "go", "left", "no", "off", "on", "right", "stop", "up", "yes")
    assert {c.label for c in commands.clips()} == set(commands.classes)
    assert {c.label for c in SpeechCommands(root=tmp_path, words="cat, go").clips()} == {"cat", "go"}
    assert len(SpeechCommands(root=tmp_path).classes) == 11


def test_the_rate_is_that_of_the_recordings(tmp_path: Path) -> None:
    layouts.speech_commands(tmp_path / "data")
    prepared = datasets.prepare("speech_commands", tmp_path / "data", out=tmp_path / "out", workers=1, progress=False)
    assert prepared.recipe.mel.sample_rate_hz == 16000
    assert prepared.recipe.tracks == ("audio",)
    assert {split: len(prepared.clips(split)) for split in prepared.splits} == {"train": 6, "validation": 3, "test": 3}
    assert [*prepared.repairs.values()] == [12], "shorter than a second: silence is put behind"


def test_recordings_that_are_lost_are_listed_and_rejected(tmp_path: Path) -> None:
    layouts.speech_commands(tmp_path)
    (tmp_path / "cat" / "3b4f8f24_nohash_0.wav").unlink()
    dataset = SpeechCommands(root=tmp_path)
    lost = next(c for c in dataset.clips() if c.id == "cat/3b4f8f24_nohash_0.wav")
    assert lost.split == "test"
    with pytest.raises(MediaError, match="missing_file"):
        dataset.read(lost, ClipRecipe(tracks=("audio",)))
    assert np.isfinite(dataset.read(dataset.clips()[0], ClipRecipe(tracks=("audio",))).sound).all()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"words": "yes,nope"}, r"has no recordings of nope; its words are cat, no, yes\."),
        ({"words": "commands"}, r"has no recordings of down, go, left"),
        ({"words": "yes"}, r"Two words or more are needed as classes, but .* gives \['yes'\]"),
        ({"words": ""}, r"Two words or more are needed as classes, but .* gives \[\]"),
    ],
)
def test_words_that_are_not_there_are_told(options: dict[str, str], told: str, tmp_path: Path) -> None:
    layouts.speech_commands(tmp_path)
    with pytest.raises(InputError, match=told):
        SpeechCommands(root=tmp_path, **options).clips()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("validation_list.txt", None, "should be the list of validation recordings, but there is no such file"),
        ("testing_list.txt", None, "should be the list of test recordings"),
        ("testing_list.txt", "a.wav\n", "testing_list.txt, line 1: <word>/<file> was expected, but 'a.wav' came"),
        ("testing_list.txt", "\n../x/a.wav\n", "line 2: <word>/<file> was expected"),
        ("testing_list.txt", "_background_noise_/white_noise.wav\n", "line 1: <word>/<file> was expected"),
        ("testing_list.txt", "cat/2aca1e72_nohash_0.wav\n", "is in validation and in test; it belongs to one"),
        ("testing_list.txt", "c\udcffat/x.wav\n", "is not UTF-8"),
    ],
)
def test_lists_that_cannot_be_meant_are_told(name: str, text: str | None, told: str, tmp_path: Path) -> None:
    layouts.speech_commands(tmp_path)
    (tmp_path / name).unlink()
    if text is not None:
        (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=told):
        SpeechCommands(root=tmp_path).clips()


def test_lists_alone_are_refused(tmp_path: Path) -> None:
    for name in ("validation", "testing"):
        (tmp_path / f"{name}_list.txt").write_text(f"yes/{name}.wav\nno/{name}.wav\n")
    with pytest.raises(InputError, match=r"None of the files that the lists .* Put the folders of words beside"):
        SpeechCommands(root=tmp_path).clips()
