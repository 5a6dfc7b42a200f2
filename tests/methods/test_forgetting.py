"""`forgetting`: events against hand arithmetic, the choice against a plain second implementation."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from tests.helpers.clips import network_input, toy_clips, view_of

from limbeck import methods
from limbeck.methods import RunContext, forgetting
from limbeck.methods._experts import Experts, Training
from limbeck.networks import Architecture

NETWORK = {"options": {"width": 4}}
TRAINING = {"epochs": 4, "batch": 6, "lr": 0.05}


def make(**settings):
    return methods.load("forgetting").from_json({"network": NETWORK, "training": TRAINING, **settings})


def hard_clips():
    """Clips with half of the labels wrong, so that networks do forget."""
    real = toy_clips(per_class=10)
    return real.from_arrays(
        real.arrays(),
        (real.labels + (torch.arange(30) % 2) * (torch.arange(30) % 3)) % 3,
        real.classes,
        recipe=real.recipe,
    )


def naive_counts(real, expert, run):
    """Clip by clip, epoch by epoch."""
    experts = Experts(Training.from_json(TRAINING), Architecture.from_json(NETWORK), view_of(real), run.cache)
    students = [experts.snapshot(expert, epoch).student for epoch in (1, 2, 3, 4)]
    counts = []
    for i in range(len(real)):
        clip = network_input(real, torch.tensor([i]))
        right = [s.scores(clip)["A+V"].argmax().item() == real.labels[i].item() for s in students]
        events = sum(before and not after for before, after in pairwise(right))
        counts.append(events if any(right) else 4)
    return counts


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A cache in which the experts are trained once for all tests."""
    return RunContext(cache=tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("order", ["least", "most"])
def test_the_clips_taken_are_those_forgotten_least_or_most(order, run):
    real = hard_clips()
    counts = [a + b for a, b in zip(naive_counts(real, 2, run), naive_counts(real, 3, run), strict=True)]
    assert len(set(counts)) > 2
    made = make(order=order, per_class=3, experts=2).distill(real, seed=1, run=run)
    scaled = network_input(real)["audio"]
    chosen = [int((scaled - row).abs().flatten(1).amax(1).argmin()) for row in made.tensors["audio"]]
    for label in range(3):
        own = sorted((counts[i] for i in real.of_class(label).tolist()), reverse=order == "most")
        taken = chosen[3 * label : 3 * label + 3]
        assert [counts[i] for i in taken] == own[:3]
        assert len(set(taken)) == 3


def test_an_epoch_without_a_change_is_no_event():
    """Invariance: every epoch twice changes no count but that of clips that never were right."""
    right = torch.rand(6, 40, generator=torch.Generator().manual_seed(0)) > 0.4
    once, twice = forgetting.forgotten(right), forgetting.forgotten(right.repeat_interleave(2, 0))
    learnt = right.any(0)
    assert torch.equal(once[learnt], twice[learnt])
    assert (once[~learnt] == 6).all()
    assert (twice[~learnt] == 12).all()


def test_equals_are_drawn_by_lot(run):
    easy = toy_clips()
    first, other = (make(per_class=2).distill(easy, seed=seed, run=run) for seed in (0, 20))  # the same expert
    assert not torch.equal(first.tensors["audio"], other.tensors["audio"])


def test_counts_are_kept_beside_the_data(tmp_path, monkeypatch):
    real, run = toy_clips(per_class=5), RunContext(cache=tmp_path)
    first = make().distill(real, run=run)
    monkeypatch.setattr(forgetting, "named_right", lambda *a: pytest.fail("counted again"))
    again = make(order="least").distill(real, run=run)
    assert torch.equal(again.tensors["audio"], first.tensors["audio"])
    make(order="most").distill(real, run=run)
