from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from limbeck.report import _samples


def test_a_clip_is_nearest_to_itself_within_its_class(make_clips: Callable[..., Any]) -> None:
    clips = make_clips(("bell", "drip", "hum"), per_class=20)
    for label in range(3):
        index = clips.of_class(label)[torch.tensor([7, 0, 19, 7])]
        found = _samples.nearest(clips.arrays(index), clips.arrays, clips.of_class(label))
        assert found.tolist() == index.tolist()


def test_agrees_with_a_plain_loop_where_the_modalities_disagree(make_clips: Callable[..., Any]) -> None:
    clips = make_clips(("bell", "drip"), per_class=8)
    made_audio, made_frames = clips.array("audio")[8:12], clips.array("image")[12:16]
    audio, frames = clips.array("audio", clips.of_class(1)), clips.array("image", clips.of_class(1)).float()

    def small(x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.adaptive_avg_pool2d(x.float(), (16, 16))

    expected = []
    for a, v in zip(made_audio, made_frames, strict=True):
        distances = torch.zeros(8)
        for one, bank in ((a, audio), (v, frames)):
            variance = small(bank).var(0, correction=0).mean()
            distances += (small(bank) - small(one)).square().mean((1, 2, 3)) / variance
        expected.append(8 + int(distances.argmin()))
    made = {"audio": made_audio, "image": made_frames}
    assert _samples.nearest(made, clips.arrays, clips.of_class(1)).tolist() == expected


def test_class_without_clips(make_clips: Callable[..., Any]) -> None:
    clips = make_clips(("bell", "drip"), per_class=3).take(torch.tensor([0, 1, 2]))
    assert len(_samples.nearest(clips.arrays(), clips.arrays, clips.of_class(1))) == 0
