"""Pairs without classes: forgotten or never there; what distils them, what refuses, and what measures them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.helpers.clips import toy_clips

import limbeck
from limbeck import methods
from limbeck.distillation import distill, plan
from limbeck.distilled import DistilledSet
from limbeck.errors import BudgetError, InputError
from limbeck.evaluation import Subject, evaluate
from limbeck.evaluation.measures.retrieval import CLASS, PAIR, WITHIN, Retrieval
from limbeck.evaluation.protocol import Protocol
from limbeck.networks import Architecture
from limbeck.playground import make_all, planned

NETWORK = {"options": {"width": 8}}
WORK_BY_PAIRS = ("random", "herding", "kmedoids", "kcenter", "covmatch", "apm", "mdm", "means", "dm")


def small(name: str) -> dict:
    known = methods.load(name).model_fields
    through = {"steps": 2, "encoders": {"network": NETWORK, "bank": 2}} if "steps" in known else {}
    return through | ({"network": NETWORK} if "network" in known else {})


@pytest.mark.parametrize("name", WORK_BY_PAIRS)
def test_so_many_pairs_in_all_whatever_their_classes(name: str) -> None:
    real = toy_clips(per_class=5)
    made = distill(real, name, pairs=7, seed=1, **small(name))
    assert (len(made), made.classes, made.labels.unique().tolist()) == (7, ("pairs",), [0])
    assert made.made_from(real)
    relabelled = type(real).from_arrays(
        real.arrays(), real.labels.roll(4), real.classes, recipe=real.recipe, name=real.name
    )
    again = distill(relabelled, name, pairs=7, seed=1, **small(name))
    assert all(torch.equal(x, again.tensors[m]) for m, x in made.tensors.items()), "classes were looked at"


@pytest.mark.parametrize("name", ["dc", "dsa", "krr", "mtt", "forgetting"])
def test_methods_that_need_classes_say_so_before_any_work(name: str) -> None:
    with pytest.raises(InputError, match=f"{name} needs two classes or more, since it .* leave --pairs out"):
        distill(toy_clips(), name, pairs=4)


def test_soft_labels_need_classes_too() -> None:
    with pytest.raises(InputError, match="random needs two classes or more"):
        distill(toy_clips(), "random", pairs=4, labels="soft")


def test_more_pairs_than_clips_and_two_budgets_are_refused() -> None:
    with pytest.raises(BudgetError, match="needs 37 training clips, but there are 36"):
        distill(toy_clips(), "random", pairs=37)
    for other in ({"per_class": 2}, {"bytes": "40KB"}):
        with pytest.raises(InputError, match="in place of per_class and bytes"):
            plan(toy_clips(), "random", pairs=5, **other)
    with pytest.raises(InputError, match="1 or more"):
        plan(toy_clips(), "random", pairs=0)


def test_bytes_of_clips_that_have_no_classes() -> None:
    real = toy_clips().as_pairs()
    each = real.stored_bytes // len(real)
    made = distill(real, "random", bytes=4 * (16 * 17 + 3 * 16 * 16) * 5)
    assert len(made) == 5, each
    assert real.as_pairs() is real


def subject(made: DistilledSet, test) -> Subject:
    return Subject.of(made, test, network=Architecture.from_json(NETWORK), protocol=Protocol(epochs=1, augment=None))


def test_retrieval_measures_sets_of_pairs_on_clips_with_and_without_classes() -> None:
    real, test = toy_clips(per_class=5), toy_clips(per_class=4, seed=1)
    made = distill(real, "random", pairs=6)
    measure = Retrieval(dim=4, gallery=6, galleries=2)
    found = evaluate(subject(made, test), measure, repeats=1).mean
    assert (found[f"{PAIR} gallery (clips)"], found[f"{WITHIN} gallery (clips)"]) == (6, 4)
    bare = evaluate(subject(made, test.as_pairs()), measure, repeats=1).mean
    assert not [name for name in bare if name.startswith((CLASS, WITHIN))]
    shared = {name: x for name, x in found.items() if name.startswith(PAIR)}
    assert bare == pytest.approx(shared), "what classes the test clips have changes nothing"
    assert measure.chance(test.as_pairs()).keys() == bare.keys()


def test_accuracy_of_pairs_is_refused() -> None:
    made = distill(toy_clips(), "random", pairs=6)
    with pytest.raises(InputError, match="accuracy needs classes, but this set has pairs"):
        evaluate(subject(made, toy_clips(seed=1)), repeats=1)


@pytest.mark.slow
def test_a_folder_without_classes_from_videos_to_ranks(tmp_path: Path) -> None:
    clips = planned(tmp_path / "clips", 20, seed=0, size=32, test_fraction=0.0)
    for _ in make_all(clips, workers=1):
        pass
    prepared = limbeck.prepare(
        "folder", tmp_path / "clips", out=tmp_path / "prepared", unlabelled=True, workers=1, progress=False
    )
    assert prepared.classes == ("pairs",)
    assert (len(prepared.clips("train")), len(prepared.clips("test"))) == (16, 4)
    limbeck.distill(tmp_path / "prepared", "random", out=tmp_path / "set", pairs=4, progress=False)
    found = limbeck.evaluate(
        tmp_path / "set", Retrieval(dim=4), on=tmp_path / "prepared", repeats=1,
        network=Architecture.from_json(NETWORK), protocol=Protocol(epochs=1), progress=False,
    )  # fmt: skip
    assert found.mean[f"{PAIR} gallery (clips)"] == 4


def test_the_card_of_a_set_of_pairs_names_no_class(tmp_path: Path) -> None:
    distill(toy_clips(), "random", pairs=6).save(tmp_path / "set")
    told = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    assert "# Distilled set: 6 stored samples without classes" in told
    assert "per class" not in told.partition("## How it was made")[0]
