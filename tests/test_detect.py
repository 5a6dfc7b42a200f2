"""Events of an archive, from files to tables, with a small real encoder that needs no weights."""

from __future__ import annotations

import csv
import os
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from tests.helpers.killed import told_by
from tests.helpers.tones import RATE_HZ, TONES, ToneEncoder, field_recording, noise, tone, tone_classifier
from tests.helpers.weights_folder import yamnet_folder

from limbeck import sounds
from limbeck._files import exclusive
from limbeck.detections import EventSettings, Store, names
from limbeck.encoders import AudioEmbeddings
from limbeck.encoders.yamnet import YamNet
from limbeck.errors import BusyError, FingerprintError, InputError, UnknownNameError
from limbeck.index import SoundIndex
from limbeck.media import write_wav
from limbeck.prototypes import SoundClassifier

KILLS = 10
TRUTH = {
    "north/20240131_233005.wav": [("low", 4.0, 9.0), ("high", 20.0, 26.0)],
    "north/20240201_003005.wav": [],
    "south/20240131_233005.wav": [("middle", 10.0, 12.0)],
}
"""Recordings of 30 s with the events in them."""


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a classifier of three tones."""
    folder = tmp_path_factory.mktemp("learned")
    tone_classifier(folder, ToneEncoder())
    return folder


@pytest.fixture
def field(learned: Path, tmp_path: Path) -> SimpleNamespace:
    """An archive of three recordings with known events, and a way to find them."""
    archive = tmp_path / "archive"
    for number, (path, truth) in enumerate(TRUTH.items()):
        field_recording(archive / path, 30.0, truth, seed=number)
    encoder = ToneEncoder()

    def detect(**options: Any) -> sounds.Detections:
        options = {"out": tmp_path / "out", "workers": 1, "encoder": encoder} | options
        source = options.pop("source", archive)
        return sounds.detect(options.pop("classifier", learned / "classifier"), source, **options)

    return SimpleNamespace(archive=archive, out=tmp_path / "out", encoder=encoder, detect=detect)


LOW, HIGH = dict.fromkeys(("low", "middle", "high"), 0.3), dict.fromkeys(("low", "middle", "high"), 0.97)


def column(out: Path, name: str) -> list[float]:
    """Numbers of every event."""
    with open(out / "events.csv", encoding="utf-8", newline="") as file:
        return [float(row[name]) for row in csv.DictReader(file)]


def table(out: Path) -> list[tuple[str, str, float, float]]:
    """Path, word, beginning and end of every event."""
    with open(out / "events.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [(row["path"], row["label"], float(row["start_s"]), float(row["end_s"])) for row in rows]


class TestWhatIsFound:
    def test_events_lie_where_they_were_put_within_half_a_window(self, field: SimpleNamespace) -> None:
        done = field.detect()
        assert (done.recordings, done.heard, done.gone, done.rejected) == (3, 3, 0, ())
        assert done.counts == {"low": 1, "middle": 1, "high": 1}
        assert done.seconds == pytest.approx(90.0, abs=0.1)
        found = table(field.out)
        expected = [(path, *event) for path, truth in sorted(TRUTH.items()) for event in truth]
        assert [(path, label) for path, label, *_ in found] == [(path, label) for path, label, *_ in expected]
        for (*_, start, end), (*_, true_start, true_end) in zip(found, expected, strict=True):
            assert abs(start - true_start) <= 0.5
            assert abs(end - true_end) <= 0.5

    def test_clock_times_sites_and_the_summary(self, field: SimpleNamespace) -> None:
        field.detect()
        with open(field.out / "events.csv", encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        assert [row["site"] for row in rows] == ["north", "north", "south"]
        assert rows[1]["clock_start"].startswith("2024-01-31T23:30:2")
        with open(field.out / "summary.csv", encoding="utf-8", newline="") as file:
            summary = [tuple(row.values())[:5] for row in csv.DictReader(file)]
        assert summary == [
            ("north", "2024-01-31", "23", "high", "1"),
            ("north", "2024-01-31", "23", "low", "1"),
            ("south", "2024-01-31", "23", "middle", "1"),
        ]

    def test_a_page_shows_what_the_tables_hold(self, field: SimpleNamespace) -> None:
        (field.archive / "rotten.wav").write_bytes(b"RIFF")
        done = field.detect(page=True)
        html = done.files["page"].read_text(encoding="utf-8")
        assert done.files["page"] == field.out / "page" / "index.html"
        for text in (
            "3 events in 1 min 30 s of sound",
            "1 recording cannot be used.",
            "rotten.wav",
            "not a probability",
        ):
            assert text in html
        with open(field.out / "heard.csv", encoding="utf-8", newline="") as file:
            heard = [tuple(row.values())[:3] for row in csv.DictReader(file)]
        assert heard == [
            ("north", "2024-01-31", "23"), ("north", "2024-02-01", "00"), ("south", "2024-01-31", "23"),
        ]  # fmt: skip
        assert field.detect().heard == 0, "the page is no recording"

    def test_digits_are_a_time_beside_hexadecimal_names(self, field: SimpleNamespace) -> None:
        for place, name in (("north/20240131_233005", "61234567"), ("north/20240201_003005", "61234A00")):
            (field.archive / f"{place}.wav").rename(field.archive / f"north/{name}.wav")
        (field.archive / "south/20240131_233005.wav").rename(field.archive / "south/61234568.wav")
        field.detect()
        with open(field.out / "events.csv", encoding="utf-8", newline="") as file:
            begun = [(row["site"], row["clock_start"][:10]) for row in csv.DictReader(file)]
        assert begun == [("north", "2021-08-23"), ("north", "2021-08-23"), ("south", "")]

    def test_names_of_ones_own(self, field: SimpleNamespace) -> None:
        (field.archive / "north/20240131_233005.wav").rename(field.archive / "pond-31.01.24.wav")
        field.detect(names="{site}-%d.%m.%y")
        with open(field.out / "events.csv", encoding="utf-8", newline="") as file:
            row = next(row for row in csv.DictReader(file) if row["path"] == "pond-31.01.24.wav")
        assert (row["site"], row["clock_start"][:10]) == ("pond", "2024-01-31")

    def test_a_threshold_that_is_given_wins_over_what_the_classifier_keeps(
        self, field: SimpleNamespace, learned: Path
    ) -> None:
        kept = replace(SoundClassifier.load(learned / "classifier"), thresholds={"low": 1.0})
        assert field.detect(classifier=kept).counts["low"] == 0
        assert field.detect(classifier=kept, settings=EventSettings(threshold=0.5)).counts["low"] == 1

    def test_steps_that_are_no_whole_samples_lose_no_window(self, field: SimpleNamespace) -> None:
        place = field_recording(field.archive / "long.wav", 120.0, [("low", 30.0, 90.0)])
        # Of 266.6 samples: windows begin every 267, one less in 22 s.
        field.detect(source=place, hop=0.033325, settings=EventSettings(merge_s=0.0))
        assert any(start < 31.0 and end > 89.0 for *_, start, end in table(field.out))

    def test_silence_is_heard_too_and_nothing_found_in_it(self, field: SimpleNamespace) -> None:
        sound = np.zeros(20 * RATE_HZ, np.float32)
        sound[5 * RATE_HZ : 8 * RATE_HZ] = tone(TONES["low"], 3.0) + noise(3.0)
        write_wav(field.archive / "part.wav", sound, RATE_HZ)
        write_wav(field.archive / "silent.wav", 0 * sound, RATE_HZ)
        done = field.detect(source=[field.archive / "part.wav", field.archive / "silent.wav"])
        assert (done.recordings, done.seconds, done.rejected) == (2, 40.0, ())
        ((*_, start, end),) = table(field.out)
        assert abs(start - 5.0) <= 0.5
        assert abs(end - 8.0) <= 0.5

    def test_recordings_that_cannot_be_used_are_told_and_silent_ones_hold_nothing(self, field: SimpleNamespace) -> None:
        (field.archive / "rotten.wav").write_bytes(b"RIFF")
        (field.archive / os.fsdecode(b"odd\xff.wav")).write_bytes(b"RIFF")
        write_wav(field.archive / "silent.wav", np.zeros(8000, np.float32), 8000)
        done = field.detect(forms=["raven"])
        assert [(path.name, reason) for path, reason, _ in done.rejected] == [
            (os.fsdecode(b"odd\xff.wav"), "bad_name"),
            ("rotten.wav", "not_media"),
        ]
        assert done.recordings == 4
        lines = (field.out / "raven" / "silent.wav.Table.1.selections.txt").read_text().splitlines()
        assert len(lines) == 1
        assert [why for _, why, _ in field.detect().rejected] == ["bad_name", "not_media"]


class TestConfidence:
    def test_labels_make_scores_probabilities_without_hearing_anything_again(
        self, field: SimpleNamespace, learned: Path, tmp_path: Path
    ) -> None:
        """A checked classifier is the same one: the scores that are kept become probabilities by its curve."""
        before = field.detect()
        assert before.confidence.startswith("Confidence is the classifier's score, not a probability")
        scores, heard = column(field.out, "score"), field.encoder.heard
        shutil.copytree(learned / "classifier", tmp_path / "classifier")
        lines = ["path,label"]
        for number in range(30):
            word = ("low", "middle", "high")[number % 3]
            path = field_recording(tmp_path / "own" / f"{number}.wav", 1.0, [(word, 0.0, 1.0)], seed=50 + number)
            # Some were labelled wrongly, so that no score is surer than that.
            lines.append(f"{path},{'high' if number % 7 == 0 else word}")
        (tmp_path / "labels.csv").write_text("\n".join(lines), encoding="utf-8")
        told = sounds.check(tmp_path / "classifier", tmp_path / "labels.csv", encoder=field.encoder)
        assert told.confidence is not None
        assert told.to_json()["confidence"]["recordings"] == 30
        assert SoundClassifier.load(tmp_path / "classifier").calibration is None
        sounds.check(tmp_path / "classifier", tmp_path / "labels.csv", encoder=field.encoder, keep=True)
        heard = field.encoder.heard
        done = field.detect(classifier=tmp_path / "classifier", settings=EventSettings(threshold=0.3, thresholds=LOW))
        assert field.encoder.heard == heard
        assert done.confidence == told.confidence.sentence()
        found = column(field.out, "score")
        np.testing.assert_allclose(found, told.confidence.probability(scores), atol=5e-3)
        assert max(found) < 0.97 < max(scores)
        short = field.detect(classifier=tmp_path / "classifier", window=0.5, out=tmp_path / "short").confidence
        assert short.endswith("That was measured in windows of 1 s, and these are of 0.5 s: listen to some.")
        assert field.detect(classifier=tmp_path / "classifier", settings=EventSettings(thresholds=HIGH)).counts == {
            "low": 0, "middle": 0, "high": 0,
        }  # fmt: skip

    def test_what_was_accepted_calibrates_as_soon_as_it_is_enough(
        self, field: SimpleNamespace, learned: Path, tmp_path: Path
    ) -> None:
        for name in ("pool", "index", "classifier"):
            shutil.copytree(learned / name, tmp_path / name)
        right = [f"{word}={tmp_path}/pool/{word}/{number}.wav@0" for word in LOW for number in range(10)]
        for given, said in (
            (right[:12], "not a probability"),
            (right, "calibrated on the corrections of"),
        ):
            made = sounds.correct(tmp_path / "classifier", add=given, encoder=field.encoder)
            done = field.detect(classifier=tmp_path / "classifier", fresh=True)
            assert said in done.confidence
            assert (sounds.summary(made)["confidence"] is None) == (given is not right)


class TestAgain:
    def test_other_thresholds_and_forms_need_no_sound_and_no_encoder(self, field: SimpleNamespace) -> None:
        field.detect()
        heard = field.encoder.heard
        shutil.move(field.archive / "south", field.out.parent / "away")
        done = field.detect(
            settings=EventSettings(thresholds={"low": 1.0}, release=1.0), forms=["audacity", "jams", "kaleidoscope"]
        )
        assert field.encoder.heard == heard
        assert (done.heard, done.gone, done.recordings) == (0, 1, 3)
        assert done.counts["middle"] == 1  # what is gone keeps its events
        assert set(done.files) == {"audacity", "jams", "kaleidoscope", "summary", "heard"}
        assert all(path.exists() for path in done.files.values())

    def test_only_new_and_changed_recordings_are_heard(self, field: SimpleNamespace) -> None:
        field.detect()
        field_recording(field.archive / "north/20240201_003005.wav", 30.0, [("middle", 3.0, 6.0)], seed=8)
        field_recording(field.archive / "west/new.wav", 30.0, [("high", 3.0, 6.0)], seed=9)
        done = field.detect()
        assert (done.heard, done.recordings) == (2, 5 - 1)
        assert done.counts == {"low": 1, "middle": 2, "high": 2}

    def test_an_archive_that_moved_is_not_heard_again(self, field: SimpleNamespace, tmp_path: Path) -> None:
        field.detect()
        before, heard = table(field.out), field.encoder.heard
        field.archive.rename(tmp_path / "moved")
        done = field.detect(source=tmp_path / "moved")
        assert field.encoder.heard == heard
        assert (done.heard, done.gone, done.recordings) == (0, 0, 3)
        assert table(field.out) == before

    def test_two_archives_with_the_same_names_keep_their_events_apart(
        self, field: SimpleNamespace, tmp_path: Path
    ) -> None:
        other = field_recording(tmp_path / "b" / "north" / "20240131_233005.wav", 30.0, [("middle", 5.0, 9.0)], seed=5)
        field.detect(source=[field.archive, tmp_path / "b"], forms=["csv", "audacity"])
        assert len({path for path, *_ in table(field.out)}) == 3
        files = sorted((field.out / "audacity").rglob("*.labels.txt"))
        assert len(files) == 4
        assert any(str(other).lstrip("/") in str(file) for file in files)

    @pytest.mark.parametrize("how", ["touched", "replaced", "linked"])
    def test_a_recording_is_one_whatever_folder_or_link_leads_to_it(self, field: SimpleNamespace, how: str) -> None:
        field.detect()
        place = field.archive / "south/20240131_233005.wav"
        if how == "touched":
            os.utime(place)
        elif how == "replaced":
            field_recording(place, 30.0, [("high", 10.0, 12.0)], seed=6)
        source = field.archive / "south"
        if how == "linked":
            source = field.archive / "link"
            source.symlink_to(field.archive / "south", target_is_directory=True)
        word = "high" if how == "replaced" else "middle"
        for looked_in in (source, field.archive):
            done = field.detect(source=looked_in)
            assert (done.recordings, done.gone, done.seconds) == (3, 0, 90.0)
            assert [label for path, label, *_ in table(field.out) if path == "south/20240131_233005.wav"] == [word], (
                "its path and site are those that it had"
            )
            assert sum(done.counts.values()) == 3

    def test_one_that_was_replaced_by_what_cannot_be_used_has_no_events(self, field: SimpleNamespace) -> None:
        field.detect()
        place = field.archive / "south/20240131_233005.wav"
        sound = place.read_bytes()
        place.write_bytes(b"RIFF")
        for source in (field.archive / "south", field.archive):
            done = field.detect(source=source)
            assert (done.recordings, done.counts["middle"], len(done.rejected)) == (2, 0, 1)
        heard = field.encoder.heard
        place.write_bytes(sound)
        done = field.detect()
        assert (done.recordings, done.counts["middle"], done.rejected) == (3, 1, ())
        assert field.encoder.heard == heard

    def test_what_a_person_wrote_into_a_table_is_kept(self, field: SimpleNamespace) -> None:
        forms = ["csv", "raven", "kaleidoscope"]
        assert field.detect(forms=forms).edited == ()
        raven = field.out / "raven" / "north/20240131_233005.wav.Table.1.selections.txt"
        raven.write_text(raven.read_text().replace("Common Name", "My Note"))
        manual = field.out / "kaleidoscope.csv"
        lines = manual.read_text().splitlines()
        manual.write_text("\n".join([*lines[:-1], f"{lines[-1]}thrush"]) + "\n")
        summary = field.out / "summary.csv"
        summary.write_text("mine")
        for fresh in (False, True):
            done = field.detect(forms=forms, fresh=fresh)
            names = [one.kept.name for one in done.edited]
            assert names == (
                [] if fresh else ["20240131_233005.wav.Table.1.selections.edited.txt", "summary.edited.csv"]
            )
            assert "My Note" in raven.with_name("20240131_233005.wav.Table.1.selections.edited.txt").read_text()
            assert ("My Note" in raven.read_text(), manual.read_text().count("thrush")) == (False, 1)
        assert done.to_json()["edited"] == []
        assert field.detect(forms=forms, settings=EventSettings(threshold=1.0)).edited[0].table == manual

    def test_damaged_scores_are_heard_anew_and_those_of_lost_recordings_told(self, field: SimpleNamespace) -> None:
        field.detect()
        before = table(field.out)
        file = field.out / "detections.db"
        harm = "update scores set scores = substr(scores, 1, 9)"
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(f"{harm} where sha256 in (select sha256 from recordings where path like 'north/%')")
        done = field.detect()
        assert [path.parent.name for path in done.damaged] == ["north", "north"]
        assert (done.heard, table(field.out)) == (2, before)
        (field.archive / "south/20240131_233005.wav").unlink()
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute(harm)
        done = field.detect()
        assert [path.parent.name for path in done.damaged] == ["north", "north", "south"]
        assert (done.recordings, done.counts["middle"], done.gone) == (2, 0, 0)
        assert len(done.to_json()["damaged"]) == 3

    def test_one_recording_that_the_encoder_gives_no_numbers_for_stops_no_other(self, field: SimpleNamespace) -> None:
        class Odd(ToneEncoder):
            def _audio(self, waveforms: Sequence[torch.Tensor]) -> AudioEmbeddings:
                made = super()._audio(waveforms)
                loud = torch.tensor([float(wave.abs().max()) > 0.9 for wave in waveforms])
                return AudioEmbeddings(
                    torch.where(loud[:, None], torch.nan, made.joint),
                    torch.where(loud[:, None], torch.nan, made.features),
                )

        write_wav(field.archive / "loud.wav", np.tile(np.float32([0, 1]), 4 * RATE_HZ), RATE_HZ)
        done = field.detect(encoder=Odd())
        assert [(path.name, why) for path, why, _ in done.rejected] == [("loud.wav", "bad_embedding")]
        assert (done.recordings, done.heard, sum(done.counts.values())) == (3, 3, 3)
        assert field.detect(encoder=Odd()).rejected == done.rejected

    def test_a_folder_whose_name_is_no_text(self, field: SimpleNamespace) -> None:
        out = field.out.with_name(os.fsdecode(b"out\xff"))
        for _ in range(2):
            done = field.detect(out=out, forms=names(), page=True)
            assert all(path.exists() for path in done.files.values())
            assert done.edited == ()

    def test_another_classifier_or_other_windows_are_refused_unless_all_is_forgotten(
        self, field: SimpleNamespace, tmp_path: Path
    ) -> None:
        field.detect()
        with pytest.raises(InputError, match=r"windows of 1 s every 0\.5 s, but 1 s every 1 s were requested.*--fresh"):
            field.detect(hop=1.0)
        other = tone_classifier(tmp_path, field.encoder, words=["low", "high"])
        with pytest.raises(InputError, match="by another classifier, or by this one before it was corrected"):
            field.detect(classifier=other)
        done = field.detect(classifier=other, hop=1.0, fresh=True)
        assert (done.heard, set(done.counts)) == (3, {"low", "high"})

    def test_nothing_is_forgotten_before_all_is_there_that_is_to_be_heard_anew(self, field: SimpleNamespace) -> None:
        field.detect()
        for options, kind in (
            ({"source": field.archive / "nowhere"}, InputError),
            ({"encoder": ToneEncoder(5)}, FingerprintError),
        ):
            with pytest.raises(kind):
                field.detect(fresh=True, **options)
        heard = field.encoder.heard
        assert (field.detect().heard, field.encoder.heard) == (0, heard)
        assert field.detect(fresh=True).heard == 3

    def test_what_does_not_fit_is_told_before_anything_is_heard(self, field: SimpleNamespace) -> None:
        for options, kind, sentence in (
            ({"forms": ["ravn"]}, UnknownNameError, "Did you mean 'raven'"),
            ({"settings": EventSettings(thresholds={"rain": 0.5})}, InputError, "no word 'rain'"),
            ({"names": "%H"}, InputError, "a year, a month and a day"),
            ({"window": 5.0}, InputError, "this encoder takes 2 s as a whole"),
            ({"hop": 0.0}, InputError, "are at least a sample long"),
            ({"source": field.archive / "nowhere"}, InputError, "does not exist"),
        ):
            with pytest.raises(kind, match=sentence):
                field.detect(**options)
        assert field.encoder.heard == 0
        for out in (field.archive, field.archive.parent):
            with pytest.raises(InputError, match=r"the recordings of .* lie in it\. Choose a folder"):
                field.detect(out=out)
        assert field.detect(out=field.archive / "out").heard == 3
        field.detect()
        with exclusive(field.out), pytest.raises(BusyError):
            field.detect()
        (field.out / "detections.db").write_bytes(b"nothing of the kind" * 500)
        with pytest.raises(InputError, match=r"detections\.db is damaged.*Delete it"):
            field.detect()


class TestFromAnIndex:
    @pytest.fixture
    def index(self, field: SimpleNamespace, tmp_path: Path) -> Path:
        """The archive in windows of half a second's step."""
        sounds.index(
            field.archive, out=tmp_path / "index", encoder=field.encoder, window=1.0, hop=0.5, workers=1, progress=False
        )
        return tmp_path / "index"

    def test_it_has_the_events_of_its_recordings_without_hearing_them(
        self, field: SimpleNamespace, index: Path
    ) -> None:
        heard = field.encoder.heard
        done = field.detect(source=index)
        assert (field.encoder.heard, done.heard, done.recordings, done.gone) == (heard, 3, 3, 0)
        assert done.seconds == pytest.approx(90.0, abs=0.1)
        found = table(field.out)
        field.detect(out=field.out / "again")
        assert [row[:2] for row in found] == [row[:2] for row in table(field.out / "again")]
        np.testing.assert_allclose([row[2:] for row in found], [row[2:] for row in table(field.out / "again")])
        for one in done.to_json()["counts"].values():
            assert one == 1

    def test_only_what_is_new_in_it_is_scored_and_its_recordings_are_not_heard_again(
        self, field: SimpleNamespace, index: Path
    ) -> None:
        field.detect(source=index)
        field_recording(field.archive / "west/new.wav", 30.0, [("high", 3.0, 6.0)], seed=9)
        (field.archive / "bad.wav").write_bytes(b"RIFF")
        sounds.index(field.archive, out=index, encoder=field.encoder, workers=1, progress=False)
        done = field.detect(source=index)
        assert (done.heard, done.recordings, done.counts["high"]) == (1, 4, 2)
        assert [(path.name, why) for path, why, _ in done.rejected] == [("bad.wav", "not_media")]
        heard = field.encoder.heard
        assert field.detect().heard == 0
        assert field.encoder.heard == heard
        (field.archive / "west/new.wav").unlink()
        sounds.index(field.archive, out=index, encoder=field.encoder, workers=1, progress=False)
        done = field.detect(source=index, fresh=True)
        assert (done.heard, done.recordings) == (3, 3)

    def test_recordings_that_moved_are_not_there_twice(
        self, field: SimpleNamespace, index: Path, tmp_path: Path
    ) -> None:
        field.detect(source=index)
        before = table(field.out)
        field.archive.rename(tmp_path / "moved")
        sounds.index(tmp_path / "moved", out=index, encoder=field.encoder, workers=1, progress=False)
        done = field.detect(source=index)
        assert (done.heard, done.gone, done.recordings, table(field.out)) == (0, 0, 3, before)

    def test_one_that_does_not_fit_is_refused(self, field: SimpleNamespace, index: Path, tmp_path: Path) -> None:
        for options, kind, sentence in (
            ({"source": [index, field.archive]}, InputError, "gone through alone"),
            ({"hop": 0.25}, InputError, r"windows of 1 s every 0\.5 s\. Leave --window and --hop out"),
        ):
            with pytest.raises(kind, match=sentence):
                field.detect(**{"source": index} | options)
        apart, other = tmp_path / "apart", tmp_path / "other"
        for out, encoder, hop in ((apart, field.encoder, 1.5), (other, ToneEncoder(5), 0.5)):
            sounds.index(field.archive, out=out, encoder=encoder, window=1.0, hop=hop, workers=1, progress=False)
        with pytest.raises(InputError, match="leave sound out"):
            field.detect(source=apart)
        with pytest.raises(FingerprintError, match="but the index was made with"):
            field.detect(source=other)


