"""When and where a recording was made, from the names of its file and folders."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import PurePosixPath

from limbeck.errors import InputError

_DIRECTIVES = {
    "Y": r"\d{4}", "y": r"\d{2}", "m": r"\d{2}", "d": r"\d{2}", "j": r"\d{3}", "H": r"\d{2}", "M": r"\d{2}",
    "S": r"\d{2}", "f": r"\d{1,6}", "z": r"[+-]\d{2}:?\d{2}|Z", "b": r"[A-Za-z]{3}", "B": r"[A-Za-z]+",
    "I": r"\d{2}", "p": r"[AaPp][Mm]",
}  # fmt: skip
_TIME = r"%H[-:._]?%M[-:._]?%S(?:[.,](?P<fraction>\d+))?"
# Only offsets that a clock somewhere has: a number behind a time is none, -0001 as little as +0123.
_EAST = r"Z(?![A-Za-z])|\+(?:0\d|1[0-4])(?:[:.]?(?:00|15|30|45))?(?!\d)"
_WEST = r"-(?:0[1-9]|1[0-2])[:.]?(?:00|30)(?!\d)"
_LAYOUTS = (
    # ISO 8601, with whatever a file name may have in place of colons.
    rf"%Y-%m-%dT{_TIME}(?P<zone>{_EAST}|{_WEST})?",
    rf"%Y%m%dT{_TIME}(?P<zone>{_EAST}|{_WEST})?",
    # A number with a hyphen behind other times is no zone.
    rf"%Y-%m-%d[_ -]{_TIME}(?P<zone>{_EAST})?",
    # AudioMoth and Song Meter: PREFIX_20240131_233000, with or without the prefix, also with $ before the time.
    rf"%Y%m%d[_$-]%H%M%S(?P<zone>{_EAST})?",
)
_SECONDS_HEX = re.compile(r"[0-9A-F]{8}")
_FIRST, _LAST = 1990, 2100
_FIRST_HEX, _LAST_HEX = 2016, 2037


class FileNames:
    """Reads clock times and sites from the names of recordings.

    Without a pattern, times are read as AudioMoth (``20240131_233000.WAV``, of old firmware ``65BAD7F8.WAV``, in UTC),
    Song Meter (``SM4A_20240131_233000.wav``) and ISO 8601 (``2024-01-31T23-30-00+0100.flac``) write them, and the site
    is the first folder below the archive. A zone is ``Z`` or an offset that is in use somewhere; one west of Greenwich
    has minutes and stands behind an ISO time with its T, since ``-0500`` may be a number elsewhere. Eight hexadecimal
    digits of which none is a letter, as of one old AudioMoth name in twenty, are a time where others of their folder
    have letters; see `among`.

    Args:
        pattern: How names are written, for others: text with the directives of `datetime.strptime` (``%Y %m %d %H %M
            %S`` and so on; one that stands twice has to say the same twice), ``*`` for anything, and ``{site}`` where
            the site stands. It may have slashes, and then is of the path below the archive; it must fit the end of
            that, without the ending of the file.

    Raises:
        InputError: The pattern has no year, month and day, or a directive that is not known.

    Example:
        >>> FileNames().begins("north/SM4A_20240131_233000.wav"), FileNames().site("north/SM4A_20240131_233000.wav")
        (datetime.datetime(2024, 1, 31, 23, 30), 'north')
        >>> own = FileNames("{site}-%d.%m.%y-%Hh%M")
        >>> own.begins("a/pond-31.01.24-23h30.wav"), own.site("a/pond-31.01.24-23h30.wav")
        (datetime.datetime(2024, 1, 31, 23, 30), 'pond')
    """

    def __init__(self, pattern: str | None = None) -> None:
        self.pattern = pattern
        self._own = None if pattern is None else _own(pattern)
        self._of_hex: frozenset[str] = frozenset()

    def among(self, paths: Iterable[str]) -> "FileNames":
        """The same for recordings of an archive, with the `paths` of all below it.

        Eight digits could as well be a number. They are a time in a folder where others are hexadecimal for sure.
        """
        made = FileNames(self.pattern)
        known = (PurePosixPath(path) for path in paths)
        made._of_hex = frozenset(
            str(path.parent) for path in known if not path.stem.isdecimal() and _seconds(path.stem)
        )
        return made

    def begins(self, path: str) -> datetime | None:
        """When a recording begins, from its `path` below the archive; None where its name does not say."""
        stem = PurePosixPath(path).with_suffix("").as_posix()
        if self._own is not None:
            expression, read = self._own
            found = expression.search(stem)
            return None if found is None else read(found)
        name = stem.rpartition("/")[2]
        for expression, read in _KNOWN:
            for found in expression.finditer(name):
                if (moment := read(found)) is not None:
                    return moment
        if name.isdecimal() and str(PurePosixPath(path).parent) not in self._of_hex:
            return None
        return _seconds(name)

    def site(self, path: str) -> str:
        """Where a recording was made, from its `path` below the archive; empty where that does not say."""
        stem = PurePosixPath(path).with_suffix("").as_posix()
        if self._own is not None and "site" in self._own[0].groupindex:
            found = self._own[0].search(stem)
            return "" if found is None else found["site"]
        return stem.partition("/")[0] if "/" in stem else ""


def _seconds(name: str) -> datetime | None:
    """The moment that AudioMoth's old firmware names a file after, in UTC."""
    if not _SECONDS_HEX.fullmatch(name.upper()):
        return None
    moment = datetime.fromtimestamp(int(name, 16), UTC)
    return moment if _FIRST_HEX <= moment.year <= _LAST_HEX else None


