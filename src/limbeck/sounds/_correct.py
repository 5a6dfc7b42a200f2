"""Telling a classifier what it has wrong: it is learned again from what it was learned from and all corrections."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from limbeck import _files
from limbeck.encoders import Encoder
from limbeck.errors import InputError
from limbeck.index import SoundIndex
from limbeck.prototypes import SoundClassifier
from limbeck.sounds._corrections import LEARNED, Correction, Corrections, Origin
from limbeck.sounds._encoders import of_classifier
from limbeck.sounds._naming import Unread, Window, windows_of

Vectors = npt.NDArray[np.float32]
_SAME_S = 0.006
"""Two beginnings in a recording are the same if they are no further apart: pages and people round."""


def correct(
    classifier: Path | str,
    *,
    remove: Iterable[str | Correction] = (),
    add: Iterable[str | Correction] = (),
    corrections: Path | str | None = None,
    index: Path | str | None = None,
    encoder: Encoder | None = None,
    weights: Path | str | None = None,
    offline: bool = False,
    device: str = "auto",
) -> SoundClassifier:
    """Take wrong sounds from words, give them right ones, and learn again at once.

    All corrections hold together: the classifier is what was learned and every correction since; the newer of two that
    contradict each other wins.

    Args:
        classifier: Folder of a classifier.
        remove: Sounds that do not stand for a label, ``"label=path"``, or ``"label=path@seconds"`` for one window.
        add: Sounds that do. One that is not in the index is heard for it.
        corrections: File of further ones, as the page saves it.
        index: The index, if it is not where it was.
        encoder: The classifier's, if it is at hand.
        weights: As in `index`.
        offline: As in `index`.
        device: As in `index`.

    Raises:
        InputError: A label or a recording is unknown, or a label would be left with nothing.
        BusyError: Another process corrects it.
    """
    folder = Path(classifier)
    from_file = Corrections() if corrections is None else Corrections.read(Path(corrections))
    with _files.exclusive(folder):
        origin = Origin.read(folder)
        first = folder / LEARNED
        base = SoundClassifier.load(first if first.is_dir() else folder)
        wanted = origin.corrections.joined(
            [Correction.of(c) for c in (*from_file.remove, *remove)], [Correction.of(c) for c in (*from_file.add, *add)]
        )
        for one in wanted.remove:
            _take_out(base, one)

        def embed(one: Correction) -> Vectors:
            hears = of_classifier(base, encoder, weights=weights, offline=offline, device=device)
            return _heard(one, base, hears)

        for one in wanted.add:
            _put_in(base, one, lambda one: _indexed(one, base, _index(origin, folder, index)), embed)
        if not first.is_dir():
            SoundClassifier.load(folder).save(first)
        base.save(folder)
        Origin(index=origin.index, windows=origin.windows, corrections=wanted).write(folder)
    return base


def _take_out(base: SoundClassifier, one: Correction) -> None:
    _check_label(base, one)
    own = [place for place, piece in base.neighbours(one.label) if _fits(one, piece.path, piece.start_s)]
    if not own:
        raise InputError(
            f"{_told(one)} does not stand for {one.label!r}, so it cannot be taken out. What stands for it is on the "
            "page: limbeck sounds page."
        )
    for place in own:
        base.without(one.label, place)


def _put_in(base: SoundClassifier, one: Correction, *sources: Callable[[Correction], Vectors | None]) -> None:
    """Let a sound stand for a label: one that stands for another already, or the first source's that knows it."""
    _check_label(base, one)
    own = {place for place, _ in base.neighbours(one.label)}
    known = [place for place, piece in enumerate(base.pieces) if _fits(one, piece.path, piece.start_s)]
    if len(known) == 1 and one.start_s is not None:
        if known[0] not in own:
            base.with_neighbour(one.label, known[0])
        return
    for source in sources:
        vectors = source(one)
        if vectors is not None:
            base.classifier.add_labelled(vectors, [one.label] * len(vectors))
            return


def _index(origin: Origin, folder: Path, index: Path | str | None) -> SoundIndex | None:
    if index is None and not origin.index:
        return None
    place = origin.place(folder, index)
    return SoundIndex.open(place) if index is not None or SoundIndex.exists(place) else None


def _indexed(one: Correction, base: SoundClassifier, index: SoundIndex | None) -> Vectors | None:
    """Vector of a window that the index holds; None where it does not know the recording."""
    if index is None or index.encoder_id != base.encoder.id or Path(one.path) not in set(index.files()):
        return None
    pool = index.pool([Path(one.path)])
    row = _which(one, pool.start_s.tolist())
    rows = pool.features if base.classifier.space_ == "features" else pool.joint
    return rows[row : row + 1]


def _heard(one: Correction, base: SoundClassifier, encoder: Encoder) -> Vectors:
    """Vector of a window, from its sound."""
    windows: list[Window] = []
    for piece in windows_of([Path(one.path)], encoder, base.window_s, base.hop_s):
        if isinstance(piece, Unread):
            raise InputError(f"{_told(one)} cannot be heard: {piece.reason}")
        windows.append(piece)
    row = _which(one, [window.start_s for window in windows])
    return base.vectors(encoder.embed_audio([torch.from_numpy(windows[row].samples)]))


def _which(one: Correction, starts: list[float]) -> int:
    if one.start_s is None and len(starts) == 1:
        return 0
    found = [row for row, start in enumerate(starts) if _fits(one, one.path, start)]
    if one.start_s is None or len(found) != 1:
        known = ", ".join(f"{start:g}" for start in starts[:12]) + ", ..." * (len(starts) > 12)
        raise InputError(
            f"{_told(one)} is not one window: the recording's begin at {known} s. Say which: "
            f"{one.label}={one.path}@SECONDS."
        )
    return found[0]


def _fits(one: Correction, path: str, start_s: float) -> bool:
    return path == one.path and (one.start_s is None or abs(start_s - one.start_s) < _SAME_S)


def _check_label(base: SoundClassifier, one: Correction) -> None:
    if one.label not in base.labels:
        raise InputError(f"There is no label {one.label!r} in this classifier; known: {', '.join(base.labels)}.")


def _told(one: Correction) -> str:
    return one.path if one.start_s is None else f"{one.path} at {one.start_s:g} s"
