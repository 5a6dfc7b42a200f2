"""What a studio learns and keeps, against learning and correcting by other means."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers.listener import Listener, recording

from limbeck import sounds
from limbeck.active_learning.steps import Add, Drop, Judge, Limit, Rename, Split, Take, Undo
from limbeck.errors import BusyError, FingerprintError, InputError
from limbeck.index import SoundIndex
from limbeck.prototypes import Confidence, SoundClassifier
from limbeck.studio import Session
from limbeck.studio.journal import Journal

Open = Callable[[], Session]


def rows(session: Session, word: str) -> list[int]:
    return [item["row"] for item in session.of_word(word)]


def kinds(items: list[dict]) -> set[str]:  # type: ignore[type-arg]
    return {Path(item["path"]).parent.name for item in items}


def test_words_find_their_windows_and_clicks_are_learned(open_session: Open) -> None:
    with open_session() as session:
        for word in ("low", "middle", "high"):
            first = session.step(Add(word=word))["words"]
        counts = {w["word"]: w["named"] for w in first}
        assert (counts["high"], sum(counts.values())) == (10, 33)
        assert kinds(session.of_word("high")) == {"high"}
        wrong = session.search("high", top=1)[0]["row"]
        told = session.judge("low", True, [wrong])
        assert wrong in session._learner.neighbours("low")
        assert wrong not in session._learner.neighbours("high")
        assert told["words"][0]["yes"] == 1
        assert session.step(Undo())["words"] == first
        assert wrong in session._learner.neighbours("high")


def test_it_keeps_what_learning_and_correcting_by_command_give(open_session: Open, tones: Path, tmp_path: Path) -> None:
    with open_session() as session:
        for word in ("low", "middle", "high"):
            session.step(Add(word=word))
        low, high = rows(session, "low"), rows(session, "high")
        session.judge("low", True, [high[0], high[1]])
        session.judge("middle", False, rows(session, "middle")[:2])
        session.judge("high", True, [low[-1]])
    kept = SoundClassifier.load(tmp_path / "classifier")
    corrections = json.loads((tmp_path / "classifier" / "origin.json").read_text())["corrections"]
    assert (len(corrections["add"]), len(corrections["remove"])) == (3, 4)
    (tmp_path / "corrections.json").write_text(json.dumps(corrections))
    sounds.learn(tones, ["low", "middle", "high"], out=tmp_path / "other", encoder=Listener())
    other = sounds.correct(tmp_path / "other", corrections=tmp_path / "corrections.json", encoder=Listener())
    np.testing.assert_allclose(kept.classifier.prototypes_, other.classifier.prototypes_, rtol=1e-4, atol=1e-5)
    first = SoundClassifier.load(tmp_path / "classifier" / "learned")
    np.testing.assert_allclose(
        first.classifier.prototypes_,
        sounds.learn(tones, ["low", "middle", "high"], encoder=Listener()).classifier.prototypes_,
        rtol=1e-6,
    )
    # And the commands go on from there.
    sounds.correct(tmp_path / "classifier", remove=[f"low={corrections['add'][0]['path']}"], encoder=Listener())


def test_what_was_accepted_weighs_a_probe_in_the_studio_as_by_command(
    open_session: Open, tones: Path, tmp_path: Path
) -> None:
    """What a word had found by itself counts once it is accepted."""
    with open_session() as session:
        for word in ("low", "middle", "high"):
            session.step(Add(word=word))
        assert session.overview()["probe"] is None
        for word in ("low", "middle", "high"):
            told = session.judge(word, True, rows(session, word)[:4])
        assert told["probe"].startswith(
            "Prototypes are used: of 12 accepted windows left out of learning they name 100 %"
        )
    kept = SoundClassifier.load(tmp_path / "classifier")
    assert kept.classifier.probe_ is None
    assert kept.classifier.evidence_ is not None
    assert sounds.summary(kept)["probe"]["said"] == told["probe"]
    (tmp_path / "corrections.json").write_text(
        json.dumps(json.loads((tmp_path / "classifier" / "origin.json").read_text())["corrections"])
    )
    sounds.learn(tones, ["low", "middle", "high"], out=tmp_path / "other", encoder=Listener())
    other = sounds.correct(tmp_path / "other", corrections=tmp_path / "corrections.json", encoder=Listener())
    assert other.classifier.evidence_ == kept.classifier.evidence_
    with open_session() as session:
        assert session.overview()["probe"] == told["probe"]


def test_work_is_left_and_taken_up_again(open_session: Open) -> None:
    with open_session() as session:
        session.step(Add(word="low", description="a low tone"))
        session.step(Add(word="high"))
        session.judge("high", False, rows(session, "high")[:1])
        session.step(Limit(word="high", threshold=0.2))
        before, windows = session.overview(), session.windows(range(33))
    with open_session() as session:
        assert session.overview() == before
        assert session.windows(range(33)) == windows
        assert session.step(Undo())["words"][1]["threshold"] is None


def test_what_was_corrected_by_command_in_between_is_taken(open_session: Open, tones: Path, tmp_path: Path) -> None:
    with open_session() as session:
        session.step(Add(word="low"))
        session.step(Add(word="high"))
        session.judge("low", True, [rows(session, "high")[0]])
    sound = tones.parent / "recordings" / "middle" / "1.wav"
    sounds.correct(tmp_path / "classifier", add=[f"high={sound}"], encoder=Listener())
    with open_session() as session:
        said = {v.piece.path: v.word for v in session.state.verdicts.values()}
        assert said[str(sound)] == "high"
        assert sorted(filter(None, said.values())) == ["high", "low"]
    sounds.learn(tones, ["middle", "low"], out=tmp_path / "classifier", encoder=Listener())
    with open_session() as session:
        assert [word["word"] for word in session.overview()["words"]] == ["middle", "low"]


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.name[0] != "."}


def test_opening_and_closing_writes_nothing(open_session: Open, tones: Path, tmp_path: Path) -> None:
    folder = tmp_path / "classifier"
    made = sounds.learn(tones, ["low", "middle", "high"], out=folder, encoder=Listener(), neighbours=5)
    told = Confidence(source="labels", recordings=30, cases=90, right=30, classifier=made.fingerprint)
    replace(made, confidence=told, source="ada/tones@123").save(folder)
    before = files(folder)
    for _ in range(2):
        with open_session() as session:
            assert len(session.overview()["words"]) == 3
        assert files(folder) == before
    with open_session() as session:
        session.step(Limit(word="low", threshold=0.25))
    kept = SoundClassifier.load(folder)
    assert (kept.thresholds, kept.source, kept.calibration) == ({"low": 0.25}, "ada/tones@123", told)
    with open_session() as session:
        assert session.version == 2


def test_a_sound_from_outside_the_index_still_counts(open_session: Open, tones: Path, tmp_path: Path) -> None:
    folder, encoder = tmp_path / "classifier", Listener()
    sounds.learn(tones, ["low", "middle", "high"], out=folder, encoder=encoder, neighbours=5)
    mine = recording(tmp_path / "mine.wav", 900, seed=77)
    sounds.correct(folder, add=[f"high={mine}"], encoder=encoder)
    before = SoundClassifier.load(folder)
    for step in (Limit(word="low", threshold=0.25), Rename(word="low", name="deep")):
        with open_session() as session:
            session.step(step)
        kept = SoundClassifier.load(folder)
        assert {p.path for _, p in kept.neighbours("high")} == {p.path for _, p in before.neighbours("high")}
        np.testing.assert_allclose(kept.classifier.prototypes_, before.classifier.prototypes_, rtol=1e-4, atol=1e-5)
    sounds.correct(folder, remove=[f"high={mine}"], encoder=encoder)
    with open_session() as session:
        session.step(Limit(word="deep", threshold=0.5))
    assert str(mine) not in {p.path for _, p in SoundClassifier.load(folder).neighbours("high")}


def test_what_the_studio_cannot_say_is_refused_and_left_alone(open_session: Open, tones: Path, tmp_path: Path) -> None:
    folder, encoder = tmp_path / "classifier", Listener()

    def refused(sentence: str) -> None:
        before = files(folder)
        with pytest.raises(InputError, match=sentence), open_session():
            pass
        assert files(folder) == before

    for number in range(3):
        recording(tmp_path / "examples" / "whine" / f"{number}.wav", 900, seed=200 + number)
    sounds.learn(
        tones, ["low", "high"], examples=tmp_path / "examples", out=folder, encoder=encoder, neighbours=5, told=print
    )
    refused("learned from examples")
    sounds.learn(tones, {"dog": "low", "puppy": "middle", "high": ""}, out=folder, encoder=encoder, neighbours=5)
    sounds.correct(folder, merge={"animal": ["dog", "puppy"]}, encoder=encoder)
    refused("words were joined to 'animal'")
    for number in range(12):
        recording(tmp_path / "pool" / f"{number}.wav", 200 + 300 * number, seed=number)
    sounds.index(tmp_path / "pool", out=tmp_path / "other", encoder=encoder, workers=1, progress=False)
    sounds.learn(tmp_path / "other", ["low", "high"], out=folder, encoder=encoder, neighbours=3)
    refused("learned from another index")


def test_an_index_that_was_moved_is_known_by_what_it_gives(open_session: Open, tones: Path, tmp_path: Path) -> None:
    shutil.copytree(tones, tmp_path / "moved")
    sounds.learn(tmp_path / "moved", ["low", "high"], out=tmp_path / "classifier", encoder=Listener(), neighbours=5)
    shutil.rmtree(tmp_path / "moved")
    with open_session() as session:
        assert [word["word"] for word in session.overview()["words"]] == ["low", "high"]


def test_a_command_after_a_studio_was_killed_is_kept_with_the_steps(
    open_session: Open, tones: Path, tmp_path: Path
) -> None:
    folder, encoder = tmp_path / "classifier", Listener()
    sounds.learn(tones, ["low", "middle", "high"], out=folder, encoder=encoder, neighbours=5)
    with open_session() as session:
        session.step(Limit(word="middle", threshold=0.1))
        high = session._learner.piece(session._learner.neighbours("high")[0])
    low = SoundClassifier.load(folder).neighbours("low")[0][1]
    # Killed after a step was answered, before it was in the classifier; then corrected by command.
    journal = Journal(folder / "studio.jsonl")
    for step in (Judge(word="high", yes=False, windows=(high,)), Rename(word="middle", name="mean")):
        journal.add(step)
    sounds.correct(folder, remove=[f"low={low.path}@{low.start_s}"], drop=["middle"], encoder=encoder)
    with open_session() as session:
        assert [word["word"] for word in session.overview()["words"]] == ["low", "high"]
    kept = SoundClassifier.load(folder)
    assert low not in [piece for _, piece in kept.neighbours("low")]
    assert high not in [piece for _, piece in kept.neighbours("high")]
    with open_session() as session:
        assert not Journal(folder / "studio.jsonl").unsaved
        assert len(session.state.verdicts) == 2


def test_steps_hold_where_a_studio_was_killed_while_it_wrote(open_session: Open, tmp_path: Path) -> None:
    folder = tmp_path / "classifier"
    with open_session() as session:
        for word in ("low", "high"):
            session.step(Add(word=word))
        session.judge("high", False, rows(session, "high")[:1])
    journal, said = folder / "studio.jsonl", session.state
    lines = journal.read_bytes().splitlines(keepends=True)
    noted = [line for line in lines if b'"saved"' in line]
    journal.write_bytes(b"".join(lines).removesuffix(noted[-1]))
    with open_session() as session:
        assert session.state == said
        assert not any(isinstance(step, Take) for step in session._journal.steps)


def test_a_word_left_with_nothing_says_so_and_keeps_its_last_sound(open_session: Open, tmp_path: Path) -> None:
    with open_session() as session:
        session.step(Add(word="low"))
        session.step(Add(word="high"))
        stands = session._learner.neighbours("high")
        told = session.judge("high", False, stands)
        assert [word["stuck"] for word in told["words"]] == [False, True]
        told = session.judge("high", True, rows(session, "low")[-1:])
        assert [word["stuck"] for word in told["words"]] == [False, False]
        assert len(session._learner.neighbours("high")) == 1
    assert SoundClassifier.load(tmp_path / "classifier").labels == ("low", "high")


def test_search_by_words_windows_files_and_what_is_not_meant(open_session: Open, tmp_path: Path) -> None:
    with open_session() as session:
        high = session.search("high", top=3)
        assert kinds(high) == {"high"}
        like = session.search(like=[high[0]["row"]], top=5)
        assert kinds(like) == {"high"}
        assert high[0]["row"] not in {item["row"] for item in like}
        name = session.keep_example(recording(tmp_path / "x.wav", 900, seed=50).read_bytes(), "x.wav")
        assert kinds(session.search(examples=[name], top=5)) == {"middle"}
        assert kinds(session.search("low", like=[high[0]["row"]], unlike=[high[1]["row"]], top=5)) == {"low"}
        assert [item["row"] for item in session.search("high", skip=1, top=2)] == [item["row"] for item in high[1:]]
        for wrong, sentence in (
            ({}, "nothing to look for"),
            ({"like": [33]}, "There is no window 33"),
            ({"like": [-1]}, "There is no window -1"),
            ({"examples": ["x"]}, "not kept any more"),
        ):
            with pytest.raises(InputError, match=sentence):
                session.search(**wrong)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="Choose another file"):
            session.keep_example(b"RIFF", "../../rotten.wav")


def test_what_is_worth_checking_was_not_said_and_lies_apart(open_session: Open) -> None:
    with open_session() as session:
        assert session.to_check() == []
        for word in ("low", "middle", "high"):
            session.step(Add(word=word))
        first = session.to_check(top=6)
        assert len({item["row"] for item in first}) == 6
        assert all(item["reason"] for item in first)
        session.judge("low", True, [item["row"] for item in first])
        assert not {item["row"] for item in session.to_check(top=6)} & {item["row"] for item in first}


def test_thresholds_part_windows_and_the_curve_counts_them(open_session: Open, tmp_path: Path) -> None:
    with open_session() as session:
        session.step(Add(word="low"))
        session.step(Add(word="high"))
        high = rows(session, "high")
        session.judge("high", True, high[:3])
        session.judge("high", False, high[-2:])
        curve = session.curve("high")
        assert (len(curve["yes"]), len(curve["no"])) == (3, 2)
        assert sum(curve["bins"]) == curve["curve"][0][1]
        chances = {item["row"]: dict(item["likeliest"])["high"] for item in session.windows(high[:3])}
        np.testing.assert_allclose(curve["yes"], sorted(chances.values()), atol=1e-3)
        assert curve["curve"][0][2] == pytest.approx(3 / 5)
        assert max(share for *_, share in curve["curve"] if share is not None) == 1.0
        level = next(row for row in curve["curve"] if row[1] < sum(curve["bins"]))
        told = session.step(Limit(word="high", threshold=level[0]))
        assert told["words"][1]["named"] == pytest.approx(level[1], abs=1)
        assert told["none"] == sum(curve["bins"]) - told["words"][1]["named"]
    assert SoundClassifier.load(tmp_path / "classifier").thresholds == {"high": level[0]}


def test_words_are_renamed_and_dropped(open_session: Open, tmp_path: Path) -> None:
    with open_session() as session:
        for word in ("low", "middle", "high"):
            session.step(Add(word=word))
        session.judge("high", False, rows(session, "high")[:1])
        before = session.overview()
        told = session.step(Rename(word="high", name="whistle"))
        assert [{**w, "word": "", "description": ""} for w in told["words"]] == [
            {**w, "word": "", "description": ""} for w in before["words"]
        ]
        session.step(Drop(word="low"))
    kept = SoundClassifier.load(tmp_path / "classifier")
    assert kept.labels == ("middle", "whistle")
    assert kept.descriptions == {"whistle": "high"}


def test_a_word_is_split_and_its_sounds_are_told_apart_first(open_session: Open, tmp_path: Path) -> None:
    with open_session() as session:
        for word in ("low", "high"):
            session.step(Add(word=word))
        accepted = rows(session, "high")[:3]
        session.judge("high", True, accepted)
        told = session.step(Split(word="high", into={"middle": "", "whistle": "a high tone"}))
        assert [word["word"] for word in told["words"]] == ["low", "middle", "whistle"]
        assert told["judged"] == 0
        waiting = session.to_check(top=6)
        assert len(waiting) == 6
        assert {item["row"] for item in waiting[:3]} == set(accepted)
        assert {item["reason"] for item in waiting[:3]} == {"was split: middle or whistle?"}
        assert [item["row"] for item in session.to_check(top=2)] == [item["row"] for item in waiting[:2]]
        session.judge("whistle", True, accepted[:2])
        assert next(item["row"] for item in session.to_check(top=6)) == accepted[2]
        assert not set(accepted) & set(session._learner.neighbours("low"))
    with open_session() as session:
        assert session.to_check(top=1)[0]["row"] == accepted[2]
    kept = SoundClassifier.load(tmp_path / "classifier")
    assert kept.labels == ("low", "middle", "whistle")
    assert kept.descriptions == {"whistle": "a high tone"}


class Choking(Listener):
    """An encoder that cannot read one text."""

    def _text(self, texts: list[str]) -> torch.Tensor:  # type: ignore[override]
        if any("indigestible" in text for text in texts):
            raise InputError("That is too much.")
        return super()._text(texts)


def test_a_step_that_fails_changes_nothing(tones: Path, tmp_path: Path) -> None:
    with Session.opened(SoundIndex.open(tones), Choking(), tmp_path / "classifier") as session:
        session.step(Add(word="low"))
        before = session.overview()
        with pytest.raises(InputError, match="too much"):
            session.step(Add(word="indigestible"))
        with pytest.raises(InputError, match="There is no word"):
            session.judge("nothing", True, [0])
        assert session.overview() == before


def test_one_at_a_time_and_only_what_fits(open_session: Open, tones: Path, tmp_path: Path) -> None:
    with open_session() as session:
        session.step(Add(word="low"))
        with pytest.raises(BusyError), open_session():
            pass
    with (
        pytest.raises(FingerprintError),
        Session.opened(SoundIndex.open(tones), Listener(seed=1), tmp_path / "classifier"),
    ):
        pass
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    with (
        pytest.raises(InputError, match="holds other things"),
        Session.opened(SoundIndex.open(tones), Listener(), tmp_path / "full"),
    ):
        pass
    empty = SoundIndex.create(tmp_path / "empty", Listener())
    with pytest.raises(InputError, match="holds no window"), Session.opened(empty, Listener(), tmp_path / "new"):
        pass


def test_sounds_and_pictures_are_those_of_the_windows(open_session: Open, tones: Path) -> None:
    import io

    import soundfile

    with open_session() as session:
        long = [item for item in session.windows(range(33)) if item["start_s"] == 4.0]
        wave, rate = soundfile.read(io.BytesIO(session.media(long[0]["row"], "sound")))
        assert len(wave) / rate == pytest.approx(2.0, abs=0.15)
        assert np.abs(np.fft.rfft(wave)).argmax() * rate / len(wave) == pytest.approx(200, abs=10)
        assert session.media(long[0]["row"], "picture").startswith(b"\x89PNG")
        with pytest.raises(InputError, match="There is no window 99"):
            session.media(99, "sound")
