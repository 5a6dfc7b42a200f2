"""WebDataset shards (tar): exact float arrays, labels, and a PNG to look at."""

from __future__ import annotations

import io
import json
import math
from itertools import islice
from pathlib import Path
from typing import final

import numpy as np
from pydantic import Field
from torch import Tensor

from limbeck import _files
from limbeck.distilled import DistilledSet
from limbeck.errors import MissingExtraError
from limbeck.exports._contract import Export
from limbeck.exports._rows import Row, card, description, new_folder, rows
from limbeck.media import encode


@final
class WebDataset(Export):
    """Tar shards for streaming readers.

    Each sample has ``audio.npy`` and ``image.npy`` (float32, network scale, exact), ``cls`` (label), ``json`` (class
    name, stored pair, cell) and ``png`` (the picture in 8 bits, to look at); ``soft.npy`` (class probabilities,
    float32) where the set has soft labels.

    Attributes:
        per_shard: Training pairs a shard.
    """

    per_shard: int = Field(1000, ge=1)

    def write(self, distilled: DistilledSet, out: Path) -> Path:
        """Write the set as shards; see `Export.write`."""
        encode.require_pillow("export")
        try:
            from webdataset import TarWriter
        except ImportError as error:
            raise MissingExtraError("export", "webdataset") from error
        with new_folder(distilled, out) as folder:
            (folder / "shards").mkdir()
            source = rows(distilled)
            for number in range(math.ceil(len(distilled) / self.per_shard)):
                shard = folder / "shards" / f"limbeck-{number:06d}.tar"
                with open(shard, "wb") as handle, TarWriter(handle, encoder=False, compress=False, mtime=0.0) as writer:
                    for row in islice(source, self.per_shard):
                        writer.write(_sample(row, distilled.classes[row.label]))
            _files.write_json(folder / "config.json", description(distilled, "limbeck-webdataset-1"))
            _files.write_text(folder / "README.md", card(distilled, layout=LAYOUT, losses=LOSSES, use=USE))
        return out


def _sample(row: Row, name: str) -> dict[str, str | bytes]:
    soft = {} if row.soft_label is None else {"soft.npy": _npy(row.soft_label)}
    return {
        "__key__": f"{row.number:08d}",
        "audio.npy": _npy(row.audio),
        "image.npy": _npy(row.image),
        "cls": str(row.label).encode(),
        **soft,
        "json": json.dumps({"class": name, "pair": row.pair, "cell": row.cell}, sort_keys=True).encode(),
        "png": encode.png(row.pixels.numpy().transpose(1, 2, 0)),
    }


def _npy(x: Tensor) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, x.numpy(), allow_pickle=False)
    return buffer.getvalue()


LAYOUT = """- `shards/limbeck-NNNNNN.tar`: samples `NUMBER.audio.npy` (1, mel, frame), `NUMBER.image.npy`
  (3, height, width), `NUMBER.cls` (label), `NUMBER.json` (class, stored pair, cell), `NUMBER.png` (the picture),
  and, where there are soft labels, `NUMBER.soft.npy` (class probabilities)
- `config.json`: class names, recipe, scales, provenance"""

LOSSES = """- `audio.npy` and `image.npy`: float32 in network scale, exactly the training pairs. Undo the scale
  with `config.json`:
  `decibels = audio * mel_std + mel_mean` (per band), `pixel = image * image_std + image_mean` (per colour, 0 to 1).
- `png`: rounded to 8 bits and clamped; to look at, not to train on."""

USE = """import webdataset

pairs = webdataset.WebDataset("shards/limbeck-000000.tar", shardshuffle=False).decode("rgb8")
pairs = pairs.to_tuple("audio.npy", "image.npy", "cls")
audio, image, label = next(iter(pairs))"""
