"""What the forms share: a new folder that appears whole, and the samples in the order they are written."""

import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from limbeck import _files
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.exports import STORED
from limbeck.media import encode
from limbeck.modalities import Batch, Modality, Scale, each_frame
from limbeck.parameterisations import parse

EXACT = "- `.npy`: float32 in network scale, exactly the samples. Undo the scale with `config.json`: `x * std + mean`."


@dataclass(frozen=True)
class Row:
    """One sample of `DistilledSet.samples`, by modality in network scale, as a PNG to look at or a mono WAV to hear.

    Of what moves, `images` have the frames side by side, `frames` one by one, and `films` are MP4 with the sound that
    belongs to them. `row` is the stored row and `cell` which of its samples it is; `clipped` the fraction of values
    that lay outside what a prepared array can hold, by modality prepared as uint8.
    """

    number: int
    row: int
    cell: int
    label: int
    samples: Batch
    images: Mapping[str, bytes]
    sounds: Mapping[str, bytes]
    frames: Mapping[str, Sequence[bytes]]
    films: Mapping[str, bytes]
    clipped: Mapping[str, float]
    soft_label: Tensor | None


@contextlib.contextmanager
def new_folder(distilled: DistilledSet, out: Path) -> Iterator[Path]:
    """A new folder that appears as `out` when it is left without an error."""
    if not distilled.rows:
        raise InputError("This distilled set holds no samples, so there is nothing to export; distil again.")
    _files.refuse_full(out)
    with _files.atomic(out) as folder:
        folder.mkdir()
        if distilled.hold != parse("plain") or distilled.payload is not None:
            distilled.save(folder / STORED)
        yield folder


def rows(distilled: DistilledSet, *, chunk: int = 32) -> Iterator[Row]:
    """Samples, a few at a time in memory, in the order of `DistilledSet.samples`."""
    kinds, targets = distilled.modalities, distilled.targets
    rate, soft = distilled.recipe.mel.sample_rate_hz, targets.probabilities
    for start in range(0, len(distilled), chunk):
        items = [distilled[i][0] for i in range(start, min(start + chunk, len(distilled)))]
        samples = {m: torch.stack([item[m] for item in items]) for m in kinds}
        arrays = distilled.arrays(samples)
        shown = {m: kind.show(arrays[m]).numpy() for m, kind in kinds.items()}
        played = {m: sound.numpy() for m, kind in kinds.items() if (sound := kind.play(arrays[m])) is not None}
        moving = {m: each_frame(kind.show, arrays[m]).numpy() for m, kind in kinds.items() if kind.moves}
        pixels = {m: kind for m, kind in kinds.items() if kind.dtype == torch.uint8}
        clipped = {m: _clipped(samples[m], arrays[m], kind, distilled.scales[m]) for m, kind in pixels.items()}
        for i, item in enumerate(items):
            cell, row = divmod(start + i, distilled.rows)
            yield Row(
                number=start + i,
                row=row,
                cell=cell,
                label=int(targets.labels[start + i]),
                samples=item,
                images={m: encode.png(image[i]) for m, image in shown.items()},
                sounds={m: encode.wav(sound[i], rate) for m, sound in played.items()},
                frames={m: [encode.png(frame) for frame in frames[i]] for m, frames in moving.items()},
                films={
                    m: encode.mp4(
                        frames[i],
                        seconds=distilled.recipe.mel.clip_seconds,
                        waveform=next((sound[i] for sound in played.values()), None),
                        sample_rate_hz=rate,
                    )
                    for m, frames in moving.items()
                },
                clipped={m: float(fraction[i]) for m, fraction in clipped.items()},
                soft_label=None if soft is None else soft[start + i],
            )


def npy(x: Tensor) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, x.numpy(), allow_pickle=False)
    return buffer.getvalue()


def description(distilled: DistilledSet, form: str) -> dict[str, Any]:
    """All that is needed to read the numbers again, JSON-able."""
    return {
        "format": form,
        "classes": list(distilled.classes),
        "hold": str(distilled.hold),
        "storage": distilled.storage.name,
        "stored_bytes": distilled.stored_bytes,
        "labels": "hard" if distilled.soft_labels is None else "soft",
        "rows": distilled.rows,
        "samples": len(distilled),
        "recipe": distilled.recipe.to_json(),
        "scales": {m: scale.to_json() for m, scale in distilled.scales.items()},
        "provenance": distilled.provenance,
    }


def card(distilled: DistilledSet, *, layout: str, use: str, exact: str = EXACT) -> str:
    """A README: what this is, what is lossy, how to read it. Class names appear as JSON, so they cannot break it.

    `layout` and `exact` are Markdown: which file holds what, where the exact numbers are. `use` is Python to read it.
    """
    kinds = distilled.modalities
    shapes = "\n".join(
        f"- `{m}`: ({', '.join(kind.axes)}), {' x '.join(map(str, kind.shape))}, {kind.unit}; the scale runs along "
        f"{kind.axes[kind.channels_at]}"
        for m, kind in kinds.items()
    )
    return f"""# Distilled set of {" and ".join(kinds)}: {len(distilled.classes)} classes, {len(distilled)} samples

{distilled.rows} stored rows, held as {distilled.hold}, stand for {len(distilled)} samples.
Samples are made to train on, not to be looked at or listened to, though one can.
They are what is left of them in the form they were stored in: {distilled.storage.name},
{distilled.stored_bytes:,} bytes{"" if distilled.soft_labels is None else ", soft labels among them"}.

{shapes}

## Layout

{layout}

## What is exact and what is not

{exact}
- Images and videos are rounded to 8 bits, and clamped or stretched to what can be seen: to look at, not to train on.
  Videos (MP4) are compressed, too, last as long as a clip and have the sample's sound.
- Sounds are estimated where samples keep no phase, and turned down where they would clip: to listen to.

## Use

```python
{use}
```

## Classes and provenance

```json
{json.dumps({"classes": list(distilled.classes), "provenance": distilled.provenance}, indent=2, sort_keys=True)}
```
"""


def _clipped(samples: Tensor, arrays: Tensor, modality: Modality, scale: Scale) -> Tensor:
    """Fraction of values farther from their whole number than rounding takes them, float32, (sample,)."""
    one, nought = (modality.to_network(torch.full((1, *modality.shape), v, dtype=torch.uint8), scale) for v in (1, 0))
    gap = (modality.to_network(arrays, scale) - samples).abs()
    return (gap > 0.505 * (one - nought).abs()).float().flatten(1).mean(1)
