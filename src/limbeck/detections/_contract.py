"""What an event is, and what every form of a table of events is."""

import csv
import errno
import re
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck._files import atomic, digest

_NO_SUCH_NAME = frozenset([errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR])


@dataclass(frozen=True)
class Event:
    """A stretch of a recording that a word was found in.

    Attributes:
        label: The word.
        start_s: Where it begins, in seconds from the beginning of the recording, to the millisecond.
        end_s: Where it ends, likewise.
        score: The highest score of a window in it, in [0, 1].
    """

    label: str
    start_s: float
    end_s: float
    score: float


@dataclass(frozen=True)
class Detected:
    """A recording and its events, in the order of their beginnings; none where nothing was found.

    Attributes:
        path: The recording below the folder it was looked for in, with forward slashes.
        place: Where it lay.
        duration_s: How long it is, in seconds.
        highest_hz: The highest frequency that was heard, in Hz.
        begins: When it begins by the clock, as its name says; None where it does not.
        site: Where it was recorded, as its folder or name says; empty where neither does.
        events: What was found.
    """

    path: str
    place: Path
    duration_s: float
    highest_hz: float
    begins: datetime | None
    site: str
    events: tuple[Event, ...]

    def clock(self, second: float) -> datetime | None:
        """The clock time of a second of the recording, to the millisecond; None where its beginning is not known."""
        return None if self.begins is None else self.begins + timedelta(milliseconds=round(second * 1000))


class Form(Config, Listed, ABC):
    """Settings of one form of events for other tools. One module of this room defines one.

    Recordings come one by one and are not kept, so that memory does not grow with their number. The same events give
    the same bytes.
    """

    room: ClassVar[str] = "limbeck.detections"

    @abstractmethod
    def write(self, recordings: Iterable[Detected], folder: Path) -> Path:
        """Write the events of all `recordings` into a `folder`, in place of what this form wrote there before.

        Gives the file or folder that it wrote.
        """

    def carry(self, before: Path, now: Path) -> bool:
        """Take what a person wrote into a file of this form, `before`, over into one that was just written, `now`.

        Gives whether there is nothing left of it; most forms know of nothing that a person writes into them.
        """
        return True


class Table(Form, ABC):
    """A form that is one CSV file with a row for each event, called `file`, with these `columns`."""

    file: ClassVar[str]
    columns: ClassVar[tuple[str, ...]]

    def write(self, recordings: Iterable[Detected], folder: Path) -> Path:
        with atomic(folder / self.file) as part, open(part, "w", encoding="utf-8", newline="") as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(self.columns)
            for recording in recordings:
                writer.writerows(self.rows(recording))
        return folder / self.file

    @abstractmethod
    def rows(self, recording: Detected) -> Iterator[Sequence[object]]:
        """The rows of a recording."""


class FilePerRecording(Form, ABC):
    """A form that is a folder of its own with a text file for each recording, also where nothing was found.

    A recording's file lies there as it lies in the archive, with `ending` after its whole name. Where that is too long,
    or in the way of another, it lies at the top, by the beginning of its name and a hash of its path.
    """

    ending: ClassVar[str]

    def write(self, recordings: Iterable[Detected], folder: Path) -> Path:
        place = folder / self.name
        with atomic(place) as part:
            part.mkdir()
            for recording in recordings:
                text = self.text(recording)
                try:
                    _put(part / f"{recording.path}{self.ending}", text)
                except OSError as error:
                    if error.errno not in _NO_SUCH_NAME:
                        raise
                    begins = Path(recording.path).name[:30]
                    _put(part / f"{begins}~{digest(recording.path)}{self.ending}", text)
            shutil.rmtree(place, ignore_errors=True)
        return place

    @abstractmethod
    def text(self, recording: Detected) -> str:
        """What the file of a recording says."""


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="\n")


def one_line(text: str) -> str:
    r"""A text without tabs and line ends, for forms that have no way to write them.

    Example:
        >>> one_line("rain\tin\nspring")
        'rain in spring'
    """
    return re.sub(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]+", " ", text)
