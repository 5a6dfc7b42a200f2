"""Tasks, memory, forgetting: by hand, and that later classes are not seen early."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import torch
from tests.helpers.subjects import toy_subject

from limbeck._runtime import derive_seed
from limbeck.datasets import LabelledClips, Targets
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation import TensorSamples
from limbeck.evaluation.measures._contract import accuracy, trained
from limbeck.evaluation.measures.continual import Continual, JoinedSamples, _repeated, forgetting, groups
from limbeck.media import ClipRecipe
from limbeck.methods.random import Random
from limbeck.modalities import bound

CPU = torch.device("cpu")
TWO = Continual(tasks=2)


def _samples(count: int, classes: int, mark: float, soft: bool = False) -> TensorSamples:
    audio = torch.full((count, 1, 4, 3), mark) + torch.arange(count).view(-1, 1, 1, 1) / 100
    labels = torch.arange(count) % classes
    told = torch.nn.functional.one_hot(labels, classes).float() if soft else None
    tensors = {"audio": audio, "image": audio.expand(-1, 3, -1, -1).clone()}
    return TensorSamples(tensors, Targets(tuple("abcde"[:classes]), labels, told), bound(tensors, ClipRecipe()))


def test_classes_are_drawn_into_tasks() -> None:
    names = tuple("abcdefgh")
    tasks = groups(names, 3, seed=1)
    assert [len(t) for t in tasks] == [3, 3, 2]
    assert sorted(n for t in tasks for n in t) == list(names)
    assert tasks == groups(names, 3, seed=1) != groups(names, 3, seed=2)
    with pytest.raises(InputError, match="Set `tasks` to 4 or fewer"):
        groups(names, 5, seed=1)


def test_forgetting_against_loops() -> None:
    after = torch.rand(5, 5, generator=torch.Generator().manual_seed(0)) * 100
    fallen = []
    for task in range(4):
        best = max(float(after[step, task]) for step in range(task, 4))
        fallen.append(best - float(after[4, task]))
    assert forgetting(after) == pytest.approx(sum(fallen) / 4)
    later = after.clone()
    later[0, 3] = 1000  # the task had not come yet
    assert forgetting(later) == forgetting(after)


def test_joined_samples_are_the_parts_in_order() -> None:
    parts = [(_samples(4, 2, 1.0), 0), (_samples(6, 3, 2.0), 2)]
    joined = JoinedSamples(parts, "abcde")
    assert joined.labels.tolist() == [0, 1, 0, 1, 2, 3, 4, 2, 3, 4]
    index = torch.tensor([9, 0, 4, 3, 4])
    found = joined.fetch(index, CPU)
    expected = torch.cat([samples.tensors["audio"] for samples, _ in parts])[index]
    assert torch.equal(found["audio"], expected)
    assert torch.equal(found["image"], expected.expand(-1, 3, -1, -1))


def test_probabilities_are_of_the_classes_a_part_knows() -> None:
    joined = JoinedSamples([(_samples(2, 2, 1.0, soft=True), 0), (_samples(3, 3, 2.0), 2)], "abcde")
    assert joined.labels.dtype == torch.float32
    assert joined.labels.argmax(1).tolist() == [0, 1, 2, 3, 4]
    assert torch.equal(joined.labels.sum(1), torch.ones(5))


def test_memory_is_repeated_to_the_size_of_new_classes() -> None:
    new = _samples(30, 3, 0.0)  # 10 a class
    repeated = Counter(first for _, first in _repeated([(_samples(4, 2, 1.0), 0), (_samples(60, 2, 1.0), 2)], new))
    assert repeated == {0: 5, 2: 1}


def test_each_task_is_distilled_from_its_own_clips() -> None:
    subject = toy_subject(Random(per_class=1), classes=4)
    asked: list[LabelledClips] = []

    def again(clips: LabelledClips) -> DistilledSet | LabelledClips:
        asked.append(clips)
        return subject.again(clips)

    values = TWO.take(replace(subject, again=again), seed=5)
    assert [clips.classes for clips in asked] == groups(subject.real.classes, 2, seed=5)
    assert values["memory (bytes)"] == subject.train.stored_bytes
    assert values == TWO.take(subject, seed=5)
    assert set(values) == {column.name for column in TWO.columns(("A", "V"))}


def test_the_last_student_is_one_of_the_joined_set() -> None:
    subject = toy_subject(Random(per_class=2), classes=4)
    subject = replace(subject, protocol=subject.protocol.model_copy(update={"epochs": 1}))
    tasks = groups(subject.real.classes, 2, seed=6)
    names = [name for task in tasks for name in task]
    joined = DistilledSet.concat([subject.again(subject.real.only(task)) for task in tasks], names)
    student, _ = trained(subject, subject.samples(joined), "ensemble", seed=derive_seed(6, "continual", 1))
    test = subject.samples(subject.test.only(names))
    assert TWO.take(subject, seed=6)["memory alone, final A+V (%)"] == pytest.approx(accuracy(student, test)["A+V"])


def test_with_a_misleading_memory_only_new_clips_help() -> None:
    """Samples of each task's two classes are exchanged: what is remembered is wrong, what is new is right."""
    subject = toy_subject(Random(per_class=1), classes=4)

    def again(clips: LabelledClips) -> DistilledSet:
        made = subject.again(clips)
        assert isinstance(made, DistilledSet)
        return replace(made, tensors={name: x.flip(0) for name, x in made.tensors.items()})

    values = TWO.take(replace(subject, again=again), seed=5)
    assert values["memory alone, final A+V (%)"] < 10
    assert values["with new clips, final A+V (%)"] == pytest.approx(50, abs=5)
    assert values["with new clips, mean over steps A+V (%)"] == pytest.approx(75, abs=5)
    assert values["with new clips, forgetting (points)"] > 90


def test_the_whole_remembers_everything() -> None:
    subject = toy_subject(classes=4)
    values = TWO.take(subject, seed=5)
    assert values["memory (bytes)"] == subject.train.stored_bytes
    for what in ("final A+V (%)", "mean over steps A+V (%)", "forgetting (points)"):
        assert values[f"memory alone, {what}"] == values[f"with new clips, {what}"]
    assert values["memory alone, final A+V (%)"] > 50
    assert set(TWO.show(values, {}, ("A", "V"))) == {column.name for column in TWO.columns(("A", "V"))}


def test_chance_worked_by_hand() -> None:
    test = toy_subject(classes=4).test
    chance = TWO.chance(test)
    assert chance["memory alone, final A+V (%)"] == 25
    assert chance["with new clips, mean over steps A+V (%)"] == (50 + 25) / 2
    assert chance["with new clips, forgetting (points)"] == 25
    assert Continual(tasks=3).chance(test) == {}
    assert "4 classes in 2 tasks" in TWO.about(test)


def test_every_task_must_be_tested() -> None:
    subject = toy_subject(classes=4)
    first, _ = groups(subject.real.classes, 2, seed=5)
    rest = subject.test.take(
        torch.nonzero(
            torch.tensor([subject.test.classes[c] not in first for c in subject.test.labels.tolist()])
        ).flatten()
    )
    with pytest.raises(InputError, match="no test clips"):
        TWO.take(replace(subject, test=rest), seed=5)
