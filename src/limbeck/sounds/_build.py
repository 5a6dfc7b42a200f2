"""From recordings to an index, and from an index and words to a classifier."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from limbeck import _files
from limbeck.encoders import Encoder, EncoderNote
from limbeck.engine import bar
from limbeck.engine.executor import Executor
from limbeck.errors import FingerprintError, InputError
from limbeck.index import Hit, Pool, SoundIndex, Update
from limbeck.prototypes import Piece, PrototypeClassifier, SoundClassifier
from limbeck.sounds import _examples, _labels, _shown, _standing
from limbeck.sounds._correct import applied
from limbeck.sounds._corrections import LEARNED, ORIGIN, Correction, Corrections, Origin
from limbeck.sounds._encoders import EncoderOptions, ready
from limbeck.sounds._standing import LANGUAGE, Usual


def index(
    sources: Path | str | Sequence[Path | str],
    *,
    out: Path | str,
    checkpoint: str | None = None,
    window: float | None = None,
    hop: float | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: bool = True,
    **options: Unpack[EncoderOptions],
) -> Update:
    """Embed recordings window by window into an index, or bring one up to date.

    Args:
        sources: Folders and files; of those below folders, the ones that are gone leave the index.
        out: Folder of the index; made if there is none.
        checkpoint: One of the encoder's; the index's own, or the first, by default.
        window: Length of a window in seconds; the encoder's by default.
        hop: Seconds from one window to the next; windows lie side by side by default.
        workers: Processes that decode; as many as there are cores by default.
        executor: What reads and embeds instead of this process: the machines of a cluster (`limbeck.engine.on_ray`),
            which all see `sources`, `out` and the folder of weights. The vectors are the same.
        progress: Draw a bar on standard error.
        options: Which encoder is used and how it is loaded; `encoder` is ``"clap"`` by default for a new index.

    Raises:
        InputError: A source is not there, or the index was made with another encoder or other windows.
        MissingWeightsError: The encoder's weights are not there and cannot be had.
        BusyError: Another process is at work in the index.
    """
    given = [sources] if isinstance(sources, Path | str) else list(sources)
    there = SoundIndex.open(out) if SoundIndex.exists(out) else None
    if there is not None:
        # Before the encoder is loaded, or fetched.
        has = there.settings
        if window not in (None, has.window_s) or hop not in (None, has.hop_s):
            raise InputError(
                f"This index has windows of {has.window_s:g} s every {has.hop_s:g} s, and windows of another kind "
                "cannot join them. Leave --window and --hop out, or choose another --out."
            )
        encoder = options.get("encoder")
        if isinstance(encoder, str) and encoder != there.encoder.name:
            raise InputError(
                f"This index was made with {there.encoder.name}, but {encoder} was requested, and vectors of two "
                "encoders cannot be compared. Leave --encoder out, or choose another --out."
            )
    note = EncoderNote(name="clap") if there is None else there.encoder
    if executor and (folder := options.get("weights")):  # tasks run in other folders
        options["weights"] = Path(folder).absolute()
    load = partial(ready, note.model_copy(update={"checkpoint": checkpoint or note.checkpoint}), **options)
    model = load()
    if there is None:
        there = SoundIndex.create(out, model, window_s=window, hop_s=hop)
    with bar("Listening", show=progress) as tell:
        return there.update(
            [Path(source) for source in given], model, workers=workers, progress=tell, executor=executor, load=load
        )


def search(
    index: Path | str | SoundIndex,
    words: str = "",
    *,
    like: Sequence[Path | str] = (),
    at: float | None = None,
    unlike: Sequence[Path | str] = (),
    top: int = 10,
    exact: bool | None = None,
    standing: bool = False,
    **options: Unpack[EncoderOptions],
) -> list[Hit]:
    """Find the windows of an index whose sound is nearest to some words, to examples, or to both, best first.

    Args:
        index: An index or its folder.
        words: What to look for; may be empty where there are examples.
        like: Recordings that sound like it, and sets of windows that an earlier search saved (``.json``). Their own
            windows are not among what is found.
        at: Where in the one recording `like` the sound begins, in seconds; all of each recording by default.
        unlike: Recordings and sets that do not sound like it.
        top: Most windows that are given, >= 1.
        exact: Look at every window; None means if there is no approximate index.
        standing: Say of each window how far it is `above` the best that everyday words usually find in this index;
            where words alone are looked for.
        options: Which encoder is used and how it is loaded.

    Raises:
        InputError: There is no such index, nothing to look for, or an example that cannot be used.
        FingerprintError: The encoder is not the index's.
    """
    opened = index if isinstance(index, SoundIndex) else SoundIndex.open(index)
    if not words.strip() and not like:
        raise InputError('There are no words to look for; give some, for instance "glass breaking", or an example.')
    if os.path.isfile(words):
        raise InputError(
            f"{words} is a recording that is there, but search looks for words. To search by example: limbeck sounds "
            f"search INDEX --like {words}"
        )
    if at is not None and not like:
        raise InputError("A beginning (--at) belongs to a recording; give it with --like, or leave --at out.")
    model = encoder_of(opened, **options)
    vector = partial(_examples.vector, encoder=model, window_s=opened.settings.window_s, recordings=opened.recordings)
    wanted = [model.embed_text([words]).numpy()[0]] if words.strip() else []
    wanted += [vector(like, at_s=at)] if like else []
    if not len(opened):
        return []
    query = opened.blend(np.stack(wanted), vector(unlike)[None] if unlike else None)
    asked = top
    while True:
        hits = opened.search(query, asked, exact=exact)[0]
        found = _examples.without_examples(hits, like, at)
        if len(found) >= top or len(hits) < asked:
            if not standing or like or unlike:
                return found[:top]
            usual = Usual.of(opened, model)
            return [replace(hit, above=usual.above(hit.similarity)) for hit in found[:top]]
        asked *= 2


def learn(
    index: Path | str | SoundIndex,
    labels: _labels.Labels | None = None,
    *,
    examples: Path | str | None = None,
    out: Path | str | None = None,
    prompts: Sequence[str] | None = None,
    preset: str | None = None,
    neighbours: int | None = None,
    reject: str | float | None = None,
    settings: Mapping[str, Any] | None = None,
    fresh: bool = False,
    refuse_unknown: bool = False,
    told: Callable[[str], None] = lambda what: None,
    **options: Unpack[EncoderOptions],
) -> SoundClassifier:
    """Learn what words sound like from an index nobody has labelled.

    Args:
        index: An index or its folder.
        labels: Words with commas between, each ``label`` or ``label: description``, in double quotes where it has a
            comma of its own; a text file with one of these a line; a CSV file with a column ``label``; a list; or
            descriptions by label. A description is what the encoder reads instead of the label. May be None where there
            are examples.
        examples: Folder with a folder of recordings for each label. They stand for it beside what its word finds; a
            label that is none of the words stands for its examples alone.
        out: Folder of the classifier, new, empty, or an older one's, whose corrections of labels that remain are made
            again; None keeps nothing on disk.
        prompts: Sentences with ``{label}`` in them; the encoder's own by default.
        preset: ``"paper"`` for the published method.
        neighbours: Windows a word; from the size of the index, or the preset's, by default.
        reject: What is none of the words: ``"auto"``, or the share of known sounds that may be lost; see
            `PrototypeClassifier`. None names everything.
        settings: Further settings of the `PrototypeClassifier` that differ from its defaults or the preset.
        fresh: Forget the corrections of the classifier that is there.
        refuse_unknown: Refuse words that find less in the index than nearly every everyday word does: the encoder does
            not know them, or nothing like them is there.
        told: Told which corrections were kept and which not, and what of the examples cannot be used, a sentence each.
        options: Which encoder is used and how it is loaded.

    Raises:
        InputError: There is no such index, it holds too few windows, a label or setting does not fit, or `out` holds
            other things.
        FingerprintError: The encoder is not the index's.
    """
    if labels is None and examples is None:
        raise InputError("There is nothing to learn: give words (labels), examples, or both.")
    words = {} if labels is None else _labels.read(labels)
    shown = None if examples is None else _shown.read(Path(examples), tuple(words))
    if out is not None:
        _check_place(Path(out))
    opened = index if isinstance(index, SoundIndex) else SoundIndex.open(index)
    asked = {"neighbours": neighbours, "reject": reject}
    asked = {name: value for name, value in asked.items() if value is not None}
    learner = _classifier(preset, asked | dict(settings or {}))
    model = encoder_of(opened, **options)
    if not len(pool := opened.pool()):
        raise InputError("This index holds no window to learn from. Bring it up to date with: limbeck sounds index.")
    if words and refuse_unknown:
        _refuse_unknown(words, opened, model, told)
    made = SoundClassifier.learn(
        model,
        list(words),
        pool.joint,
        None if preset else pool.features,
        _Pieces(pool),
        prompts=tuple(prompts or ()),
        descriptions={label: about for label, about in words.items() if about},
        window_s=opened.settings.window_s,
        hop_s=opened.settings.hop_s,
        classifier=learner,
        examples=None
        if shown is None
        else _shown.embedded(shown, model, opened.settings, joint=preset is not None, told=told),
    )
    if out is None:
        return made
    folder = Path(out)
    place = "" if isinstance(index, SoundIndex) else str(index)
    with _files.exclusive(folder):
        origin = Origin.of(place, folder, windows=len(pool))
        before = Corrections() if fresh else Origin.read(folder).corrections
        wanted, kept = _kept(before, made, opened, folder, told, options | {"encoder": model})
        if not fresh and _has_thresholds(folder):
            told("Least scores of words from an earlier check were forgotten; measure again: limbeck sounds check.")
        # In this order: wherever it stops, no correction is made twice, or of words that are not there.
        origin.model_copy(update={"corrections": wanted}).write(folder)
        if wanted.remove or wanted.add:
            made.save(folder / LEARNED)
        else:
            shutil.rmtree(folder / LEARNED, ignore_errors=True)
        kept.save(folder)
    return kept


def _refuse_unknown(words: Mapping[str, str], index: SoundIndex, encoder: Encoder, told: Callable[[str], None]) -> None:
    """Refuse words that mean nothing in an index, and tell those that find no more than most everyday words."""
    strange, above = _standing.unknown(index, encoder, [about or label for label, about in words.items()])
    if lost := [label for label, unknown in zip(words, strange, strict=True) if unknown]:
        raise InputError(
            f"Nothing in the index sounds like {', '.join(map(repr, lost))}: everyday words that have nothing to "
            f"do with it find more. The encoder reads {LANGUAGE}. Describe the sound in other words (label: "
            "description), teach it by recordings (--examples), or learn it all the same (--allow-unknown)."
        )
    faint = [label for label, value in zip(words, above, strict=True) if value < -1]
    if faint:
        told(
            f"Little in the index sounds like {', '.join(map(repr, faint))}. Listen to what search finds for it, and "
            "describe it in other words if that is wrong."
        )


def _has_thresholds(folder: Path) -> bool:
    try:
        return bool(SoundClassifier.load(folder).thresholds)
    except InputError:  # there is none yet, or one that was begun
        return False


def _kept(
    before: Corrections,
    made: SoundClassifier,
    index: SoundIndex,
    folder: Path,
    told: Callable[[str], None],
    options: EncoderOptions,
) -> tuple[Corrections, SoundClassifier]:
    """The corrections of labels that remain, and a classifier just learned with them made again."""
    of_labels = before.of_labels(made.labels)
    refused: list[Correction] = []

    def cannot(one: Correction, error: InputError) -> None:
        refused.append(one)
        told(f"A correction of {one.label!r} is not made again: {error}")

    corrected = applied(of_labels, deepcopy(made), index, folder, refused=cannot, **options)
    kept = {name: tuple(one for one in getattr(of_labels, name) if one not in refused) for name in ("remove", "add")}
    wanted = Corrections(**kept)
    for label in made.labels:
        out, into = (sum(one.label == label for one in some) for some in (wanted.remove, wanted.add))
        if out or into:
            told(f"Corrections of {label!r} were kept: {out} taken out, {into} put in.")
    lost = dict.fromkeys(one.label for one in (*before.remove, *before.add) if one.label not in made.labels)
    if lost:
        told(f"Corrections of words that are no longer there were forgotten: {', '.join(lost)}.")
    return wanted, corrected


class _Pieces(Sequence[Piece]):
    """What the rows of a pool are, made when asked for: of a million, a few hundred are."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __len__(self) -> int:
        return len(self._pool)

    def __getitem__(self, row: int) -> Piece:  # type: ignore[override]  # nobody slices it
        pool = self._pool
        start_s, duration_s = float(pool.start_s[row]), float(pool.duration_s[row])
        return Piece(path=str(pool.path[row]), start_s=start_s, duration_s=duration_s, sha256=pool.file[row].sha256)


