"""Examples of words: a folder with a folder of recordings for each word."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from limbeck import _files
from limbeck._text import portable
from limbeck.encoders import Encoder
from limbeck.errors import InputError
from limbeck.index import IndexSettings, embed_stretches
from limbeck.media import files_below
from limbeck.prototypes import Piece
from limbeck.sounds import _labels
from limbeck.sounds._naming import stretches_of
from limbeck.sounds._predictions import Unread

Examples = tuple[npt.NDArray[np.float32], list[str], list[Piece]]
"""Vectors (window, dim), a label each, and what they are."""


def read(folder: Path, words: Sequence[str]) -> dict[str, list[Path]]:
    """Recordings by label: a folder of the name of one of the `words`, or with underscores for its spaces, is of it.

    Raises:
        InputError: There is no such folder, or no folder of recordings in it.
    """
    inside = sorted(p for p in folder.iterdir() if p.is_dir() and p.name[0] != ".") if folder.is_dir() else []
    found = {below: [path for _, path in files_below(below)] for below in inside}
    if not inside or not all(found.values()):
        empty = next((str(below) for below, files in found.items() if not files), str(folder))
        raise InputError(
            f"Examples are folders of recordings, one for each word, as in {folder}/rain/1.wav, but {empty} holds none."
        )
    known = {word.casefold(): word for word in words}
    names = [portable(below.name) for below in inside]
    labels = [known.get(n.casefold()) or known.get(n.replace("_", " ").casefold()) or n for n in names]
    _labels.read([*words, *(label for label in labels if label not in words)])
    return dict(zip(labels, found.values(), strict=True))


def embedded(
    shown: Mapping[str, Sequence[Path]],
    encoder: Encoder,
    settings: IndexSettings,
    *,
    joint: bool,
    told: Callable[[str], None],
) -> Examples:
    """Windows of the recordings `shown`, cut as the index is, in the encoder's own space, or the one shared with text.

    Raises:
        InputError: Of a label no recording can be read.
    """
    rows, labels, pieces = [], list[str](), list[Piece]()
    for label, paths in shown.items():
        content = {path: _files.sha256_of(path) for path in paths}
        before = len(pieces)
        for path, stretch in stretches_of(paths, encoder, settings.window_s, settings.hop_s):
            if isinstance(stretch, Unread):
                told(f"An example of {label!r} is left out: {stretch.sentence()}")
                continue
            made = embed_stretches(encoder, [stretch])
            rows.append((made.joint if joint else made.features).numpy())
            pieces += [
                Piece(path=str(path.absolute()), start_s=start_s, duration_s=duration_s, sha256=content[path])
                for start_s, duration_s in stretch.times_s()
            ]
        if len(pieces) == before:
            raise InputError(f"None of the examples of {label!r} can be read; give others.")
        labels += [label] * (len(pieces) - before)
    return np.concatenate(rows), labels, pieces
