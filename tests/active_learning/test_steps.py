"""What steps come to, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from limbeck.active_learning.steps import (
    Add,
    Drop,
    Judge,
    Limit,
    Rename,
    Split,
    State,
    Step,
    Take,
    Undo,
    key,
    state_after,
    step_of,
)
from limbeck.errors import InputError
from limbeck.prototypes import Piece
from limbeck.studio.journal import Journal

A, B = Piece(path="/a.wav", sha256="aa"), Piece(path="/b.wav", start_s=2.0, sha256="bb")
WORDS: list[Step] = [Add(word="rain"), Add(word="dog", description="a dog barks")]


def said(state: State) -> dict[str, tuple[str | None, list[str]]]:
    return {name[0]: (verdict.word, sorted(verdict.others)) for name, verdict in state.verdicts.items()}


def test_a_window_is_one_word_and_may_be_several_not() -> None:
    steps = [*WORDS, Judge(word="rain", windows=(A, B)), Judge(word="dog", windows=(A,))]
    assert said(state_after(steps)) == {"aa": ("dog", []), "bb": ("rain", [])}
    steps += [Judge(word="dog", yes=False, windows=(A,)), Judge(word="rain", yes=False, windows=(A,))]
    assert said(state_after(steps))["aa"] == (None, ["dog", "rain"])
    assert said(state_after([*steps, Judge(word="rain", windows=(A,))]))["aa"] == ("rain", ["dog"])
    assert said(state_after([*steps, Judge(yes=None, windows=(A, B))])) == {}


def test_names_change_and_words_go_with_what_was_said_of_them() -> None:
    steps = [*WORDS, Judge(word="rain", windows=(A,)), Judge(word="dog", yes=False, windows=(A, B))]
    renamed = state_after([*steps, Limit(word="dog", threshold=0.5), Rename(word="dog", name="hound")])
    assert list(renamed.words) == ["rain", "hound"]
    assert (renamed.words["hound"].description, renamed.words["hound"].threshold) == ("a dog barks", 0.5)
    assert said(renamed) == {"aa": ("rain", ["hound"]), "bb": (None, ["hound"])}
    assert state_after([*WORDS, Rename(word="rain", name="Rain")]).words["Rain"].description == "rain"
    assert said(state_after([*steps, Drop(word="dog")])) == {"aa": ("rain", [])}


def test_a_split_word_leaves_what_was_said_of_it_to_be_told_apart() -> None:
    c = Piece(path="/c.wav", sha256="cc")
    birds: list[Step] = [Add(word="bird"), *WORDS, Judge(word="bird", windows=(A, B)), Judge(word="rain", windows=(c,))]
    steps = [
        *birds,
        Judge(word="bird", yes=False, windows=(c,)),
        Split(word="bird", into={"crow": "it caws", "owl": ""}),
    ]
    state = state_after(steps)
    assert list(state.words) == ["crow", "owl", "rain", "dog"]
    assert state.words["crow"].description == "it caws"
    assert said(state) == {"aa": (None, []), "bb": (None, []), "cc": ("rain", ["crow", "owl"])}
    one = state.verdicts[key(A)]
    assert [word for word in state.words if one.denies(word)] == ["rain", "dog"]
    told = state_after([*steps, Judge(word="owl", windows=(A,)), Judge(word="owl", yes=False, windows=(B,))])
    assert said(told) == {"aa": ("owl", []), "bb": (None, ["owl"]), "cc": ("rain", ["crow", "owl"])}
    assert [told.verdicts[key(p)].among for p in (A, B)] == [frozenset(), frozenset({"crow"})]
    assert [word for word in told.words if told.verdicts[key(B)].denies(word)] == ["owl", "rain", "dog"]
    again = state_after([*steps, Split(word="crow", into={"crow": "", "raven": ""}), Drop(word="owl")])
    assert again.verdicts[key(A)].among == {"crow", "raven"}
    assert said(again)["cc"] == ("rain", ["crow", "raven"])
    assert state_after([*steps, Undo()]) == state_after(steps[:-1])


def test_undoing_goes_back_step_by_step_to_what_was_taken_from_elsewhere() -> None:
    take = Take(words={"owl": "", "rain": ""}, yes=(("owl", A), ("gone", B)), no=(("rain", A),))
    steps = [*WORDS, take, Judge(word="rain", windows=(B,))]
    assert said(state_after(steps)) == {"aa": ("owl", ["rain"]), "bb": ("rain", [])}
    assert said(state_after([*steps, Undo()])) == {"aa": ("owl", ["rain"])}
    assert state_after([*steps, Undo(), Undo(), Undo()]) == state_after([*steps, Undo()])
    assert list(state_after([*WORDS, Undo(), Add(word="cat")]).words) == ["rain", "cat"]


@pytest.mark.parametrize(
    "step",
    [
        Add(word="RAIN"),
        Add(word=" "),
        Rename(word="rain"),
        Judge(word="rain"),
        Rename(word="rain", name="Dog"),
        Rename(word="cat", name="x"),
        Drop(word="cat"),
        Split(word="cat", into={"a": "", "b": ""}),
        Split(word="rain", into={"drizzle": ""}),
        Split(word="rain", into={"drizzle": "", "Dog": ""}),
        Split(word="rain", into={"drizzle": "", "Drizzle": ""}),
        Split(word="rain", into={"drizzle": "", " ": ""}),
        Limit(word="cat"),
        Judge(word="cat", windows=(A,)),
    ],
)
def test_what_does_not_fit_is_refused(step: Step) -> None:
    with pytest.raises(InputError, match=r"There is (a|no) w|A word is (empty|split)"):
        state_after([*WORDS, step])


@pytest.mark.parametrize(
    "content",
    [None, [], {}, {"do": "eval"}, {"do": "add", "word": 1}, {"do": "add", "word": "x" * 300},
     {"do": "judge", "windows": [1]},
     {"do": "limit", "word": "rain", "threshold": float("nan")}, {"do": "undo", "more": 1}],
)  # fmt: skip
def test_what_is_no_step_is_refused(content: object) -> None:
    with pytest.raises(InputError, match="No step of a studio"):
        step_of(content)


def test_a_journal_keeps_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "new" / "studio.jsonl"
    journal = Journal(path)
    for step in (*WORDS, Judge(word="rain", windows=(A, B))):
        journal.add(step)
    journal.mark_saved("x")
    journal.add(Undo())
    again = Journal(path)
    assert again.steps == journal.steps
    assert (again.saved, again.unsaved) == ("x", 1)
    content = path.read_bytes()
    for cut in range(len(content)):
        path.write_bytes(content[:cut])
        cut_off = Journal(path)
        assert cut_off.steps == journal.steps[: len(cut_off.steps)]
        cut_off.add(Add(word="after"))
        assert Journal(path).steps == [*journal.steps[: len(cut_off.steps) - 1], Add(word="after")]
    path.write_text('{"do": "add", "word": "rain"}\n{"do": "ad\n')
    with pytest.raises(InputError, match=r"Line 2 of .* is not what a studio writes"):
        Journal(path)


def test_a_window_is_known_wherever_its_recording_lies() -> None:
    assert key(A) == key(A.model_copy(update={"path": "/elsewhere.wav", "duration_s": 3.0}))
    assert key(A) != key(A.model_copy(update={"start_s": 0.5}))
