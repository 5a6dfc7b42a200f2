"""`dsa`: what the augmentation adds to `dc`."""

from __future__ import annotations

import pytest
import torch
from tests.helpers.clips import toy_clips
from tests.helpers.gradients import make, naive
from tests.helpers.resume import distil_in_two_goes, same_bits

from limbeck.augment import SiameseAugment
from limbeck.methods import RunContext

MIRROR = {"families": ["flip"], "flip": 1.0}


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def test_the_method_equals_the_naive_loop_in_a_mirror():
    """An augmentation that leaves nothing to chance, so that the naive loop can do it by hand."""
    real, losses = toy_clips(), []
    method = make("dsa", augment=MIRROR, per_class=2)
    made = method.distill(real, seed=3, run=RunContext(on_step=lambda r: losses.append(r.loss)))
    audio, image, expected = naive(real, method, seed=3, change=lambda x: x.flip(-1))
    assert losses == pytest.approx(expected, rel=1e-3)
    for modality, theirs in (("audio", audio), ("image", image)):
        ours = made.tensors[modality]
        moved = float((ours - made.start[modality]).abs().max())
        assert moved > 1e-3
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-2 * moved)


def test_without_augmentation_it_is_dc_and_dc_with_it_is_dsa():
    real = toy_clips()
    runs = {
        (name, augment is None): make(name, augment=augment).distill(real)
        for name in ("dc", "dsa")
        for augment in (None, {})
    }
    for plain in (True, False):
        assert same_bits(runs["dc", plain], runs["dsa", plain])
    assert not torch.equal(runs["dc", True].tensors["audio"], runs["dc", False].tensors["audio"])


def test_one_draw_for_real_and_pairs_and_other_draws_in_training(monkeypatch):
    seen, apply = [], SiameseAugment.apply

    def spy(self, x, draw, **known):
        seen.append((len(x), draw))
        return apply(self, x, draw, **known)

    monkeypatch.setattr(SiameseAugment, "apply", spy)
    make("dsa", steps=2, network_epochs=1).distill(toy_clips(classes=2))
    first, training, second = seen[:8], seen[8:10], seen[10:]
    for step in (first, second):
        for of_class in (step[:4], step[4:]):
            assert [n for n, _ in of_class] == [12, 1, 12, 1]
            assert len({id(draw) for _, draw in of_class}) == 1
    assert first[0][1] is not first[4][1]
    assert [tuple(draw.uniforms.shape) for _, draw in training] == [(2, 3), (2, 3)]


def test_resumed_in_the_life_of_a_network_it_ends_with_the_same_bits():
    real, method = toy_clips(), make("dsa", steps=4, updates=4)
    assert same_bits(method.distill(real, seed=6), distil_in_two_goes(method, real, seed=6, stop_at=2))
