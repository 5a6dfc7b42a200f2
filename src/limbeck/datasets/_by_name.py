"""Prepare a dataset that is given by the name of its reader."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from limbeck import datasets
from limbeck.datasets._contract import Dataset
from limbeck.datasets._options import construct
from limbeck.datasets._prepare import prepare as _prepare
from limbeck.datasets._prepared import Prepared
from limbeck.engine import bar, note
from limbeck.media import ClipRecipe


def prepare(
    dataset: str | Dataset,
    source: Path | str | None = None,
    *,
    out: Path | str,
    modality: str | Sequence[str] | None = None,
    image_size: int = 224,
    recipe: ClipRecipe | None = None,
    workers: int | None = None,
    progress: bool = True,
    **options: Any,
) -> Prepared:
    """Decode a dataset once, into memory-mapped arrays. Killed and called again, it goes on.

    Args:
        dataset: Name of a reader (`datasets.names()`) or a reader.
        source: The reader's `root`: the folder or manifest the data is in.
        out: Folder of the prepared dataset.
        modality: What arrays are made of each clip, as in ``"audio"``, ``"audio,image"`` or a list; by default what the
            dataset has.
        image_size: Height and width of frames in pixels; used when no recipe is given.
        recipe: How recordings are decoded.
        workers: Processes; as many as there are cores by default.
        progress: Whether a bar is drawn on standard error.
        options: Further options of the reader.

    Raises:
        InputError: The data is not of the reader's layout, or `out` holds something else.
        BusyError: Another process prepares into `out`.
    """
    if isinstance(dataset, str):
        reader = datasets.load(dataset)
        dataset = construct(reader, dataset, options if source is None else {"root": Path(source), **options})
    recipe = recipe or ClipRecipe(image_size=image_size)
    modalities = modality.split(",") if isinstance(modality, str) else modality
    done = (Path(out) / "dataset.json").exists()
    with bar(f"Preparing {dataset.name}", show=progress) as tell:
        prepared = _prepare(dataset, Path(out), recipe=recipe, modalities=modalities, workers=workers, on_progress=tell)
    note(f"Already done: {out} holds this very data. Nothing was decoded.", show=progress and done)
    return prepared
