"""What the readers share: finding files, parsing options, drawing and splitting without chance.

Every order and every draw depends on names and the seed alone, so that all machines agree.
"""

import contextlib
import hashlib
import math
import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TypeVar

from limbeck._text import portable
from limbeck.datasets._sources import Stamp
from limbeck.errors import InputError, MediaError
from limbeck.media import TRACKS, Encoded, MediaInfo, Recording, Track, files_below, holder, probe

T = TypeVar("T")

TRAIN, VALIDATION, TEST = "train", "validation", "test"
MANIFEST = "manifest.csv"

_SPLITS = {
    **dict.fromkeys(("train", "training"), TRAIN),
    **dict.fromkeys(("test", "testing"), TEST),
    **dict.fromkeys(("validation", "val", "valid", "dev"), VALIDATION),
}
_SPLIT_ENDING = re.compile(r"[ _-]*(set|split|data)$")


def usual_split(name: str) -> str | None:
    """What a well-known name of a split means: ``"train"``, ``"validation"`` or ``"test"``; None for any other name.

    Example:
        >>> [usual_split(n) for n in ("Training", "test_set", "TrainSet", "dev", "fold1", "tester")]
        ['train', 'test', 'train', 'validation', None, None]
    """
    return _SPLITS.get(_SPLIT_ENDING.sub("", name.strip().casefold()))


def existing_folder(path: Path, what: str, inner: str = "") -> Path:
    """The folder, or the `inner` one if it has it, once it is known to exist; `what` it holds is for the message."""
    if not path.is_dir():
        state = "is a file" if path.exists() else "does not exist"
        raise InputError(f"{path} should be the folder with {what}, but it {state}. Check the path.")
    return path / inner if (path / inner).is_dir() else path


def existing_file(path: Path, what: str) -> Path:
    """The file itself, once it is known to exist."""
    if not path.is_file():
        here = sorted(p.name for p in path.parent.iterdir())[:8] if path.parent.is_dir() else []
        beside = f" Its folder holds {', '.join(here)}." if here else ""
        raise InputError(f"{path} should be {what}, but there is no such file.{beside}")
    return path


def by_stem(root: Path, tracks: Collection[Track] = TRACKS) -> dict[str, Path]:
    """Files below a folder by their name (`portable`) without its ending.

    Of several files of one name (a thumbnail or the sound beside a video, say) the first `with_tracks` is taken.
    """
    named: defaultdict[str, list[Path]] = defaultdict(list)
    for _, path in files_below(root):
        named[portable(path.stem)].append(path)
    return {stem: with_tracks(paths, tracks)[0] for stem, paths in named.items()}


def with_tracks(paths: Sequence[Path], tracks: Collection[Track]) -> list[Path]:
    """Those of some files of one name that have the tracks wanted; of these, whole videos before parts of them.

    All of them where none has what is wanted, or where there is one only.
    """
    if len(paths) < 2:
        return list(paths)
    able: dict[Path, int] = {}
    for path in paths:
        info = probed(path)
        has = dict(zip(TRACKS, (info.has_audio, info.has_picture), strict=True)) if info else {}
        if all(has.get(track) for track in tracks):
            able[path] = sum(has.values())
    most = max(able.values(), default=0)
    return [path for path, count in able.items() if count == most] or list(paths)


def located(base: Path, name: str) -> Path:
    """The file of a relative name with forward slashes, or else one whose name differs in its Unicode form only."""
    here = base
    for part in PurePosixPath(name).parts:
        step = here / part
        if not part.isascii() and not os.path.lexists(step):
            with contextlib.suppress(OSError):
                step = here / _spelled(here, here.stat().st_mtime_ns).get(portable(part), part)
        here = step
    return here


@lru_cache(maxsize=256)
def _spelled(folder: Path, _modified_ns: int) -> Mapping[str, str]:
    """Names in a folder as they are written there, by their `portable` form."""
    return {portable(name): name for name in os.listdir(folder)}


