"""What a classifier is and how well it does: a page to look at and listen to, and a summary."""

import shlex
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from limbeck.engine import bar, versions
from limbeck.errors import FingerprintError, InputError
from limbeck.index import Pool, SoundIndex
from limbeck.prototypes import SoundClassifier
from limbeck.report import sounds_page
from limbeck.sounds import _naming
from limbeck.sounds._corrections import Origin, seconds


def page(
    classifier: Path | str,
    *,
    out: Path | str,
    index: Path | str | None = None,
    points: int = 1500,
    title: str | None = None,
    root: Path | str | None = None,
    seed: int = 0,
    progress: bool = True,
    told: Callable[[str], None] = lambda what: None,
) -> Path:
    """Write ``index.html``: what each word stands for, with players, a map of the index, and what to check by ear.

    Args:
        classifier: Folder of a classifier.
        out: Folder of the page.
        index: The index it was learned from, if it is not where it was.
        points: Most windows on the map.
        title: Heading; made from the number of words by default.
        root: A folder that the recordings were moved to since they were indexed.
        seed: Of the map.
        progress: Draw a bar on standard error.
        told: Told what the page cannot show or play, a sentence each; the page says so, too.

    Raises:
        InputError: The classifier or its index is not there, or the index is empty.
        FingerprintError: The index was made by another encoder, or holds other windows.
        MissingExtraError: jinja2, matplotlib or Pillow is not installed.
    """
    folder = Path(classifier)
    learned, origin = SoundClassifier.load(folder), Origin.read(folder)
    opened = SoundIndex.open(origin.place(folder, index))
    if opened.encoder.id != learned.encoder.id:
        raise FingerprintError(
            f"This classifier was learned with {learned.encoder.id}, but the index was made by {opened.encoder.id}. "
            "Name the index it was learned from with --index."
        )
    settings = opened.settings
    if learned.windows_differ(settings.window_s, settings.hop_s):
        raise FingerprintError(
            f"This classifier was learned from windows of {learned.window_s:g} s every {learned.hop_s:g} s, but the "
            f"index holds windows of {settings.window_s:g} s every {settings.hop_s:g} s. Name the index it was learned "
            "from with --index, or learn again from this one."
        )
    if not len(pool := opened.pool()):
        raise InputError("The index holds no window to show. Bring it up to date with: limbeck sounds index.")
    vectors = learned.vectors(pool)
    scores, accepted = _naming.predict(learned.classifier, vectors)
    row_of = _finder(pool)
    words, remarks = [], []
    for label in learned.labels:
        stands = [(piece.path, piece.sha256, piece.start_s) for _, piece in learned.neighbours(label)]
        added = [one for one in origin.corrections.add if one.label == label]
        stands += [(one.path, one.sha256, one.start_s or 0.0) for one in added]
        found = {place: row_of(*place) for place in stands}
        own = dict.fromkeys(row for row in found.values() if row is not None)
        words.append(sounds_page.Word(label, learned.descriptions.get(label, ""), list(own)))
        if missing := [place for place, row in found.items() if row is None]:
            remarks.append(_not_indexed(label, missing))
    named = np.where(accepted, scores.argmax(axis=1), sounds_page.NONE)
    windows = sounds_page.Windows(pool.path, pool.start_s, pool.duration_s, vectors, scores, named)
    for remark in remarks:
        told(remark)
    facts = summary(learned)
    told_of = ("encoder", "space", "prompts", "window_s", "hop_s", "threshold", "agreement", "probe", "settings")
    about = {name: facts[name] for name in told_of} | {
        "confidence": facts["confidence"] and facts["confidence"]["said"],
        "corrections": {"taken out": len(origin.corrections.remove), "put in": len(origin.corrections.add)},
        "limbeck": versions()["limbeck"],
    }
    with bar("Reading sounds", show=progress) as tell:
        return sounds_page.page(
            words,
            windows,
            out,
            command=f"limbeck sounds correct {shlex.quote(str(folder))}",
            title=title,
            about=about,
            remarks=remarks,
            recording=lambda row: pool.file[row].located(None if root is None else Path(root)),
            points=points,
            seed=seed,
            on_progress=tell,
            log=told,
        )


def _finder(pool: Pool) -> Callable[[str, str, float], int | None]:
    """A function from path, SHA-256 and start to the row of a window, wherever its recording lies now, or None."""
    windows = list(zip(pool.path, pool.file, pool.start_s.tolist(), strict=True))
    by_place = {(str(path), start): row for row, (path, _, start) in enumerate(windows)}
    by_content = {(file.sha256, start): row for row, (_, file, start) in enumerate(windows)}

    def row_of(path: str, sha256: str, start_s: float) -> int | None:
        row = by_place.get((path, start_s))
        return row if row is not None and sha256 in ("", pool.file[row].sha256) else by_content.get((sha256, start_s))

    return row_of


def _not_indexed(label: str, missing: Sequence[tuple[str, str, float]]) -> str:
    count, (path, _, start_s) = len(missing), missing[0]
    stand = "A sound that stands" if count == 1 else f"{count} sounds that stand"
    return (
        f"{stand} for {label!r} {'is' if count == 1 else 'are'} not in the index, so the page does not show "
        f"{'it' if count == 1 else 'them'}: {path} at {seconds(start_s)} s{', ...' if count > 1 else ''}"
    )


def summary(classifier: SoundClassifier) -> dict[str, Any]:
    """What a learned classifier is, as JSON-able data."""
    inner, calibration = classifier.classifier, classifier.calibration
    same: dict[bytes, list[str]] = {}
    for label, prototype in zip(classifier.labels, inner.prototypes_, strict=True):
        same.setdefault(prototype.tobytes(), []).append(label)
    return {
        "labels": list(classifier.labels),
        "encoder": classifier.encoder.id,
        "hub": classifier.source or None,
        "space": inner.space_,
        "prompts": list(classifier.prompts),
        "descriptions": dict(classifier.descriptions),
        "neighbours": {label: len(classifier.neighbours(label)) for label in classifier.labels},
        # Labels that stand for the same sounds: only the first of each group is ever given.
        "alike": [group for group in same.values() if len(group) > 1],
        "window_s": classifier.window_s,
        "hop_s": classifier.hop_s,
        # Least scores of words, from 0 to 1; the next is the least similarity to any word.
        "thresholds": {label: least for label, least in classifier.thresholds.items() if least > 0},
        "threshold": float(inner.threshold_) if np.isfinite(inner.threshold_) else None,
        "agreement": float(inner.agreement_),
        # By what scores become probabilities; None where they do not.
        "confidence": calibration and calibration.to_json() | {"said": calibration.sentence()},
        # How a linear probe names what was accepted, against prototypes; None where too little was accepted.
        "probe": None if inner.evidence_ is None else inner.evidence_.to_json() | {"said": inner.evidence_.sentence()},
        "settings": {name: v.item() if isinstance(v, np.generic) else v for name, v in inner.get_params().items()},
    }
