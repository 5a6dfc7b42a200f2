"""Events of a whole archive: windows are heard once, whatever becomes of thresholds, forms or the archive's place."""

import contextlib
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from limbeck import _files, _machine, detections, encoders
from limbeck._words import plural
from limbeck.detections import (
    Detected,
    Edited,
    EventSettings,
    FileNames,
    Form,
    Heard,
    Row,
    Scores,
    Store,
    Summary,
    real_place,
    renew,
)
from limbeck.encoders import Encoder
from limbeck.engine import Progress, bar
from limbeck.errors import InputError
from limbeck.index import File, Refused, embed_stretches, is_gone, plan_of, prefetch, scan, to_the_end, window_lengths
from limbeck.media import SoundStretch
from limbeck.prototypes import Confidence, SoundClassifier
from limbeck.report import detections_page
from limbeck.sounds import _heard_index, _naming
from limbeck.sounds._encoders import EncoderOptions, of_classifier
from limbeck.sounds._naming import Halves

FORMS = ("csv", "parquet")
SUMMARY, HEARD, PAGE = "summary.csv", "heard.csv", "page"
UNCALIBRATED = (
    "Confidence is the classifier's score, not a probability: how often a word is right at a score is not known. "
    "Calibrate it on labelled recordings: limbeck sounds check classifier/ labels.csv --keep."
)
_BATCH = 32
_AHEAD = 12
"""So many stretches, of a minute each at most, wait for the encoder."""
_COMMIT_S = 2.0
_MOST_TOLD = 3


@dataclass(frozen=True)
class Detections:
    """What was found in an archive.

    Attributes:
        folder: Where all is.
        recordings: How many have been heard, now or before.
        heard: How many were heard now.
        gone: How many are no longer there; what was found in them stays.
        seconds: How much sound there is, in seconds.
        counts: Events of each word.
        confidence: What the score of an event is, in a sentence: a probability, and by what it was calibrated, or not.
        rejected: Recordings that cannot be used, each with the reason in a word and in a sentence.
        files: What was written, by form.
        edited: Tables that somebody had changed since they were written, each with where it is kept now.
        damaged: Recordings of which the scores that were kept were damaged; those that are still there were heard anew.
    """

    folder: Path
    recordings: int
    heard: int
    gone: int
    seconds: float
    counts: dict[str, int]
    confidence: str
    rejected: tuple[tuple[Path, str, str], ...]
    files: dict[str, Path]
    edited: tuple[Edited, ...]
    damaged: tuple[Path, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            **vars(self),
            "folder": str(self.folder),
            "seconds": round(self.seconds, 3),
            "rejected": [{"path": str(path), "reason": why, "detail": detail} for path, why, detail in self.rejected],
            "files": {form: str(path) for form, path in self.files.items()},
            "damaged": [str(path) for path in self.damaged],
            "edited": [{"table": str(one.table), "kept": str(one.kept)} for one in self.edited],
        }


