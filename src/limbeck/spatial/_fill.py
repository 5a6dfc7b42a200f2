"""Recordings for the sounds of a scene, found by their words in an index of sounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from limbeck._text import read_table
from limbeck.errors import InputError, MediaError
from limbeck.spatial.scene import Scene, Source

if TYPE_CHECKING:
    from typing import Unpack

    import numpy as np
    import numpy.typing as npt

    from limbeck.index import Hit, SoundIndex
    from limbeck.sounds import EncoderOptions

    Floats = npt.NDArray[np.floating]

_LIST = "manifest.csv"
_LISTENED_S, _LISTENED_HZ = 30, 16_000
_STEP_S = 0.01
_BELOW_LOUDEST_DB = 40.0
_ABOVE = 3
"""Folders in which a list of licences is looked for: that of the recording and those above it."""


@dataclass(frozen=True)
class Found:
    """A recording for a sound.

    Attributes:
        recording: The file.
        offset: The second at which it begins to sound, in the window that was found.
        similarity: Cosine to the words, in [-1, 1].
        above: How far that is above what everyday words usually find in this index, in deviations.
        licence: Of the recording, where a ``manifest.csv`` beside it or above tells; else None.
    """

    recording: Path
    offset: float
    similarity: float
    above: float
    licence: str | None = None


@dataclass(frozen=True)
class Choice:
    """What was found for a source, and what of it was taken.

    Attributes:
        number: Of the source in the scene, from 1.
        words: Its words.
        found: Recordings, best first; each once.
        rank: The place among them, from 1, of the one that was asked for.
        taken: It, or None where it is not good enough or not there.
        refused: Why none was taken, else empty.
    """

    number: int
    words: str
    found: tuple[Found, ...]
    rank: int
    taken: Found | None
    refused: str = ""


def fill(
    scene: Scene,
    index: SoundIndex | Path | str,
    *,
    at_least: float = 0.0,
    alternatives: int = 0,
    ranks: Mapping[int, int] | None = None,
    again: bool = False,
    **options: Unpack[EncoderOptions],
) -> tuple[Scene, list[Choice]]:
    """Give each source of a scene without a recording the one that sounds most like its words in the encoder's prompt.

    Sources with the same words get different recordings: the second one the second best, and so on.

    Args:
        scene: The scene.
        index: An index of sounds, or its folder.
        at_least: The least that a recording must be above what everyday words usually find in this index, in
            deviations. By default 0: words that are not meant find as much.
        alternatives: Further recordings that are given for each source.
        ranks: The rank of the recording to be taken, from 1, by the number of the source, from 1.
        again: Look for recordings of sources that have one, too.
        options: Which encoder is used and how it is loaded.

    Returns:
        The scene with recordings, and what was found for each source that was looked for.

    Raises:
        InputError: There is no such index or source, or nothing is in the index.
        FingerprintError: The encoder is not the index's.
    """
    from limbeck import sounds  # this and what it needs takes seconds, which reading sentences does without
    from limbeck.index import SoundIndex

    ranks = dict(ranks or {})
    if wrong := [number for number, rank in ranks.items() if not 1 <= number <= len(scene.sources) or rank < 1]:
        raise InputError(
            f"A rank was given for source {wrong[0]}; sources are 1 to {len(scene.sources)}, and ranks begin at 1."
        )
    opened = index if isinstance(index, SoundIndex) else SoundIndex.open(index)
    if not len(opened):
        raise InputError(
            "There is nothing in the index; put recordings into it: limbeck sounds index FOLDER --out INDEX"
        )
    wanted = [
        (number, source)
        for number, source in enumerate(scene.sources, 1)
        if again or source.recording is None or number in ranks
    ]
    if not wanted:
        return scene, []
    model = sounds.encoder_of(opened, **options)
    usual = sounds.Usual.of(opened, model, prompt=model.prompt)
    texts = dict.fromkeys(source.words for _, source in wanted)
    prompts = [model.prompt.format(label=words) for words in texts]
    vectors = dict(zip(texts, model.embed_text(prompts).numpy(), strict=True))
    seen: Counter[str] = Counter()
    choices = []
    for number, source in wanted:
        seen[source.words] += 1
        rank = ranks.get(number, seen[source.words])
        hits = _recordings(opened, vectors[source.words], max(rank, 1 + alternatives))
        found = tuple(
            Found(
                hit.path,
                begins(hit.path, hit.start_s),
                hit.similarity,
                usual.above(hit.similarity),
                _licence(hit.path),
            )
            for hit in hits
        )
        taken = found[rank - 1] if rank <= len(found) else None
        refused = _refused(hits, taken, rank, at_least)
        choices.append(Choice(number, source.words, found, rank, None if refused else taken, refused))
    taken_by = {choice.number: choice.taken for choice in choices if choice.taken is not None}
    sources = tuple(_with(source, taken_by.get(number)) for number, source in enumerate(scene.sources, 1))
    return scene.model_copy(update={"sources": sources}), choices


def _recordings(index: SoundIndex, vector: np.ndarray, count: int) -> list[Hit]:
    """The best window of each of the recordings nearest to a vector."""
    top = 2 * count
    while True:
        hits = index.search(vector[None], top)[0]
        best: dict[Path, Hit] = {}
        for hit in hits:
            best.setdefault(hit.path, hit)
        if len(best) >= count or len(hits) < top:
            return list(best.values())[:count]
        top *= 2


def _refused(hits: Sequence[Hit], taken: Found | None, rank: int, at_least: float) -> str:
    if taken is None:
        return f"there are only {len(hits)} recordings, and that of rank {rank} was asked for"
    if taken.above < at_least:
        return (
            f"the recording of rank {rank} is {taken.above:+.1f} above the usual, and {at_least:+.1f} is the least. "
            "Everyday words that are not meant find as much: either no such sound is in the index, or the encoder does "
            "not know the words"
            if at_least == 0
            else f"the recording of rank {rank} is {taken.above:+.1f} above the usual, and {at_least:+.1f} is the least"
        )
    try:
        hits[rank - 1].file.located()
    except MediaError as error:
        return error.detail.rstrip(".")
    return ""


def begins(recording: Path, start_s: float) -> float:
    """The second from `start_s` on at which a recording begins to sound: within 40 dB of its loudest 10 ms."""
    import numpy as np

    from limbeck import media

    times: list[Floats] = [np.zeros(0)]
    energies: list[Floats] = [np.zeros(0)]
    with suppress(MediaError):  # who takes it is told why it cannot be read
        for window in media.sound_windows(recording, sample_rate_hz=_LISTENED_HZ, window_s=1.0, hop_s=1.0):
            if window.start_s >= start_s + _LISTENED_S:
                break
            step = round(_STEP_S * _LISTENED_HZ)
            steps = window.samples[: len(window.samples) // step * step].reshape(-1, step)
            times.append(window.start_s + _STEP_S * np.arange(len(steps)))
            energies.append(np.square(steps).mean(axis=1))
    when, loud = np.concatenate(times), np.concatenate(energies)
    after = when >= start_s - _STEP_S / 2
    when, loud = when[after], loud[after]
    heard = loud > loud.max(initial=0.0) * 10 ** (-_BELOW_LOUDEST_DB / 10)
    # The first of these steps may be the second half of a sound's beginning.
    return max(start_s, float(when[heard.argmax()]) - _STEP_S) if heard.any() else start_s


def _with(source: Source, found: Found | None) -> Source:
    if found is None:
        return source
    return source.model_copy(
        update={"recording": str(found.recording), "offset": round(found.offset, 3), "licence": found.licence}
    )


def _licence(recording: Path) -> str | None:
    """The licence of a recording by the nearest list with columns path and licence."""
    for folder in [*recording.parents][:_ABOVE]:
        licences = _licences(folder / _LIST)
        if (name := recording.relative_to(folder).as_posix()) in licences:
            return licences[name]
    return None


@cache
def _licences(table: Path) -> dict[str, str]:
    if not table.is_file():
        return {}
    try:
        columns, rows = read_table(table)
    except InputError:  # somebody else's list
        return {}
    name = next((column for column in ("licence", "license") if column in columns), None)
    if name is None or "path" not in columns:
        return {}
    return {row["path"]: row[name] for _, row in rows if row[name]}
