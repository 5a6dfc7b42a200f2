"""One person's work on the words of an index: what is shown, what is said, what is learned, what is kept."""

import contextlib
import hashlib
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from limbeck import _files
from limbeck._text import portable
from limbeck.active_learning.learner import NONE, Learner, Naming, changes
from limbeck.active_learning.queue import to_check
from limbeck.active_learning.steps import (
    Add,
    Judge,
    Rename,
    Split,
    State,
    Step,
    Take,
    Undo,
    Word,
    key,
    standing,
    state_after,
)
from limbeck.encoders import Encoder, EncoderNote
from limbeck.errors import InputError, LimbeckError, MediaError
from limbeck.index import SoundIndex, blend
from limbeck.media import Encoded
from limbeck.prototypes import CONFIG, Piece, SoundClassifier, class_texts
from limbeck.report import sound_map, sound_window
from limbeck.sounds import LEARNED, ORIGIN, Correction, Origin, keep, recording_vector
from limbeck.studio.journal import NAME, Journal

Media = Literal["sound", "picture"]
_EXAMPLES = 32
_SPREAD = 4096
_WINDOWS_IN_MEMORY = 256
_BINS = 40
_CURVE = 25


class Session:
    """A studio's memory: an index, words, verdicts, and the classifier they give. Made by `opened`.

    Every method may be called from several threads; one works at a time, but sounds are read side by side.

    Attributes:
        version: Grows with every step, so that a second tab knows whether what it shows is old.
    """

    def __init__(self, index: SoundIndex, encoder: Encoder, folder: Path, *, points: int = 1500, seed: int = 0) -> None:
        if not len(pool := index.pool()):
            raise InputError("This index holds no window to listen to. Bring it up to date with: limbeck sounds index.")
        self._index, self._encoder, self._folder = index, encoder, folder
        self._points, self._seed = points, seed
        self._lock = threading.RLock()
        self._saving = threading.Lock()
        self._dirty, self._closed = threading.Event(), False
        self._journal = Journal(folder / NAME)
        there = SoundClassifier.load(folder) if (folder / CONFIG).is_file() else None
        origin = Origin.read(folder)
        self._check(there)
        self._prompts = there.prompts if there else (encoder.prompt,)
        self._learner = Learner(
            pool,
            self._texts,
            settings=there.classifier.get_params() if there else None,
            joint=there is not None and there.classifier.space_ == "joint",
            others=None if there is None else _accepted(there, origin),
        )
        self._confidence, self._source = (None, "") if there is None else (there.confidence, there.source)
        self._near = {one.path: one.near for one in origin.corrections.add}
        if there is not None:
            self._check_learned(there, origin)
            if self._changed_elsewhere(origin):
                self._take_up(self._taken(there, origin))
        self.state = state_after(self._journal.steps)
        self._learner.learn(self.state)
        self._examples: OrderedDict[str, npt.NDArray[np.float32]] = OrderedDict()
        self._map: list[tuple[int, float, float]] | None = None
        self._read = lru_cache(_WINDOWS_IN_MEMORY)(self._window)
        self._saver = threading.Thread(target=self._save_when_told, name="studio-saver", daemon=True)
        self._mapper = threading.Thread(target=self._draw_map, name="studio-map", daemon=True)
        self._saver.start()
        self._mapper.start()
        if self._journal.unsaved:
            self._dirty.set()

    @classmethod
    @contextlib.contextmanager
    def opened(
        cls, index: SoundIndex, encoder: Encoder, folder: Path, *, points: int = 1500, seed: int = 0
    ) -> Iterator["Session"]:
        """Open a session that keeps its work in the `folder` of a classifier, made if need be, and hold the folder.

        Its windows are those of the `index`, whose `encoder` it is. At most so many `points` are on the map, drawn by
        the `seed`. What was not written to the classifier yet is written when it is left.

        Raises:
            InputError: The index is empty, or the folder holds something else, a classifier of another encoder or
                index, or one with examples or joined words, which no step can say.
            BusyError: Another process is at work in the folder.
        """
        others = [p.name for p in folder.iterdir() if not p.name.startswith(".")] if folder.is_dir() else []
        if others and not {CONFIG, NAME} & set(others):
            raise InputError(
                f"{folder} holds other things ({', '.join(sorted(others)[:3])}); choose a new folder, or one of a "
                "classifier, with --classifier."
            )
        with _files.exclusive(folder):
            session = cls(index, encoder, folder, points=points, seed=seed)
            try:
                yield session
            finally:
                session.close()

    def close(self) -> None:
        """Write what was not written yet and end."""
        self._closed = True
        self._dirty.set()
        self._saver.join()

    @property
    def version(self) -> int:
        """How many steps were made."""
        return len(self._journal.steps)

    def step(self, step: Step) -> dict[str, Any]:
        """Take a step: it is on the disk, then learned; returns `overview` with what changed.

        Raises:
            InputError: It does not fit what is there, such as a word that is gone; then nothing is changed.
        """
        with self._lock:
            before = self._learner.naming
            state = state_after([*self._journal.steps, step]) if isinstance(step, Undo) else step.apply(self.state)
            try:
                self._learner.learn(state)
            except Exception:
                self._learner.learn(self.state)
                raise
            self._journal.add(step)
            self.state = state
            self._dirty.set()
            return self.overview() | {"changes": changes(before, self._learner.naming)}

    def judge(self, word: str, yes: bool | None, rows: Sequence[int]) -> dict[str, Any]:
        """Say that windows, by `rows`, are a `word` (`yes`) or are not; None takes back what was said; see `step`."""
        return self.step(Judge(word=word, yes=yes, windows=tuple(self._learner.piece(row) for row in self._rows(rows))))

    def overview(self) -> dict[str, Any]:
        """Tell the words with their counts and what is uncertain, as JSON-able data."""
        with self._lock:
            naming, state = self._learner.naming, self.state
            counts = {} if naming is None else naming.counts()
            said, kept = list(state.verdicts.values()), standing(self._journal.steps)
            return {
                "version": self.version,
                "windows": len(self._learner.pool),
                "words": [
                    {
                        "word": word,
                        "description": about.description,
                        "threshold": about.threshold,
                        "named": counts.get(word, 0),
                        "yes": sum(v.word == word for v in said),
                        "no": sum(word in v.others for v in said),
                        "stuck": word in self._learner.stuck,
                    }
                    for word, about in state.words.items()
                ],
                "judged": sum(bool(v.word or v.others) for v in said),
                "none": 0 if naming is None else int((naming.named == NONE).sum()),
                "uncertain": 0 if naming is None else int(naming.uncertain.sum()),
                "probe": None if self._learner.evidence is None else self._learner.evidence.sentence(),
                "pairs": [] if naming is None else naming.pairs(),
                "undo": bool(kept) and not isinstance(kept[-1], Take),
            }

    def windows(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Tell of windows what is shown beside them, as JSON-able data."""
        with self._lock:
            learner, state = self._learner, self.state
            rows = self._rows(rows)
            told = []
            for row, likeliest in zip(rows, learner.likeliest(rows), strict=True):
                piece = learner.piece(row)
                verdict = state.verdicts.get(key(piece))
                naming = learner.naming
                place = NONE if naming is None else int(naming.named[row])
                told.append(
                    {
                        "row": row,
                        "name": _name(piece),
                        "path": portable(piece.path),
                        "start_s": round(piece.start_s, 3),
                        "duration_s": round(piece.duration_s, 3),
                        "named": None if naming is None or place == NONE else naming.words[place],
                        "likeliest": [[word, round(chance, 3)] for word, chance in likeliest],
                        "is": verdict.word if verdict else None,
                        "not": sorted(verdict.others) if verdict else [],
                    }
                )
            return told

    def search(
        self,
        words: str = "",
        like: Sequence[int] = (),
        unlike: Sequence[int] = (),
        examples: Sequence[str] = (),
        *,
        skip: int = 0,
        top: int = 60,
    ) -> list[dict[str, Any]]:
        """Find the windows most like `words`, others (`like`, rows), uploaded `examples`, or all of them.

        Those like the rows `unlike` come later. Best first, `top` of them from place `skip` on, with `similarity`.

        Raises:
            InputError: There is nothing to look for, or an example is not known (any more).
        """
        joint = self._learner.pool.joint
        wanted = [self._text(words)] if words.strip() else []
        directions = [joint[row] for row in self._rows(like)]
        for name in examples:
            if name not in self._examples:
                raise InputError("This example is not kept any more; choose the file again.")
            directions.append(self._examples[name])
        if directions:
            wanted.append(np.mean(directions, axis=0))
        if not wanted:
            raise InputError("There is nothing to look for: type some words, or choose a window or a file.")
        rows = np.stack(wanted) / np.linalg.norm(wanted, axis=1, keepdims=True)
        query = blend(joint[:: max(1, len(joint) // _SPREAD)], rows, joint[self._rows(unlike)])
        similarity = joint @ query
        similarity[self._rows(like)] = -np.inf
        order = _best(similarity, skip + top)[skip:]
        return [
            told | {"similarity": round(float(similarity[told["row"]]), 3)}
            for told in self.windows([row for row in order if np.isfinite(similarity[row])])
        ]

    def keep_example(self, content: bytes, title: str) -> str:
        """Embed the `content` of a recording's file, whose name is its `title`; returns the name to search by it with.

        Raises:
            InputError: It cannot be decoded.
        """
        try:
            with self._lock:
                vector = recording_vector(
                    Encoded(content, portable(title) or "the example"),
                    self._encoder,
                    window_s=self._index.settings.window_s,
                )
        except MediaError as error:
            raise InputError(f"{error} Choose another file.") from error
        name = hashlib.sha256(content).hexdigest()[:16]
        self._examples[name] = vector
        while len(self._examples) > _EXAMPLES:
            self._examples.popitem(last=False)
        return name

    def of_word(self, word: str, *, skip: int = 0, top: int = 60) -> list[dict[str, Any]]:
        """Tell the windows a `word` stands for, then those it names, most similar first, `top` from place `skip` on.

        Raises:
            InputError: There is no such word.
        """
        with self._lock:
            naming, place = self._named(word)
            stands = self._learner.neighbours(word)
            stands.sort(key=lambda row: -float(naming.similarities[row, place]))
            named = np.where(naming.named == place, naming.similarities[:, place], -np.inf)
            named[stands] = -np.inf
            rest = [row for row in _best(named, skip + top) if np.isfinite(named[row])]
            own = set(stands)
            return [
                told | {"reason": "stands for it" if told["row"] in own else ""}
                for told in self.windows([*stands, *rest][skip : skip + top])
            ]

    def to_check(self, top: int = 24) -> list[dict[str, Any]]:
        """Tell the windows worth checking next, each with the `reason`; nothing where there is no word."""
        with self._lock:
            found = to_check(self._learner, self.state, top)
            reasons = dict(found)
            return [told | {"reason": reasons[told["row"]]} for told in self.windows([row for row, _ in found])]

    def curve(self, word: str) -> dict[str, Any]:
        """Tell how a word's threshold parts its windows, as JSON-able data.

        `bins` is a histogram of the scores of windows whose likeliest word it is; `yes` and `no` are scores of windows
        that were said to be it and not to be it; each row of `curve` has a threshold, how many windows are above it,
        and the fraction of the verdicts above it that are yes (None without verdicts).

        Raises:
            InputError: There is no such word.
        """
        with self._lock:
            naming, place = self._named(word)
            values = self._learner.scores(word)
            own = np.sort(values[naming.best == place])
            yes, no = [], []
            for name, verdict in self.state.verdicts.items():
                if (row := self._learner.row(name)) is None:
                    continue
                if verdict.word == word:
                    yes.append(float(values[row]))
                elif verdict.denies(word):
                    no.append(float(values[row]))
            counts, edges = np.histogram(own, bins=_BINS, range=(0, 1))
            rows = []
            for level in np.linspace(0, 1, _CURVE):
                right, wrong = sum(v >= level for v in yes), sum(v >= level for v in no)
                share = right / (right + wrong) if right + wrong else None
                rows.append([round(float(level), 4), int((own >= level).sum()), share])
            return {
                "word": word,
                "threshold": self.state.words[word].threshold,
                "edges": [round(float(edge), 4) for edge in edges],
                "bins": counts.tolist(),
                "yes": sorted(yes),
                "no": sorted(no),
                "curve": rows,
            }

    def map(self) -> dict[str, Any] | None:
        """Tell where windows stand on the map, with what they are named; None while it is not drawn yet."""
        places, naming = self._map, self._learner.naming
        if places is None:
            return None
        named = [NONE] * len(places) if naming is None else [int(naming.named[row]) for row, _, _ in places]
        return {
            "width": sound_map.WIDTH,
            "height": sound_map.HEIGHT,
            "points": [[row, x, y, word] for (row, x, y), word in zip(places, named, strict=True)],
            "left_out": len(self._learner.pool) - len(places),
        }

    def media(self, row: int, kind: Media) -> bytes:
        """Code a window, by its `row` and `kind`: its sound as MP3, or the picture of its spectrogram as PNG.

        Raises:
            InputError: There is no such window, or the recording is gone, has changed or cannot be decoded.
        """
        self._rows([row])
        try:
            waveform = self._read(row)
        except MediaError as error:
            raise InputError(str(error)) from error
        return sound_window.sound(waveform) if kind == "sound" else sound_window.picture(waveform)

    def _named(self, word: str) -> tuple[Naming, int]:
        """What windows are named, and which of its words this one is."""
        naming = self._learner.naming
        if naming is None or word not in naming.words:
            raise InputError(f"There is no word {word!r} (any more).")
        return naming, naming.words.index(word)

    def _window(self, row: int) -> sound_window.Wave:
        pool = self._learner.pool
        return sound_window.read(pool.file[row].located(), float(pool.start_s[row]), float(pool.duration_s[row]))

    def _rows(self, rows: Sequence[int]) -> list[int]:
        total = len(self._learner.pool)
        if wrong := [row for row in rows if not 0 <= row < total]:
            raise InputError(f"There is no window {wrong[0]}: the index has {total}, from 0 on.")
        return list(rows)

    def _texts(self, about: Mapping[str, str]) -> npt.NDArray[np.floating[Any]]:
        """Vectors of words by what is read instead of each, (prompt, word, dim)."""
        described = {word: text for word, text in about.items() if text != word}
        texts = class_texts(list(about), self._prompts, described)
        return np.stack([self._encoder.embed_text(row).numpy() for row in texts])

    def _text(self, words: str) -> npt.NDArray[np.float32]:
        with self._lock:
            return np.asarray(self._encoder.embed_text([words]).numpy()[0])

    def _draw_map(self) -> None:
        pool = self._learner.pool
        rows = sound_map.chosen(len(pool), [], self._points, seed=self._seed)
        spots = sound_map.places(self._learner.vectors[rows], seed=self._seed) * (sound_map.WIDTH, sound_map.HEIGHT)
        self._map = [
            (int(row), round(float(x), 1), round(float(y), 1)) for row, (x, y) in zip(rows, spots, strict=True)
        ]

    def _check(self, there: SoundClassifier | None) -> None:
        if there is None:
            return
        there.check(self._encoder)
        settings = self._index.settings
        if there.windows_differ(settings.window_s, settings.hop_s):
            raise InputError(
                f"The classifier in {self._folder} was learned from windows of {there.window_s:g} s every "
                f"{there.hop_s:g} s, but the index has windows of {settings.window_s:g} s every {settings.hop_s:g} s. "
                "Name the index it was learned from, or another folder."
            )

    def _check_learned(self, there: SoundClassifier, origin: Origin) -> None:
        """Refuse a classifier that words and this index do not give: whatever is learned again would be lost."""
        folder, words = self._folder, origin.corrections.words
        other_ways = "Correct it with limbeck sounds correct, or give the studio a new folder with --classifier."
        base = SoundClassifier.load(folder / LEARNED) if (folder / LEARNED).is_dir() else there
        if any(piece.example for piece in (*base.pieces, *there.pieces)):
            raise InputError(
                f"The classifier in {folder} was learned from examples, which the studio does not learn from. "
                f"{other_ways}"
            )
        if joined := [word for word, olds in words.items() if len(olds) > 1]:
            raise InputError(
                f"In the classifier in {folder} words were joined to {joined[0]!r}, and the studio would part them. "
                f"{other_ways} Learned as one word, with a description, it can be opened: limbeck sounds learn."
            )
        here = os.path.realpath(str(self._index.describe()["place"]))
        if origin.index and os.path.realpath(origin.place(folder)) == here:
            return
        # It may be the same index at another place, or a classifier that does not say where it is from.
        base = base.regrouped(words) if words else base
        self._learner.learn(State({word: Word(base.descriptions.get(word, "")) for word in base.labels}))
        for word in base.labels:
            found = {key(self._learner.piece(row)) for row in self._learner.found(word)}
            if found != {key(piece) for _, piece in base.neighbours(word)}:
                which = origin.index_place or "it does not say which"
                raise InputError(
                    f"The classifier in {folder} was learned from another index ({which}), and from this "
                    f"one {word!r} would learn other sounds. Give the index it was learned from, or a new folder with "
                    "--classifier."
                )

    def _content(self) -> str:
        """What the classifier's files are now."""
        return "".join(_files.sha256_of(self._folder / name)[:16] for name in (CONFIG, ORIGIN))

    def _changed_elsewhere(self, origin: Origin) -> bool:
        """Whether the classifier was learned or corrected by other means since the studio wrote it.

        A studio that was killed while it wrote leaves more steps there than it noted that it had written.
        """
        journal = self._journal
        return not journal.steps or (journal.saved != self._content() and origin.steps <= journal.kept)

    def _take_up(self, taken: Take) -> None:
        """Go on from what was taken from the classifier, and make the steps again that it did not have.

        Not those that do not fit it any more, such as of a word that is gone, or that undo what it had.
        """
        again: list[Step] = []
        state = taken.apply(State())
        for step in standing(self._journal.steps[self._journal.kept :]):
            with contextlib.suppress(InputError):
                state = step.apply(state)
                again.append(step)
        self._journal.begin(taken, self._content())
        if again:
            self._journal.add(*again)

    def _taken(self, there: SoundClassifier, origin: Origin) -> Take:
        """The words and corrections of a classifier as one step."""
        learner = self._learner

        def pieces(corrections: Sequence[Correction]) -> tuple[tuple[str, Piece], ...]:
            found = []
            for one in corrections:
                piece = Piece(path=one.path, start_s=one.start_s or 0.0, sha256=one.sha256)
                rows = learner.rows_of(piece, whole=one.start_s is None)
                found += [(one.label, learner.piece(row)) for row in rows] or [(one.label, piece)]
            return tuple(found)

        words = {label: there.descriptions.get(label, "") for label in there.labels}
        return Take(
            words=words,
            thresholds=dict(there.thresholds),
            yes=pieces(origin.corrections.add),
            no=pieces(origin.corrections.remove),
        )

    def _save_when_told(self) -> None:
        while not self._closed:
            self._dirty.wait()
            self._dirty.clear()
            with contextlib.suppress(OSError, LimbeckError):  # the steps are on the disk; it is tried again at the next
                self.save()
        self.save()

    def save(self) -> None:
        """Write the classifier of all steps made so far, as `limbeck sounds correct` would; the steps are kept already.

        Without words there is nothing to write.
        """
        with self._saving:
            with self._lock:
                if not self._journal.unsaved or self._learner.naming is None:
                    return
                state, made = self.state, self._learner.kept()
                note, settings = EncoderNote.of(self._encoder.id), self._index.settings
                version = self.version
                remove, add = self._corrections(state)
            descriptions = {word: about.description for word, about in state.words.items() if about.description}
            first, now = (
                SoundClassifier(
                    small,
                    note,
                    tuple(behind),
                    self._prompts,
                    descriptions,
                    settings.window_s,
                    settings.hop_s,
                    {word: about.threshold for word, about in state.words.items() if about.threshold is not None},
                    self._confidence,
                    self._source,
                )
                for small, behind in made
            )
            place, windows = str(self._index.describe()["place"]), len(self._learner.pool)
            keep(self._folder, first, now, index=place, windows=windows, remove=remove, add=add, steps=version)
            with self._lock:
                if version == self.version:
                    self._journal.mark_saved(self._content())

    def _corrections(self, state: State) -> tuple[list[Correction], list[Correction]]:
        """Verdicts as corrections: sounds that words found, or might, and that they are not, and sounds that they are.

        What a word had found by itself and a person accepted is one as well: a probe is weighed on it.
        """
        remove, add = [], []
        for name, verdict in state.verdicts.items():
            row = self._learner.row(name)
            piece = verdict.piece if row is None else self._learner.piece(row)
            for word in state.words:
                found = row is not None and row in self._learner.found(word)
                near = self._near.get(piece.path, "")
                one = Correction(label=word, path=piece.path, start_s=piece.start_s, sha256=piece.sha256, near=near)
                if word == verdict.word:
                    add.append(one)
                elif verdict.denies(word) and (found or word in verdict.others):
                    remove += [] if word in self._learner.stuck else [one]
        return remove, add


def named(text: str) -> str:
    """A word as it is kept: on one line, without control characters."""
    return portable(" ".join(text.split()))


def tidy(step: Step) -> Step:
    """A step whose words are `named`."""
    if isinstance(step, Add):
        return step.model_copy(update={"word": named(step.word), "description": named(step.description)})
    if isinstance(step, Split):
        return step.model_copy(update={"into": {named(word): named(about) for word, about in step.into.items()}})
    return step.model_copy(update={"name": named(step.name)}) if isinstance(step, Rename) else step


def _accepted(there: SoundClassifier, origin: Origin) -> tuple[list[Piece], npt.NDArray[np.floating[Any]]]:
    """Windows that a person gave to words of a classifier, and their vectors, (window, dim)."""
    given = {one.sha256 or one.path for one in origin.corrections.add}
    rows = [row for row, piece in enumerate(there.pieces) if key(piece)[0] in given]
    return [there.pieces[row] for row in rows], there.piece_vectors[rows]


def _name(piece: Piece) -> str:
    """A window's recording, with its folder, and where in it."""
    path = Path(piece.path)
    name = portable(f"{path.parent.name}/{path.name}" if path.parent.name else path.name)
    if piece.start_s <= 0:
        return name
    minutes, seconds = divmod(round(piece.start_s, 1), 60)
    return f"{name} at {int(minutes)}:{seconds:04.1f}".removesuffix(".0")


def _best(values: npt.NDArray[np.floating[Any]], count: int) -> list[int]:
    """Places of the largest values, largest first."""
    count = min(count, len(values))
    if not count:
        return []
    rows = np.argpartition(-values, count - 1)[:count]
    return [int(row) for row in rows[np.argsort(-values[rows], kind="stable")]]
