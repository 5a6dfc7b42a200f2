"""What the forms share: a new folder that appears whole, and the training pairs in the order they are written."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from limbeck import _files
from limbeck.augment import mosaic
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.media import invert_log_mel


@dataclass(frozen=True)
class Row:
    """One training pair.

    Attributes:
        number: Position in `DistilledSet.training_pairs`.
        pair: Stored pair it was cut from.
        cell: Cell of the mosaic; 0 where there is none.
        label: Class index.
        audio: float32, (1, mel, frame), network scale.
        image: float32, (3, height, width), network scale.
        log_mel: float32, (mel, frame), dB re 1.0.
        pixels: uint8, (3, height, width).
        clipped: Share of pixel values that lay outside the legal range.
        soft_label: Class probabilities, float32, (class,); None where the set has none.
    """

    number: int
    pair: int
    cell: int
    label: int
    audio: Tensor
    image: Tensor
    log_mel: Tensor
    pixels: Tensor
    clipped: float
    soft_label: Tensor | None


@contextlib.contextmanager
def new_folder(distilled: DistilledSet, out: Path) -> Iterator[Path]:
    """A temporary folder beside `out`; on leaving without an error it is synced to disk and renamed to `out`.

    Raises:
        InputError: `out` is a file or a folder that is not empty, or the set holds no pairs.
    """
    if not distilled.pairs:
        raise InputError("This distilled set holds no pairs, so there is nothing to export; distil again.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} exists and is not an empty folder; choose another folder or remove it first.")
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with _files.naming(out):
            temporary.mkdir()
            yield temporary
            for file in temporary.rglob("*"):
                if file.is_file():
                    with open(file, "rb+") as handle:
                        os.fsync(handle.fileno())
            os.replace(temporary, out)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def rows(distilled: DistilledSet, *, chunk: int = 32) -> Iterator[Row]:
    """Training pairs, a few at a time in memory, in the order of `DistilledSet.training_pairs`.

    Args:
        distilled: The set.
        chunk: Pairs in memory at once.
    """
    for start in range(0, len(distilled), chunk):
        items = [distilled[i] for i in range(start, min(start + chunk, len(distilled)))]
        audio, image = torch.stack([a for a, _, _ in items]), torch.stack([v for _, v, _ in items])
        decibels = distilled.scale.to_db(audio)[:, 0]
        pixels = distilled.scale.to_pixels(image)
        unclamped = distilled.scale.image(pixels) - image
        half_step = 0.5 / 255 / torch.tensor(distilled.scale.image_std)[:, None, None]
        clipped = (unclamped.abs() > half_step * 1.01).float().mean((1, 2, 3))
        for i, (_, _, label) in enumerate(items):
            cell, pair = divmod(start + i, distilled.pairs)
            yield Row(
                number=start + i,
                pair=pair,
                cell=cell,
                label=int(label),
                audio=audio[i],
                image=image[i],
                log_mel=decibels[i],
                pixels=pixels[i],
                clipped=float(clipped[i]),
                soft_label=None if distilled.soft_labels is None else distilled.soft_labels[start + i],
            )


def sounds(distilled: DistilledSet, *, chunk: int = 32) -> Iterator[Tensor]:
    """The sound of every training pair in the order of `rows`: float32, (sample,), mono, peak at most 1.

    Args:
        distilled: The set.
        chunk: Pairs turned to sound at once.
    """
    for start in range(0, len(distilled), chunk):
        audio = torch.stack([distilled[i][0] for i in range(start, min(start + chunk, len(distilled)))])
        yield from invert_log_mel(distilled.scale.to_db(audio)[:, 0], distilled.recipe.mel)


def description(distilled: DistilledSet, form: str) -> dict[str, Any]:
    """All that is needed to read the numbers again, JSON-able."""
    return {
        "format": form,
        "classes": list(distilled.classes),
        "mosaic": mosaic.to_json(distilled.mosaic),
        "storage": distilled.storage.name,
        "stored_bytes": distilled.stored_bytes,
        "labels": "hard" if distilled.soft_labels is None else "soft",
        "pairs": distilled.pairs,
        "training_pairs": len(distilled),
        "recipe": distilled.recipe.to_json(),
        "scale": distilled.scale.to_json(),
        "provenance": distilled.provenance,
    }


def card(distilled: DistilledSet, *, layout: str, losses: str, use: str) -> str:
    """A README: what this is, what is lossy, how to read it. Class names appear as JSON, so they cannot break it.

    Args:
        distilled: The set.
        layout: Markdown: which file holds what.
        losses: Markdown: what is exact and what is not.
        use: Python code that reads it.
    """
    mel = distilled.recipe.mel
    size = distilled.recipe.image_size
    return f"""# Distilled audio-visual set: {len(distilled.classes)} classes, {len(distilled)} training pairs

{distilled.pairs} stored pairs with a {mosaic.words(distilled.mosaic)} mosaic,
cut and enlarged to {len(distilled)} training pairs:
a picture of {size} x {size} pixels and a log-mel of {mel.shape[0]} bands x {mel.shape[1]} frames
({mel.clip_seconds:g} s at {mel.sample_rate_hz} Hz, dB re 1.0, FFT {mel.fft_samples}, hop {mel.hop_samples}, HTK mel).
Pairs are made to train on, not to be looked at or listened to, though one can.
They are what is left of them in the form they were stored in: {distilled.storage.name},
{distilled.stored_bytes:,} bytes{"" if distilled.soft_labels is None else ", soft labels among them"}.

## Layout

{layout}

## What is exact and what is not

{losses}

## Use

```python
{use}
```

## Classes and provenance

```json
{json.dumps({"classes": list(distilled.classes), "provenance": distilled.provenance}, indent=2, sort_keys=True)}
```
"""
