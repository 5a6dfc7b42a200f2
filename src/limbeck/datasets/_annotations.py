"""What is known of the things in a clip beside its class, and the table of it in a prepared dataset."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.errors import InputError
from limbeck.media import Box

TABLE = "annotations.parquet"
NONE = (
    "Nothing is known of what is where in these clips. Boxes are told by datasets that have them (playground, "
    "spatial_playground) when they are prepared: give the same limbeck prepare with another output folder."
)


@dataclass(frozen=True)
class Annotation:
    """One thing that is seen or heard in a clip.

    Attributes:
        label: What it is: a class of the dataset, or another word.
        heard: Whether it sounds.
        boxes: Around what is seen of it, at each of the recipe's times: left, top, right and bottom as parts of the
            prepared picture. There are several where it is seen in pieces, none where it is not seen.
    """

    label: str
    heard: bool
    boxes: tuple[tuple[Box, ...], ...]

    @property
    def seen(self) -> bool:
        """Whether it is in a picture at any of the times."""
        return any(self.boxes)


def rows(told: Mapping[str, Sequence[Annotation]]) -> list[dict[str, Any]]:
    """What is `told` of clips by their ids, as rows of a table, one for each thing."""
    return [{"id": id, **vars(thing)} for id, things in told.items() for thing in things]


def schema() -> Any:
    """The columns of the table, for pyarrow."""
    import pyarrow as pa

    boxes = pa.list_(pa.list_(pa.list_(pa.float64())))
    return pa.schema({"id": pa.string(), "label": pa.string(), "heard": pa.bool_(), "boxes": boxes})


def of_rows(entries: Iterable[Mapping[str, Any]], ids: Sequence[str]) -> list[tuple[Annotation, ...]]:
    """The things of some clips, by their `ids`, of the rows of a table."""
    found: defaultdict[str, list[Annotation]] = defaultdict(list)
    for entry in entries:
        boxes = tuple(tuple(tuple(box) for box in at) for at in entry["boxes"])
        found[entry["id"]].append(Annotation(entry["label"], entry["heard"], boxes))
    return [tuple(found[id]) for id in ids]


def refuse_none(folder: Path) -> Path:
    """The table in the folder of a prepared dataset; refuses where there is none."""
    if not (folder / TABLE).exists():
        raise InputError(f"{folder}: {NONE[0].lower()}{NONE[1:]}")
    return folder / TABLE
