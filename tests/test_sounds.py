"""Naming sounds from Python, from files to names, with a small real encoder that needs no weights."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from tests.helpers.listener import RATE_HZ, WORDS, Listener, recording, tone
from tests.helpers.weights_folder import yamnet_folder

from limbeck import sounds
from limbeck.encoders import AudioEmbeddings
from limbeck.encoders.yamnet import YamNet
from limbeck.errors import BusyError, FingerprintError, InputError
from limbeck.index import SoundIndex
from limbeck.media import write_wav
from limbeck.prototypes import SoundClassifier
from limbeck.sounds import _arrivals, _correct, _labels, _naming
from limbeck.sounds._nature import nature
from limbeck.sounds._standing import EVERYDAY


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Thirty recordings of three tones, their index, and a classifier learned from three words."""
    folder = tmp_path_factory.mktemp("sounds")
    for word, hertz in WORDS.items():
        for i in range(10):
            recording(folder / "recordings" / word / f"{i}.wav", hertz, seed=i)
    encoder = Listener()
    done = sounds.index(folder / "recordings", out=folder / "index", encoder=encoder, workers=1, progress=False)
    learned = sounds.learn(
        folder / "index", "low, middle, high", out=folder / "classifier", reject="auto", encoder=encoder
    )
    return SimpleNamespace(folder=folder, encoder=encoder, done=done, learned=learned)


@pytest.fixture
def copied(made: SimpleNamespace, tmp_path: Path) -> SimpleNamespace:
    """A classifier of its own for a test."""
    sounds.learn(made.folder / "index", list(WORDS), out=tmp_path / "classifier", encoder=made.encoder, neighbours=4)
    return SimpleNamespace(folder=tmp_path / "classifier", encoder=made.encoder, recordings=made.folder / "recordings")


def stands(classifier: SoundClassifier, label: str) -> set[str]:
    return {f"{Path(piece.path).parent.name}/{Path(piece.path).name}" for _, piece in classifier.neighbours(label)}


