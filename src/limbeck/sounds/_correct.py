"""Correcting a classifier: it is learned again from what it was learned from and all corrections."""

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np
import numpy.typing as npt

from limbeck._files import exclusive, sha256_of
from limbeck.encoders import Encoder
from limbeck.errors import InputError
from limbeck.index import SoundIndex, embed_stretches
from limbeck.media import SoundStretch
from limbeck.prototypes import Piece, SoundClassifier
from limbeck.sounds import _words
from limbeck.sounds._corrections import LEARNED, Correction, Corrections, Origin, seconds
from limbeck.sounds._encoders import EncoderOptions, of_classifier
from limbeck.sounds._naming import stretches_of
from limbeck.sounds._predictions import Unread

Located = tuple[float, npt.NDArray[np.float32]]
"""Where a window begins, in seconds, and its vector, (1, dim)."""


def correct(
    classifier: Path | str,
    *,
    remove: Iterable[str | Correction] = (),
    add: Iterable[str | Correction] = (),
    corrections: Path | str | None = None,
    rename: Mapping[str, str] | None = None,
    merge: Mapping[str, Sequence[str]] | None = None,
    drop: Sequence[str] = (),
    index: Path | str | None = None,
    **options: Unpack[EncoderOptions],
) -> SoundClassifier:
    """Take wrong sounds from words, give them right ones, change the words themselves, and learn again at once.

    All corrections hold together: the classifier is what was learned and every correction since; the newer of two that
    contradict each other wins.

    Args:
        classifier: Folder of a classifier.
        remove: Sounds that do not stand for a label, ``"label=path"``, or ``"label=path@seconds"`` for one window. In
            a classifier from the hub, a recording goes by its name there too, ``"label=recording 4"``.
        add: Sounds that do. One that is not in the index is embedded.
        corrections: File of further ones, as the page saves it.
        rename: New words by the words that they take the place of.
        merge: Words that become one, by the new word. Words are changed before sounds, so other corrections name the
            new ones.
        drop: Words that go, with all that stands for them.
        index: The index, if it is not where it was.
        options: Which encoder is used and how it is loaded.

    Raises:
        InputError: The folder is no classifier, a label or recording is unknown, or a label would be left with nothing.
        BusyError: Another process corrects it.
    """
    folder = Path(classifier)
    SoundClassifier.load(folder)  # Refused before a lock is made in a folder that is none.
    from_file = Corrections() if corrections is None else Corrections.read(Path(corrections))
    with exclusive(folder):
        origin, before = Origin.read(folder), SoundClassifier.load(folder)
        first = folder / LEARNED
        base = SoundClassifier.load(first) if first.is_dir() else before
        words = _words.changed(before.labels, rename=rename or {}, merge=merge or {}, drop=drop)
        made = origin.corrections
        if words is not None:
            learned = base.regrouped(made.words) if made.words else base
            made = _less_shared(made, words, learned, before).reworded(words)
        if made.words:
            base = base.regrouped(made.words)
        opened = None
        if index is not None or origin.index:
            where = origin.place(folder, index)
            opened = SoundIndex.open(where) if index is not None or SoundIndex.exists(where) else None
        known = _Known(base, opened, made, folder)
        wanted = made.joined(
            [known.named(Correction.of(c)) for c in (*from_file.remove, *remove)],
            [known.named(Correction.of(c), fresh=True) for c in (*from_file.add, *add)],
            lambda one: bool(_standing(base, one)),
        )
        corrected = applied(wanted, base, opened, folder, **options)
        corrected = replace(corrected, thresholds=_words.thresholds(before.thresholds, words))
        if not first.is_dir():
            SoundClassifier.load(folder).save(first)
        corrected.save(folder)
        origin.model_copy(update={"corrections": wanted, "steps": 0}).write(folder)
    return corrected