def _check_place(folder: Path) -> None:
    """Refuse a folder that holds something else than a classifier, whole or begun."""
    others = sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []
    if not others:
        return
    try:
        if (folder / ORIGIN).is_file():
            Origin.read(folder)
        else:
            SoundClassifier.load(folder)
    except ValueError as error:
        raise InputError(
            f"{folder} holds other things ({', '.join(others[:3])}); choose a new folder for the classifier."
        ) from error


def _classifier(preset: str | None, settings: dict[str, Any]) -> PrototypeClassifier:
    if preset not in (None, "paper"):
        raise InputError(f"There is no preset {preset!r} for naming sounds; known: paper.")
    made = PrototypeClassifier.paper() if preset else PrototypeClassifier()
    if unknown := sorted(settings.keys() - made.get_params().keys()):
        raise InputError(f"{unknown[0]!r} is no setting of a classifier; known: {', '.join(made.get_params())}.")
    made.set_params(**settings)
    return made


def encoder_of(index: SoundIndex, **options: Unpack[EncoderOptions]) -> Encoder:
    """Load the encoder an `index` was made with, as the `options` say.

    Raises:
        FingerprintError: The encoder that was given, or its weights, are others.
        MissingWeightsError: The weights are not there and cannot be had.
    """
    model = ready(index.encoder, **options)
    if model.id != index.encoder.id:
        raise FingerprintError(
            f"This index was made by {index.encoder.id}, but got {model.id}, and vectors of two encoders cannot be "
            "compared. Give the weights it was made with (--weights), or make a new index."
        )
    return model
