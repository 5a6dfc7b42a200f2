"""The card of a distilled set, and pictures of its samples to put on it."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck import hub
from limbeck._words import duration, plain
from limbeck.media import encode

if TYPE_CHECKING:
    from limbeck.distilled import DistilledSet

_CLASSES, _PER_CLASS = 10, 8
_GAP = 2
_SIDE = 96
"""Pictures with less pixels a side are enlarged in whole steps to at most that."""


def card(
    made: "DistilledSet",
    *,
    name: str = "",
    licence: str = "",
    results: Sequence[hub.Result] = (),
    sheets: Sequence[str] = (),
) -> str:
    """The README of a set: what it is, how it was made, how well it does, how to use it.

    Args:
        made: The set.
        name: Of its repository on the hub; empty for a folder on this machine.
        licence: Under which it is passed on; empty where none was given.
        results: How well networks do that were trained on it.
        sheets: Names of the pictures beside the card.
    """
    load = f"from_pretrained({name!r})" if name else "load('.')"
    first = next(iter(made.modalities))
    dataset = str(made.provenance.get("dataset", ""))
    shapes = ", ".join(f"{m} {' x '.join(map(str, kind.shape))}" for m, kind in made.modalities.items())
    classes = made.targets.has_classes
    soft = "soft: class probabilities of every sample, `soft_labels`"
    hard = "hard: the class" if classes else "none: what belongs together in a sample is all that is known"
    facts = [
        f"- Samples: {len(made)} in {made.rows} rows, held as {made.hold}",
        f"- Storage: {made.storage.name}, {made.stored_bytes:,} bytes",
        f"- Labels: {hard if made.soft_labels is None else soft}",
        f"- Modalities: {shapes}",
        f"- Licence: {licence or 'none was given, so ask before you pass it on'}",
    ]
    use = [
        "```python",
        "import limbeck, torch",
        f"distilled = limbeck.DistilledSet.{load}",
        "sample, label = distilled[0]  # a mapping by modality, in network scale",
        "loader = torch.utils.data.DataLoader(distilled, batch_size=64, shuffle=True)  # to train on",
        f"print(sample['{first}'].shape, distilled.classes[label], len(loader))",
        "```",
    ]
    whole = json.dumps({"classes": list(made.classes), "provenance": made.provenance}, indent=2, sort_keys=True)
    size, few = f"{len(made.classes)} classes, {made.per_class} stored samples per class", "A few samples per class"
    if not classes:
        size, few = f"{made.per_class} stored samples without classes", "A few samples"
    return hub.card(
        {
            "license": licence,
            "tags": ["dataset-distillation", *made.modalities, "limbeck"],
            "library_name": "limbeck",
            "source_datasets": [dataset] if dataset else [],
        },
        f"# Distilled set: {size}",
        f"{few}, for networks to be trained on from scratch in place of a whole dataset.",
        "\n\n".join(f"![Samples: {sheet.partition('.')[0]}]({sheet})" for sheet in sheets),
        "\n".join(facts),
        "## Use",
        "\n".join(use),
        hub.results_table(results),
        "## How it was made",
        "\n".join(f"- {what}: {words}" for what, words in _making(made).items()),
        "Where a method chose samples rather than made them, they are recordings of that dataset, whose licence holds.",
        f"```json\n{whole}\n```",
    )


def sheets(made: "DistilledSet") -> dict[str, bytes]:
    """A PNG file of each modality by its name: at most eight samples of each of the first ten classes.

    A class is a row, or a column where it has fewer samples than there are classes.
    """
    labels = made.targets.labels
    rows = [(labels == c).nonzero().flatten()[:_PER_CLASS].tolist() for c in range(min(_CLASSES, len(made.classes)))]
    chosen = [i for row in rows for i in row]
    items = [made[i][0] for i in chosen]
    arrays = made.arrays({m: torch.stack([item[m] for item in items]) for m in made.modalities})
    places = [(r, c) for r, row in enumerate(rows) for c in range(len(row))]
    if max(map(len, rows)) < len(rows):
        places = [(c, r) for r, c in places]
    return {f"{m}.png": encode.png(_grid(kind.show(arrays[m]), places).numpy()) for m, kind in made.modalities.items()}


def _grid(pictures: Tensor, places: Sequence[tuple[int, int]]) -> Tensor:
    """Pictures, uint8 (sample, height, width) or with colours behind, at their row and column, with white between."""
    colours = pictures if pictures.ndim == 4 else pictures[..., None].expand(-1, -1, -1, 3)
    larger = max(1, _SIDE // max(colours.shape[1:3]))
    colours = colours.repeat_interleave(larger, 1).repeat_interleave(larger, 2)
    framed = F.pad(colours, (0, 0, _GAP, _GAP, _GAP, _GAP), value=255)
    height, width = framed.shape[1:3]
    tall, wide = (1 + max(place[axis] for place in places) for axis in (0, 1))
    sheet = torch.full((tall * height, wide * width, 3), 255, dtype=torch.uint8)
    for picture, (row, column) in zip(framed, places, strict=True):
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = picture
    return sheet


def _making(made: "DistilledSet") -> dict[str, str]:
    """What matters most of the provenance, in words, where it is known; all of it stands below as JSON."""
    known = made.provenance
    cost, machine, versions = (known.get(part) or {} for part in ("cost", "machine", "versions"))
    said = {
        "Method": known.get("method"),
        "Dataset": known.get("dataset"),
        "Training clips": known.get("clips"),
        "Seed": known.get("seed"),
        "Took": duration(cost["seconds"]) if "seconds" in cost else None,
        "Machine": plain(machine) if machine else None,
        "Versions": plain(versions) if versions else None,
        "Joined of": f"{len(known['parts'])} parts" if "parts" in known else None,
        "From": known.get("hub"),
    }
    return {what: hub.plain_text(str(words)) for what, words in said.items() if words is not None}


def remarks(made: "DistilledSet") -> list[str]:
    """What of a set that is shared people may want to keep to themselves, a sentence each."""
    dataset = made.provenance.get("dataset")
    names = [" ".join(name.split()) for name in made.classes[:5]]
    return [
        f"The names of {len(made.classes)} classes go along: {', '.join(names)}"
        + (" and others" if len(made.classes) > 5 else "")
        + ".",
        f"The name of the dataset goes along: {dataset}." if dataset else "The set does not name its dataset.",
        "Paths in the provenance are cut to names, and the samples before optimisation stay here.",
        "Samples that a method chose rather than made are recordings of the dataset: mind its licence.",
    ]
