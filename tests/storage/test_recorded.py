"""Recordings decode to the same numbers whatever was imported first and however the processor rounds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

from limbeck.distilled import DistilledSet
from limbeck.media import ClipRecipe, RawClip
from limbeck.modalities import Scale, bound, completed
from limbeck.modalities.image import PUBLISHED
from limbeck.parameterisations import parse
from limbeck.storage import Meaning
from limbeck.storage.recorded import Recorded

RECIPE = ClipRecipe(image_size=16)
CODE = """
import sys, hashlib
for name in sys.argv[2].split(","):
    __import__(name)
from limbeck import DistilledSet
made = DistilledSet.load(sys.argv[1])
print(made.fingerprint, hashlib.sha256(made.tensors["audio"].numpy().tobytes()).hexdigest())
"""


def recorded(clips: int, seen: Sequence[str] = ("audio", "image")) -> DistilledSet:
    """Tones under noise: loud and quiet bands side by side."""
    draw, form = np.random.default_rng(0), Recorded()
    seconds = np.arange(RECIPE.mel.samples) / RECIPE.mel.sample_rate_hz
    raws = [
        RawClip(
            waveform=(0.3 * np.sin(2 * np.pi * (100 + 30 * i) * seconds) + 0.01 * draw.standard_normal(len(seconds)))
            .astype(np.float32),
            frames=draw.integers(0, 256, (16, 16, 3), dtype=np.uint8),
        )
        for i in range(clips)
    ]  # fmt: skip
    modalities = bound(seen, RECIPE)
    scales = {"audio": Scale(mean=(-50.0,), std=(7.0,)), "image": PUBLISHED}
    payload = form.payload(form.code(raw, modalities) for raw in raws)
    return DistilledSet(
        tensors=form.decode(payload, {name: Meaning(m, scales[name]) for name, m in modalities.items()}),
        labels=torch.zeros(clips, dtype=torch.int64),
        classes=("a",),
        hold=parse("plain"),
        modalities=modalities,
        scales={name: scales[name] for name in modalities},
        provenance={},
        storage=form,
        payload=payload,
    )


@pytest.mark.slow
def test_the_same_set_in_every_process(tmp_path: Path) -> None:
    """Other instruction sets of the Fourier transform stand in for other processors."""
    made = recorded(40)
    made.save(tmp_path)
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CODE, str(tmp_path), first],
            env=os.environ | {"OMP_NUM_THREADS": "1"} | arithmetic,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first, arithmetic in (
            ("torch,limbeck", {}),
            ("limbeck,torch", {}),
            ("torch", {"MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "ATEN_CPU_CAPABILITY": "default"}),
            ("limbeck", {"MKL_CBWR": "COMPATIBLE"}),
        )
    ]
    told = {process.communicate(timeout=300)[0].strip() for process in processes}
    assert len(told) == 1
    assert told.pop().split()[0] == made.fingerprint


@pytest.mark.parametrize(("seen", "track"), [(["audio"], "audio"), (["image"], "image")])
def test_only_the_tracks_are_kept_that_are_seen(tmp_path: Path, seen: list[str], track: str) -> None:
    """The recordings have both; a set of one modality neither stores nor counts the other's."""
    both, alone = recorded(5), recorded(5, seen)
    assert alone.payload is not None
    assert both.payload is not None
    assert set(alone.payload) == {key for key in both.payload if key.startswith(track)}
    assert alone.stored_bytes < both.stored_bytes
    assert torch.equal(alone.tensors[track], both.tensors[track])
    back = DistilledSet.load(alone.save(tmp_path / "set"))
    assert torch.equal(back.tensors[track], alone.tensors[track])
    assert list(back.modalities) == seen


def test_frames_are_kept_in_one_picture_and_come_back_in_their_order() -> None:
    recipe = completed(["video"], RECIPE.model_copy(update={"frames": 4}))
    kinds, form = bound(["video"], recipe), Recorded(picture_quality=95)
    levels = np.array([20, 220, 90, 150], np.uint8)
    frames = np.broadcast_to(levels[:, None, None, None], (4, 16, 16, 3))
    payload = form.payload([form.code(RawClip(None, frames), kinds)] * 2)
    (back,) = form.decode(payload, {"video": Meaning(kinds["video"], PUBLISHED)}).values()
    seen = kinds["video"].from_network(back, PUBLISHED).float().mean((2, 3, 4))
    assert (seen - torch.from_numpy(levels)).abs().max() <= 4


@pytest.mark.parametrize("seen", ["audio", "image"])
def test_what_is_seen_of_a_recorded_set_is_what_was_decoded(seen: str) -> None:
    both = recorded(3)
    alone = both.seen_by([seen])
    assert alone.storage.name == "float32"
    assert torch.equal(alone.tensors[seen], both.tensors[seen])