def require_some(found: Iterable[Path], *, told: str, hint: str) -> None:
    """Refuse a listing of which not one file exists: a wrong folder, rather than a few lost videos."""
    paths = list(found)
    if not any(path.exists() for path in paths):
        raise InputError(f"None of the files that {told} names exist; the first looked for was {paths[0]}. {hint}")


def whole_seconds(clip_seconds: float) -> int:
    """The fewest whole seconds that hold a clip, of recordings that are annotated by the second.

    Example:
        >>> whole_seconds(0.96), whole_seconds(1.0), whole_seconds(4.2)
        (1, 1, 5)
    """
    return math.ceil(clip_seconds - 1e-9)


def parse_span(start: str, end: str, where: str, what: str) -> tuple[float, float | None]:
    """Start and end in seconds of a row's `what`, from its columns, which may be empty; None is the end of the file."""
    seconds: list[float | None] = []
    for column, text in (("start", start), ("end", end)):
        try:
            value = float(text) if text else None
        except ValueError:
            value = math.nan
        if value is not None and not 0 <= value < math.inf:
            raise InputError(f"{where}, column {column}: seconds >= 0 were expected, but {text!r} came.")
        seconds.append(value)
    start_s, end_s = 0.0 if seconds[0] is None else seconds[0], seconds[1]
    if end_s is not None and end_s <= start_s:
        raise InputError(f"{where}: the {what} ends at {end_s} s but starts at {start_s} s; the end must be later.")
    return start_s, end_s


def parse_names(value: str | int | Sequence[str | int] | None) -> tuple[str, ...]:
    """Names from an option: ``"fold3,fold4"``, a sequence of names, or a number that is a name.

    Example:
        >>> parse_names("fold3, fold4"), parse_names(("fold4",)), parse_names(4), parse_names(None)
        (('fold3', 'fold4'), ('fold4',), ('4',), ())
    """
    if isinstance(value, int):
        value = str(value)
    parts = value.split(",") if isinstance(value, str) else map(str, value or ())
    return tuple(name.strip() for name in parts if name.strip())


def parse_pairs(value: str | Mapping[str, str] | None, option: str) -> dict[str, str]:
    """Pairs of names from an option: ``"dog bark:dog,rain:frog"`` or a mapping.

    Example:
        >>> parse_pairs("dog bark:dog, rain:frog", "mapping")
        {'dog bark': 'dog', 'rain': 'frog'}
    """
    if value is None:
        return {}
    if not isinstance(value, str):
        return {str(k): str(v) for k, v in value.items()}
    pairs: dict[str, str] = {}
    for part in parse_names(value):
        left, colon, right = (p.strip() for p in part.partition(":"))
        if not colon or not left or not right or left in pairs:
            raise InputError(
                f"Option {option!r}: 'name:name,name:name' was expected, each name on the left once, "
                f"but {part!r} came in {value!r}."
            )
        pairs[left] = right
    return pairs


def shuffled(items: Iterable[T], *, seed: int, path: Sequence[str | int] = ()) -> list[T]:
    """Items in an order drawn by a seed (>= 0) and the draw's `path`, the same on every machine and in every version.

    Each item is ranked by a hash of seed, path and itself as text, so adding one leaves the order of the others.

    Example:
        >>> shuffled("abcdef", seed=0) != shuffled("abcdef", seed=1)
        True
        >>> [c for c in shuffled("abcdefg", seed=0) if c != "g"] == shuffled("abcdef", seed=0)
        True
    """
    if seed < 0:
        raise InputError(f"A seed is a whole number >= 0, but {seed} came.")
    prefix = "\x1f".join(map(str, (seed, *path)))

    def rank(item: T) -> tuple[bytes, str]:
        return hashlib.sha256(f"{prefix}\x1f{item}".encode()).digest(), str(item)

    return sorted(items, key=rank)