def applied(
    wanted: Corrections,
    base: SoundClassifier,
    index: SoundIndex | None,
    folder: Path,
    *,
    refused: Callable[[Correction, InputError], None] | None = None,
    **options: Unpack[EncoderOptions],
) -> SoundClassifier:
    """Make corrections in a classifier as it was learned, `base`, which becomes the corrected one.

    What was put in is what a linear probe is weighed against prototypes on. The `index` may know the sounds, and paths
    are told from the classifier's `folder`. A correction that cannot be made is passed to `refused` with the reason, or
    raised.

    Raises:
        InputError: A correction cannot be made, and there is no `refused`.
    """
    refused = refused or _raised
    yes, no = ({label: list[int]() for label in base.labels} for _ in range(2))
    for one in wanted.remove:
        try:
            for row in (standing := _standing(base, one)):
                _without(base, one.label, row)
            if not standing and (found := _indexed(one, base, index)) is not None:
                base, row = _held(base, one, found)
                standing = [row]
            no[one.label] += standing
        except InputError as error:
            refused(one, error)
    for one in wanted.add:
        try:
            if (place := _known_place(base, one)) is None:
                found = _indexed(one, base, index)
                if found is None:
                    options["encoder"] = encoder = of_classifier(base, **options)
                    found = _embedded(one, base, encoder, folder)
                base, place = _held(base, one, found)
            if place not in base.classifier.neighbours_[base.labels.index(one.label)]:
                base.classifier.with_neighbour(one.label, place)
            yes[one.label].append(place)
        except InputError as error:
            refused(one, error)
    return base.consider_probe(yes, no)


def _less_shared(
    made: Corrections, words: Mapping[str, Sequence[str]], learned: SoundClassifier, now: SoundClassifier
) -> Corrections:
    """Corrections without those that would take out of joined words what another of them stands for.

    The classifiers are as it was `learned` and as it is `now`, both with the words that are joined.
    """
    others = {old: [other for other in olds if other != old] for olds in words.values() for old in olds}
    remove: list[Correction] = []
    for one in made.remove:
        pieces = [piece for other in others.get(one.label, ()) for _, piece in now.neighbours(other)]
        shared = {(piece.path, piece.start_s) for piece in pieces if one.covers(piece.path, piece.start_s)}
        if not shared:
            remove.append(one)
            continue
        # One that meant all windows of a recording means the others from now on.
        own = [learned.pieces[place] for place in _standing(learned, one)]
        left = [piece.start_s for piece in own if (piece.path, piece.start_s) not in shared]
        remove += [one.model_copy(update={"start_s": start_s}) for start_s in left]
    return made.model_copy(update={"remove": tuple(remove)})


def _raised(one: Correction, error: InputError) -> None:
    raise error


def _without(base: SoundClassifier, label: str, place: int) -> None:
    if len(base.neighbours(label)) == 1:
        raise InputError(
            f"Of the sounds that {label!r} was learned from, at least one has to stay. If none of them is right, "
            "describe the word otherwise and learn again: limbeck sounds learn."
        )
    base.classifier.without(label, place)


class _Known:
    """Recordings by the names a classifier has for them, wherever they lie now: they are known by their bytes."""

    def __init__(self, base: SoundClassifier, index: SoundIndex | None, before: Corrections, folder: Path) -> None:
        self._folder = folder
        known = [(one.path, one.sha256) for one in (*before.remove, *before.add)]
        pieces = [(piece.path, piece.sha256) for piece in base.pieces]
        self._content = dict(known + pieces)
        self._path = {content: path for path, content in known + pieces if content}
        self._different = Counter(path for path, _ in set(pieces))
        self._indexed = {} if index is None else {str(file.place): file.sha256 for file in index.recordings()}

    def named(self, one: Correction, *, fresh: bool = False) -> Correction:
        """The same sound under the name the classifier knows it by."""
        if one.path in self._content and not os.path.isabs(one.path) and not os.path.exists(one.path):
            if self._different[one.path] > 1 and not one.sha256:
                raise InputError(
                    f"{self._different[one.path]} recordings are called {one.path} here. Give the one that is meant as "
                    "a file, which is known by its content."
                )
            return one
        one = one.model_copy(update={"path": os.path.abspath(one.path)})
        if one.path in self._content and not fresh:
            return one.model_copy(update={"sha256": self._content[one.path]})
        place = Path(one.path)
        now = sha256_of(place) if place.is_file() else self._content.get(one.path) or self._indexed.get(one.path, "")
        path = one.path if self._content.get(one.path) == now else self._path.get(now, one.path)
        return one.model_copy(update={"path": path, "sha256": now, "near": os.path.relpath(one.path, self._folder)})


