"""Evaluate a set on a prepared dataset: what is found is kept, and not asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import Any

from limbeck.datasets import Prepared
from limbeck.distilled import DistilledSet
from limbeck.engine import bar, runtime_of
from limbeck.errors import InputError
from limbeck.evaluation import measures, store
from limbeck.evaluation._evaluate import answer, question
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.measures import Measure
from limbeck.evaluation.measures.accuracy import Accuracy
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.score import Score
from limbeck.evaluation.train import EpochReport
from limbeck.modalities import ScaleKind
from limbeck.networks import Architecture


def evaluate(
    what: Path | str | DistilledSet | None,
    measure: str | Measure | None = None,
    *,
    on: Path | str | Prepared,
    out: Path | str | None = None,
    title: str | None = None,
    repeats: int = 5,
    modalities: Collection[str] | None = None,
    network: Architecture | None = None,
    protocol: Protocol | None = None,
    sound: ScaleKind = "standardised",
    seed: int = 0,
    device: str = "auto",
    dtype: str = "auto",
    progress: bool = True,
    **settings: Any,
) -> Score:
    """Train networks from scratch on a distilled set, or on the full dataset, and test them on real clips.

    Args:
        what: A distilled set; None trains on the whole training split.
        measure: Name of a measure (`evaluation.measures.names()`) or a measure; accuracy by default.
        on: The prepared dataset: its test clips are used, once, and its training clips by measures that need them.
        out: Folder of the score; a distilled set on disk keeps scores in its own folder by default. Every repeat is
            kept when it is there, and those found there are not done again. The file's name holds the title and a
            digest of the question: another test set or protocol is another file.
        title: Name in tables; says method, how samples are held and head by default, or the measure.
        repeats: How often, each time with students of its own seed.
        modalities: Those that students see; all of the set by default.
        network: Architecture; the one the set was distilled with by default.
        protocol: How the networks are trained; the literature's by default.
        sound: Scale for the whole split; a distilled set brings its own.
        seed: Seed of every random draw.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        dtype: Number format for measures that distil again; by default that of the set's own run.
        progress: Whether a bar is drawn on standard error.
        settings: Settings of the measure (``head="concat"`` of accuracy), and of `evaluation.Protocol` that differ from
            `protocol` (``epochs=300``).

    Raises:
        InputError: The set does not fit the dataset, a name or a setting is wrong, the measure refused the set, or a
            file is damaged.
        DivergedError: Training diverged.
    """
    chosen, training = _chosen(measure, settings)
    prepared = Prepared.open(on)
    made = None if what is None else DistilledSet.load(what)
    clips = prepared.clips("train") if made is None or "train" in prepared.splits else None
    subject = Subject.of(
        made if made is not None else prepared.clips("train"),
        prepared.clips("test"),
        clips=clips,
        modalities=modalities,
        scales=prepared.clips("train").scales(sound) if made is None else None,
        network=network or (made.network if made is not None else Architecture()),
        protocol=(protocol or Protocol()).changed(**training),
        runtime=runtime_of(Path(what) if isinstance(what, Path | str) else None, device, dtype),
        cache=prepared.cache,
    )
    asked = question(chosen, subject, seed)
    kept_in = out or (Path(what) / store.SCORES if isinstance(what, Path | str) else None)
    file = store.ResultFile.of(asked, Path(kept_in) if kept_in else None, title or asked.title)
    epochs: Counter[int] = Counter()
    with bar(f"Evaluating {title or asked.title}", show=progress) as tell:

        def on_progress(number: int, report: EpochReport) -> None:
            epochs[number] += 1
            expected = max(epochs[number], round(chosen.students * report.epochs))
            tell(number * expected + epochs[number], repeats * expected)

        return answer(
            chosen,
            subject,
            repeats=repeats,
            seed=seed,
            done=file.read(),
            on_progress=on_progress,
            on_repeat=file.keep,
        )


def _chosen(measure: str | Measure | None, settings: dict[str, Any]) -> tuple[Measure, dict[str, Any]]:
    """The measure, and the settings that are the training's."""
    kind = type(measure) if isinstance(measure, Measure) else measures.load(measure) if measure else Accuracy
    own = {name: value for name, value in settings.items() if name in kind.model_fields}
    training = {name: value for name, value in settings.items() if name not in own}
    if not isinstance(measure, Measure):
        return kind.from_json(own), training
    if own:
        raise InputError(f"Settings {sorted(own)} came beside a ready {kind.__name__}; give one of them.")
    return measure, training
