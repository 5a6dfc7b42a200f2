"""Evaluate or measure a set on a prepared dataset: what is found is kept, and not asked again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from limbeck._runtime import choose_runtime
from limbeck.datasets import Prepared, Scale
from limbeck.datasets._statistics import SoundScale
from limbeck.distilled import DistilledSet
from limbeck.engine import bar, runtime_of
from limbeck.errors import InputError
from limbeck.evaluation import _evaluate, measured, measures, store
from limbeck.evaluation._subject import subject
from limbeck.evaluation.measured import Measured
from limbeck.evaluation.measures import Measure
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.score import Score
from limbeck.networks import Architecture


def evaluate(
    what: Path | str | DistilledSet | None,
    *,
    on: Path | str | Prepared,
    out: Path | str | None = None,
    title: str | None = None,
    repeats: int = 5,
    head: str = "ensemble",
    network: Architecture | None = None,
    protocol: Protocol | None = None,
    sound: SoundScale = "standardised",
    seed: int = 0,
    device: str = "auto",
    progress: bool = True,
    **training: Any,
) -> Score:
    """Train networks from scratch on a distilled set, or on the full dataset, and test them on real clips.

    Args:
        what: A distilled set; None trains on the whole training split.
        on: The prepared dataset whose test split is used, once, after the last epoch.
        out: Folder of the score; a distilled set on disk keeps scores in its own folder by default. Every student is
            kept when it is there, and those found there are not trained again. The file's name holds the title and a
            digest of the question: another test set or protocol is another file.
        title: Name in tables; says method, mosaic and head by default.
        repeats: Networks, each with its own seed.
        head: What joins sound and picture (`networks.heads.names()`).
        network: Architecture; the one the set was distilled with by default.
        protocol: How the networks are trained; the literature's by default.
        sound: Scale of sound for the whole split; a distilled set brings its own.
        seed: Seed of every random draw.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        progress: Whether a bar is drawn on standard error.
        training: Settings of `evaluation.Protocol` that differ from `protocol`: ``epochs=300``, for instance.

    Raises:
        InputError: The set does not fit the dataset, a setting is wrong, or a file is damaged.
        DivergedError: Training diverged.
    """
    prepared = Prepared.open(on)
    made = None if what is None else DistilledSet.load(what)
    train, test = prepared.clips("train") if made is None else made, prepared.clips("test")
    asked: dict[str, Any] = {
        "network": network or (made.network if made is not None else Architecture()),
        "protocol": (protocol or Protocol()).changed(**training),
        "head": head,
        "seed": seed,
        "scale": Scale.of(prepared.statistics, sound) if made is None else None,
        "device": choose_runtime(device).device,
    }
    question = _evaluate.question(train, test, **asked)
    title = title or question.title
    file = store.ResultFile.of(question, store.folder_for(what, out, store.SCORES), title)
    with bar(f"Evaluating {title}", show=progress) as tell:
        return _evaluate.evaluate(
            train,
            test,
            **asked,
            repeats=repeats,
            done=file.read(),
            on_progress=lambda number, report: tell(number * report.epochs + report.epoch, repeats * report.epochs),
            on_repeat=file.keep,
        )


def measure(
    what: Path | str | DistilledSet | None,
    measure: str | Measure,
    *,
    on: Path | str | Prepared,
    out: Path | str | None = None,
    title: str | None = None,
    repeats: int = 3,
    network: Architecture | None = None,
    protocol: Protocol | None = None,
    sound: SoundScale = "standardised",
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    progress: bool = True,
    **settings: Any,
) -> Measured:
    """Measure something else than accuracy of a distilled set, or of the full dataset: retrieval, for instance.

    Args:
        what: A distilled set; None for the whole training split.
        measure: Name of a measure (`evaluation.measures.names()`) or a measure.
        on: The prepared dataset: its test clips are used, and its training clips by measures that need them.
        out: Folder of the result; a distilled set on disk keeps what was measured in its own folder by default. Every
            repeat is kept when it is there, and those found there are not done again.
        title: First part of the file's name, the measure's by default; the rest differs wherever something else is
            asked.
        repeats: How often, each time with a seed of its own.
        network: Architecture; the one the set was distilled with by default.
        protocol: How students are trained; the literature's by default.
        sound: Scale of sound for the whole split; a distilled set brings its own.
        seed: Seed of every random draw.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        dtype: Number format for measures that distil again; by default that of the set's own run.
        progress: Whether a bar is drawn on standard error.
        settings: Of the measure, where they differ from its defaults.

    Raises:
        InputError: The set does not fit the dataset, a name or a setting is wrong, the measure refused the set, or
            a file is damaged.
        DivergedError: Training diverged.
    """
    asked = measure if isinstance(measure, Measure) else measures.load(measure).from_json(settings)
    if settings and isinstance(measure, Measure):
        raise InputError(f"Settings {sorted(settings)} came beside a ready {type(measure).__name__}; give one of them.")
    prepared = Prepared.open(on)
    made = None if what is None else DistilledSet.load(what)
    of = subject(
        made,
        prepared.clips("train"),
        prepared.clips("test"),
        runtime=runtime_of(Path(what) if isinstance(what, Path | str) else None, device, dtype),
        network=network or (made.network if made is not None else Architecture()),
        protocol=protocol or Protocol(),
        sound=sound,
        cache=prepared.cache,
    )
    folder = store.folder_for(what, out, store.MEASURES)
    file = store.ResultFile.of(measured.question(asked, of, seed), folder, title or asked.name)
    done = file.read()
    with bar(f"Measuring {asked.name}", show=progress) as tell:

        def keep(found: Measured) -> None:
            tell(found.n, repeats)
            file.keep(found)

        tell(done.n if done else 0, repeats)
        return measured.take(asked, of, repeats=repeats, seed=seed, done=done, on_repeat=keep)
