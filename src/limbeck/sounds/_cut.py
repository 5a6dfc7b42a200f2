"""Cutting what was found out of its recordings: a clip for each row of a table of names or of a search."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from limbeck._files import sha256_of
from limbeck._text import read_table
from limbeck.errors import InputError, MediaError
from limbeck.media import MelRecipe, read_sound, write_wav
from limbeck.sounds._predictions import Unread

_NEEDED = (
    "a table (CSV) or a list (JSON) with path, start_s and duration_s, as limbeck sounds classify, search and detect "
    "write"
)
_FALLBACK_HZ = 48_000
_UNLABELLED = "found"


@dataclass(frozen=True)
class Clip:
    """A clip that was written to `path`: the piece of `recording` that begins at `start_s` and is `duration_s` long."""

    path: Path
    recording: Path
    start_s: float
    duration_s: float
    label: str | None

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {name: str(value) if isinstance(value, Path) else value for name, value in vars(self).items()}


@dataclass(frozen=True)
class _Found:
    path: Path
    start_s: float
    duration_s: float
    label: str | None
    nature: str
    score: float | None
    sha256: str


def cut(
    found: Path | str,
    *,
    out: Path | str,
    root: Path | str | None = None,
    labels: Sequence[str] = (),
    min_score: float = 0.0,
    margin: float = 0.0,
) -> Iterator[Clip | Unread]:
    """Write a WAV file for each sound of a table, in the folder of its label, as the rows are read.

    Clips have the rate and channels of their recordings where libsndfile reads these, else 48 kHz and one channel. They
    are named by their recording and second. Where the table has recordings of one name in several folders, the folders
    that tell these apart stand before it, so that a clip's name means one recording, whichever rows are cut. A sound
    without a label lies in a folder of why it has none (``unsure``, ``unknown``, ``noise``, ``silence``), or in
    ``found``.

    Args:
        found: Table (CSV) that ``classify`` or ``detect`` wrote, list (JSON) that ``classify`` or ``search`` printed,
            or set of examples (JSON) that a search saved; any table with ``path``, ``start_s`` and ``duration_s`` (or
            ``end_s``) will do.
        out: Folder of the clips.
        root: Folder that the paths of the table begin from, where they are relative; for a table of ``detect``, the
            archive. By default the table's own folder, or the folder of work where nothing of that name lies there.
        labels: Only sounds of these labels; all, also those without one, by default.
        min_score: Only sounds with at least this score, or this similarity.
        margin: Seconds more before and after, >= 0.

    Raises:
        InputError: The file is no such table, the margin is negative, or a label stands for nothing in it.
    """
    if margin < 0:
        raise InputError(f"The margin must be at least 0 s, but got {margin:g}.")
    rows = _read(Path(found), None if root is None else Path(root))
    if unknown := [label for label in labels if label not in {row.label for row in rows}]:
        there = ", ".join(sorted({row.label for row in rows if row.label})) or "none"
        raise InputError(f"Nothing in {found} is named {unknown[0]!r}; labels in it: {there}.")
    wanted = [row for row in rows if not labels or row.label in labels]
    wanted = [row for row in wanted if row.score is None or row.score >= min_score]
    return _written(wanted, _stems({row.path for row in rows}), Path(out), margin)


def _stems(paths: Collection[Path]) -> dict[Path, str]:
    """What the clips of each recording are called by: its name, and as many of its folders as make that its own.

    Example:
        >>> list(_stems([Path("a/1.wav"), Path("b/1.wav"), Path("b/2.wav")]).values())
        ['a_1', 'b_1', '2']
    """
    parts = {path: (*path.parent.parts, path.stem) for path in paths}
    stems: dict[Path, str] = {}
    left = set(paths)
    for count in range(1, max(map(len, parts.values()), default=0) + 1):
        ends = Counter(parts[path][-count:] for path in left)
        own = {path for path in left if ends[parts[path][-count:]] == 1}
        stems |= {path: "_".join(part.strip("/") for part in parts[path][-count:]) for path in own}
        left -= own
    stems |= {path: path.name for path in left}  # recordings of one folder, told apart by their kind alone
    return {path: stems[path] for path in paths}


def _written(rows: Sequence[_Found], stems: Mapping[Path, str], out: Path, margin: float) -> Iterator[Clip | Unread]:
    names: set[Path] = set()
    contents: dict[Path, str] = {}
    for row in rows:
        start = max(0.0, row.start_s - margin)
        length = row.start_s + row.duration_s + margin - start
        try:
            if row.sha256 and contents.setdefault(row.path, sha256_of(row.path)) != row.sha256:
                gone = not contents[row.path]
                raise MediaError(
                    "missing_file" if gone else "changed_file",
                    f"{row.path} {'is no longer there' if gone else 'has changed since it was named'}.",
                )
            waveform, rate = _samples(row.path, start, length)
        except MediaError as error:
            yield Unread(row.path, str(error))
            continue
        said = row.label or row.nature or _UNLABELLED
        folder = out / (re.sub(r"[^\w .()+-]", "_", said).strip(" .") or "_")
        stem, count = f"{stems[row.path]}_{row.start_s:.2f}s", 1
        place = folder / f"{stem}.wav"
        while place in names:  # windows that begin within the same hundredth of a second
            count += 1
            place = folder / f"{stem}_{count}.wav"
        names.add(place)
        write_wav(place, waveform, rate)
        yield Clip(place, row.path, start, waveform.shape[-1] / rate, row.label)


def _samples(path: Path, start_s: float, length_s: float) -> tuple[npt.NDArray[np.float32], int]:
    import soundfile

    if not path.is_file():
        raise MediaError("missing_file", f"{path} does not exist.")
    try:
        with open(path, "rb") as handle, soundfile.SoundFile(handle) as file:
            rate = int(file.samplerate)
            file.seek(min(round(start_s * rate), file.frames))
            samples = file.read(round(length_s * rate), dtype="float32", always_2d=True).T
    except soundfile.SoundFileError:
        recipe = MelRecipe(sample_rate_hz=_FALLBACK_HZ, clip_seconds=length_s)
        return read_sound(path, start_s=start_s, length_s=length_s, recipe=recipe)[0], _FALLBACK_HZ
    if not samples.shape[1]:
        raise MediaError("too_short", f"{path} ends before {start_s:g} s.")
    return np.nan_to_num(samples), rate


def _read(found: Path, root: Path | None) -> list[_Found]:
    try:
        if found.suffix.lower() == ".json":
            rows = json.loads(found.read_text(encoding="utf-8"))
            rows = rows["windows"] if isinstance(rows, dict) else rows
        else:
            rows = [row for _, row in read_table(found)[1]]
        return [_row(row, found.parent, root) for row in rows if not row.get("error")]
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{found} cannot be read as {_NEEDED}: {error!r}.") from error


def _row(row: Any, beside: Path, root: Path | None) -> _Found:
    """A row of a table, or an item of a list, that lies `beside` other files."""
    path = Path(row["path"])
    if root is not None:
        path = root / path
    elif (beside / path).exists():
        path = beside / path
    start = float(row["start_s"])
    length = float(row["duration_s"]) if "duration_s" in row else float(row["end_s"]) - start
    given = row.get("scores")
    best = given[0]["score"] if isinstance(given, list) and given else None
    score = next((row[name] for name in ("score", "similarity") if row.get(name) not in (None, "")), best)
    return _Found(
        path=path,
        start_s=start,
        duration_s=length,
        label=row.get("label") or None,
        nature=row.get("nature") or "",
        score=None if score is None else float(score),
        sha256=row.get("sha256") or "",
    )
