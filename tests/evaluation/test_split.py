"""Held-out training clips: recordings whole, class by class."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.helpers.clips import RECIPE, toy_clips

from limbeck.datasets import LabelledClips
from limbeck.evaluation import _split
from limbeck.evaluation._split import hold_out, joined, some


def reused(sounds: list[int], frames: list[int], labels: list[int]) -> LabelledClips:
    """Clips of numbered sounds and frames; equal numbers, equal bits."""
    source = torch.Generator().manual_seed(0)
    audio = torch.randn(max(sounds) + 1, 1, *RECIPE.mel.shape, generator=source)
    pictures = torch.randint(0, 256, (max(frames) + 1, 3, 16, 16), generator=source).to(torch.uint8)
    classes = [f"class {c}" for c in range(max(labels) + 1)]
    arrays = {"audio": audio[sounds], "image": pictures[frames]}
    return LabelledClips.from_arrays(arrays, torch.tensor(labels), classes, recipe=RECIPE)


def sides(clips: LabelledClips, numbers: list[int], share: float, seed: int) -> list[set[int]]:
    """Numbers that stand in the kept and in the held part."""
    parts = hold_out(clips, share, seed=seed)
    assert torch.cat([parts.kept, parts.held]).sort().values.tolist() == list(range(len(clips)))
    return [{numbers[i] for i in part.tolist()} for part in (parts.kept, parts.held)]


@pytest.mark.parametrize("seed", range(5))
def test_a_sound_used_five_times_is_on_one_side(seed: int) -> None:
    sounds = [i // 5 for i in range(120)]
    shuffled = [sounds[i] for i in torch.randperm(60, generator=torch.Generator().manual_seed(seed))] + sounds[60:]
    clips = reused(shuffled, list(range(120)), [0] * 60 + [1] * 60)
    kept, held = sides(clips, shuffled, 0.25, seed)
    assert not kept & held
    parts = hold_out(clips, 0.25, seed=seed)
    assert (clips.take(parts.held).per_class(), parts.shared) == ((15, 15), 0)


def test_so_is_a_frame_and_what_a_chain_joins() -> None:
    sounds, frames = [0, 0, 1, 2, 3, 4, 5, 5], [0, 1, 1, 2, 3, 4, 5, 6]  # 0, 1 and 2 are one recording; 6 and 7 another
    recordings = [0, 0, 0, 1, 2, 3, 4, 4]
    clips = reused(sounds, frames, [0] * 8)
    for seed in range(20):
        kept, held = sides(clips, recordings, 0.4, seed)
        assert kept
        assert held
        assert not kept & held


def test_crosswise_reuse_leaves_sounds_apart_and_counts_the_frames() -> None:
    sounds, frames = zip(*[(i, 100 + (i + k) % 8) for i in range(8) for k in range(2)], strict=True)  # one ring
    clips = reused(list(sounds), [f - 100 for f in frames], [0] * 16)
    assert len(set(joined(np.array(sounds), np.array(frames)))) == 1
    parts = hold_out(clips, 0.25, seed=0)
    kept, held = sides(clips, list(sounds), 0.25, 0)
    assert (len(held), kept & held) == (2, set())
    seen = {frames[i] for i in parts.kept.tolist()}
    assert parts.shared == sum(frames[i] in seen for i in parts.held.tolist()) > 0


def test_frames_alone_stand_for_recordings_however_often_they_recur() -> None:
    clips = reused(list(range(12)), [i // 4 for i in range(12)], [0] * 12).seen_by(["image"])
    for seed in range(5):
        kept, held = sides(clips, [i // 4 for i in range(12)], 0.25, seed)
        assert not kept & held
    assert hold_out(clips, 0.25, seed=0).shared == 0


def test_a_class_of_one_recording_is_kept() -> None:
    clips = reused([0] * 5 + [1, 2, 3, 4], list(range(9)), [0] * 5 + [1] * 4)
    parts = hold_out(clips, 0.25, seed=0)
    assert clips.take(parts.kept).per_class() == (5, 3)
    assert clips.take(parts.held).per_class() == (0, 1)


def test_without_reuse_the_share_is_met_and_the_seed_decides() -> None:
    clips = toy_clips(3, 12)
    parts = hold_out(clips, 0.25, seed=0)
    assert clips.take(parts.held).per_class() == (3, 3, 3)
    assert torch.equal(parts.held, hold_out(clips, 0.25, seed=0).held)
    assert not torch.equal(parts.held, hold_out(clips, 0.25, seed=1).held)
    assert clips.take(hold_out(clips, 0.99, seed=0).kept).per_class() == (1, 1, 1)
    assert clips.take(hold_out(clips, 0.01, seed=0).held).per_class() == (1, 1, 1)
    two = clips.take(torch.cat([clips.of_class(0), clips.of_class(2)]))  # a class without clips
    assert two.take(hold_out(two, 0.25, seed=0).held).per_class() == (3, 0, 3)


def test_arrays_are_read_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clips, asked = toy_clips(2, 10), []

    class Watched:
        def read(self, modality: str, rows: torch.Tensor) -> torch.Tensor:
            if modality == "audio":
                asked.append(len(rows))
            return clips.store.read(modality, rows)

        originals = clips.store.originals

    whole = hold_out(clips, 0.25, seed=0)
    monkeypatch.setattr(_split, "CHUNK", 3)
    assert torch.equal(hold_out(replace(clips, store=Watched()), 0.25, seed=0).held, whole.held)
    assert asked == [3] * 6 + [2]


def test_joined_against_merging_by_hand() -> None:
    draw = np.random.default_rng(0)
    for _ in range(20):
        relations = draw.integers(0, 12, (2, 15))
        group = list(range(15))
        for _ in group:  # the smallest number spreads one step a round
            for values in relations:
                least: dict[int, int] = defaultdict(lambda: 99)
                for value, g in zip(values, group, strict=True):
                    least[value] = min(least[value], g)
                group = [min(g, least[v]) for v, g in zip(values, group, strict=True)]
        found = joined(*relations)
        assert [[a == b for b in found] for a in found] == [[a == b for b in group] for a in group]


def test_groups_for_about_so_much() -> None:
    assert some([5, 5, 5, 5], 5) == [0]
    assert some([4, 4, 4], 5.9) == [0]  # 4 is nearer than 8
    assert some([4, 4, 4], 6.1) == [0, 1]
    assert some([90, 10], 25) == [1]
    assert some([1, 1], 1.9) == [0]
    assert (some([7], 3), some([], 3)) == ([], [])
