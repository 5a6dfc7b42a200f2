"""What an index holds, scored for detections without any sound."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from limbeck.detections import Heard, Store
from limbeck.errors import FingerprintError, InputError
from limbeck.index import File, SoundIndex
from limbeck.prototypes import SoundClassifier
from limbeck.sounds import _naming
from limbeck.sounds._naming import Halves


def opened(
    sources: list[Path], learned: SoundClassifier, window_s: float | None, hop_s: float | None
) -> SoundIndex | None:
    """The index that is the one source, or None where none is; refused if a classifier cannot go through it.

    Raises:
        FingerprintError: It was made with another encoder.
        InputError: There are other sources beside it, other windows are asked for, or its own leave sound out.
    """
    if not any(map(SoundIndex.exists, sources)):
        return None
    if len(sources) > 1:
        raise InputError("An index is gone through alone: give its folder, or folders of recordings, but not both.")
    index = SoundIndex.open(sources[0])
    has = index.settings
    if index.encoder.id != learned.encoder.id:
        raise FingerprintError(
            f"This classifier was learned with {learned.encoder.id}, but the index was made with {index.encoder.id}, "
            "and vectors of two encoders cannot be compared. Give the recordings themselves."
        )
    if window_s not in (None, has.window_s) or hop_s not in (None, has.hop_s):
        raise InputError(
            f"This index has windows of {has.window_s:g} s every {has.hop_s:g} s. Leave --window and --hop out, or "
            "give the recordings themselves, which are heard anew then."
        )
    if has.hop_s > has.window_s:
        raise InputError(
            f"This index has windows of {has.window_s:g} s every {has.hop_s:g} s, which leave sound out. Give the "
            "recordings themselves."
        )
    return index


def hear(store: Store, learned: SoundClassifier, index: SoundIndex) -> int:
    """Put the scores of all windows of an index into a store; how many recordings have new ones.

    Vectors come in batches and are not kept, scores until the end: 30 kB for an hour in steps of 2.5 s, ten words.
    """
    known, found = store.contents(), dict[File, list[tuple[float, float, Halves]]]()
    for pool in index.batches():
        scores = _naming.halves(learned, learned.vectors(pool))
        for file, start_s, duration_s, row in zip(pool.file, pool.start_s, pool.duration_s, scores, strict=True):
            if file.sha256 not in known:
                found.setdefault(file, []).append((float(start_s), float(duration_s), row))
    with store.writing():
        for file, windows in found.items():
            windows.sort(key=lambda window: window[0])
            starts, lengths, rows = zip(*windows, strict=True)
            end_s = max(start + length for start, length in zip(starts, lengths, strict=True))
            store.hear(file.sha256, Heard(np.array(starts), np.stack(rows), end_s))
        for file in index.recordings():
            there = replace(file, root=file.now or file.root)
            store.add((there.root, there.path, there.size, there.mtime_ns, there.sha256, there.changed_ns))
    return len(found)