Reader = Callable[[re.Match[str]], datetime | None]


def _expression(layout: str) -> tuple[str, list[str]]:
    """A layout as a regular expression with a group for each directive, and the directives."""
    used: list[str] = []

    def group(found: re.Match[str]) -> str:
        directive = found[1]
        if directive not in _DIRECTIVES:
            known = ", ".join(f"%{name}" for name in _DIRECTIVES)
            raise InputError(f"%{directive} is not known in names of files; known: {known}.")
        used.append(directive)
        return f"(?P<d{len(used)}>{_DIRECTIVES[directive]})"

    return re.sub(r"%(.)", group, layout), used


def _reader(used: list[str]) -> Reader:
    def read(found: re.Match[str]) -> datetime | None:
        said: dict[str, str] = {}
        for number, directive in enumerate(used, start=1):
            if said.setdefault(directive, text := found[f"d{number}"]) != text:
                return None
        also = {name: value for name, value in found.groupdict().items() if value and name in ("zone", "fraction")}
        if "zone" in also:
            zone = also["zone"].replace(".", ":")
            said["z"] = f"{zone}00" if len(zone) == len("+01") else zone
        if "fraction" in also:
            said["f"] = also["fraction"][:6]
        try:
            moment = datetime.strptime(" ".join(said.values()), " ".join(f"%{directive}" for directive in said))
        except ValueError:
            return None
        if "j" in said and moment.timetuple().tm_yday != int(said["j"]):
            return None  # Of day 366 of other years, strptime makes the next New Year.
        return moment if _FIRST <= moment.year <= _LAST else None

    return read


def _own(pattern: str) -> tuple[re.Pattern[str], Reader]:
    if pattern.count("{site}") > 1:
        raise InputError(f"{{site}} may stand in a pattern of names once, but got {pattern!r}.")
    literal = re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\{site\}", "(?P<site>[^/]+?)")
    expression, used = _expression(re.sub(r"\\?%", "%", literal))
    says_day = "j" in used or ("d" in used and not {"m", "b", "B"}.isdisjoint(used))
    if {"Y", "y"}.isdisjoint(used) or not says_day:
        raise InputError(
            f"A pattern of names has a year, a month and a day, such as site_%Y%m%d_%H%M%S, but got {pattern!r}."
        )
    return re.compile(f"(?:^|/){expression}$"), _reader(used)


def _known(layout: str) -> tuple[re.Pattern[str], Reader]:
    expression, used = _expression(layout)
    return re.compile(rf"(?<!\d){expression}(?!\d)"), _reader(used)


_KNOWN = tuple(map(_known, _LAYOUTS))