def detect(
    classifier: Path | str | SoundClassifier,
    archive: Path | str | Sequence[Path | str],
    *,
    out: Path | str,
    forms: Sequence[str] = FORMS,
    settings: EventSettings | None = None,
    names: str | None = None,
    window: float | None = None,
    hop: float | None = None,
    workers: int | None = None,
    page: bool = False,
    fresh: bool = False,
    progress: bool = False,
    **options: Unpack[EncoderOptions],
) -> Detections:
    """Find events in all recordings of an archive, and write them in forms that other tools read.

    Only recordings that are new, or whose content is, are heard, each as a whole; killed at any moment, the same call
    goes on. What was heard is kept as scores, so that other settings, forms or names need no sound. What was found in
    recordings that are no longer there stays.

    Where the classifier is calibrated, by `sounds.check` on labels or by what was accepted and refused, scores of
    events and all thresholds are probabilities; else they are the classifier's own scores.

    Args:
        classifier: A classifier or its folder.
        archive: Folders, searched at all depths, and files; or the folder of an index made by the classifier's encoder,
            whose windows are scored without any sound.
        out: Folder of the detections; made if there is none.
        forms: Some of `detections.names()`; each is written anew.
        settings: When scores make an event; words whose least score the classifier keeps have that, unless a
            threshold, of the word or of all, is given here.
        names: How recordings are named, where neither AudioMoth nor Song Meter nor ISO 8601; see `FileNames`.
        window: Length of a window in seconds; that of the index it was learned from by default.
        hop: Seconds from one window to the next; half a window by default.
        workers: Processes that decode; as many as there are cores by default.
        page: Write a page to look at, ``page/index.html``: events by word, hour, day and site.
        fresh: Forget what an earlier classifier, or one of other windows, heard; not before archive and encoder are
            found to be there.
        progress: Draw a bar on standard error.
        options: Which encoder is used and how it is loaded; it is loaded only if something is to be heard.

    Raises:
        InputError: There is no such classifier, archive, form or word; or `out` has scores of another classifier, of
            this one before it was corrected, or of other windows; or recordings lie in it.
        FingerprintError: The encoder is not the classifier's.
        BusyError: Another process is at work in `out`.
        MissingExtraError: A page is requested, and jinja2, matplotlib or Pillow is not installed.
    """
    if page:
        detections_page.require()
    learned, folder = _naming._loaded(classifier), Path(out)
    chosen, clock, writers = settings or EventSettings(), FileNames(names), [detections.load(form)() for form in forms]
    chosen.check(learned.labels)
    confidence = learned.calibration
    # What is said wins over what was kept.
    own = {} if "threshold" in chosen.model_fields_set else learned.thresholds
    kept = {label: least for label, least in own.items() if least > 0}
    if confidence is not None:
        kept = {label: float(confidence.probability(least)) for label, least in kept.items()}
    chosen = chosen.model_copy(update={"thresholds": kept | chosen.thresholds})
    sources = [Path(source) for source in ([archive] if isinstance(archive, Path | str) else archive)]
    given = options.get("encoder")
    kind = given if isinstance(given, Encoder) else encoders.load(learned.encoder.name)
    usual_s, _ = window_lengths(kind, learned.window_s, None)
    if (index := _heard_index.opened(sources, learned, window, hop)) is not None:
        window, hop = index.settings.window_s, index.settings.hop_s
    window_s, _ = window_lengths(kind, usual_s if window is None else window, hop)
    step_s = window_s / 2 if hop is None else hop
    wanted = Scores(
        classifier=learned.fingerprint,
        encoder=learned.encoder.id,
        labels=learned.labels,
        sample_rate_hz=kind.sample_rate,
        window_s=window_s,
        # Windows begin at whole samples: over hours what is left of one would add up to windows.
        hop_s=round(step_s * kind.sample_rate) / kind.sample_rate,
    )
    _check_apart(sources, folder)
    with _files.exclusive(folder):
        if fresh:
            # What was heard is forgotten only when all that is to be heard anew is there.
            if index is None:
                scan(sources, (), apart_from=None)
                options["encoder"] = of_classifier(learned, **options)
            (folder / detections.FILE).unlink(missing_ok=True)
        with Store.opened(folder, wanted) as store:
            _check(store.settings, wanted, folder)
            damaged = store.drop_damaged()
            listener = _Listener(store, learned, partial(of_classifier, learned, **options))
            if index is None:
                with bar("Listening", show=progress) as tell:
                    gone = listener.listen(sources, folder, _machine.cores() if workers is None else workers, tell)
            else:
                listener.heard = _heard_index.hear(store, learned, index)
                gone = _forget_moved(store, [real_place(Path(*row[:2])) for row in store.recordings()])
            clock = clock.among(row[1] for row in store.recordings())
            found = partial(_found, store, chosen, clock, confidence)
            files, edited = _written(writers, found, folder)
            summary = Summary.of(found())
            edited += renew(folder, "summary", partial(_summarised, summary))[1]
            files |= {"summary": folder / SUMMARY, "heard": folder / HEARD}
            rejected = [(Path(row[0], row[1]), row[6], row[7]) for row in store.refused()] + listener.unnamed
            rejected += [] if index is None else index.rejected()
    counts, said = summary.words(), UNCALIBRATED if confidence is None else confidence.sentence()
    if window_s != usual_s and (confidence is not None or kept):
        said += f" That was measured in windows of {usual_s:g} s, and these are of {window_s:g} s: listen to some."
    if page:
        events = {name: value for name, value in chosen.model_dump().items() if value not in (None, {})}
        about = wanted.model_dump(exclude={"labels"}) | {"events": events}
        gone_too = (
            [f"{plural(gone, 'recording is', 'recordings are')} no longer there; what was found stays."] if gone else []
        )
        bad = [f"{plural(len(rejected), 'recording')} cannot be used."] if rejected else []
        bad += [sentence for *_, sentence in sorted(rejected)[:_MOST_TOLD]]
        files["page"] = detections_page.page(
            summary, folder / PAGE, labels=learned.labels, confidence=confidence, explained=said, about=about,
            remarks=[*gone_too, *bad],
        )  # fmt: skip
    return Detections(
        folder=folder,
        recordings=summary.recordings,
        heard=listener.heard,
        gone=gone,
        seconds=summary.seconds,
        counts={label: counts[label] for label in learned.labels},
        confidence=said,
        rejected=tuple(sorted(rejected)),
        files=files,
        edited=tuple(edited),
        damaged=tuple(damaged),
    )


