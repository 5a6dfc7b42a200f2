"""The measure of motion: what it does to frames, and that it tells motion from appearance."""

from __future__ import annotations

import pytest
import torch

from limbeck.datasets import LabelledClips
from limbeck.evaluation import Protocol, Subject, measures
from limbeck.evaluation.measures.motion import AS_THEY_ARE, ONE_FRAME, REPEATED, SHUFFLED, Ordered
from limbeck.media import ClipRecipe
from limbeck.networks import Architecture
from limbeck.testing import toy_clips

CPU = torch.device("cpu")
FRAMES, SIZE = 5, 16


def drifting(per_class: int, seed: int) -> LabelledClips:
    """A bright bar that goes to the right or to the left from anywhere, around the border: no frame tells which."""
    draw, labels = torch.Generator().manual_seed(seed), torch.arange(2).repeat_interleave(per_class)
    video = torch.full((len(labels), FRAMES, 3, SIZE, SIZE), 40, dtype=torch.uint8)
    starts = torch.randint(SIZE, (len(labels),), generator=draw).tolist()
    for i, (label, start) in enumerate(zip(labels.tolist(), starts, strict=True)):
        for t in range(FRAMES):
            at = start + (2 * t if label else -2 * t)
            video[i, t, :, :, [at % SIZE, (at + 1) % SIZE]] = 220
    recipe = ClipRecipe(image_size=SIZE, frames=FRAMES)
    return LabelledClips.from_arrays({"video": video}, labels, ["left", "right"], recipe=recipe)


def _subject(network: str, train: LabelledClips, test: LabelledClips) -> Subject:
    protocol = Protocol(epochs=12, lr=3e-3, augment=None)
    return Subject.of(train, test, network=Architecture(name=network, options={"width": 8}), protocol=protocol)


def test_motion_is_seen_in_order_alone() -> None:
    found = measures.load("motion")().take(_subject("convnet3d", drifting(60, 0), drifting(40, 1)), seed=0)
    accuracy = {way: found[f"M {way} (%)"] for way in (AS_THEY_ARE, SHUFFLED, REPEATED, ONE_FRAME)}
    assert accuracy[AS_THEY_ARE] > 90
    assert all(35 < accuracy[way] < 70 for way in (SHUFFLED, REPEATED, ONE_FRAME)), accuracy


def test_a_network_that_sees_frame_by_frame_has_no_use_for_their_order() -> None:
    found = measures.load("motion")().take(_subject("convnet", drifting(20, 0), drifting(20, 1)), seed=0)
    assert found[f"M {AS_THEY_ARE} (%)"] == pytest.approx(found[f"M {SHUFFLED} (%)"])


def test_every_clip_has_an_order_of_its_own_and_batches_do_not_matter() -> None:
    clips = drifting(20, 0)
    samples = _subject("convnet", clips, clips).samples(clips)
    shuffled = Ordered.drawn(samples, torch.Generator().manual_seed(0))
    every = torch.arange(len(clips))
    seen, real = shuffled.fetch(every, CPU)["video"], samples.fetch(every, CPU)["video"]
    orders = set()
    for mixed, straight in zip(seen, real, strict=True):
        order = tuple(next(t for t in range(FRAMES) if torch.equal(frame, straight[t])) for frame in mixed)
        assert sorted(order) == [*range(FRAMES)]
        orders.add(order)
    assert len(orders) > 10
    some = torch.tensor([7, 3])
    assert torch.equal(shuffled.fetch(some, CPU)["video"], seen[some])
    middle = Ordered.middle(samples).fetch(some, CPU)["video"]
    assert torch.equal(middle, real[some][:, [2] * FRAMES])


def test_modalities_without_frames_stay() -> None:
    clips = toy_clips(classes=2, per_class=3, modalities=("audio", "video"))
    samples = _subject("convnet", clips, clips).samples(clips)
    some = torch.arange(6)
    middle = Ordered.middle(samples).fetch(some, CPU)
    assert torch.equal(middle["audio"], samples.fetch(some, CPU)["audio"])
    assert "Frames of a clip: 4 of video." in measures.load("motion")().about(clips)
