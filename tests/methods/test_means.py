"""`means` by hand: groups that are all clips, each once, and their averages in decibels and pixels."""

from __future__ import annotations

import torch
from tests.helpers.clips import network_input, toy_clips

from limbeck.methods.means import Means


def test_one_row_is_the_mean_of_its_class() -> None:
    real = toy_clips()
    made = Means().distill(real)
    for m, x in network_input(real).items():
        expected = torch.stack([x[real.of_class(label)].mean(0) for label in range(3)])
        assert torch.allclose(made.tensors[m], expected, atol=1e-5)


def test_groups_are_all_clips_once_and_two_seeds_draw_others() -> None:
    real = toy_clips(per_class=12)
    one, other = (Means(per_class=4).distill(real, seed=seed) for seed in (0, 1))
    whole = Means().distill(real)
    for m, x in one.tensors.items():
        assert torch.allclose(x.unflatten(0, (3, 4)).mean(1), whole.tensors[m], atol=1e-5)
        assert not torch.allclose(x, other.tensors[m])


def test_as_many_as_there_are_clips_are_the_clips() -> None:
    real = toy_clips(per_class=3)
    made = Means(per_class=3).distill(real)
    for m, x in network_input(real).items():
        assert torch.allclose(made.tensors[m].sum(0), x.sum(0), atol=1e-4)
        assert all((x - row).abs().flatten(1).amax(1).min() < 1e-5 for row in made.tensors[m])