def _written(
    writers: Sequence[Form], found: Callable[[], Iterator[Detected]], folder: Path
) -> tuple[dict[str, Path], list[Edited]]:
    """Write forms of what was found; where they are, and which of their files somebody had changed."""
    files: dict[str, Path] = {}
    edited: list[Edited] = []
    for writer in writers:
        files[writer.name], changed = renew(folder, writer.name, partial(writer.write, found()), writer.carry)
        edited += changed
    return files, edited


def _summarised(summary: Summary, folder: Path) -> Path:
    summary.write(folder / SUMMARY, folder / HEARD)
    return folder


def _check_apart(sources: Sequence[Path], folder: Path) -> None:
    """Refuse to write among the recordings: forms are folders of their own, written anew."""
    for source in sources:
        if source.is_dir() and Path(os.path.realpath(source)).is_relative_to(os.path.realpath(folder)):
            raise InputError(
                f"Detections cannot be written to {folder}: the recordings of {source} lie in it. Choose a folder of "
                f"its own for them, {folder / 'detections'} say."
            )


def _check(there: Scores, wanted: Scores, folder: Path) -> None:
    """Refuse scores that cannot stand beside the wanted ones."""
    if there == wanted:
        return
    what = "by another classifier, or by this one before it was corrected"
    if (there.window_s, there.hop_s) != (wanted.window_s, wanted.hop_s):
        what = (
            f"in windows of {there.window_s:g} s every {there.hop_s:g} s, but {wanted.window_s:g} s every "
            f"{wanted.hop_s:g} s were requested"
        )
    raise InputError(
        f"{folder} holds what was heard {what}. Choose another --out, or hear all anew in this one with --fresh."
    )


