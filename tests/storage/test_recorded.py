"""Recordings decode to the same numbers whatever was imported first and however the processor rounds."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from limbeck.datasets import Scale
from limbeck.distilled import DistilledSet
from limbeck.media import ClipRecipe, RawClip
from limbeck.storage.recorded import Recorded

RECIPE = ClipRecipe(image_size=16)
CODE = """
import sys, hashlib
for name in sys.argv[2].split(","):
    __import__(name)
from limbeck import DistilledSet
made = DistilledSet.load(sys.argv[1])
print(made.fingerprint, hashlib.sha256(made.audio.numpy().tobytes()).hexdigest())
"""


def recorded(clips: int) -> DistilledSet:
    """Tones under noise: loud and quiet bands side by side."""
    draw, form = np.random.default_rng(0), Recorded()
    seconds = np.arange(RECIPE.mel.samples) / RECIPE.mel.sample_rate_hz
    raws = [
        RawClip(
            waveform=(0.3 * np.sin(2 * np.pi * (100 + 30 * i) * seconds) + 0.01 * draw.standard_normal(len(seconds)))
            .astype(np.float32),
            frame=draw.integers(0, 256, (16, 16, 3), dtype=np.uint8),
        )
        for i in range(clips)
    ]  # fmt: skip
    payload, scale = form.payload(form.code(raw, RECIPE) for raw in raws), Scale(mel_mean=(-50.0,), mel_std=(7.0,))
    audio, image = form.decode(payload, scale, RECIPE)
    labels = torch.zeros(clips, dtype=torch.int64)
    return DistilledSet(audio, image, labels, ("a",), 1, RECIPE, scale, {}, storage=form, payload=payload)


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