def _standing(base: SoundClassifier, one: Correction) -> list[int]:
    """Places of the sounds meant that stand for their label."""
    _check_label(base, one)
    return [place for place, piece in base.neighbours(one.label) if one.covers(piece.path, piece.start_s, piece.sha256)]


def _known_place(base: SoundClassifier, one: Correction) -> int | None:
    """Place of the one sound of the classifier's own that is meant; None where it is none, or could be several."""
    _check_label(base, one)
    known = [place for place, piece in enumerate(base.pieces) if one.covers(piece.path, piece.start_s, piece.sha256)]
    return None if one.start_s is None or len(known) != 1 else known[0]


def _held(base: SoundClassifier, one: Correction, found: Located) -> tuple[SoundClassifier, int]:
    """The classifier with a window that was found, and its place there."""
    start_s, vectors = found
    place = _known_place(base, one.model_copy(update={"start_s": start_s}))
    if place is not None:
        return base, place
    piece = Piece(path=one.path, start_s=start_s, sha256=one.sha256)
    return base.with_recordings(vectors, [piece]), len(base.pieces)


def _indexed(one: Correction, base: SoundClassifier, index: SoundIndex | None) -> Located | None:
    """A window that the index holds; None where it does not know the recording."""
    if index is None or index.encoder.id != base.encoder.id:
        return None
    if base.windows_differ(index.settings.window_s, index.settings.hop_s):
        return None
    same = [
        file.place
        for file in index.recordings()
        if (file.sha256 == one.sha256 if one.sha256 else str(file.place) == one.path)
    ]
    if not same:
        return None
    pool = index.pool(same[:1])
    starts = pool.start_s.tolist()
    row = _which(one, starts)
    return starts[row], base.vectors(pool)[row : row + 1]


def _embedded(one: Correction, base: SoundClassifier, encoder: Encoder, folder: Path) -> Located:
    """A window, from its sound; the recording has to be the one that was meant when the correction was made.

    It is looked for where it was, and where it is if it moved together with the classifier, which is in a folder.
    """
    places = [Path(one.path), *([Path(os.path.normpath(folder / one.near))] if one.near else [])]
    there = [place for place in places if not one.sha256 or sha256_of(place) == one.sha256]
    if not there:
        now = sha256_of(places[0])
        raise InputError(
            f"{one.words()} was put to {one.label!r}, but the recording {'has changed' if now else 'is gone'} since. "
            f"Bring it back, or take it out: --remove {one.typed()}."
        )
    starts: list[float] = []
    meant: SoundStretch | None = None
    for _, stretch in stretches_of(there[:1], encoder, base.window_s, base.hop_s):
        if isinstance(stretch, Unread):
            raise InputError(f"{one.words()} cannot be read: {stretch.reason}")
        for window, (start_s, _) in zip(stretch.windows, stretch.times_s(), strict=True):
            starts.append(start_s)
            # A recording may be long: of its stretches the one that is meant is kept.
            if one.covers(one.path, start_s):
                meant = replace(stretch, windows=(window,))
    place = _which(one, starts)
    return starts[place], base.vectors(embed_stretches(encoder, [meant] if meant else []))


def _which(one: Correction, starts: list[float]) -> int:
    """Place of the one window that is meant."""
    found = [row for row, start in enumerate(starts) if one.covers(one.path, start)]
    if len(found) != 1:
        known = ", ".join(map(seconds, starts[:12])) + ", ..." * (len(starts) > 12)
        raise InputError(
            f"{one.words()} is not one window: the recording's begin at {known} s. Say which: "
            f"{one.label}={one.path}@SECONDS."
        )
    return found[0]


def _check_label(base: SoundClassifier, one: Correction) -> None:
    if one.label not in base.labels:
        raise InputError(f"There is no label {one.label!r} in this classifier; known: {', '.join(base.labels)}.")