class _Listener:
    """Scores the windows of recordings in batches, of whatever recordings they are, and keeps whole recordings.

    `heard` tells how many were heard; `unnamed` are files whose names are no text, which no table can hold.
    """

    def __init__(self, store: Store, classifier: SoundClassifier, ready: Callable[[], Encoder]) -> None:
        self.heard = 0
        self.unnamed: list[tuple[Path, str, str]] = []
        self._store, self._classifier, self._ready = store, classifier, ready
        self._waiting: list[tuple[Path, SoundStretch]] = []
        self._scored: dict[Path, list[tuple[float, float, Halves]]] = {}
        self._whole: list[File] = []
        self._known: dict[Path, File] = {}
        self._ends_s: dict[Path, float] = {}
        self._encoder: Encoder | None = None

    def listen(self, sources: Sequence[Path], folder: Path, workers: int, progress: Progress) -> int:
        """Hear what is new below some sources, but not in a `folder`; how many recordings are gone."""
        heard = [File(*row) for row in self._store.recordings()]
        bad = [Refused(File(*row[:6]), row[6], row[7]) for row in self._store.refused()]
        places = [*(file.place for file in heard), *(one.file.place for one in bad)]
        self._known = known = {real_place(file.place): file for file in heard}
        refused = {real_place(one.file.place): one for one in bad}
        found = scan(sources, places, apart_from=folder.absolute())
        # Once each, however many links to folders lead there, and whatever folder it was looked for in.
        files = {real_place(place): file for place, file in reversed(found.files.items())}
        unseen = {real_place(place): one for place, one in found.unseen.items()}
        found = replace(found, files=dict(sorted(files.items())), unseen=unseen)
        plan = plan_of(found, known, refused, [Path(os.path.realpath(source)) for source in sources])
        with self._store.writing():
            self._store.clear(plan.cleared)
            for one in found.unseen.values():
                self._refuse(one)
        self._hear([file for file in plan.to_read if self._is_text(file)], workers, progress)
        return _forget_moved(self._store, [place for place in known if place not in found.files])

    def _is_text(self, file: File) -> bool:
        try:
            str(file.place).encode()
        except UnicodeEncodeError:
            self.unnamed.append((file.place, "bad_name", f"{file.place!r}: its name is not UTF-8. Rename it."))
            return False
        return True

    def _hear(self, files: Sequence[File], workers: int, progress: Progress) -> None:
        settings, done, committed = self._store.settings, 0, time.monotonic()
        read = partial(
            to_the_end, sample_rate_hz=settings.sample_rate_hz, window_s=settings.window_s, hop_s=settings.hop_s
        )
        contents = self._store.contents()
        workers = min(workers, len(files))
        with contextlib.closing(prefetch(files, read, contents, workers=workers, pieces=_AHEAD)) as messages:
            for file, message in messages:
                if isinstance(message, SoundStretch):
                    self._waiting.append((file.place, message))
                elif isinstance(message, float):
                    self._ends_s[file.place] = message
                else:
                    done += 1
                    progress(done, len(files))
                    self._end(message)
                if sum(len(stretch.windows) for _, stretch in self._waiting) >= _BATCH:
                    self._score()
                if self._whole and time.monotonic() - committed > _COMMIT_S:
                    self._commit()
                    committed = time.monotonic()
        self._commit()

    def _end(self, message: File | Refused) -> None:
        if isinstance(message, File):
            self._whole.append(message)
        else:
            place = message.file.place
            self._waiting = [(other, stretch) for other, stretch in self._waiting if other != place]
            self._scored.pop(place, None)
            self._ends_s.pop(place, None)
            with self._store.writing():
                self._refuse(message)

    def _refuse(self, refused: Refused) -> None:
        """Note what cannot be used; what was found in it stays, unless it holds something else now."""
        if self._is_text(refused.file):
            self._store.refuse(_row(refused.file), refused.reason, refused.detail)
            if not refused.may_pass and not is_gone(refused.file.place):
                self._store.forget([real_place(refused.file.place)])

    def _score(self) -> None:
        if not self._waiting:
            return
        if self._encoder is None:
            self._encoder = self._ready()
        waiting, self._waiting = self._waiting, []
        made = embed_stretches(self._encoder, [stretch for _, stretch in waiting], batch=_BATCH)
        rows = iter(_naming.halves(self._classifier, self._classifier.vectors(made)))
        for place, stretch in waiting:
            own = self._scored.setdefault(place, [])
            own += [(start_s, length_s, next(rows)) for start_s, length_s in stretch.times_s()]

    def _commit(self) -> None:
        """Keep all whole recordings."""
        self._score()
        words = len(self._store.settings.labels)
        contents = self._store.contents() if self._whole else frozenset()
        with self._store.writing():
            for file in self._whole:
                windows = self._scored.pop(file.place, [])
                if any(np.isnan(row).any() for *_, row in windows):
                    self._refuse(Refused(file, "bad_embedding", f"{file.place}: the encoder gives no numbers for it."))
                    continue
                if windows or file.sha256 not in contents:
                    starts = np.array([start for start, *_ in windows], np.float64)
                    scores = np.array([row for *_, row in windows], np.float16).reshape(-1, words)
                    self._store.hear(file.sha256, Heard(starts, scores, self._ends_s.pop(file.place)))
                    self.heard += 1
                # Its site is by its path: that stays, whatever folder it was looked for in this time.
                if (before := self._known.get(real_place(file.place))) is not None:
                    file = replace(file, root=before.root, path=before.path)
                self._store.add(_row(file))
        self._whole = []


def _forget_moved(store: Store, places: Iterable[Path]) -> int:
    """Forget which of some `places` have nothing any more while the content is elsewhere; how many others are gone."""
    contents = {real_place(Path(*row[:2])): row[4] for row in store.recordings()}
    lost = {place: contents[place] for place in places if place in contents and is_gone(place)}
    there = Counter(contents.values())
    there.subtract(lost.values())
    moved = [place for place, sha256 in lost.items() if there[sha256] > 0]
    with store.writing():
        store.forget(moved)
    return len(lost) - len(moved)


def _row(file: File) -> Row:
    return (file.root, file.path, file.size, file.mtime_ns, file.sha256, file.changed_ns)


def _found(
    store: Store, settings: EventSettings, clock: FileNames, confidence: Confidence | None
) -> Iterator[Detected]:
    """Every recording with its events, one after the other."""
    said = store.settings
    double = {path for path, number in Counter(row[1] for row in store.recordings()).items() if number > 1}
    for root, path, heard in store.heard():
        place = Path(root, path)
        events = detections.events(
            heard.scores if confidence is None else confidence.probability(heard.scores),
            heard.starts_s,
            window_s=said.window_s,
            hop_s=said.hop_s,
            end_s=heard.end_s,
            labels=said.labels,
            settings=settings,
        )
        # Two archives may each have a recording of that name.
        shown = place.relative_to(place.anchor).as_posix() if path in double else path
        yield Detected(
            path=shown,
            place=place,
            duration_s=round(heard.end_s, 3),
            highest_hz=said.sample_rate_hz / 2,
            begins=clock.begins(path),
            site=clock.site(path),
            events=events,
        )
