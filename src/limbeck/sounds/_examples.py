"""Searching by example: recordings, windows of them and sets of windows become vectors to look for."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from limbeck import _files
from limbeck._config import Config
from limbeck.encoders import Encoder
from limbeck.errors import InputError, MediaError
from limbeck.index import File, Hit, embed_stretches
from limbeck.media import AROUND_S, MelRecipe, Recording, SoundStretch, read_sound, sound_stretches
from limbeck.prototypes import Piece

Floats = npt.NDArray[np.float32]


class ExampleSet(Config):
    """Windows that were found, kept in a JSON file to be looked for again, also where their index is another.

    Attributes:
        windows: Each with its recording's path, its beginning and length in seconds, and the SHA-256 of the recording.
    """

    windows: tuple[Piece, ...] = ()

    @classmethod
    def of(cls, hits: Iterable[Hit]) -> Self:
        """Make a set of what a search found."""
        return cls(
            windows=tuple(
                Piece(path=str(hit.path), start_s=hit.start_s, duration_s=hit.duration_s, sha256=hit.file.sha256)
                for hit in hits
            )
        )

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote.

        Raises:
            InputError: The file is no set of examples, or was changed since.
        """
        if not path.is_file():
            raise InputError(f"There is no set of examples {path}. Make one: limbeck sounds search ... --save {path}")
        return cls.from_json(_files.read_record(path))

    def write(self, path: Path) -> None:
        """Write it as JSON, atomically."""
        _files.write_record(path, self.to_json())


def vector(
    examples: Sequence[Path | str],
    encoder: Encoder,
    *,
    window_s: float,
    at_s: float | None = None,
    recordings: Callable[[], Iterable[File]] = tuple,
) -> Floats:
    """Embed examples as one direction of the joint space, float32, (dim,): the mean of all their windows.

    Args:
        examples: Recordings, and sets of windows (``.json``); at least one.
        encoder: The index's.
        window_s: Length of a window in seconds.
        at_s: Where in the recording the sound begins, in seconds >= 0; None means all of each recording.
        recordings: Gives the recordings of the index; asked where one of a set is no longer where it was.

    Raises:
        InputError: A recording or a set cannot be read, or `at_s` is given for several examples or for a set.
    """
    if at_s is not None and (len(examples) != 1 or _is_set(examples[0])):
        raise InputError("A beginning (--at) belongs to one recording; give one with --like, or leave --at out.")
    places = functools.cache(lambda: {file.sha256: file for file in recordings()})
    parts = []
    for example in examples:
        pieces = ExampleSet.read(Path(example)).windows if _is_set(example) else ()
        if _is_set(example) and not pieces:
            raise InputError(f"The set of examples {example} holds no window. Save one that found something.")
        for piece in pieces:
            length_s = min(window_s, piece.duration_s or window_s)
            parts.append(_embedded(_located(piece, places), encoder, length_s, piece.start_s))
        parts += [] if pieces else [_embedded(Path(example), encoder, window_s, at_s)]
    return _direction(np.stack(parts))


def recording_vector(recording: Recording, encoder: Encoder, *, window_s: float, at_s: float | None = None) -> Floats:
    """Embed a `recording`, or its window from `at_s` seconds on, by an `encoder`, as a direction of the joint space.

    Windows are `window_s` seconds long. Returns float32, (dim,), of length 1.

    Raises:
        MediaError: It cannot be decoded, is silent, or ends before `at_s`.
    """
    rate_hz = encoder.sample_rate
    stretches: Iterable[SoundStretch]
    if at_s is None:
        stretches = sound_stretches(recording, sample_rate_hz=rate_hz, window_s=window_s, hop_s=window_s)
    else:
        stretches = [_window(recording, rate_hz, window_s, at_s)]
    total = np.zeros(encoder.dim, np.float64)
    for stretch in stretches:
        total += embed_stretches(encoder, [stretch]).joint.double().sum(dim=0).numpy()
    return _direction(total[None])


def _window(recording: Recording, rate_hz: int, window_s: float, at_s: float) -> SoundStretch:
    """One window with what is around it, as it is heard among others."""

    def heard(start_s: float, length_s: float) -> Floats:
        recipe = MelRecipe(sample_rate_hz=rate_hz, clip_seconds=length_s)
        return np.ascontiguousarray(read_sound(recording, start_s=start_s, recipe=recipe)[0])

    count = len(heard(at_s, window_s))  # refused if there is no sound in it
    before_s, after = min(at_s, AROUND_S), round(AROUND_S * rate_hz)
    wide = heard(at_s - before_s, before_s + window_s + AROUND_S)
    wide = wide if wide[-after:].any() else wide[:-after]  # the recording ends with it
    first = min(round(before_s * rate_hz), len(wide) - 1)
    return SoundStretch(at_s - before_s, rate_hz, wide, ((first, min(count, len(wide) - first)),))


def without_examples(hits: Sequence[Hit], examples: Sequence[Path | str], at_s: float | None) -> list[Hit]:
    """Drop from what was found the very sounds that were looked for, known by their recordings' bytes."""
    windows = [piece for one in examples if _is_set(one) for piece in ExampleSet.read(Path(one)).windows]
    known = {(piece.sha256, round(piece.start_s, 3)) for piece in windows}
    whole = {_files.sha256_of(Path(one)) for one in examples if not _is_set(one)}

    def is_example(hit: Hit) -> bool:
        if hit.file.sha256 in whole:
            return at_s is None or hit.start_s <= at_s < hit.start_s + hit.duration_s
        return (hit.file.sha256, round(hit.start_s, 3)) in known

    return [hit for hit in hits if not is_example(hit)]


def _is_set(example: Path | str) -> bool:
    return Path(example).suffix.lower() == ".json"


def _located(piece: Piece, places: Callable[[], Mapping[str, File]]) -> Path:
    """Where the recording of a window lies now: where it was when it was saved, or where the index has its bytes."""
    path = Path(piece.path)
    if (now := _files.sha256_of(path)) == piece.sha256:
        return path
    if (known := places().get(piece.sha256)) is not None and known.is_at(known.place):
        return known.place
    raise InputError(
        f"The example {path} {'has changed' if now else 'is gone'} since it was saved, and the index knows no other "
        "place of it. Bring it back, bring the index up to date with where it is now, or save the set of examples "
        "anew: limbeck sounds search ... --save."
    )


def _embedded(path: Path, encoder: Encoder, window_s: float, at_s: float | None) -> Floats:
    try:
        return recording_vector(path, encoder, window_s=window_s, at_s=at_s)
    except MediaError as error:
        raise InputError(f"The example {path} cannot be used: {error} Give another recording.") from error


def _direction(rows: npt.NDArray[np.floating]) -> Floats:
    """The direction of the mean of rows (row, dim), each brought to length 1 before, float32, (dim,)."""
    lengths = np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    mean = (rows / lengths).mean(axis=0)
    return np.asarray(mean / max(float(np.linalg.norm(mean)), np.finfo(np.float32).tiny), np.float32)
