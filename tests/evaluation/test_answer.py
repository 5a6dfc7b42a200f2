"""Any measure asked, repeat by repeat: seeds, going on, what is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar

import pytest
import torch
from tests.helpers.subjects import toy_subject

from limbeck._runtime import choose_runtime, derive_seed
from limbeck.errors import InputError
from limbeck.evaluation import Score, Subject, evaluate, question
from limbeck.evaluation.measures import Column, Measure, Taken, Values
from limbeck.methods.random import Random


class Invented(Measure):
    """Tells its seed; the gain is over random."""

    shift: int = 0

    def columns(self, letters: Sequence[str]) -> Sequence[Column]:
        return [Column("level"), Column("gain")]

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        return {"level": float(seed % 1000 + self.shift)}

    def show(self, values: Values, references: Mapping[str, Values], letters: Sequence[str]) -> dict[str, float]:
        gain = {"gain": values["level"] - references["random"]["level"]} if "random" in references else {}
        return {"level": values["level"], **gain}


def test_a_repeat_depends_on_its_number_alone_and_more_add_to_fewer() -> None:
    of, kept = toy_subject(Random()), []
    two = evaluate(of, Invented(), repeats=2, seed=7)
    assert [t.seed for t in two.repeats] == [derive_seed(7, "repeat", r) for r in range(2)]
    four = evaluate(of, Invented(), repeats=4, seed=7, done=two, on_repeat=kept.append)
    assert [found.n for found in kept] == [3, 4]
    assert four.repeats[:2] == two.repeats
    assert evaluate(of, Invented(), repeats=1, seed=7, done=four) == two.first(1)
    assert four.mean["level"] == sum(t.values["level"] for t in four.repeats) / 4
    assert Score.from_json(four.to_json()) == four


def test_what_answers_another_question_is_not_taken_over() -> None:
    of = toy_subject(Random())
    done = evaluate(of, Invented(), repeats=1)
    with pytest.raises(InputError, match="settings"):
        evaluate(of, Invented(shift=1), repeats=1, done=done)
    with pytest.raises(InputError, match="trained_on"):
        evaluate(toy_subject(Random(per_class=2)), Invented(), repeats=1, done=done)
    with pytest.raises(InputError, match="At least one"):
        evaluate(of, Invented(), repeats=0)


COARSE = replace(choose_runtime("cpu", "float32"), real_dtype=torch.bfloat16)


class Again(Invented):
    """Distils again."""

    distils: ClassVar[bool] = True

    def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
        return {"level": float(len(subject.again(subject.real)))}


def test_number_formats_are_a_part_of_the_question_where_a_measure_distils_again() -> None:
    of = toy_subject(Random())
    done = evaluate(of, Again(), repeats=1)
    assert done.formats == ("float32", "float32")
    with pytest.raises(InputError, match="formats differ"):
        evaluate(replace(of, runtime=COARSE), Again(), repeats=1, done=done)
    plain = evaluate(of, Invented(), repeats=1)
    assert plain.formats is None
    assert evaluate(replace(of, runtime=COARSE), Invented(), repeats=1, done=plain) == plain


def test_a_measure_that_distils_again_says_so() -> None:
    class Silent(Again):
        distils: ClassVar[bool] = False

    with pytest.raises(InputError, match="distils again, but its property `distils` does not say so"):
        evaluate(toy_subject(Random()), Silent(), repeats=1)
    assert evaluate(toy_subject(), Silent(), repeats=1).mean["level"] == 24


def test_losses_and_predictions_are_kept_beside_numbers() -> None:
    class Telling(Invented):
        def take(self, subject: Subject, *, seed: int) -> Taken:
            return Taken(values={"level": 1.0}, losses=[2.0, 1.0], predictions={"A": [0] * len(subject.test)})

    of = toy_subject(Random())
    found = evaluate(of, Telling(), repeats=2)
    assert found.repeats[0].losses == (2.0, 1.0)
    assert found.per_class == {"A": (100.0, 0.0, 0.0)}
    assert Score.from_json(found.to_json()) == found


def test_a_file_is_named_after_what_is_asked() -> None:
    of = toy_subject(Random())
    keys = {
        question(measure, subject, seed).key
        for measure in (Again(), Again(shift=1))
        for subject in (
            of,
            replace(of, protocol=of.protocol.model_copy(update={"epochs": 9})),
            replace(of, runtime=COARSE),
            replace(of, scales={"image": of.scales["image"]}),
            replace(of, train=toy_subject(Random(per_class=2)).train),
            replace(of, test=of.test.take(torch.arange(3))),
        )
        for seed in (0, 1)
    }
    assert len(keys) == 2 * 6 * 2


def test_references_are_shown_as_the_mean_of_all_their_repeats() -> None:
    of = toy_subject(Random())
    found = [evaluate(of, Invented(), repeats=2, seed=seed) for seed in (0, 1)]
    shown = found[0].shown(Invented(), {"random": found, "whole": []})
    level = sum(t.values["level"] for one in found for t in one.repeats) / 4
    assert [s["gain"] for s in shown] == [t.values["level"] - level for t in found[0].repeats]
    assert found[0].shown(Invented(), {}) == [{"level": t.values["level"]} for t in found[0].repeats]


def test_numbers_that_are_none_are_refused() -> None:
    class Broken(Invented):
        def take(self, subject: Subject, *, seed: int) -> dict[str, float]:
            return {"level": float("nan")}

    with pytest.raises(ValueError, match="finite"):
        evaluate(toy_subject(Random()), Broken(), repeats=1)


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
    assert all(torch.equal(again.tensors[name], x) for name, x in expected.tensors.items())
    whole = toy_subject()
    assert whole.again(part) is part
    with pytest.raises(InputError, match="needs the real clips"):
        _ = replace(of, clips=None).real


def test_other_clips_than_a_set_was_distilled_from_distil_nothing_again() -> None:
    of = toy_subject(Random(per_class=2))
    other = Subject.of(of.train, of.test, clips=of.real.take(torch.arange(12)))
    with pytest.raises(InputError, match="distilled from another dataset"):
        other.again(other.real)