@pytest.mark.slow
def test_killed_ten_times_it_ends_with_the_same_events_and_none_twice(tmp_path: Path) -> None:
    tone_classifier(tmp_path, ToneEncoder())
    told = told_by("killed_detect", tmp_path, KILLS)
    rows = told["whole"].splitlines()
    assert {f"{number:02}.wav" for number in range(30)} == {row.split(",")[1] for row in rows[1:]}
    assert len(set(rows)) == len(rows)
    assert told["ends"]
    assert all(end == told["whole"] for end in told["ends"])
    assert any(0 < size < 30 for size in told["sizes"]), "no kill came while there was work to do"


@pytest.mark.data
def test_index_classify_and_detect_hear_the_same_in_the_same_windows(test_data: Path, tmp_path: Path) -> None:
    """YAMNet on a minute and a half of real recordings, with silence among them, in steps of all sorts."""
    (tmp_path / "weights").mkdir()
    encoder = YamNet.pretrained(folder=yamnet_folder(test_data, tmp_path / "weights"), offline=True)
    kinds = ("dog_bark", "rain", "rooster")
    sound = [
        part
        for kind in kinds
        for file in sorted((test_data / "esc10" / kind).iterdir())[:6]
        for part in (soundfile.read(file, dtype="float32")[0], np.zeros(7000, np.float32))
    ]
    sound.insert(8, np.zeros(6 * 44100, np.float32))
    archive, rows = tmp_path / "archive", {}
    archive.mkdir()
    soundfile.write(archive / "long.flac", np.concatenate(sound), 44100)
    for hop in (3.0, 1.5):
        folder = tmp_path / f"index{hop}"
        sounds.index(archive, out=folder, encoder=encoder, window=3.0, hop=hop, workers=1, progress=False)
        pool = SoundIndex.open(folder).pool()
        if hop == 3.0:
            learned = sounds.learn(folder, ["dog bark", "rain", "rooster"], encoder=encoder, neighbours=4)
        scores = learned.classifier.predict_proba(learned.vectors(pool).astype(np.float32))
        rows[f"index {hop}"] = dict(zip(pool.start_s.tolist(), scores, strict=True))
    for hop in (3.0, 1.5, 0.75):
        named = sounds.classify(learned, archive, by="window", window=3.0, hop=hop, top=3, encoder=encoder, always=True)
        of_window = {row.start_s: dict(row.scores) for row in named if isinstance(row, sounds.Prediction)}
        rows[f"classify {hop}"] = {
            start: np.array([scores[label] for label in learned.labels]) for start, scores in of_window.items()
        }
        out = tmp_path / f"out{hop}"
        sounds.detect(learned, archive, out=out, window=3.0, hop=hop, encoder=encoder, workers=1)
        with Store.opened(out) as store:
            ((_, _, heard),) = store.heard()
        rows[f"detect {hop}"] = dict(zip(heard.starts_s.tolist(), heard.scores.astype(np.float32), strict=True))
    whole = SoundIndex.open(tmp_path / "index1.5").pool()
    for row in range(0, len(whole), 7):
        at_s, length_s = float(whole.start_s[row]), float(whole.duration_s[row])
        alone = sounds.recording_vector(archive / "long.flac", encoder, window_s=length_s, at_s=at_s)
        assert float(alone @ whole.joint[row]) > 0.999, at_s
    most = {name: len(found) for name, found in rows.items()}
    assert min(most.values()) > 25, most
    together = rows["classify 0.75"]
    worst = {
        name: max(float(np.abs(scores - together[start]).max()) for start, scores in found.items())
        for name, found in rows.items()
    }
    assert max(worst.values()) < 5e-3, worst  # vectors and scores are kept in 16 bits
