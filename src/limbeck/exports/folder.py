"""Pictures as PNG, sounds as WAV, log-mels as 16-bit PNG, one table: for people and for any tool."""

from __future__ import annotations

import csv
import re
import unicodedata
from pathlib import Path
from typing import final

import numpy as np
from torch import Tensor

from limbeck import _files
from limbeck.distilled import DistilledSet
from limbeck.exports._contract import Export
from limbeck.exports._rows import card, description, new_folder, rows, sounds
from limbeck.media import encode

COLUMNS = ("number", "pair", "cell", "label", "class", "picture", "log_mel", "sound", "clipped", "soft_label")


@final
class Folder(Export):
    """A folder of ordinary files.

    ``pictures/CLASS/*.png``, ``sounds/CLASS/*.wav`` and ``log_mels/CLASS/*.png`` with one folder a class (named by
    number and by the harmless letters of its name), ``metadata.csv`` with one row a training pair, ``config.json``
    with the scales, and a card.

    Lossy: pictures are rounded to 8 bits and clamped; log-mels are rounded to 16 bits (within half of ``step_db``
    in ``config.json``); sounds are estimates, since a log-mel keeps no phase.
    """

    def write(self, distilled: DistilledSet, out: Path) -> Path:
        """Write the set as ordinary files; see `Export.write`."""
        encode.require_pillow("export")
        with new_folder(distilled, out) as folder:
            decibels = distilled.scale.to_db(distilled.training_pairs()[0])
            low, high = float(decibels.min().floor()), float(decibels.max().ceil())
            step = max(high - low, 1.0) / 65535
            stems = [f"{i:03d}-{_slug(name)}" for i, name in enumerate(distilled.classes)]
            with open(folder / "metadata.csv", "w", encoding="utf-8", newline="") as handle:
                table = csv.DictWriter(handle, COLUMNS, lineterminator="\n")
                table.writeheader()
                for row, sound in zip(rows(distilled), sounds(distilled), strict=True):
                    stem = f"{stems[row.label]}/{row.pair:05d}-{row.cell}"
                    record = {
                        "number": row.number,
                        "pair": row.pair,
                        "cell": row.cell,
                        "label": row.label,
                        "class": distilled.classes[row.label],
                        "picture": f"pictures/{stem}.png",
                        "log_mel": f"log_mels/{stem}.png",
                        "sound": f"sounds/{stem}.wav",
                        "clipped": f"{row.clipped:.6g}",
                        "soft_label": "" if row.soft_label is None else _numbers(row.soft_label),
                    }
                    levels = np.rint((row.log_mel.double().numpy() - low) / step).astype(np.uint16)
                    contents = {
                        "picture": encode.png(row.pixels.numpy().transpose(1, 2, 0)),
                        "log_mel": encode.png(levels[::-1]),
                        "sound": encode.wav(sound.numpy(), distilled.recipe.mel.sample_rate_hz),
                    }
                    for kind, content in contents.items():
                        path = folder / str(record[kind])
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(content)
                    table.writerow(record)
            _files.write_json(
                folder / "config.json",
                description(distilled, "limbeck-folder-1") | {"lowest_db": low, "step_db": step},
            )
            _files.write_text(folder / "README.md", card(distilled, layout=LAYOUT, losses=LOSSES, use=USE))
        return out


def _numbers(values: Tensor) -> str:
    return " ".join(f"{value:.6g}" for value in values.tolist())


def _slug(name: str) -> str:
    """The harmless letters of a name, for file names; not unique.

    Example:
        >>> _slug("Dog bark/../<b>"), _slug("Überflug"), _slug("雨")
        ('dog-bark-b', 'uberflug', 'class')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "class"


LAYOUT = """- `metadata.csv`: one row a training pair: number, stored pair, cell of its mosaic,
  label, class, the three files, and, where there are soft labels, the class probabilities
- `pictures/CLASS/PAIR-CELL.png`: 8-bit RGB
- `log_mels/CLASS/PAIR-CELL.png`: 16-bit grey, lowest band at the bottom, time to the right
- `sounds/CLASS/PAIR-CELL.wav`: 16-bit mono
- `config.json`: class names, recipe, scales, provenance"""

LOSSES = """- Pictures: rounded to 8 bits and clamped to 0..255; `clipped` is the share of values that were clamped.
- Log-mels: rounded to 16 bits, so within half of `step_db` of `config.json`.
- Sounds: estimated from the log-mel (Griffin-Lim), which keeps no phase; turned down where they would clip.
- The exact numbers are in the distilled set this was made from, and in the `webdataset` and `huggingface` forms."""

USE = """import csv, json
import numpy as np
from PIL import Image

config = json.load(open("config.json"))
row = next(csv.DictReader(open("metadata.csv", newline="")))
picture = np.asarray(Image.open(row["picture"]))                                  # (height, width, 3), uint8
levels = np.asarray(Image.open(row["log_mel"]))[::-1].astype("float64")           # (mel, frame)
decibels = config["lowest_db"] + config["step_db"] * levels"""