def hold_out(groups: Mapping[str, Mapping[str, int]], *, fraction: float, seed: int) -> frozenset[str]:
    """Groups to test on, so that every class gives about `fraction` of its clips and no group is cut in two.

    `groups` has the number of clips of each class in each group. Classes are served from the rarest on. A class found
    in two groups or more gives at least one clip; its last group is never taken.

    Example:
        >>> len(hold_out({f"{c}{i}": {c: 1} for c in "ab" for i in range(5)}, fraction=0.4, seed=0))
        4
    """
    if not 0 < fraction < 1:
        raise InputError(f"test_fraction must lie between 0 and 1, but is {fraction}.")
    holders: dict[str, list[str]] = defaultdict(list)
    clips: Counter[str] = Counter()
    for name, counts in groups.items():
        clips.update(counts)
        for label in counts:
            holders[label].append(name)
    left = {label: len(names) for label, names in holders.items()}
    taken: set[str] = set()
    for label in sorted(clips, key=lambda c: (clips[c], c)):
        wanted = max(1, round(fraction * clips[label]))
        have = sum(groups[g][label] for g in holders[label] if g in taken)
        for group in shuffled(holders[label], seed=seed, path=("test",)):
            if have >= wanted:
                break
            if group not in taken and all(left[c] > 1 for c in groups[group]):
                taken.add(group)
                have += groups[group][label]
                for c in groups[group]:
                    left[c] -= 1
    return frozenset(taken)


def placed(
    rows: Sequence[tuple[int, dict[str, str]]], table: Path, base: Path | None = None
) -> list[tuple[str, dict[str, str], str, Path]]:
    r"""Where each row of a manifest stands (``"clips.csv, line 7"``), the row, and name and file of its path.

    Names are relative, with forward slashes, and the same on every machine. Paths may be absolute if all are: the names
    are then relative to the folder they share, which `base` may replace where the files have moved.
    """
    where = [f"{table.name}, line {line}" for line, _ in rows]
    texts = [row["path"] for _, row in rows]
    plain = [PurePosixPath(text.replace("\\", "/")) for text in texts]
    for place, text, path in zip(where, texts, plain, strict=True):
        if not text or ".." in path.parts:
            raise InputError(
                f"{place}: a path below the manifest's folder was expected, but {text!r} came. Clip names must be the "
                "same on every machine: write paths relative to one folder, or all of them absolute."
            )
    starts = [path.parts[0] if path.is_absolute() or "".join(path.parts[:1]).endswith(":") else "" for path in plain]
    if (odd := next((i for i, start in enumerate(starts) if start != starts[0]), None)) is not None:
        raise InputError(
            f"{where[odd]}: {texts[odd]!r} and {texts[0]!r} of {where[0]} have no folder in common. Write all "
            "paths relative to one folder, or all of them absolute."
        )
    folder = base or table.parent
    if starts[:1] != [""]:
        shared = PurePosixPath(os.path.commonpath([path.parent for path in plain]))
        given = PurePosixPath(base.absolute().as_posix()) if base else shared
        folder = Path(given)
        plain = [path.relative_to(given if shared.is_relative_to(given) else shared) for path in plain]
    return [
        (place, row, portable(path.as_posix()), located(folder, path.as_posix()))
        for place, (_, row), path in zip(where, rows, plain, strict=True)
    ]


def duration_s(recording: Recording) -> float | None:
    """Length of a recording in seconds as its header tells it; None where it cannot be told."""
    info = probed(recording)
    return None if info is None else info.duration_s


def probed(recording: Recording) -> MediaInfo | None:
    """What the header of a recording tells; None where there is none that can be read."""
    if isinstance(recording, Encoded):
        return _probed(recording)
    stamp = Stamp.of(holder(recording))
    return None if stamp is None else _probed_at(recording, stamp)


@lru_cache(maxsize=2**20)
def _probed_at(path: Path, _stamp: Stamp) -> MediaInfo | None:
    return _probed(path)


def _probed(recording: Recording) -> MediaInfo | None:
    try:
        return probe(recording)
    except MediaError:
        return None


def read_lines(path: Path, what: str) -> list[str]:
    """Lines of a UTF-8 text, with or without a byte order mark; `what` it should be is for the message."""
    try:
        return existing_file(path, what).read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path} should be {what}, but is not UTF-8 text: {error}. Save it again as UTF-8.") from error
