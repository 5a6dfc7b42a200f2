"""What is told of a prepared dataset."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from limbeck.datasets import _findings


def clip(name: str, split: str, digest: str) -> dict[str, Any]:
    return {"id": name, "label": "dog", "split": split, "digests": {"audio": digest}}


@pytest.mark.parametrize(
    ("names", "alike"),
    [
        (["dog", "Dog"], True),
        (["dog bark", "dog  bark"], True),
        (["dog", "dog\u200b"], True),
        (["dog", "\ufeffdog"], True),
        (["café", unicodedata.normalize("NFD", "café")], True),
        (["Ｄog", "dog"], True),
        (["1", "2"], False),
        (["dog", "dogs"], False),
        (["dog bark", "dogbark"], False),
        (["cafe", "café"], False),
    ],
)
def test_names_that_look_alike(names: list[str], alike: bool) -> None:
    assert bool(_findings.lookalikes([*names, "rain"])) is alike


def test_one_sentence_for_each_pair_of_splits() -> None:
    clips = [clip(f"{s}{i}", s, str(i)) for s in ("val", "train", "test") for i in range(3)]
    assert [w.partition(" (")[0] for w in _findings.shared(clips)] == [
        "The same audio is in 'train', 'test' and 'val'",
    ]
    assert "(9 clips, " in _findings.shared(clips)[0]


def test_within_one_split_and_class_content_may_recur() -> None:
    assert _findings.shared(clip(str(i), "train", "1f") for i in range(3)) == []


@pytest.mark.parametrize(
    ("spans", "told"),
    [
        ([("train", 0, 1), ("test", 1, 1)], False),
        ([("train", 0, 1), ("test", 0.5, 1)], True),
        ([("train", 0.5, 1), ("test", 0, 1)], True),
        ([("train", 0, None), ("test", 60, 1)], True),
        ([("train", 0, 9), ("train", 1, 1), ("test", 5, 1)], True),
        ([("train", 0, 1), ("train", 0.5, 1), ("test", 2, 1)], False),
        ([("train", 0, 0.1 + 0.2), ("test", 0.3, 1)], False),
        ([("train", 0, None), ("test", 0, None)], False),
        ([("train", 0, 9), ("test", 0, 9), ("test", 5, 1)], True),
    ],
)
def test_clips_of_one_file_that_overlap(spans: list[tuple[str, float, float | None]], told: bool) -> None:
    rows = [
        {"id": str(i), "audio": "a.mp4", "image": "a.mp4", "split": split, "start_s": start, "length_s": length}
        for i, (split, start, length) in enumerate(spans)
    ]
    assert bool(_findings.overlaps(rows)) is told
    assert _findings.overlaps([row | {"audio": row["id"]} for row in rows]) == []
    assert bool(_findings.overlaps([row | {"audio": None} for row in rows])) is told
    assert _findings.overlaps([row | {"audio": None, "image": None} for row in rows]) == []


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("no_picture_track", "--modality audio"),
        ("no_audio_track", "--modality image"),
        ("empty_file", "Mend the files"),
    ],
)
def test_advice_is_by_the_commonest_reason(reason: str, told: str) -> None:
    rejected = [{"reason": r} for r in ("not_media", reason, reason)]
    assert told in _findings.advice(rejected)
    assert _findings.reasons(rejected) == f"2 {reason}, 1 not_media"


def test_numbers_of_repairs_do_not_divide_them() -> None:
    told = [("sound ended 0.20 s early: padded", "x"), ("sound ended 1e-05 s early: padded",), ()]
    assert _findings.repairs(told) == {"sound ended 1e-05 to 0.20 s early: padded": 2, "x": 1}
    assert _findings.repairs([("2 packets of h264 lost",), ("2 packets of h264 lost",)]) == {
        "2 packets of h264 lost": 2
    }
