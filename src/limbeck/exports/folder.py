"""A folder of ordinary files: NumPy arrays, PNG images, WAV sounds, MP4 videos, a CSV table, a card."""

import csv
import re
import unicodedata
from pathlib import Path
from typing import final

from limbeck import _files
from limbeck.distilled import DistilledSet
from limbeck.exports import Export
from limbeck.exports._rows import card, description, new_folder, npy, rows
from limbeck.media import encode


@final
class Folder(Export):
    """A folder of ordinary files.

    A folder for each modality, in it one for each class (named by number and by the harmless letters of its name), and
    there ``ROW-CELL.npy`` (float32, network scale, exact), ``ROW-CELL.png`` and, of sounds, ``ROW-CELL.wav``. Videos
    have ``ROW-CELL.mp4``, with the sample's sound if it has any, and ``ROW-CELL-FRAME.png``; in ``ROW-CELL.png`` their
    frames stand side by side. Beside them are ``metadata.csv`` with one line a sample, ``config.json`` with the scales,
    and a card.

    Lossy: images are 8 bits; sounds are estimates, since a log-mel keeps no phase.
    """

    def write(self, distilled: DistilledSet, out: Path) -> Path:
        encode.require_pillow("export")
        stems = [f"{i:03d}-{_slug(name)}" for i, name in enumerate(distilled.classes)]
        with new_folder(distilled, out) as folder:
            records = []
            for row in rows(distilled):
                # The content of each file, and what its name ends with, by the column of the table that names it.
                contents = {m: (m, ".npy", npy(x)) for m, x in row.samples.items()}
                contents |= {f"{m}_image": (m, ".png", image) for m, image in row.images.items()}
                contents |= {f"{m}_sound": (m, ".wav", sound) for m, sound in row.sounds.items()}
                contents |= {f"{m}_film": (m, ".mp4", film) for m, film in row.films.items()}
                for m, frames in row.frames.items():
                    contents |= {f"{m}_frame_{i}": (m, f"-{i}.png", frame) for i, frame in enumerate(frames)}
                names = {}
                for column, (modality, suffix, content) in contents.items():
                    names[column] = f"{modality}/{stems[row.label]}/{row.row:05d}-{row.cell}{suffix}"
                    path = folder / names[column]
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)
                soft = [] if row.soft_label is None else row.soft_label.tolist()
                records.append(
                    {
                        **{name: getattr(row, name) for name in ("number", "row", "cell", "label")},
                        "class": distilled.classes[row.label],
                        **names,
                        **{f"{m}_clipped": f"{fraction:.6g}" for m, fraction in row.clipped.items()},
                        "soft_label": " ".join(f"{value:.9g}" for value in soft),
                    }
                )
            with open(folder / "metadata.csv", "w", encoding="utf-8", newline="") as handle:
                table = csv.DictWriter(handle, [*records[0]], lineterminator="\n")
                table.writeheader()
                table.writerows(records)
            _files.write_json(folder / "config.json", description(distilled, "limbeck-folder-2"))
            _files.write_text(folder / "README.md", card(distilled, layout=LAYOUT, use=USE))
        return out


def _slug(name: str) -> str:
    """The harmless letters of a name, for file names; not unique.

    Example:
        >>> _slug("Dog bark/../<b>"), _slug("Überflug"), _slug("雨")
        ('dog-bark-b', 'uberflug', 'class')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "class"


LAYOUT = """- `metadata.csv`: one line a sample: number, stored row, cell, label, class, the files of each modality, the
  fraction of values that were clamped in its image, and, where there are soft labels, the class probabilities
- `MODALITY/CLASS/ROW-CELL.npy`: float32, (..., channel, height, width)
- `MODALITY/CLASS/ROW-CELL.png`: to look at; the frames of a video side by side
- `MODALITY/CLASS/ROW-CELL.mp4`, `MODALITY/CLASS/ROW-CELL-FRAME.png`: videos, with the sound of the sample if it has
  any, and each of their frames
- `MODALITY/CLASS/ROW-CELL.wav`: to listen to, 16-bit mono, of modalities that are sound
- `config.json`: class names, recipe, scales, provenance"""

USE = """import csv, json
import numpy as np

config = json.load(open("config.json"))
row = next(csv.DictReader(open("metadata.csv", newline="")))
sample = {modality: np.load(row[modality]) for modality in config["scales"]}  # (..., channel, height, width) each
label = int(row["label"])"""
