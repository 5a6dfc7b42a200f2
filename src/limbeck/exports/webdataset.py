"""WebDataset shards (tar): exact float arrays, labels, and images and sounds of them."""

import json
import math
from itertools import islice
from pathlib import Path
from typing import final

from pydantic import Field

from limbeck import _files
from limbeck.distilled import DistilledSet
from limbeck.errors import package
from limbeck.exports import Export
from limbeck.exports._rows import card, description, new_folder, npy, rows
from limbeck.media import encode


@final
class WebDataset(Export):
    """Tar shards for streaming readers.

    Each sample has ``MODALITY.npy`` (float32, network scale, exact) and ``MODALITY.png`` (to look at) of every
    modality, ``MODALITY.wav`` of sounds, ``MODALITY.mp4`` and ``MODALITY.FRAME.png`` of videos, ``cls`` (label),
    ``json`` (class name, stored row, cell), and ``soft.npy`` (class probabilities, float32) where the set has soft
    labels.

    Attributes:
        per_shard: Samples in each shard.
    """

    per_shard: int = Field(1000, ge=1)

    def write(self, distilled: DistilledSet, out: Path) -> Path:
        encode.require_pillow("export")
        tar = package("export", "webdataset").TarWriter
        with new_folder(distilled, out) as folder:
            (folder / "shards").mkdir()
            source = rows(distilled)
            for number in range(math.ceil(len(distilled) / self.per_shard)):
                shard = folder / "shards" / f"limbeck-{number:06d}.tar"
                with open(shard, "wb") as handle, tar(handle, encoder=False, compress=False, mtime=0.0) as writer:
                    for row in islice(source, self.per_shard):
                        about = {"class": distilled.classes[row.label], "row": row.row, "cell": row.cell}
                        writer.write(
                            {"__key__": f"{row.number:08d}"}
                            | {f"{m}.npy": npy(x) for m, x in row.samples.items()}
                            | {f"{m}.png": content for m, content in row.images.items()}
                            | {f"{m}.wav": content for m, content in row.sounds.items()}
                            | {f"{m}.mp4": content for m, content in row.films.items()}
                            | {
                                f"{m}.{i}.png": frame
                                for m, frames in row.frames.items()
                                for i, frame in enumerate(frames)
                            }
                            | {"cls": str(row.label).encode(), "json": json.dumps(about, sort_keys=True).encode()}
                            | ({} if row.soft_label is None else {"soft.npy": npy(row.soft_label)})
                        )
            _files.write_json(folder / "config.json", description(distilled, "limbeck-webdataset-2"))
            arrays = ", ".join(f'"{m}.npy"' for m in distilled.modalities)
            use = USE.format(arrays=arrays, names=", ".join(distilled.modalities))
            _files.write_text(folder / "README.md", card(distilled, layout=LAYOUT, use=use))
        return out


LAYOUT = """- `shards/limbeck-NNNNNN.tar`: samples, each `NUMBER.MODALITY.npy` (..., channel, height, width) and
  `NUMBER.MODALITY.png` of every modality, `NUMBER.MODALITY.wav` of sounds, `NUMBER.MODALITY.mp4` of videos, with the
  sample's sound if it has any, and `NUMBER.MODALITY.FRAME.png` of each frame, `NUMBER.cls` (label), `NUMBER.json`
  (class, stored row, cell), and, where there are soft labels, `NUMBER.soft.npy` (class probabilities)
- `config.json`: class names, recipe, scales, provenance"""

USE = """import webdataset

samples = webdataset.WebDataset("shards/limbeck-000000.tar", shardshuffle=False).decode("rgb8")
samples = samples.to_tuple({arrays}, "cls")
{names}, label = next(iter(samples))"""
