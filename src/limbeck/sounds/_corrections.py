"""What people correct in a classifier, and where the classifier came from; kept beside it as ``origin.json``."""

import json
import os
import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

from pydantic import Field

from limbeck import _files
from limbeck._config import Config
from limbeck.errors import InputError
from limbeck.index import is_address

ORIGIN = "origin.json"
LEARNED = "learned"
"""Folder, inside a classifier's, of the classifier as it was before any correction."""
_SAME_S = 0.006
"""Two beginnings in a recording are the same if they are no further apart: pages and people round."""


class Correction(Config):
    """A sound that does, or does not, stand for a label.

    Attributes:
        label: The word.
        path: The recording: absolute, or the name that a classifier has for it where that is no place.
        start_s: Where the sound begins, in seconds; None for a recording that is one window.
        sha256: Of the recording's bytes, by which it is known again at another place; empty where they are not known.
        near: The recording as seen from the classifier's folder: the two may move together.
    """

    label: str = ""
    path: str = ""
    start_s: float | None = Field(default=None, ge=0)
    sha256: str = ""
    near: str = ""

    @classmethod
    def of(cls, text: "str | Correction") -> "Correction":
        """Read ``label=path`` or ``label=path@seconds``, as typed, or take a correction.

        Raises:
            InputError: It has another form, or begins at no second of a recording.

        Example:
            >>> Correction.of("rain=/a/b@c.wav@12.5").start_s, Correction.of("rain=/a/b@c.wav").path
            (12.5, '/a/b@c.wav')
        """
        if isinstance(text, Correction):
            return text
        label, equals, rest = text.partition("=")
        path, at, seconds = rest.rpartition("@")
        try:
            start = float(seconds) if at else None
        except ValueError:
            start = None
        path = rest if start is None else path
        if not (equals and label.strip() and path):
            raise InputError(f"A correction is written label=path or label=path@seconds, but got {text!r}.")
        return cls.from_json({"label": label.strip(), "path": path, "start_s": start})

    def covers(self, path: str, start_s: float | None, sha256: str = "") -> bool:
        """Whether a sound is the one meant, or one of them where no beginning was said.

        It is of a recording `path`, whose bytes have a `sha256` where that is known, and begins at `start_s` seconds;
        only None covers None.
        """
        if path != self.path or (sha256 and self.sha256 and sha256 != self.sha256):
            return False
        if self.start_s is None:
            return True
        return start_s is not None and abs(start_s - self.start_s) < _SAME_S

    def typed(self) -> str:
        """As `of` reads it, quoted for a shell."""
        return shlex.quote(f"{self.label}={self.path}" + ("" if self.start_s is None else f"@{seconds(self.start_s)}"))

    def words(self) -> str:
        """The sound in words."""
        return self.path if self.start_s is None else f"{self.path} at {seconds(self.start_s)} s"


def seconds(start_s: float) -> str:
    """Seconds as people type them, near enough to be the same beginning hours into a recording.

    Example:
        >>> seconds(2.0), seconds(10802.4600001)
        ('2', '10802.46')
    """
    return f"{round(start_s, 3):.12g}"


class Corrections(Config):
    """Corrections in the order they were made: sounds that do not stand for their label, and sounds that do.

    Attributes:
        words: What the words are now, each with those it was learned as; empty where they are as they were learned.
    """

    remove: tuple[Correction, ...] = ()
    add: tuple[Correction, ...] = ()
    words: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Self:
        """A JSON file of the page: ``{"remove": [{"label": ..., "path": ..., "start_s": ...}], "add": [...]}``."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
            raise InputError(f"No corrections can be read from {path}: {error}. Save them from the page.") from error
        return cls.from_json(content)

    def joined(
        self, remove: Iterable[Correction], add: Iterable[Correction], learned: Callable[[Correction], bool]
    ) -> Self:
        """These and further ones: the newer of two that contradict each other holds."""
        out, into = list(self.remove), list(self.add)
        for one in remove:
            left = [other for other in into if not _same(one, other)]
            if learned(one):
                out = [*(other for other in out if other != one), one]
            elif len(left) == len(into):
                raise InputError(
                    f"{one.words()} does not stand for {one.label!r}, so it cannot be taken out. What stands for it is "
                    "on the page: limbeck sounds page."
                )
            into = left
        for one in add:
            out = [other for other in out if other.label != one.label or not _covers(one, other)]
            into = [*(other for other in into if not _same(one, other)), one]
        return type(self)(remove=tuple(out), add=tuple(into), words=self.words)

    def reworded(self, words: Mapping[str, Sequence[str]]) -> Self:
        """These after words were renamed, joined or dropped: each new one stands for some that were there, together."""
        now = {old: new for new, olds in words.items() for old in olds}

        def renamed(some: Iterable[Correction]) -> tuple[Correction, ...]:
            return tuple(one.model_copy(update={"label": now[one.label]}) for one in some if one.label in now)

        first = {new: tuple(f for old in olds for f in self.words.get(old, (old,))) for new, olds in words.items()}
        return type(self)(remove=renamed(self.remove), add=renamed(self.add), words=first)

    def of_labels(self, labels: Iterable[str]) -> Self:
        """Those of some labels, as corrections of a classifier that has just learned them."""
        known = set(labels)
        kept = (tuple(one for one in some if one.label in known) for some in (self.remove, self.add))
        return type(self)(**dict(zip(("remove", "add"), kept, strict=True)))


def _same(one: Correction, other: Correction) -> bool:
    """Whether two are of one sound: what was put in is one window, whether or not its beginning was said."""
    return one.label == other.label and (_covers(one, other) or _covers(other, one))


def _covers(one: Correction, other: Correction) -> bool:
    return one.covers(other.path, other.start_s, other.sha256)


class Origin(Config):
    """Where a classifier came from and what was corrected since.

    Attributes:
        index: The index, relative to the classifier's folder, or an address.
        index_place: The same, absolute: where it is if the classifier alone was moved.
        windows: How many windows it had.
        corrections: All that hold.
        steps: How many steps of a studio they are; 0 where a command wrote them.
    """

    index: str = ""
    index_place: str = ""
    windows: int = 0
    corrections: Corrections = Corrections()
    steps: int = Field(default=0, ge=0)

    @classmethod
    def of(cls, index: str, classifier: Path, *, windows: int) -> Self:
        """Of a `classifier` just learned from an `index`, both folders (or an address, or empty where it is not known).

        The index has so many `windows`.
        """
        if not index or is_address(index):
            return cls(index=index, index_place=index, windows=windows)
        # Relative, so that both can be moved together.
        near, place = os.path.relpath(index, classifier), os.path.abspath(index)
        return cls(index=near, index_place=place, windows=windows)

    @classmethod
    def read(cls, classifier: Path) -> Self:
        """Of the classifier in a folder; an empty one where it was made by other means."""
        path = classifier / ORIGIN
        return cls.from_json(_files.read_record(path)) if path.is_file() else cls()

    def write(self, classifier: Path) -> None:
        """Put it beside a classifier."""
        _files.write_record(classifier / ORIGIN, self.to_json())

    def place(self, classifier: Path, index: Path | str | None = None) -> Path | str:
        """Where the index of the classifier in a folder is; an `index` that is given is taken instead.

        Raises:
            InputError: It is not known.
        """
        if index is not None:
            return index
        if not self.index:
            raise InputError(f"{classifier} does not say which index it was learned from; name it with --index.")
        if is_address(self.index):
            return self.index
        beside, before = Path(os.path.normpath(classifier / self.index)), Path(self.index_place)
        return before if before.is_dir() and not beside.is_dir() else beside
