"""Results of measures: seeds, going on, what is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
import torch
from tests.helpers.subjects import toy_subject

from limbeck._runtime import derive_seed
from limbeck.errors import InputError
from limbeck.evaluation import measured
from limbeck.evaluation.measured import Measured
from limbeck.evaluation.measures import Column, Measure, Subject, Values
from limbeck.methods.random import Random


class Invented(Measure):
    """Tells its seed; the gain is over random."""

    shift: int = 0

    @property
    def columns(self) -> Sequence[Column]:
        return [Column("level"), Column("gain")]

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        return {"level": float(seed % 1000 + self.shift)}

    def show(self, values: Values, references: Mapping[str, Values]) -> dict[str, float]:
        gain = {"gain": values["level"] - references["random"]["level"]} if "random" in references else {}
        return {"level": values["level"], **gain}


def test_a_repeat_depends_on_its_number_alone_and_more_add_to_fewer() -> None:
    of, kept = toy_subject(Random()), []
    two = measured.take(Invented(), of, repeats=2, seed=7)
    assert [t.seed for t in two.repeats] == [derive_seed(7, "repeat", r) for r in range(2)]
    four = measured.take(Invented(), of, repeats=4, seed=7, done=two, on_repeat=kept.append)
    assert [found.n for found in kept] == [3, 4]
    assert four.repeats[:2] == two.repeats
    assert measured.take(Invented(), of, repeats=1, seed=7, done=four) == two.first(1)
    assert four.mean["level"] == sum(t.values["level"] for t in four.repeats) / 4
    assert Measured.from_json(four.to_json()) == four


def test_what_answers_another_question_is_not_taken_over() -> None:
    of = toy_subject(Random())
    done = measured.take(Invented(), of, repeats=1)
    with pytest.raises(InputError, match="settings"):
        measured.take(Invented(shift=1), of, repeats=1, done=done)
    with pytest.raises(InputError, match="trained_on"):
        measured.take(Invented(), toy_subject(Random(per_class=2)), repeats=1, done=done)
    with pytest.raises(InputError, match="At least one"):
        measured.take(Invented(), of, repeats=0)


def test_number_formats_are_a_part_of_the_question() -> None:
    of = toy_subject(Random())
    assert of.formats == ("float32", "float32")
    done = measured.take(Invented(), of, repeats=1)
    coarse = replace(of, formats=("bfloat16", "float32"))
    with pytest.raises(InputError, match="formats differ"):
        measured.take(Invented(), coarse, repeats=1, done=done)


def test_a_file_is_named_after_what_is_asked() -> None:
    of = toy_subject(Random())
    keys = {
        measured.question(measure, subject, seed).key
        for measure in (Invented(), Invented(shift=1))
        for subject in (
            of,
            replace(of, protocol=of.protocol.model_copy(update={"epochs": 9})),
            replace(of, formats=("bfloat16", "float32")),
            replace(of, train=toy_subject(Random(per_class=2)).train),
            replace(of, test=of.test.take(torch.arange(3))),
        )
        for seed in (0, 1)
    }
    assert len(keys) == 2 * 5 * 2


def test_references_are_shown_as_the_mean_of_all_their_repeats() -> None:
    of = toy_subject(Random())
    found = [measured.take(Invented(), of, repeats=2, seed=seed) for seed in (0, 1)]
    shown = measured.shown(Invented(), found[0], {"random": found, "whole": []})
    level = sum(t.values["level"] for one in found for t in one.repeats) / 4
    assert [s["gain"] for s in shown] == [t.values["level"] - level for t in found[0].repeats]
    assert measured.shown(Invented(), found[0], {}) == [{"level": t.values["level"]} for t in found[0].repeats]


def test_numbers_that_are_none_are_refused() -> None:
    class Broken(Invented):
        def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
            return {"level": float("nan")}

    with pytest.raises(ValueError, match="finite"):
        measured.take(Broken(), toy_subject(Random()), repeats=1)


def test_distilling_again_by_other_code_than_the_set_was_is_refused() -> None:
    of = toy_subject(Random(per_class=2))
    code = of.train.provenance["code"]
    code["modules"]["limbeck.methods.random"] = "0f"
    with pytest.raises(InputError, match=r"limbeck\.methods\.random was changed\. Distil the set anew"):
        of.again(of.real)


def test_distilling_again_gives_what_the_method_gives_and_the_whole_gives_clips_back() -> None:
    method = Random(per_class=2)
    of = toy_subject(method)
    part = of.real.only(of.real.classes[1:])
    again, expected = of.again(part), method.distill(part, seed=0)
    assert torch.equal(again.audio, expected.audio)
    whole = toy_subject()
    assert whole.again(part) is part
    assert whole.stored_bytes == len(whole.real) * (4 * 16 * 16 + 3 * 16 * 16) or whole.stored_bytes > 0
