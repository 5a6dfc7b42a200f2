"""One student of each network: who is trained on what by which protocol, and which are not the subject's own."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
import torch
from tests.helpers.subjects import SHORT, toy_subject

from limbeck._runtime import derive_seed
from limbeck.errors import InputError
from limbeck.evaluation import Protocol, predict, train_student
from limbeck.evaluation.measures.architectures import Architectures, same_but_width
from limbeck.methods.random import Random
from limbeck.networks import Architecture

SMALL = {
    "own": Architecture(options={"width": 6}),
    "group": Architecture(options={"width": 4, "norm": "group"}),
    "vgg": Architecture(name="vgg11", options={"width": 2}),
}


@pytest.fixture(autouse=True)
def _one_thread(_same_threads: None) -> None:
    torch.set_num_threads(1)


def test_each_number_is_that_of_a_student_trained_by_hand() -> None:
    subject = toy_subject(Random(per_class=2))
    measure = Architectures(networks=SMALL, least_steps=0, changes={"vgg": {"epochs": 2, "lr": 0.5}})
    found = measure.take(subject, seed=3)
    assert set(found) == {f"{n} {k}" for n in SMALL for k in ("A", "V", "A+V")} | {"others A+V"}
    changed = {"vgg": SHORT.model_copy(update={"epochs": 2, "lr": 0.5})}
    for name, architecture in SMALL.items():
        student = train_student(
            subject.samples(subject.train),
            architecture.build(),
            "ensemble",
            changed.get(name, SHORT),
            seed=derive_seed(3, "architecture", name),
        )
        for key, p in predict(student, subject.samples(subject.test)).items():
            right = sum(int(guess == told) for guess, told in zip(p.argmax(1), subject.test.labels, strict=True))
            assert found[f"{name} {key}"] == pytest.approx(100 * right / len(subject.test))
    assert found["others A+V"] == pytest.approx((found["group A+V"] + found["vgg A+V"]) / 2)
    assert measure.take(subject, seed=3) == found


def test_students_of_one_modality() -> None:
    subject = toy_subject(Random(per_class=2))
    alone = replace(subject, scales={"image": subject.scales["image"]})
    measure = Architectures(networks=SMALL, least_steps=0)
    found = measure.take(alone, seed=3)
    assert set(found) == {"own V", "group V", "vgg V", "others V"}
    assert list(measure.show(found, {}, ("V",))) == [column.name for column in measure.columns(("V",))]


def test_a_student_does_not_depend_on_the_others() -> None:
    subject = toy_subject(Random(per_class=1))
    alone = Architectures(networks={"group": SMALL["group"]}, least_steps=0).take(subject, seed=0)
    among = Architectures(networks=SMALL, least_steps=0).take(subject, seed=0)
    assert alone.items() <= {**among, "others A+V": among["group A+V"]}.items()


def test_columns_worked_by_hand() -> None:
    measure = Architectures(networks=SMALL)
    values = {f"{n} {k}": x for n, x in zip(SMALL, (50.0, 30.0, 10.0), strict=True) for k in ("A", "A+V")}
    shown = measure.show({**values, "others A+V": 20.0}, {}, ("A", "V"))
    assert shown == {"own (%)": 50.0, "group (%)": 30.0, "vgg (%)": 10.0, "mean of others (%)": 20.0}
    assert list(shown) == [column.name for column in measure.columns(("A", "V"))]
    assert measure.students == 3


def test_a_network_of_the_subject_alone_has_no_others() -> None:
    subject = toy_subject(Random(per_class=1))
    measure = Architectures(networks={"own": SMALL["own"]}, least_steps=0)
    assert list(measure.show(measure.take(subject, seed=0), {}, ("A", "V"))) == ["own (%)"]


def test_what_a_network_is_decides_whether_it_is_the_subjects_own_and_not_its_width() -> None:
    assert same_but_width(Architecture(), Architecture(options={"width": 3, "norm": "instance"}))
    assert not same_but_width(Architecture(), Architecture(options={"depth": {"audio": 4}}))
    assert not same_but_width(Architecture(name="resnet18"), Architecture(name="vgg11"))


@pytest.mark.parametrize(("own", "asked", "changes"), [(11, 0, {}), (0, 11, {}), (7, 2, {"least_steps": 11})])
def test_students_take_the_least_number_of_steps(own: int, asked: int, changes: dict[str, int]) -> None:
    """6 samples in batches of 4: 2 steps an epoch, so 11 steps take 6 epochs instead of 3."""
    subject = toy_subject(Random(per_class=2))
    short = Protocol(epochs=3, batch=4, drop_after=(1,), lr=1e-2)
    measure = Architectures(networks={"own": SMALL["own"]}, least_steps=own, changes={"own": changes})
    found = measure.take(replace(subject, protocol=short.model_copy(update={"least_steps": asked})), seed=0)
    longer = short.model_copy(update={"epochs": 6, "drop_after": (2,)})
    by_hand = Architectures(networks={"own": SMALL["own"]}, least_steps=0).take(
        replace(subject, protocol=longer), seed=0
    )
    assert found == by_hand


def test_chance_and_words() -> None:
    subject = toy_subject(classes=4)
    measure = Architectures(networks=SMALL, changes={"vgg": {"lr": 0.5}})
    assert set(measure.chance(subject.test).values()) == {25.0}
    words = measure.about(subject.test)
    for part in (
        "24 test clips of 4 classes",
        "at least 240 steps",
        "vgg11 width=2",
        "vgg is trained with lr=0.5",
    ):
        assert part in words
    assert "at least" not in Architectures(least_steps=0).about(subject.test)


def test_defaults_are_at_least_five_other_networks_and_survive_json() -> None:
    measure = Architectures()
    assert Architectures.from_json(json.loads(json.dumps(measure.to_json()))) == measure
    shapes = {"audio": (1, 64, 56), "image": (3, 32, 32)}
    for architecture in measure.networks.values():
        encoders = architecture.build().encoders(shapes, generator=torch.Generator().manual_seed(0))
        assert encoders["audio"].dim == encoders["image"].dim
    assert sum(not same_but_width(a, Architecture()) for a in measure.networks.values()) >= 5


def test_what_does_not_fit_is_said_before_any_work() -> None:
    with pytest.raises(InputError, match="changes are given for"):
        Architectures.from_json({"changes": {"nosuch": {}}})
    with pytest.raises(InputError, match="Settings of Protocol do not fit"):
        Architectures.from_json({"changes": {"transformer": {"imagelr": 1e-3}}})
    with pytest.raises(InputError, match=r"There is no 'nosuch' in limbeck\.networks"):
        Architectures.from_json({"networks": {"x": {"name": "nosuch"}}})
    with pytest.raises(InputError, match=r"There is no 'nosuch' in limbeck\.networks\.heads"):
        Architectures.from_json({"head": "nosuch"})