class TestIndex:
    def test_counts_what_was_done(self, made: SimpleNamespace) -> None:
        assert (made.done.added, made.done.rejected) == (30, [])
        again = sounds.index(
            made.folder / "recordings", out=made.folder / "index", encoder=made.encoder, progress=False
        )
        assert (again.added, again.unchanged) == (0, 30)

    def test_windows_of_an_index_stay(self, made: SimpleNamespace) -> None:
        with pytest.raises(InputError, match="windows of 2 s every 2 s"):
            sounds.index(
                made.folder / "recordings", out=made.folder / "index", encoder=made.encoder, window=1.0, progress=False
            )

    @pytest.mark.parametrize("lengths", [{"hop": 1e-4}, {"hop": np.inf}, {"window": 1e-9}, {"window": -1.0}])
    def test_windows_that_cannot_be_cut_make_no_index(
        self, made: SimpleNamespace, lengths: dict[str, float], tmp_path: Path
    ) -> None:
        with pytest.raises(InputError, match="at least a sample long"):
            sounds.index(
                made.folder / "recordings", out=tmp_path / "index", encoder=made.encoder, progress=False, **lengths
            )
        assert not SoundIndex.exists(tmp_path / "index")

    def test_an_index_that_is_there_keeps_its_encoder(self, made: SimpleNamespace) -> None:
        with pytest.raises(InputError, match="two encoders"):
            sounds.index(
                made.folder / "recordings", out=made.folder / "index", encoder=Listener(seed=3), progress=False
            )

    def test_its_encoder_need_not_be_named(self, made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("limbeck.encoders.load", {"spectral": Listener}.__getitem__)
        again = sounds.index(made.folder / "recordings", out=made.folder / "index", workers=1, progress=False)
        assert (again.added, again.unchanged) == (0, 30)

    def test_another_name_is_refused_before_anything_is_loaded(
        self, made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("limbeck.encoders.load", {}.__getitem__)
        with pytest.raises(InputError, match=r"made with spectral, but clap was requested.*--encoder"):
            sounds.index(made.folder / "recordings", out=made.folder / "index", encoder="clap", progress=False)
        with pytest.raises(InputError, match="windows of 2 s every 2 s"):
            sounds.index(made.folder / "recordings", out=made.folder / "index", hop=1.0, progress=False)


class TestSearch:
    def test_finds_what_the_words_name(self, made: SimpleNamespace) -> None:
        hits = sounds.search(made.folder / "index", "a high tone", top=10, encoder=made.encoder)
        assert {hit.path.parent.name for hit in hits} == {"high"}
        assert [hit.similarity for hit in hits] == sorted((hit.similarity for hit in hits), reverse=True)

    def test_says_how_far_a_hit_stands_above_the_usual(self, made: SimpleNamespace) -> None:
        """Against the definition: the best of everyday words, their middle, and the distance from it."""
        options = {"encoder": made.encoder, "standing": True}
        usual = [sounds.search(made.folder / "index", word, top=1, encoder=made.encoder)[0] for word in EVERYDAY]
        best = np.array([hit.similarity for hit in usual])
        spread = 1.4826 * np.median(np.abs(best - np.median(best)))
        hits = sounds.search(made.folder / "index", "low", **options)
        for hit in hits:
            assert hit.above == pytest.approx((hit.similarity - np.median(best)) / spread, abs=1e-3)
        assert hits[0].above is not None
        assert hits[0].above > 0
        assert sounds.search(made.folder / "index", "low", encoder=made.encoder)[0].above is None
        path = made.folder / "recordings" / "low" / "0.wav"
        assert sounds.search(made.folder / "index", like=[path], **options)[0].above is None

    def test_a_file_is_no_word(self, made: SimpleNamespace) -> None:
        path = made.folder / "recordings" / "low" / "0.wav"
        with pytest.raises(InputError, match=rf"search looks for words. .* --like {path}"):
            sounds.search(made.folder / "index", str(path), encoder=made.encoder)

    def test_takes_an_open_index(self, made: SimpleNamespace) -> None:
        opened = SoundIndex.open(made.folder / "index")
        assert len(sounds.search(opened, "low", top=3, encoder=made.encoder)) == 3

    def test_refuses_no_words_and_another_encoder(self, made: SimpleNamespace) -> None:
        with pytest.raises(InputError, match="no words to look for"):
            sounds.search(made.folder / "index", " ", encoder=made.encoder)
        with pytest.raises(InputError, match=r"is no text in UTF-8"):
            sounds.search(made.folder / "index", "low \udce9", encoder=made.encoder)
        with pytest.raises(FingerprintError, match="two encoders cannot be compared"):
            sounds.search(made.folder / "index", "low", encoder=Listener(seed=1))


class TestSearchByExample:
    def test_finds_what_sounds_like_a_recording_but_not_itself(self, made: SimpleNamespace) -> None:
        example = made.folder / "recordings" / "high" / "3.wav"
        hits = sounds.search(made.folder / "index", like=[example], top=9, encoder=made.encoder)
        assert {hit.path.parent.name for hit in hits} == {"high"}
        assert len(hits) == 9
        assert example not in {hit.path for hit in hits}

    def test_a_window_of_a_long_recording(self, made: SimpleNamespace, tmp_path: Path) -> None:
        long = recording(tmp_path / "long.wav", 200, 3000, seed=77)
        for at, word in ((0.0, "low"), (2.1, "high")):
            hits = sounds.search(made.folder / "index", like=[long], at=at, top=5, encoder=made.encoder)
            assert {hit.path.parent.name for hit in hits} == {word}
        with pytest.raises(InputError, match=r"cannot be used: .*beyond_end"):
            sounds.search(made.folder / "index", like=[long], at=60.0, encoder=made.encoder)

    def test_what_is_not_wanted_and_words_have_their_say(self, made: SimpleNamespace, tmp_path: Path) -> None:
        mixed = recording(tmp_path / "mixed.wav", 200, 900, seed=77)
        low = recording(tmp_path / "low.wav", 200, seed=78)
        for words in ("", "middle"):
            hits = sounds.search(made.folder / "index", words, like=[mixed], unlike=[low], top=5, encoder=made.encoder)
            assert {hit.path.parent.name for hit in hits} == {"middle"}
        hits = sounds.search(made.folder / "index", "low", like=[mixed], top=5, encoder=made.encoder)
        assert {hit.path.parent.name for hit in hits} == {"low"}

    def test_what_was_found_is_an_example_again(self, made: SimpleNamespace, tmp_path: Path) -> None:
        found = sounds.search(made.folder / "index", "high", top=3, encoder=made.encoder)
        sounds.ExampleSet.of(found).write(tmp_path / "high.json")
        again = sounds.search(made.folder / "index", like=[tmp_path / "high.json"], top=30, encoder=made.encoder)
        assert {hit.path for hit in again} & {hit.path for hit in found} == set()
        assert len(again) == 27
        assert {hit.path.parent.name for hit in again[:7]} == {"high"}
        with pytest.raises(InputError, match="belongs to one recording"):
            sounds.search(made.folder / "index", like=[tmp_path / "high.json"], at=1.0, encoder=made.encoder)

    def test_a_set_knows_its_recordings_by_their_bytes(self, made: SimpleNamespace, tmp_path: Path) -> None:
        own = recording(tmp_path / "own.wav", 900, seed=5)
        sounds.index(own, out=tmp_path / "index", encoder=made.encoder, workers=1, progress=False)
        found = sounds.search(tmp_path / "index", "middle", encoder=made.encoder)
        sounds.ExampleSet.of(found).write(tmp_path / "set.json")
        recording(own, 3000, seed=6)
        with pytest.raises(InputError, match="has changed since it was saved"):
            sounds.search(tmp_path / "index", like=[tmp_path / "set.json"], encoder=made.encoder)
        (tmp_path / "set.json").write_text("{}")
        with pytest.raises(InputError, match="was damaged or changed"):
            sounds.search(tmp_path / "index", like=[tmp_path / "set.json"], encoder=made.encoder)
        with pytest.raises(InputError, match="There is no set of examples"):
            sounds.search(tmp_path / "index", like=[tmp_path / "none.json"], encoder=made.encoder)

    def test_a_set_goes_on_after_the_archive_moved(self, made: SimpleNamespace, tmp_path: Path) -> None:
        """Once the index knows the new place, by bytes; what it finds is the same."""
        for word, hertz in WORDS.items():
            for i in range(3):
                recording(tmp_path / "old" / f"{word}{i}.wav", hertz, seed=i)
        options = {"encoder": made.encoder}
        sounds.index(tmp_path / "old", out=tmp_path / "index", workers=1, progress=False, **options)
        sounds.ExampleSet.of(sounds.search(tmp_path / "index", "high", top=2, **options)).write(tmp_path / "set.json")
        before = sounds.search(tmp_path / "index", like=[tmp_path / "set.json"], **options)
        (tmp_path / "old").rename(tmp_path / "new")
        with pytest.raises(InputError, match="is gone since it was saved"):
            sounds.search(tmp_path / "index", like=[tmp_path / "set.json"], **options)
        sounds.index(tmp_path / "new", out=tmp_path / "index", workers=1, progress=False, **options)
        now = sounds.search(tmp_path / "index", like=[tmp_path / "set.json"], **options)
        assert [hit.path.name for hit in now] == [hit.path.name for hit in before]
        assert len(now) == 7
        assert sounds.search(tmp_path / "index", "high", unlike=[tmp_path / "set.json"], **options)

    def test_windows_of_a_set_are_as_long_as_they_were(self, made: SimpleNamespace, tmp_path: Path) -> None:
        """In an index of two-second windows half a second before a high tone is looked for, and no tone."""
        long = recording(tmp_path / "long.wav", 200, 3000, seed=77)
        sounds.index(long, out=tmp_path / "short", window=0.5, encoder=made.encoder, workers=1, progress=False)
        found = sounds.search(tmp_path / "short", "low", top=8, encoder=made.encoder)
        sounds.ExampleSet.of([hit for hit in found if hit.start_s == 1.5]).write(tmp_path / "set.json")
        samples, rate = soundfile.read(long, dtype="int16")
        soundfile.write(tmp_path / "piece.wav", samples[round(1.5 * rate) : 2 * rate], rate)
        of_set, of_piece = (
            sounds.search(made.folder / "index", like=[tmp_path / name], top=30, encoder=made.encoder)
            for name in ("set.json", "piece.wav")
        )
        assert [hit.path for hit in of_set] == [hit.path for hit in of_piece]
        assert [hit.similarity for hit in of_set] == pytest.approx([hit.similarity for hit in of_piece], abs=1e-4)

    def test_a_beginning_without_an_example(self, made: SimpleNamespace) -> None:
        with pytest.raises(InputError, match="belongs to a recording"):
            sounds.search(made.folder / "index", "low", at=2.0, encoder=made.encoder)

    def test_refuses_examples_that_are_no_sound(self, made: SimpleNamespace, tmp_path: Path) -> None:
        (tmp_path / "rotten.wav").write_bytes(b"RIFF")
        for name in ("rotten.wav", "nowhere.wav"):
            with pytest.raises(InputError, match=rf"The example .*{name} cannot be used: .*Give another recording"):
                sounds.search(made.folder / "index", like=[tmp_path / name], encoder=made.encoder)


class TestLearn:
    def test_words_find_their_recordings(self, made: SimpleNamespace) -> None:
        assert made.learned.labels == tuple(WORDS)
        for word in WORDS:
            assert {name.split("/")[0] for name in stands(made.learned, word)} == {word}

    def test_what_is_on_disk_is_what_was_returned(self, made: SimpleNamespace) -> None:
        again = SoundClassifier.load(made.folder / "classifier")
        np.testing.assert_array_equal(again.classifier.prototypes_, made.learned.classifier.prototypes_)
        assert sounds.summary(again) == sounds.summary(made.learned)
        assert json.loads((made.folder / "classifier" / "origin.json").read_text())["index"] == "../index"

    def test_descriptions_are_read_instead_of_labels(self, made: SimpleNamespace, tmp_path: Path) -> None:
        (tmp_path / "labels.txt").write_text("hum: low tone\n\n# a remark\nwhistle: high tone\n", encoding="utf-8")
        learned = sounds.learn(made.folder / "index", tmp_path / "labels.txt", encoder=made.encoder)
        assert learned.labels == ("hum", "whistle")
        assert {name.split("/")[0] for name in stands(learned, "whistle")} == {"high"}

    def test_the_published_method_knows_one_space_and_rejects_nothing(self, made: SimpleNamespace) -> None:
        learned = sounds.learn(made.folder / "index", list(WORDS), preset="paper", neighbours=5, encoder=made.encoder)
        told = sounds.summary(learned)
        assert (told["space"], told["threshold"], told["settings"]["metric"]) == ("joint", None, "euclidean")
        assert told["neighbours"] == dict.fromkeys(WORDS, 5)

    def test_what_does_not_fit_is_refused(self, made: SimpleNamespace, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"'nosuch' is no setting .*neighbours"):
            sounds.learn(made.folder / "index", "low", encoder=made.encoder, settings={"nosuch": 1})
        with pytest.raises(InputError, match="no preset 'best'"):
            sounds.learn(made.folder / "index", "low", encoder=made.encoder, preset="best")
        empty = SoundIndex.create(tmp_path / "empty", made.encoder)
        with pytest.raises(InputError, match="holds no window"):
            sounds.learn(empty, "low", encoder=made.encoder)

    def test_words_that_stand_for_the_same_windows_are_named(self, made: SimpleNamespace) -> None:
        words = {"low": "", "bass": "low", "high": ""}
        learned = sounds.learn(made.folder / "index", words, encoder=made.encoder)
        assert sounds.summary(learned)["alike"] == [["low", "bass"]]
        assert sounds.summary(made.learned)["alike"] == []

    def test_one_window_teaches_nothing(self, made: SimpleNamespace, tmp_path: Path) -> None:
        path = recording(tmp_path / "one.wav", 200)
        sounds.index(path, out=tmp_path / "index", encoder=made.encoder, workers=1, progress=False)
        with pytest.raises(InputError, match="One recording alone has no deviation"):
            sounds.learn(tmp_path / "index", "low,high", encoder=made.encoder)

    def test_a_folder_of_other_things_is_left_alone(self, made: SimpleNamespace, tmp_path: Path) -> None:
        (tmp_path / "learned").mkdir()
        (tmp_path / "learned" / "notes.txt").write_text("years of work", encoding="utf-8")
        (tmp_path / "config.json").write_text('{"mine": true}', encoding="utf-8")
        with pytest.raises(InputError, match=r"holds other things \(config.json, learned\); choose a new folder"):
            sounds.learn(made.folder / "index", "low", out=tmp_path, encoder=made.encoder)
        assert sorted(path.name for path in tmp_path.rglob("*")) == ["config.json", "learned", "notes.txt"]
        assert (tmp_path / "config.json").read_text(encoding="utf-8") == '{"mine": true}'

    def test_a_classifier_that_was_begun_is_finished(self, copied: SimpleNamespace) -> None:
        (copied.folder / "config.json").unlink()
        sounds.learn(copied.recordings.parent / "index", list(WORDS), out=copied.folder, encoder=copied.encoder)
        assert SoundClassifier.load(copied.folder).labels == tuple(WORDS)


class TestExamples:
    def test_a_class_from_a_few_recordings(self, made: SimpleNamespace, tmp_path: Path) -> None:
        """Noise is no word of the encoder's; four recordings of it, one of them broken, make it a class."""
        told: list[str] = []
        for i in range(4):
            recording(tmp_path / "examples" / "white_noise" / f"{i}.wav", 0, seed=i)
            recording(tmp_path / "examples" / "low" / f"{i}.wav", 180, seed=i)
        (tmp_path / "examples" / "white_noise" / "0.wav").write_bytes(b"RIFF")
        learned = sounds.learn(
            made.folder / "index", list(WORDS), examples=tmp_path / "examples", out=tmp_path / "c",
            encoder=made.encoder, neighbours=4, told=told.append,
        )  # fmt: skip
        assert learned.labels == (*WORDS, "white_noise")
        assert [len(learned.neighbours(label)) for label in learned.labels] == [8, 4, 4, 3]
        assert len(told) == 1
        assert "An example of 'white_noise' is left out: " in told[0]
        new = [recording(tmp_path / f"{i}.wav", hz, seed=60 + i) for i, hz in enumerate([0, 200, 900, 3000])]
        found = list(sounds.classify(tmp_path / "c", new, encoder=made.encoder))
        assert [row.label for row in found] == ["white_noise", *WORDS]
        after = sounds.correct(tmp_path / "c", remove=[f"low={tmp_path}/examples/low/0.wav"])
        assert len(after.neighbours("low")) == 7

    @pytest.mark.parametrize("reject", [None, "auto", 0.1])
    def test_examples_without_any_word(self, made: SimpleNamespace, tmp_path: Path, reject: Any) -> None:
        for i in range(4):
            for name, hertz in (("Hyla arborea", 900), ("Grus grus", 3000)):
                recording(tmp_path / "examples" / name / f"{i}.wav", hertz, seed=30 + i)
        learned = sounds.learn(
            made.folder / "index", examples=tmp_path / "examples", reject=reject, encoder=made.encoder
        )
        assert learned.labels == ("Grus grus", "Hyla arborea")
        learned.save(tmp_path / "c")
        new = [recording(tmp_path / f"{i}.wav", hz, seed=60 + i) for i, hz in enumerate([900, 3000])]
        found = list(sounds.classify(tmp_path / "c", new, encoder=made.encoder, always=True))
        assert [row.label for row in found] == ["Hyla arborea", "Grus grus"]
        assert all(row.scores[0][1] > 0.6 for row in found)

    def test_folders_that_hold_none(self, made: SimpleNamespace, tmp_path: Path) -> None:
        (tmp_path / "examples" / "rain").mkdir(parents=True)
        for folder in ("examples", "nosuch"):
            with pytest.raises(InputError, match=r"Examples are folders of recordings, one for each word.* holds none"):
                sounds.learn(made.folder / "index", examples=tmp_path / folder, encoder=made.encoder)
        with pytest.raises(InputError, match="nothing to learn"):
            sounds.learn(made.folder / "index", encoder=made.encoder)


class TestLabels:
    def test_every_way_to_give_them(self, tmp_path: Path) -> None:
        path = tmp_path / "words.txt"
        path.write_text("\ufeffdog bark:  a dog: it barks \n  rain  \n", encoding="utf-8")
        assert _labels.read(path) == _labels.read(str(path)) == {"dog bark": "a dog: it barks", "rain": ""}
        assert _labels.read(" dog  bark ,rain") == _labels.read(["dog bark", "rain"]) == {"dog bark": "", "rain": ""}

    @pytest.mark.parametrize(
        ("typed", "read"),
        [
            ('"dog barking, loud",rain', {"dog barking, loud": "", "rain": ""}),
            ("crane: a bird calling,rain", {"crane": "a bird calling", "rain": ""}),
            ('crane: "a bird, calling", rain', {"crane": "a bird, calling", "rain": ""}),
            ('"crane: a bird, calling", rain', {"crane": "a bird, calling", "rain": ""}),
            ('12" record, "7"" single"', {'12" record': "", '7" single': ""}),
            ("a: b: c,d", {"a": "b: c", "d": ""}),
        ],
    )
    def test_quotes_keep_commas_and_colons_begin_descriptions(
        self, typed: str, read: dict[str, str], tmp_path: Path
    ) -> None:
        assert _labels.read(typed) == read
        lines = "\n".join(
            f'"{label}": {about}'.replace('12" ', '12"" ').replace('7" ', '7"" ') for label, about in read.items()
        )
        (tmp_path / "words.txt").write_text(lines, encoding="utf-8")
        assert _labels.read(tmp_path / "words.txt") == read

    def test_a_line_of_a_text_file_is_one_label(self, tmp_path: Path) -> None:
        (tmp_path / "words.txt").write_text('dog barking, loud\n12" record: a disc, spinning\n', encoding="utf-8")
        assert _labels.read(tmp_path / "words.txt") == {"dog barking, loud": "", '12" record': "a disc, spinning"}

    @pytest.mark.parametrize(
        ("table", "read"),
        [
            ('index,mid,display_name\n0,/m/09x0r,"Speech, loud"\n1,/m/05zppz,Rain\n', {"Speech, loud": "", "Rain": ""}),
            ("Label;Description\ncrane;a bird, calling\n", {"crane": "a bird, calling"}),
            ("file\tcategory\na.wav\tdog: big\n", {"dog: big": ""}),
        ],
    )
    def test_a_table_has_a_column_of_labels(self, table: str, read: dict[str, str], tmp_path: Path) -> None:
        (tmp_path / "words.csv").write_text(table, encoding="utf-8")
        assert _labels.read(str(tmp_path / "words.csv")) == read

    def test_a_table_without_one_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "words.csv").write_text("0,Accelerating,/m/07q2z82\n1,Accordion,/m/0mkg\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"first line names 0, accelerating, /m/07q2z82\. Name one column label"):
            _labels.read(tmp_path / "words.csv")

    def test_a_file_may_lie_in_a_folder_with_a_comma(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a,b").mkdir()
        (tmp_path / "a,b" / "words.txt").write_text("rain\n", encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        assert _labels.read("a,b/words.txt") == {"rain": ""}
        assert len(_labels.read(",".join(f"word {i}" for i in range(1000)))) == 1000

    @pytest.mark.parametrize(
        ("labels", "words"),
        [
            ("rain,,wind", "A label is empty"),
            ("rain,rain", "'rain' stands twice"),
            ([], "There is no label"),
            ("nosuch.txt", "cannot be read from nosuch.txt"),
            ("nosuch.csv", "cannot be read from nosuch.csv"),
            ("", "A label is empty"),
            ("Rain,wind,rain", "'Rain' and 'rain' in the labels given differ in their case alone"),
            ("caf\u00e9,cafe\u0301", "stands twice"),
            ('"dog,rain', "double quotes in the labels given do not fit"),
            ('rain,"dog" bark', r'do not fit, from here on: "dog" bark'),
            ({"rain": 3}, "Labels and descriptions are words"),
            ([3], "Labels and descriptions are words"),
        ],
    )
    def test_refuses(self, labels: str | list[str], words: str) -> None:
        with pytest.raises(InputError, match=words):
            _labels.read(labels)


class TestClassify:
    def test_names_files_in_their_order(self, made: SimpleNamespace, tmp_path: Path) -> None:
        files = [recording(tmp_path / f"{i}.wav", hz, seed=50 + i) for i, hz in enumerate(WORDS.values())]
        found = list(sounds.classify(made.folder / "classifier", files, encoder=made.encoder, top=2))
        assert [row.label for row in found] == list(WORDS)
        assert [row.path for row in found] == files
        assert all(len(row.scores) == 2 and row.scores[0][1] >= row.scores[1][1] for row in found)
        assert found[0].to_json()["scores"][0]["label"] == "low"

    def test_batches_do_not_matter(self, made: SimpleNamespace, tmp_path: Path) -> None:
        files = [recording(tmp_path / f"{i}.wav", *list(WORDS.values())[: i + 1], seed=i) for i in range(3)]
        pieces = list(_naming.stretches_of(files, made.encoder, None, None))
        one, many = (
            list(_naming.name(pieces, made.encoder, made.learned, by="file", batch=batch)) for batch in (1, 32)
        )
        assert [(row.path, row.label) for row in one] == [(row.path, row.label) for row in many]
        for a, b in zip(one, many, strict=True):
            np.testing.assert_allclose([s for _, s in a.scores], [s for _, s in b.scores], atol=1e-6)

    def test_a_short_event_in_a_long_recording_is_heard(self, made: SimpleNamespace, tmp_path: Path) -> None:
        path = recording(tmp_path / "long.wav", 200, 200, 200, 3000, 200)
        windows = list(sounds.classify(made.learned, path, encoder=made.encoder, by="window", always=True))
        assert [row.label for row in windows] == ["low", "low", "low", "high", "low"]
        assert [row.start_s for row in windows] == [0, 2, 4, 6, 8]
        (whole,) = sounds.classify(made.learned, path, encoder=made.encoder, always=True)
        assert (whole.start_s, whole.duration_s) == (0, 10)
        best = {label: max(dict(row.scores)[label] for row in windows) for label in WORDS}
        assert dict(whole.scores) == pytest.approx(best)

    def test_none_of_these_unless_always(self, made: SimpleNamespace, tmp_path: Path) -> None:
        path = recording(tmp_path / "noise.wav", 0)
        (row,) = sounds.classify(made.learned, path, encoder=made.encoder)
        assert row.label is None
        assert row.scores
        (row,) = sounds.classify(made.learned, path, encoder=made.encoder, always=True)
        assert row.label == row.scores[0][0]
        (row,) = sounds.classify(made.learned, recording(tmp_path / "both.wav", 0, 900), encoder=made.encoder)
        assert row.label == "middle", "one window is one of the words"

    def test_silence_and_noise_are_told_from_the_unknown(self, made: SimpleNamespace, tmp_path: Path) -> None:
        """White and brown noise, silence with a recorder's hiss, clicks, and a tone that rises."""
        rng, samples = np.random.default_rng(0), 2 * RATE_HZ
        brown = np.cumsum(rng.standard_normal(samples))
        clicks = np.where(np.arange(samples) % 800 < 20, rng.standard_normal(samples), 0.0)
        parts = {
            "noise": [0.2 * rng.standard_normal(samples), 0.5 * brown / np.abs(brown).max()],
            "silence": [1e-5 * rng.standard_normal(samples), np.zeros(samples), np.zeros(0), 0.1 * np.ones(9000)],
            "unknown": [0.3 * np.sin(np.cumsum(np.linspace(0.05, 3.0, samples))), clicks, np.sin(np.arange(100.0))],
        }
        for what, waves in parts.items():
            assert [nature(wave.astype(np.float32)) for wave in waves] == [what] * len(waves)
        write_wav(tmp_path / "silence.wav", parts["silence"][0].astype(np.float32) + 2**-14, RATE_HZ)
        write_wav(tmp_path / "noise.wav", parts["noise"][0].astype(np.float32), RATE_HZ)
        files = [tmp_path / "noise.wav", recording(tmp_path / "tone.wav", 900, seed=5), tmp_path / "silence.wav"]
        found = list(sounds.classify(made.learned, files, encoder=made.encoder))
        assert [(row.label, row.nature) for row in found] == [(None, "noise"), ("middle", None), (None, "silence")]
        assert found[0].to_json()["nature"] == "noise"
        (row,) = sounds.classify(made.learned, tmp_path / "silence.wav", encoder=made.encoder, always=True)
        assert (row.label, row.nature) == (row.scores[0][0], None)

    def test_a_least_score(self, made: SimpleNamespace, tmp_path: Path) -> None:
        path = recording(tmp_path / "a.wav", 900, seed=5)
        (row,) = sounds.classify(made.learned, path, encoder=made.encoder)
        score = row.scores[0][1]
        for least, label in ((score, "middle"), (score + 1e-3, None)):
            (row,) = sounds.classify(made.learned, path, encoder=made.encoder, min_score=least)
            assert row.label == label
        assert row.nature == "unsure"
        own = replace(made.learned, thresholds={"middle": score + 1e-3})
        assert next(sounds.classify(own, path, encoder=made.encoder)).label is None
        assert next(sounds.classify(own, path, encoder=made.encoder, always=True)).label == "middle"
        assert next(sounds.classify(own, path, encoder=made.encoder, min_score=0.0)).label == "middle"
        with pytest.raises(InputError, match="least score must be from 0 to 1, but got 2"):
            list(sounds.classify(own, path, encoder=made.encoder, min_score=2.0))

    def test_other_windows_can_be_asked_for(self, made: SimpleNamespace, tmp_path: Path) -> None:
        path = recording(tmp_path / "a.wav", 900)
        found = list(sounds.classify(made.learned, path, encoder=made.encoder, by="window", window=1.0, hop=0.5))
        assert [row.start_s for row in found] == [0, 0.5, 1.0]
        with pytest.raises(InputError, match=r"Windows of 9 s .* takes 2 s"):
            list(sounds.classify(made.learned, path, encoder=made.encoder, window=9.0))

    @pytest.mark.parametrize(
        "lengths", [{"window": 0.0}, {"hop": 0.0}, {"window": -1.0}, {"hop": 1e-9}, {"hop": np.nan}]
    )
    def test_no_length_at_all_is_refused(
        self, made: SimpleNamespace, lengths: dict[str, float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with pytest.raises(InputError, match="at least a sample long"):
            list(sounds.classify(made.learned, made.folder / "recordings", encoder=made.encoder, **lengths))
        monkeypatch.setattr(_arrivals, "microphone", lambda rate_hz, *, stop: iter([np.zeros(800, np.float32)]))
        with pytest.raises(InputError, match="at least a sample long"):
            list(sounds.watch(made.learned, "microphone", encoder=made.encoder, **lengths))

    def test_a_microphone_is_not_heard_in_longer_windows_than_the_encoder_hears(self, made: SimpleNamespace) -> None:
        with pytest.raises(InputError, match=r"Windows of 9 s .* takes 2 s"):
            sounds.watch(made.learned, "microphone", encoder=made.encoder, window=9.0)

    def test_what_cannot_be_read_is_told_and_skipped(self, made: SimpleNamespace, tmp_path: Path) -> None:
        (tmp_path / "rotten.wav").write_bytes(b"RIFF nothing")
        recording(tmp_path / "sub" / "good.wav", 900)
        found = list(sounds.classify(made.learned, [tmp_path, tmp_path / "gone.wav"], encoder=made.encoder))
        assert [type(row) for row in found] == [sounds.Unread, sounds.Prediction, sounds.Unread]
        assert "missing_file" in found[2].to_json()["error"]
        assert all(row.sentence().count(str(row.path)) == 1 for row in (found[0], found[2]))

    @pytest.mark.parametrize("wrong", [{"top": 0}, {"top": -1}, {"by": "second"}])
    def test_refuses_what_it_could_not_give(self, made: SimpleNamespace, wrong: dict[str, Any]) -> None:
        with pytest.raises(InputError, match="top is at least 1 and by is one of file, window"):
            list(sounds.classify(made.learned, made.folder / "recordings", encoder=made.encoder, **wrong))

    def test_refuses_no_file_and_another_encoder(self, made: SimpleNamespace, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="no recording to name"):
            sounds.classify(made.learned, tmp_path, encoder=made.encoder)
        with pytest.raises(FingerprintError):
            sounds.classify(made.learned, made.folder / "recordings", encoder=Listener(seed=2))


class TestAppend:
    """A table that grows day by day."""

    def _named(self, made: SimpleNamespace, folder: Path, **options: Any) -> tuple[list[str], list[str]]:
        told: list[str] = []
        rows = sounds.classify(
            made.learned, folder / "in", append=folder / "t.csv", encoder=made.encoder, always=True,
            told=told.append, **options,
        )  # fmt: skip
        return [row.path.name for row in rows], told

    def test_what_is_there_is_skipped_by_its_content(self, made: SimpleNamespace, tmp_path: Path) -> None:
        recording(tmp_path / "in" / "a.wav", 200, seed=1)
        (tmp_path / "in" / "rotten.wav").write_bytes(b"RIFF")
        assert self._named(made, tmp_path) == (["a.wav", "rotten.wav"], [])
        recording(tmp_path / "in" / "b, c.wav", 900, 3000, seed=2)
        (tmp_path / "in" / "a.wav").rename(tmp_path / "in" / "z.wav")
        (tmp_path / "in" / "copy.wav").write_bytes((tmp_path / "in" / "b, c.wav").read_bytes())
        names, told = self._named(made, tmp_path, by="window")
        assert names == ["b, c.wav", "b, c.wav"]
        assert told[-1] == f"3 recordings are in {tmp_path / 't.csv'} already and were skipped; 1 are new."
        assert self._named(made, tmp_path)[0] == []
        _, told = self._named(made, tmp_path, by="window")
        assert told[0].startswith(
            f"2 recordings in {tmp_path / 't.csv'} were named by another classifier, by this one as"
        )
        with open(tmp_path / "t.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [Path(row["path"]).name for row in rows] == ["a.wav", "rotten.wav", "b, c.wav", "b, c.wav"]
        assert [row["label"] for row in rows] == ["low", "", "middle", "high"]
        assert [row["start_s"] for row in rows] == ["0.000", "", "0.000", "2.000"]
        assert "rotten" in rows[1]["error"]
        assert float(rows[0]["score"]) > 0.5

    def test_a_row_that_was_half_written(self, made: SimpleNamespace, tmp_path: Path) -> None:
        """Of a recording of three windows two and a half are there: it is named again, and stands there once."""
        recording(tmp_path / "in" / "a.wav", 200, seed=1)
        recording(tmp_path / "in" / "b.wav", 200, 900, 3000, seed=2)
        self._named(made, tmp_path, by="window")
        whole = (tmp_path / "t.csv").read_bytes()
        for cut in (1, 30, len(whole.splitlines(keepends=True)[-1]) - 1):
            (tmp_path / "t.csv").write_bytes(whole[:-cut])
            assert self._named(made, tmp_path, by="window")[0] == ["b.wav"] * 3
            assert (tmp_path / "t.csv").read_bytes() == whole

    def test_a_table_of_another_folder_is_cut_from_anywhere(
        self, made: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Paths that were given from the folder of work are written as seen from the table's, through a link too."""
        recording(tmp_path / "disk" / "in" / "a.wav", 200, seed=1)
        (tmp_path / "work").mkdir()
        (tmp_path / "work" / "in").symlink_to(tmp_path / "disk" / "in")
        monkeypatch.chdir(tmp_path / "work")
        for table in ("t.csv", "../tables/t.csv"):
            (row,) = sounds.classify(made.learned, "in", append=table, encoder=made.encoder, always=True)
            assert row.path == Path("in/a.wav")
        monkeypatch.chdir("/")
        for table in ("work/t.csv", "tables/t.csv"):
            (clip,) = sounds.cut(tmp_path / table, out=tmp_path / "clips")
            assert (clip.label, clip.recording.resolve()) == ("low", tmp_path / "disk" / "in" / "a.wav")

    def test_another_classifier_and_another_table(self, made: SimpleNamespace, tmp_path: Path) -> None:
        recording(tmp_path / "in" / "a.wav", 200, seed=1)
        self._named(made, tmp_path)
        other = SimpleNamespace(
            learned=sounds.learn(made.folder / "index", "low,high", encoder=made.encoder), encoder=made.encoder
        )
        _, told = self._named(other, tmp_path)
        assert told[0].startswith(f"1 recordings in {tmp_path / 't.csv'} were named by another classifier")
        (tmp_path / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"another kind of table: its columns are a, b"):
            self._named(made, tmp_path)


class TestCheck:
    def test_against_counting_by_hand(self, copied: SimpleNamespace, tmp_path: Path) -> None:
        """Four right ones, one named wrongly by somebody, one that is none of the words, one that is broken."""
        said = {"a": ("low", 200), "b": ("low", 200), "c": ("Middle", 900), "d": ("high", 3000), "e": ("high", 200)}
        said |= {"f": ("low", 200), "g": ("noise", 0)}
        lines = ["file,category"]
        for i, (name, (label, hertz)) in enumerate(said.items()):
            recording(tmp_path / "new" / f"{name}.wav", hertz, seed=70 + i)
            lines.append(f"new/{name}.wav,{label}")
        (tmp_path / "new" / "rotten.wav").write_bytes(b"RIFF")
        lines.append("new/rotten.wav,low")
        (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
        found = sounds.check(copied.folder, tmp_path / "labels.csv", encoder=copied.encoder)
        assert (found.recordings, found.right) == (7, 5)
        assert [one.path.name for one in found.unread] == ["rotten.wav"]
        # Wilson's interval of 5 in 7, by its formula.
        middle, half, z = 5 / 7, 0.0, 1.959963984540054
        half = z / (1 + z * z / 7) * np.sqrt(middle * (1 - middle) / 7 + z * z / 196)
        centre = (middle + z * z / 14) / (1 + z * z / 7)
        assert found.interval == pytest.approx((centre - half, centre + half))
        low, tall = found.words[0], found.words[2]
        assert low.recordings == 3
        assert low.recall == 1.0
        assert tall.recall == 0.5
        assert ("high", "low", 1) in found.confusions
        assert {true for true, *_ in found.confusions} == {"high", None}
        assert found.foreign == (("noise", 1),)
        assert low.curve[0][2] == 1.0
        assert low.threshold is not None
        assert tall.threshold is None
        assert json.loads(json.dumps(found.to_json()))["right"] == 5
        assert SoundClassifier.load(copied.folder).thresholds == {}

    def test_thresholds_are_kept_and_used(self, copied: SimpleNamespace, tmp_path: Path) -> None:
        """Noise is named by some word, with a low score; from the suggested one on it no longer is."""
        lines = ["path,label"]
        for word, hertz in (*WORDS.items(), ("", 0)):
            for i in range(4):
                path = recording(tmp_path / f"{word or 'noise'}{i}.wav", hertz, seed=80 + i)
                lines.append(f"{path},{word}")
        (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
        before = sounds.check(copied.folder, tmp_path / "labels.csv", encoder=copied.encoder, keep=True)
        assert before.right >= 11
        assert (None, 4) in {(true, count) for true, _, count in before.confusions}, "noise has a word each time"
        assert before.foreign == (), "recordings without a label are meant to be none"
        kept = SoundClassifier.load(copied.folder).thresholds
        assert kept.keys() == set(WORDS)
        assert sounds.summary(SoundClassifier.load(copied.folder))["thresholds"] == {
            word: least for word, least in kept.items() if least
        }
        files = [tmp_path / line.split(",")[0] for line in lines[1:]]
        named = [row.label for row in sounds.classify(copied.folder, files, encoder=copied.encoder)]
        truth = [word for word in WORDS for _ in range(4)]
        assert named[12:] == [None] * 4
        assert sum(word == true for word, true in zip(named, truth, strict=False)) >= 11
        sounds.correct(copied.folder, rename={"low": "bass"})
        now = SoundClassifier.load(copied.folder).thresholds
        assert now == {"bass": kept["low"], "middle": kept["middle"], "high": kept["high"]}
        told: list[str] = []
        index = copied.recordings.parent / "index"
        sounds.learn(index, list(WORDS), out=copied.folder, encoder=copied.encoder, told=told.append)
        assert told == [
            "Least scores of words from an earlier check were forgotten; measure again: limbeck sounds check."
        ]

    def test_thresholds_and_confidence_are_of_windows(self, copied: SimpleNamespace, tmp_path: Path) -> None:
        """A high tone is in one window of each of its recordings; of the low ones, half have noise beside the tone."""
        lines = ["path,label"]
        for i in range(12):
            recording(tmp_path / f"high{i}.wav", *([200] * 5), 3000, seed=20 + i)
            recording(tmp_path / f"low{i}.wav", *([200] * (3 + 3 * (i % 2))), *([0] * (3 - 3 * (i % 2))), seed=40 + i)
            lines += [f"high{i}.wav,high", f"low{i}.wav,low"]
        (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
        found = sounds.check(copied.folder, tmp_path / "labels.csv", encoder=copied.encoder)
        assert (found.recordings, found.windows) == (24, 24 * 6)
        files = [tmp_path / line.split(",")[0] for line in lines[1:]]
        rows = list(sounds.classify(copied.folder, files, by="window", encoder=copied.encoder))
        assert all(isinstance(row, sounds.Prediction) for row in rows)
        for word in found.words[::2]:
            named = [row for row in rows if row.label == word.label]
            for level, precision, recall in word.curve:
                above = [row for row in named if row.scores[0][1] >= level - 1e-9]
                right = [row for row in above if row.path.name.startswith(word.label)]
                assert precision == pytest.approx(len(right) / len(above))
                assert recall == len({row.path for row in right}) / 12
        # Five low windows of each recording of high ones are no case in favour of any word but low.
        assert found.words[0].curve[0][1] < 0.7
        assert found.confidence is not None
        assert found.confidence.right == 24
        assert found.confidence.cases > 24 * 6 * 2

    @pytest.mark.parametrize(
        ("table", "words"),
        [
            ("a,b\n1,2\n", "names a column of recordings"),
            ("path,label\n", "and 0 lines"),
            ("path,label\nx.wav,low\nx.wav,high\n", "line 3: x.wav has two labels"),
            ("path,label\nx.wav,low\n", "None of the 1 recordings of .* can be read"),
        ],
    )
    def test_tables_that_say_nothing(self, copied: SimpleNamespace, tmp_path: Path, table: str, words: str) -> None:
        (tmp_path / "labels.csv").write_text(table, encoding="utf-8")
        with pytest.raises(InputError, match=words):
            sounds.check(copied.folder, tmp_path / "labels.csv", encoder=copied.encoder)
        with pytest.raises(InputError, match="There is no table"):
            sounds.check(copied.folder, tmp_path / "nosuch.csv", encoder=copied.encoder)


class TestCut:
    def test_names_that_are_no_text(self, made: SimpleNamespace, tmp_path: Path) -> None:
        """Bytes of a name go through JSON; a folder of clips may have any."""
        odd = os.fsdecode(b"odd\xff")
        path = recording(tmp_path / odd / f"{odd}.wav", 200, 3000, seed=4)
        rows = [row.to_json() for row in sounds.classify(made.learned, path, by="window", encoder=made.encoder)]
        (tmp_path / "found.json").write_text(json.dumps(rows), encoding="utf-8")
        clips = list(sounds.cut(tmp_path / "found.json", out=tmp_path / f"clips{odd}"))
        assert [one.path.name for one in clips if isinstance(one, sounds.Clip)] == [
            f"{odd}_0.00s.wav",
            f"{odd}_2.00s.wav",
        ]
        assert all(len(soundfile.read(io.BytesIO(one.path.read_bytes()))[0]) == 2 * RATE_HZ for one in clips)
        with pytest.raises(InputError, match="LanceDB cannot keep an index at"):
            sounds.index(path, out=tmp_path / odd / "index", encoder=made.encoder, workers=1, progress=False)

    def test_clips_hold_what_was_named(self, made: SimpleNamespace, tmp_path: Path) -> None:
        path = recording(tmp_path / "in" / "night.wav", 200, 3000, 200, seed=4)
        (tmp_path / "in" / "rotten.wav").write_bytes(b"RIFF")
        found = list(
            sounds.classify(made.learned, tmp_path / "in", by="window", append=tmp_path / "t.csv", encoder=made.encoder)
        )
        assert len(found) == 4
        clips = list(sounds.cut(tmp_path / "t.csv", out=tmp_path / "clips", margin=0.5))
        assert [str(one.path.relative_to(tmp_path / "clips")) for one in clips] == [
            "low/night_0.00s.wav", "high/night_2.00s.wav", "low/night_4.00s.wav",
        ]  # fmt: skip
        whole, _ = soundfile.read(path, dtype="int16")
        cut, rate = soundfile.read(clips[1].path, dtype="int16")
        assert rate == RATE_HZ
        np.testing.assert_array_equal(cut, whole[round(1.5 * rate) : round(4.5 * rate)])
        assert [one.duration_s for one in clips] == [2.5, 3.0, 2.5]
        (only,) = sounds.cut(tmp_path / "t.csv", out=tmp_path / "more", labels=["high"])
        assert (only.start_s, only.duration_s) == (2.0, 2.0)
        assert not list(sounds.cut(tmp_path / "t.csv", out=tmp_path / "none", min_score=1.0))

    def test_json_channels_names_and_what_is_gone(self, tmp_path: Path) -> None:
        """Stereo stays stereo; two recordings of one name have a clip each; hostile labels stay in the folder."""
        rng = np.random.default_rng(0)
        for folder in ("a", "b"):
            (tmp_path / folder).mkdir()
            soundfile.write(tmp_path / folder / "x.wav", rng.uniform(-0.5, 0.5, (4000, 2)), 16_000)
        rows = [
            {"path": str(tmp_path / folder / "x.wav"), "start_s": 0.1, "end_s": 0.2, "label": label}
            for folder, label in (("a", "../../rain"), ("b", "../../rain"), ("c", None))
        ]
        (tmp_path / "t.json").write_text(json.dumps(rows), encoding="utf-8")
        first, second, gone = sounds.cut(tmp_path / "t.json", out=tmp_path / "clips")
        assert {one.path.parent.parent for one in (first, second)} == {tmp_path / "clips"}
        assert first.path != second.path
        assert soundfile.read(first.path)[0].shape == (1600, 2)
        assert "does not exist" in gone.sentence()

    def test_a_name_means_one_recording_whichever_rows_are_cut(self, tmp_path: Path) -> None:
        """Recorders name files by the hour: those of two sites have the same names."""
        lines = ["path,start_s,end_s,label,score"]
        for site, score in (("pond", 0.6), ("woods", 0.9)):
            recording(tmp_path / "archive" / site / "20240601_2330.wav", 200, seed=int(10 * score))
            lines.append(f"{site}/20240601_2330.wav,0,1,rain,{score}")
        (tmp_path / "events.csv").write_text("\n".join(lines), encoding="utf-8")
        cut = {"out": tmp_path / "clips", "root": tmp_path / "archive"}
        made = [clip.path.name for clip in sounds.cut(tmp_path / "events.csv", **cut)]
        assert made == ["pond_20240601_2330_0.00s.wav", "woods_20240601_2330_0.00s.wav"]
        assert [clip.path.name for clip in sounds.cut(tmp_path / "events.csv", min_score=0.8, **cut)] == made[1:]
        unread = list(sounds.cut(tmp_path / "events.csv", out=tmp_path))
        assert all("does not exist" in row.sentence() for row in unread)

    def test_what_has_no_word_lies_by_why(self, tmp_path: Path) -> None:
        recording(tmp_path / "a.wav", 200, seed=1)
        lines = ["path,start_s,duration_s,label,nature,score"]
        lines += ["a.wav,0,0.5,low,,0.9", "a.wav,0.5,0.5,,unsure,0.4", "a.wav,1,0.5,,noise,0.3"]
        (tmp_path / "t.csv").write_text("\n".join(lines), encoding="utf-8")
        assert [clip.path.parent.name for clip in sounds.cut(tmp_path / "t.csv", out=tmp_path / "clips")] == [
            "low", "unsure", "noise",
        ]  # fmt: skip

    def test_a_set_of_examples(self, made: SimpleNamespace, tmp_path: Path) -> None:
        hits = sounds.search(made.folder / "index", "high", top=3, encoder=made.encoder)
        sounds.ExampleSet.of(hits).write(tmp_path / "high.json")
        clips = list(sounds.cut(tmp_path / "high.json", out=tmp_path / "clips"))
        assert [clip.recording for clip in clips] == [hit.path for hit in hits]

    def test_refuses(self, tmp_path: Path) -> None:
        (tmp_path / "t.csv").write_text("path,start_s,duration_s,label\na.wav,0,1,rain\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"Nothing in .* is named 'dog'; labels in it: rain"):
            sounds.cut(tmp_path / "t.csv", out=tmp_path, labels=["dog"])
        with pytest.raises(InputError, match="at least 0 s, but got -1"):
            sounds.cut(tmp_path / "t.csv", out=tmp_path, margin=-1)
        for name, text in (
            ("t.csv", "a,b\n1,2\n"),
            ("u.json", "{"),
            ("v.json", "[1]"),
            ("x.json", '{"a": 1}'),
            ("w.csv", "path,start_s\na,b\n"),
        ):
            (tmp_path / name).write_text(text, encoding="utf-8")
            with pytest.raises(InputError, match=r"cannot be read as a table"):
                sounds.cut(tmp_path / name, out=tmp_path)


class TestCorrect:
    def test_a_wrong_one_goes_and_a_right_one_comes(self, copied: SimpleNamespace) -> None:
        before = SoundClassifier.load(copied.folder)
        gone = before.neighbours("low")[0][1].path
        other = next(
            p for p in sorted((copied.recordings / "low").iterdir()) if f"low/{p.name}" not in stands(before, "low")
        )
        after = sounds.correct(copied.folder, remove=[f"low={gone}"], add=[f"low={other}"])
        assert gone not in {piece.path for _, piece in after.neighbours("low")}
        pool = SoundIndex.open(copied.recordings.parent / "index").pool()
        kept = [piece.path for _, piece in after.neighbours("low")] + [str(other)]
        rows = [i for i, path in enumerate(pool.path) if str(path) in kept]
        mean = (pool.features[rows].mean(0) - before.classifier.mean_) / before.classifier.scale_
        np.testing.assert_allclose(after.classifier.prototypes_[0], mean, atol=1e-3)
        np.testing.assert_array_equal(after.classifier.prototypes_[1:], before.classifier.prototypes_[1:])

    def test_corrections_add_up_and_the_newest_holds(self, copied: SimpleNamespace) -> None:
        first = SoundClassifier.load(copied.folder)
        a, b = (piece.path for _, piece in first.neighbours("low")[:2])
        sounds.correct(copied.folder, remove=[f"low={a}@0"])
        both = sounds.correct(copied.folder, remove=[sounds.Correction(label="low", path=b, start_s=0.0)])
        assert not {a, b} & {piece.path for _, piece in both.neighbours("low")}
        back = sounds.correct(copied.folder, add=[f"low={a}@0", f"low={b}@0"])
        np.testing.assert_allclose(back.classifier.prototypes_, first.classifier.prototypes_, atol=1e-6)

    def test_a_sound_of_another_word_can_be_given(self, copied: SimpleNamespace) -> None:
        first = SoundClassifier.load(copied.folder)
        path = first.neighbours("high")[0][1].path
        after = sounds.correct(copied.folder, add=[f"low={path}@0"])
        assert path in {piece.path for _, piece in after.neighbours("low")}
        assert path in {piece.path for _, piece in after.neighbours("high")}

    def test_a_sound_outside_of_the_index_is_heard(self, copied: SimpleNamespace, tmp_path: Path) -> None:
        new = recording(tmp_path / "new.wav", 0, 900)
        before = SoundClassifier.load(copied.folder)
        with pytest.raises(InputError, match=r"begin at 0, 2 s\. Say which"):
            sounds.correct(copied.folder, add=[f"low={new}"], encoder=copied.encoder)
        after = sounds.correct(copied.folder, add=[f"low={new}@2"], encoder=copied.encoder)
        heard = copied.encoder.embed_audio([torch.from_numpy(tone(900, 2.0))]).features.numpy()
        moved = after.classifier.similarities(heard)[0, 0] - before.classifier.similarities(heard)[0, 0]
        assert moved > 0.05
        np.testing.assert_allclose(
            SoundClassifier.load(copied.folder).classifier.prototypes_, after.classifier.prototypes_
        )

    @pytest.mark.parametrize(
        ("parts", "added", "removed"),
        [
            ([900], "", ""),
            ([900], "", "@0"),
            ([900], "@0", ""),
            ([0, 900], "@2", "@2.004"),
            ([0, 900], "@2.001", ""),
        ],
    )
    def test_what_was_added_can_be_taken_back(
        self, copied: SimpleNamespace, tmp_path: Path, parts: list[float], added: str, removed: str
    ) -> None:
        new = recording(tmp_path / "new.wav", *parts)
        first = SoundClassifier.load(copied.folder)
        there = sounds.correct(copied.folder, add=[f"low={new}{added}"], encoder=copied.encoder)
        assert np.abs(there.classifier.prototypes_ - first.classifier.prototypes_).max() > 0.01
        back = sounds.correct(copied.folder, remove=[f"low={new}{removed}"])
        np.testing.assert_array_equal(back.classifier.prototypes_, first.classifier.prototypes_)
        origin = json.loads((copied.folder / "origin.json").read_text(encoding="utf-8"))
        assert origin["corrections"] == {"add": [], "remove": [], "words": {}}
        with pytest.raises(InputError, match="does not stand for 'low'"):
            sounds.correct(copied.folder, remove=[f"low={new}{removed}"])

    def test_a_sound_added_twice_counts_once(self, copied: SimpleNamespace, tmp_path: Path) -> None:
        new = recording(tmp_path / "new.wav", 900)
        once = sounds.correct(copied.folder, add=[f"low={new}"], encoder=copied.encoder)
        twice = sounds.correct(copied.folder, add=[f"low={new}@0"], encoder=copied.encoder)
        np.testing.assert_array_equal(twice.classifier.prototypes_, once.classifier.prototypes_)

    def test_a_sound_that_stands_for_the_word_already_counts_once(self, copied: SimpleNamespace) -> None:
        first = SoundClassifier.load(copied.folder)
        path = first.neighbours("low")[0][1].path
        after = sounds.correct(copied.folder, add=[f"low={path}"])
        np.testing.assert_array_equal(after.classifier.prototypes_, first.classifier.prototypes_)
        gone = sounds.correct(copied.folder, remove=[f"low={path}@0"])
        assert path not in {piece.path for _, piece in gone.neighbours("low")}
        again = sounds.correct(copied.folder, remove=[f"low={path}"])
        np.testing.assert_array_equal(again.classifier.prototypes_, gone.classifier.prototypes_)

    def test_of_a_long_recording_one_stretch_is_kept(
        self, copied: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[weakref.ref[np.ndarray]] = []
        alive = []

        def counted(*asked: Any) -> Iterator[Any]:
            for path, stretch in _naming.stretches_of(*asked):
                seen.append(weakref.ref(stretch.samples))
                alive.append(sum(samples() is not None for samples in seen))
                yield path, stretch

        monkeypatch.setattr(_correct, "stretches_of", counted)
        new = recording(tmp_path / "long.wav", *([900] * 300))
        sounds.correct(copied.folder, add=[f"low={new}@2"], encoder=copied.encoder)
        assert len(alive) == 10
        assert max(alive) <= 4

    def test_a_file_from_the_page(self, copied: SimpleNamespace, tmp_path: Path) -> None:
        path = SoundClassifier.load(copied.folder).neighbours("low")[0][1].path
        content = {"remove": [{"label": "low", "path": path, "start_s": 0}], "add": []}
        (tmp_path / "c.json").write_text(json.dumps(content), encoding="utf-8")
        after = sounds.correct(copied.folder, corrections=tmp_path / "c.json")
        assert len(after.neighbours("low")) == 3

    def test_learning_again_keeps_corrections_of_words_that_remain(self, copied: SimpleNamespace) -> None:
        first, told = SoundClassifier.load(copied.folder), list[str]()
        low, high = (first.neighbours(label)[0][1].path for label in ("low", "high"))
        both = sounds.correct(copied.folder, remove=[f"low={low}", f"high={high}"], add=[f"low={high}@0"])
        index = copied.recordings.parent / "index"
        again = {"out": copied.folder, "encoder": copied.encoder, "neighbours": 4, "told": told.append}
        sounds.learn(index, list(WORDS), **again)
        assert told == [
            "Corrections of 'low' were kept: 1 taken out, 1 put in.",
            "Corrections of 'high' were kept: 1 taken out, 0 put in.",
        ]
        np.testing.assert_allclose(
            SoundClassifier.load(copied.folder).classifier.prototypes_, both.classifier.prototypes_, atol=1e-6
        )
        back = sounds.correct(copied.folder, remove=[f"low={high}@0"], add=[f"low={low}@0", f"high={high}@0"])
        np.testing.assert_allclose(back.classifier.prototypes_, first.classifier.prototypes_, atol=1e-6)
        sounds.correct(copied.folder, remove=[f"low={low}"], add=[f"high={low}@0"])
        told.clear()
        sounds.learn(index, ["low", "middle"], **again)
        assert told == [
            "Corrections of 'low' were kept: 1 taken out, 0 put in.",
            "Corrections of words that are no longer there were forgotten: high.",
        ]
        assert low not in {piece.path for _, piece in SoundClassifier.load(copied.folder).neighbours("low")}

    def test_learning_afresh_forgets_corrections(self, copied: SimpleNamespace) -> None:
        first = SoundClassifier.load(copied.folder)
        path = first.neighbours("low")[0][1].path
        sounds.correct(copied.folder, remove=[f"low={path}"])
        index = copied.recordings.parent / "index"
        sounds.learn(index, list(WORDS), out=copied.folder, encoder=copied.encoder, neighbours=4, fresh=True)
        after = sounds.correct(copied.folder, add=[f"low={path}@0"])
        np.testing.assert_array_equal(after.classifier.prototypes_, first.classifier.prototypes_)

    def test_a_correction_that_cannot_be_made_again_is_told(self, archive: SimpleNamespace, tmp_path: Path) -> None:
        added, told = recording(tmp_path / "x.wav", 3000, seed=7), list[str]()
        sounds.correct(archive.classifier, add=[f"high={added}@0"], encoder=archive.encoder)
        added.unlink()
        sounds.learn(
            archive.index, list(WORDS), out=archive.classifier, encoder=archive.encoder, neighbours=3, told=told.append
        )
        assert len(told) == 1
        assert "A correction of 'high' is not made again: " in told[0]
        assert "the recording is gone since" in told[0]
        assert sounds.Origin.read(archive.classifier).corrections == type(sounds.Origin().corrections)()

    def test_words_are_renamed_joined_and_dropped(self, copied: SimpleNamespace, tmp_path: Path) -> None:
        first = SoundClassifier.load(copied.folder)
        low = first.neighbours("low")[0][1].path
        sounds.correct(copied.folder, remove=[f"low={low}"])
        after = sounds.correct(copied.folder, rename={"low": "bass"}, add=[f"bass={copied.recordings}/high/9.wav"])
        assert after.labels == ("bass", "middle", "high")
        assert after.descriptions == {"bass": "low"}
        assert low not in {piece.path for _, piece in after.neighbours("bass")}
        joined = sounds.correct(copied.folder, merge={"lower": ["bass", "middle"]})
        assert joined.labels == ("lower", "high")
        assert stands(joined, "lower") >= stands(first, "middle")
        assert len(joined.neighbours("lower")) == 3 + 4 + 1
        path = recording(tmp_path / "a.wav", 900, seed=77)
        (row,) = sounds.classify(copied.folder, path, encoder=copied.encoder)
        assert row.label == "lower"
        back = sounds.correct(copied.folder, remove=[f"lower={copied.recordings}/high/9.wav"])
        assert len(back.neighbours("lower")) == 7
        left = sounds.correct(copied.folder, drop=["high"])
        assert left.labels == ("lower",)
        assert SoundClassifier.load(copied.folder).labels == ("lower",)
        with pytest.raises(InputError, match="No word is left"):
            sounds.correct(copied.folder, drop=["lower"])

    def test_joined_words_keep_what_one_of_them_was_left(self, archive: SimpleNamespace, tmp_path: Path) -> None:
        out, encoder = tmp_path / "classifier", archive.encoder
        sounds.learn(archive.index, {"dog": "low", "puppy": "low", "high": ""}, out=out, encoder=encoder, neighbours=4)
        first, second = (piece.path for _, piece in SoundClassifier.load(out).neighbours("dog")[:2])
        sounds.correct(out, remove=[f"dog={first}", f"dog={second}", f"puppy={second}"], encoder=encoder)
        joined = sounds.correct(out, merge={"animal": ["dog", "puppy"]}, encoder=encoder)
        assert first in {piece.path for _, piece in joined.neighbours("animal")}
        assert second not in {piece.path for _, piece in joined.neighbours("animal")}
        back = sounds.correct(out, remove=[f"animal={first}"], encoder=encoder)
        assert first not in {piece.path for _, piece in back.neighbours("animal")}

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ({"rename": {"nosuch": "a"}}, "no label 'nosuch'.*known: low, middle, high"),
            ({"rename": {"low": "high"}}, "two labels 'high'.*--merge \"low\\+high=high\""),
            ({"rename": {"low": "High"}}, "differ in their case"),
            ({"rename": {"low": " "}}, "A label is empty"),
            ({"merge": {"a": ["low"]}}, "'a' is made of one label"),
            ({"merge": {"a": ["low", "high"]}, "drop": ["low"]}, "'low' is changed twice"),
            ({"merge": {"middle": ["low", "high"]}}, "two labels 'middle'.*--merge"),
        ],
    )
    def test_words_that_cannot_be_changed_so(self, copied: SimpleNamespace, change: Any, words: str) -> None:
        before = {path.name: path.read_bytes() for path in copied.folder.iterdir() if path.is_file()}
        with pytest.raises(InputError, match=words):
            sounds.correct(copied.folder, **change)
        assert {path.name: path.read_bytes() for path in copied.folder.iterdir() if path.is_file()} == before

    @pytest.mark.parametrize(
        ("remove", "words"),
        [
            (["low"], "label=path or label=path@seconds"),
            (["nosuch=/a.wav"], "no label 'nosuch'.*low, middle, high"),
            (["low=/a.wav@3"], "/a.wav at 3 s does not stand for 'low'"),
            (["low=@3"], "label=path or label=path@seconds"),
            (["low=/a.wav@-5"], r"start_s: .*greater than or equal to 0 \(came: -5"),
            (["low=/a.wav@nan"], "start_s: .*finite"),
            (["low=/a.wav@inf"], "start_s: .*finite"),
        ],
    )
    def test_refuses_and_changes_nothing(self, copied: SimpleNamespace, remove: list[str], words: str) -> None:
        before = {path.name: path.read_bytes() for path in copied.folder.iterdir() if path.is_file()}
        with pytest.raises(InputError, match=words):
            sounds.correct(copied.folder, remove=remove)
        assert {path.name: path.read_bytes() for path in copied.folder.iterdir() if path.is_file()} == before

    def test_a_word_keeps_at_least_one_sound(self, copied: SimpleNamespace) -> None:
        every = [f"low={piece.path}" for _, piece in SoundClassifier.load(copied.folder).neighbours("low")]
        with pytest.raises(InputError, match="'low' was learned from, at least one has to stay"):
            sounds.correct(copied.folder, remove=every)

    def test_a_folder_that_is_no_classifier_stays_as_it_is(self, tmp_path: Path) -> None:
        for folder in (tmp_path, tmp_path / "typo"):
            with pytest.raises(InputError, match="is not a classifier of sounds"):
                sounds.correct(folder, remove=["low=/a.wav"])
        assert list(tmp_path.iterdir()) == []

    def test_two_at_once_are_kept_apart(self, copied: SimpleNamespace) -> None:
        from limbeck import _files

        with _files.exclusive(copied.folder), pytest.raises(BusyError):
            sounds.correct(copied.folder, remove=["low=/a.wav"])

    @pytest.mark.parametrize("lost", [False, True])
    def test_a_sound_put_in_is_never_heard_from_other_bytes(
        self, archive: SimpleNamespace, tmp_path: Path, lost: bool
    ) -> None:
        added, other = (recording(archive.old / f"{name}.wav", hz, seed=7) for name, hz in (("x", 3000), ("y", 900)))
        fresh = {"encoder": archive.encoder}
        sounds.correct(archive.classifier, add=[f"high={added}@0"], **fresh)
        added.unlink() if lost else recording(added, 200, seed=8)
        sounds.index(archive.old, out=archive.index, encoder=archive.encoder, workers=1, progress=False)
        told = (
            rf"x.wav at 0 s was put to 'high', but the recording {'is gone' if lost else 'has changed'} since.*--remove"
        )
        with pytest.raises(InputError, match=told):
            sounds.correct(archive.classifier, add=[f"middle={other}@0"], **fresh)
        after = sounds.correct(archive.classifier, remove=[f"high={added}@0"], add=[f"middle={other}@0"], **fresh)
        assert [len(after.neighbours(label)) for label in ("low", "middle", "high")] == [3, 4, 3]

    def test_windows_of_another_index_are_not_taken_for_its_own(self, archive: SimpleNamespace) -> None:
        other = archive.folder / "other"
        sounds.index(archive.old, out=other, encoder=archive.encoder, window=1.0, workers=1, progress=False)
        with pytest.raises(InputError, match=r"1.wav at 1 s is not one window: the recording's begin at 0 s"):
            sounds.correct(
                archive.classifier, add=[f"low={archive.old}/high/1.wav@1"], index=other, encoder=archive.encoder
            )
        with pytest.raises(FingerprintError, match=r"learned from windows of 2 s every 2 s.* holds windows of 1 s"):
            sounds.page(archive.classifier, index=other, out=archive.folder / "page", progress=False)


class TestPage:
    def test_shows_the_words_and_the_corrections(self, copied: SimpleNamespace, tmp_path: Path) -> None:
        path = SoundClassifier.load(copied.folder).neighbours("low")[0][1].path
        other = copied.recordings / "middle" / "9.wav"
        sounds.correct(copied.folder, remove=[f"low={path}"], add=[f"high={other}"])
        index = copied.recordings.parent / "index"
        # Where a classifier lies decides where it looks for its index.
        page = sounds.page(copied.folder, out=tmp_path / "page", index=index, progress=False)
        text = page.read_text(encoding="utf-8")
        low, _, high = (part.partition("</details>")[0] for part in text.split('<details class="class"')[1:])
        assert "3 stand for it" in low
        assert "5 stand for it" in high
        assert "middle/9.wav" in high
        assert text.count("<circle class=") == 30
        assert f"limbeck sounds correct {copied.folder}" in text

    def test_says_what_is_missing(self, made: SimpleNamespace, tmp_path: Path) -> None:
        made.learned.save(tmp_path / "alone")
        with pytest.raises(InputError, match="name it with --index"):
            sounds.page(tmp_path / "alone", out=tmp_path, progress=False)
        SoundIndex.create(tmp_path / "other", Listener(seed=5))
        with pytest.raises(FingerprintError, match="was made by spectral:tiny:000000000005"):
            sounds.page(made.folder / "classifier", out=tmp_path, index=tmp_path / "other", progress=False)


@pytest.fixture
def archive(tmp_path: Path) -> SimpleNamespace:
    """An archive of its own, its index and a classifier, which a test may move and change."""
    encoder, old = Listener(), tmp_path / "old" / "archive"
    for word, hertz in WORDS.items():
        for i in range(4):
            recording(old / word / f"{i}.wav", hertz, seed=i)
    sounds.index(old, out=tmp_path / "index", encoder=encoder, workers=1, progress=False)
    sounds.learn(tmp_path / "index", list(WORDS), out=tmp_path / "classifier", encoder=encoder, neighbours=3)
    return SimpleNamespace(
        folder=tmp_path, encoder=encoder, old=old, classifier=tmp_path / "classifier", index=tmp_path / "index"
    )


def shown(archive: SimpleNamespace, **options: Any) -> tuple[str, list[str]]:
    told: list[str] = []
    made = sounds.page(archive.classifier, out=archive.folder / "page", progress=False, told=told.append, **options)
    return made.read_text(encoding="utf-8"), told


class TestMoved:
    """What was learned is found again by the bytes of recordings, wherever they lie."""

    def test_an_archive_that_moved_and_was_indexed_again(self, archive: SimpleNamespace) -> None:
        new = archive.old.rename(archive.folder / "new")
        done = sounds.index(new, out=archive.index, encoder=archive.encoder, workers=1, progress=False)
        assert (done.moved, done.added) == (12, 0)
        text, told = shown(archive)
        assert told == []
        assert text.count("3 stand for it") == 3
        gone = Path(SoundClassifier.load(archive.classifier).neighbours("low")[0][1].path)
        now = new / gone.relative_to(archive.old)
        after = sounds.correct(archive.classifier, remove=[f"low={now}@0"])
        assert str(gone) not in {piece.path for _, piece in after.neighbours("low")}
        assert len(after.neighbours("low")) == 2
        other = next((new / "high").iterdir())
        after = sounds.correct(archive.classifier, add=[f"low={other}@0"])
        assert len(after.neighbours("low")) == 3, "one of the classifier's own, not a stranger that was heard"

    def test_an_archive_that_moved_without_the_index_knowing(self, archive: SimpleNamespace) -> None:
        archive.old.rename(archive.folder / "new")
        text, (told,) = shown(archive)
        assert told.startswith(
            f"12 recordings cannot be heard on the page. The first: {archive.old / 'high' / '0.wav'} is"
        )
        assert (
            "is no longer there. (missing_file) If they were moved, name the folder they are in now with --root" in told
        )
        assert "12 recordings cannot be heard" in text
        assert "data:audio" not in text
        text, told = shown(archive, root=archive.folder / "new")
        assert told == []
        assert text.count("data:audio") >= 12

    def test_a_recording_that_was_replaced_is_not_played_for_the_old_one(self, archive: SimpleNamespace) -> None:
        before = SoundClassifier.load(archive.classifier)
        path = Path(before.neighbours("low")[0][1].path)
        times = path.stat()
        recording(path, 3000, seed=9)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        _, (told,) = shown(archive)
        assert told.startswith(f"1 recording cannot be heard on the page. The first: {path} is not what was indexed")
        assert "its content has changed since" in told
        after = sounds.correct(archive.classifier, add=[f"high={path}@0"], encoder=archive.encoder)
        assert len(after.neighbours("high")) == 4, "what lies there now was heard"
        assert len(after.pieces) == len(before.pieces) + 1

    def test_sounds_that_left_the_index_are_told(self, archive: SimpleNamespace, tmp_path: Path) -> None:
        path = Path(SoundClassifier.load(archive.classifier).neighbours("low")[0][1].path)
        other = recording(tmp_path / "x.wav", 3000, seed=77)
        sounds.correct(archive.classifier, add=[f"high={other}"], encoder=archive.encoder)
        path.unlink()
        sounds.index(archive.old, out=archive.index, encoder=archive.encoder, workers=1, progress=False)
        text, told = shown(archive)
        assert told == [
            f"A sound that stands for 'low' is not in the index, so the page does not show it: {path} at 0 s",
            f"A sound that stands for 'high' is not in the index, so the page does not show it: {other} at 0 s",
        ]
        assert "A sound that stands for &#39;low&#39; is not in the index" in text

    def test_a_classifier_that_moved_finds_its_index(self, archive: SimpleNamespace) -> None:
        (archive.folder / "deep" / "er").mkdir(parents=True)
        archive.classifier = archive.classifier.rename(archive.folder / "deep" / "er" / "classifier")
        assert shown(archive)[1] == []

    def test_all_that_moved_together_goes_on_as_before(self, archive: SimpleNamespace, tmp_path: Path) -> None:
        """Index, classifier and recordings in one folder, which moves; then other recordings come where they were."""
        before, outside = SoundClassifier.load(archive.classifier), recording(tmp_path / "own" / "x.wav", 3000, seed=77)
        sounds.correct(archive.classifier, add=[f"high={outside}"], encoder=archive.encoder)
        tmp_path.rename(away := tmp_path.with_name(f"{tmp_path.name} away"))
        here, new = away / "old" / "archive", tmp_path / "old" / "archive"
        archive.classifier, archive.folder = away / "classifier", away
        text, told = shown(archive)
        assert [one for one in told if "x.wav" not in one] == []
        assert text.count("data:audio") >= 12
        hits = sounds.search(away / "index", "high", encoder=archive.encoder)
        assert all(hit.file.located().is_relative_to(here) for hit in hits)
        gone = Path(before.neighbours("low")[0][1].path).relative_to(archive.old)
        after = sounds.correct(archive.classifier, remove=[f"low={here / gone}"], encoder=archive.encoder)
        assert len(after.neighbours("low")) == 2
        assert len(after.neighbours("high")) == 4, "what was put in is found again, too"
        for name in ("0.wav", "99.wav"):
            recording(new / "low" / name, 900, seed=50)
        done = sounds.index([here, new], out=away / "index", encoder=archive.encoder, workers=1, progress=False)
        assert (done.added, done.changed, done.moved, done.removed, done.unchanged) == (2, 0, 0, 0, 12)
        recording(here / "low" / "0.wav", 200, seed=51)
        (here / "low" / "1.wav").unlink()
        done = sounds.index([here, new], out=away / "index", encoder=archive.encoder, workers=1, progress=False)
        assert (done.added, done.changed, done.removed, done.unchanged) == (0, 1, 1, 12)
        index = SoundIndex.open(away / "index")
        assert sorted(index.files()) == sorted([*here.rglob("*.wav"), *new.rglob("*.wav")])
        assert len(index.pool()) == len(index) == 13

    def test_an_index_that_moved_alone_finds_its_recordings(self, archive: SimpleNamespace) -> None:
        (archive.folder / "deep").mkdir()
        moved = archive.index.rename(archive.folder / "deep" / "index")
        assert shown(archive, index=moved)[1] == []

    def test_an_index_that_lost_everything_says_so(self, archive: SimpleNamespace) -> None:
        for path in archive.old.rglob("*.wav"):
            path.unlink()
        sounds.index(archive.old, out=archive.index, encoder=archive.encoder, workers=1, progress=False)
        with pytest.raises(InputError, match=r"holds no window to show. .*limbeck sounds index"):
            shown(archive)

    def test_the_same_recording_twice(self, archive: SimpleNamespace) -> None:
        path = Path(SoundClassifier.load(archive.classifier).neighbours("low")[0][1].path)
        (archive.old / "copy.wav").write_bytes(path.read_bytes())
        sounds.index(archive.old, out=archive.index, encoder=archive.encoder, workers=1, progress=False)
        text, told = shown(archive)
        assert told == []
        assert text.count("3 stand for it") == 3


class TestWatch:
    def test_a_folder(self, made: SimpleNamespace, tmp_path: Path) -> None:
        """What is there already, what comes, what comes slowly, and what is no sound; nothing hidden or unfinished."""
        recording(tmp_path / "in" / "there.wav", 200)
        stop = threading.Event()
        heard = sounds.watch(made.learned, tmp_path / "in", existing=True, always=True, encoder=made.encoder, stop=stop)
        rows = [next(heard)]
        whole = recording(tmp_path / "later.wav", 3000).read_bytes()

        def arrive() -> None:
            (tmp_path / "in" / ".hidden.wav").write_bytes(whole)
            (tmp_path / "in" / "copy.part").write_bytes(whole)
            (tmp_path / "in" / "deep").mkdir()
            with open(tmp_path / "in" / "deep" / "slow.wav", "wb") as file:
                for at in range(0, len(whole), 1 + len(whole) // 4):
                    file.write(whole[at : at + 1 + len(whole) // 4])
                    file.flush()
                    time.sleep(0.2)
            (tmp_path / "in" / "text.wav").write_text("no sound")

        thread = threading.Thread(target=arrive)
        thread.start()
        rows += [next(heard), next(heard)]
        stop.set()
        thread.join()
        assert list(heard) == []
        assert [(row.path.name, getattr(row, "label", "unread")) for row in rows] == [
            ("there.wav", "low"),
            ("slow.wav", "high"),
            ("text.wav", "unread"),
        ]

    def test_a_folder_that_is_moved_in(self, tmp_path: Path) -> None:
        """Of its files nothing is told by the system; what is no media is passed over here, too."""
        inside = tmp_path / "in"
        recording(inside / "there.wav", 200)
        recording(tmp_path / "full" / "deep" / "a.wav", 200)
        (tmp_path / "full" / "notes.txt").write_text("no sound")
        stop = threading.Event()
        at_last = threading.Timer(10, stop.set)
        at_last.start()
        found = _arrivals.arrivals(inside, existing=True, stop=stop, settle_s=0.1)
        assert next(found) == inside / "there.wav"
        (inside / "list.txt").write_text("no sound")
        os.rename(tmp_path / "full", inside / "full")
        assert next(found, None) == inside / "full" / "deep" / "a.wav"
        threading.Timer(0.5, stop.set).start()
        assert list(found) == []
        at_last.cancel()

    def test_what_comes_while_the_encoder_loads_is_named(
        self, made: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file that comes, and one that is replaced, between the call and the first name that is asked for."""
        inside = tmp_path / "in"
        old, replaced = recording(inside / "old.wav", 200), recording(inside / "replaced.wav", 200)

        def slow(name: str) -> type[Listener]:
            recording(inside / "new.wav", 900)
            recording(replaced, 3000, seconds=1.5)
            return Listener

        monkeypatch.setattr("limbeck.encoders.load", slow)
        stop = threading.Event()
        at_last = threading.Timer(20, stop.set)
        at_last.start()
        heard = sounds.watch(made.learned, inside, always=True, stop=stop)
        rows = {next(heard), next(heard)}
        assert {(row.path.name, row.label) for row in rows} == {("new.wav", "middle"), ("replaced.wav", "high")}
        recording(inside / "later.wav", 200)
        assert next(heard).path.name == "later.wav", f"and {old} never"
        at_last.cancel()
        stop.set()

    def test_a_folder_with_any_name(self, tmp_path: Path) -> None:
        """The package that watches passes over the names of folders that programmers use."""
        inside = tmp_path / "node_modules" / "venv"
        inside.mkdir(parents=True)
        stop = threading.Event()
        at_last = threading.Timer(10, stop.set)
        at_last.start()
        found = _arrivals.arrivals(inside, stop=stop, settle_s=0.1)
        threading.Timer(1, recording, [inside / "a.wav", 200]).start()
        assert next(found, None) == inside / "a.wav"
        at_last.cancel()
        stop.set()

    def test_a_folder_that_goes_away(self, tmp_path: Path) -> None:
        inside = tmp_path / "in"
        inside.mkdir()
        found = _arrivals.arrivals(inside, settle_s=0.1)
        threading.Timer(0.5, inside.rmdir).start()
        with pytest.raises(InputError, match="is no longer there"):
            next(found)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="is not a folder that could be watched"):
            _arrivals.arrivals(tmp_path / "nosuch")

    def test_a_stream(self, made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
        """The sound card alone is replaced: blocks of 1000 samples, two seconds of each tone."""
        sound = np.concatenate([tone(hz, 2.0) for hz in WORDS.values()])

        def blocks(rate_hz: int, *, stop: threading.Event | None) -> Iterator[np.ndarray]:
            assert rate_hz == RATE_HZ
            yield from np.split(sound, range(1000, len(sound), 1000))

        monkeypatch.setattr(_arrivals, "microphone", blocks)
        found = list(sounds.watch(made.learned, "microphone", always=True, encoder=made.encoder, hop=1.0))
        assert [row.start_s for row in found] == [0, 0, 1, 2, 3, 4]
        assert [found[i].label for i in (1, 3, 5)] == list(WORDS)

    def test_windows_of_a_stream_against_plain_slicing(self) -> None:
        stream = np.arange(1000, dtype=np.float32)
        rng = np.random.default_rng(0)
        blocks = np.split(stream, np.sort(rng.integers(0, 1000, 40)))
        found = list(_arrivals.windows(blocks, window=70, hop=30))
        assert [start for start, _ in found] == [max(0, end - 70) for end in range(30, 1001, 30)]
        for (start, piece), end in zip(found, range(30, 1001, 30), strict=True):
            np.testing.assert_array_equal(piece, stream[start:end])

    def test_a_slow_reader_loses_the_oldest_sound(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The sound card alone is replaced: it gives a thousand blocks at once."""

        class Card:
            def __init__(self, *, blocksize: int, callback: Any, **_: Any) -> None:
                for i in range(1000):
                    callback(np.full((blocksize, 1), i, np.float32), blocksize, None, None)

            def __enter__(self) -> None:
                pass

            def __exit__(self, *error: object) -> None:
                pass

        monkeypatch.setitem(sys.modules, "sounddevice", SimpleNamespace(InputStream=Card, PortAudioError=OSError))
        heard = _arrivals.microphone(8000)
        assert [int(next(heard)[0]) for _ in range(300)] == list(range(700, 1000))

    def test_no_sound_card_is_explained(self) -> None:
        try:
            import sounddevice
        except OSError:
            with pytest.raises(InputError, match=r"No microphone can be used here: .*--input FOLDER"):
                next(_arrivals.microphone(16_000))
            return
        if not sounddevice.query_devices():
            with pytest.raises(InputError, match="cannot be opened"):
                next(_arrivals.microphone(16_000))


def test_windows_keep_no_sound_of_a_long_recording(made: SimpleNamespace, tmp_path: Path) -> None:
    """A file of many windows is named a batch of them at a time, and what is known of windows keeps no sound."""
    path = recording(tmp_path / "long.wav", *([200] * 300))
    alive = []

    class Counting(Listener):
        def _audio(self, waveforms: list[torch.Tensor]) -> AudioEmbeddings:  # type: ignore[override]
            alive.append(len(waveforms))
            return super()._audio(waveforms)

    pieces = _naming.stretches_of([path], made.encoder, None, None)
    (row,) = _naming.name(pieces, Counting(), made.learned, by="file", batch=8)
    assert row.label == "low"
    assert (max(alive), sum(alive)) == (8, 300)
    seen: list[weakref.ref[np.ndarray]] = []

    def counted() -> Iterator[Any]:
        for path_of, stretch in _naming.stretches_of([path], made.encoder, None, None):
            seen.append(weakref.ref(stretch.samples))
            yield path_of, stretch

    kept = list(_naming._scored(counted(), made.encoder, made.learned, 8))
    assert (len(kept), len(seen)) == (300, 10)
    assert sum(samples() is not None for samples in seen) <= 1


@pytest.mark.slow
@pytest.mark.data
def test_words_that_mean_nothing_are_told_on_real_recordings(test_data: Path, tmp_path: Path) -> None:
    """Words of sounds that are there stand above the usual; others, and no words at all, do not."""
    (tmp_path / "weights").mkdir()
    encoder = YamNet.pretrained(folder=yamnet_folder(test_data, tmp_path / "weights"), offline=True)
    kinds = ("dog_bark", "rain", "rooster", "person_sneeze", "chainsaw", "baby_cry")
    files = [p for name in kinds for p in sorted((test_data / "esc10" / name).iterdir())[:6]]
    sounds.index(files, out=tmp_path / "index", encoder=encoder, workers=1, progress=False)
    index = SoundIndex.open(tmp_path / "index")
    best = {}
    for word in ("dog bark", "rain", "rooster", "sneeze", "chainsaw", "baby cry", "phone ringing", "church bells",
                 "xqzt", "quarterly report", "1-187207-A.ogg", "Regen"):  # fmt: skip
        best[word] = sounds.search(index, word, top=1, encoder=encoder, standing=True)[0].above
    assert all(best[word] > 0 for word in list(best)[:6]), best
    assert all(best[word] < 0 for word in list(best)[6:]), best
    with pytest.raises(InputError, match=r"Nothing in the index sounds like 'tax law', 'file.ogg': .* reads English"):
        sounds.learn(index, ["rain", "tax law", "file.ogg"], encoder=encoder, refuse_unknown=True)
    told: list[str] = []
    sounds.learn(index, ["dog bark", "rain", "sneeze"], encoder=encoder, refuse_unknown=True, told=told.append)
    assert told == []


@pytest.mark.data
def test_words_name_real_recordings(test_data: Path, tmp_path: Path) -> None:
    """YAMNet, four words, six recordings a word of folds 1 to 3 without labels; three a word of fold 4 are named."""
    (tmp_path / "weights").mkdir()
    encoder = YamNet.pretrained(folder=yamnet_folder(test_data, tmp_path / "weights"), offline=True)
    words = {"dog_bark": "dog bark", "rain": "rain", "chainsaw": "chainsaw", "rooster": "rooster"}
    files = {name: sorted((test_data / "esc10" / name).iterdir()) for name in words}
    known = [p for found in files.values() for p in [f for f in found if f.name[0] in "123"][:6]]
    new = {p: words[name] for name, found in files.items() for p in [f for f in found if f.name[0] == "4"][:3]}
    sounds.index(known, out=tmp_path / "index", encoder=encoder, workers=1, progress=False)
    hits = sounds.search(tmp_path / "index", "a dog barks", top=4, encoder=encoder)
    assert {hit.path.parent.name for hit in hits} == {"dog_bark"}
    sounds.learn(tmp_path / "index", list(words.values()), out=tmp_path / "classifier", encoder=encoder)
    rows = list(sounds.classify(tmp_path / "classifier", list(new), encoder=encoder))
    assert [row.path for row in rows] == list(new)
    assert sum(row.label == new[row.path] for row in rows) >= 11
