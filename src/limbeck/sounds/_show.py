"""What a classifier is and how well it does: a page to look at and listen to, a summary, and comparisons."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from limbeck._runtime import choose_runtime
from limbeck.encoders import Encoder
from limbeck.engine import bar
from limbeck.engine.machine import machine, versions
from limbeck.errors import FingerprintError
from limbeck.evaluation import sounds as evaluation_of_sounds
from limbeck.evaluation.sounds import SoundResults
from limbeck.index import SoundIndex
from limbeck.prototypes import SoundClassifier
from limbeck.report import sounds_page, sounds_tables
from limbeck.sounds import _naming
from limbeck.sounds._corrections import Origin


def page(
    classifier: Path | str,
    *,
    out: Path | str,
    index: Path | str | None = None,
    points: int = 1500,
    title: str | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Path:
    """Write one HTML page: what each word stands for, with players, a map of the index, and what to check by ear.

    Args:
        classifier: Folder of a classifier.
        out: Folder of the page.
        index: The index it was learned from, if it is not where it was.
        points: Most windows on the map.
        title: Heading; made from the number of words by default.
        seed: Of the map.
        progress: Draw a bar on standard error.

    Returns:
        Path of ``index.html``.

    Raises:
        InputError: The classifier or its index is not there.
        FingerprintError: The index was made by another encoder.
        MissingExtraError: jinja2, matplotlib or Pillow is not installed.
    """
    folder = Path(classifier)
    learned, origin = SoundClassifier.load(folder), Origin.read(folder)
    opened = SoundIndex.open(origin.place(folder, index))
    if opened.encoder_id != learned.encoder.id:
        raise FingerprintError(
            f"This classifier was learned with {learned.encoder.id}, but the index was made by {opened.encoder_id}. "
            "Name the index it was learned from with --index."
        )
    pool = opened.pool()
    vectors = pool.features if learned.classifier.space_ == "features" else pool.joint
    scores, accepted = _naming.judged(learned.classifier, vectors)
    places = zip(map(str, pool.path), pool.start_s.tolist(), strict=True)
    rows = {place: row for row, place in enumerate(places)}
    words = []
    for label in learned.labels:
        stands = [(piece.path, piece.start_s) for _, piece in learned.neighbours(label)]
        stands += [(one.path, one.start_s or 0.0) for one in origin.corrections.add if one.label == label]
        own = dict.fromkeys(rows[place] for place in stands if place in rows)
        words.append(sounds_page.Word(label, learned.descriptions.get(label, ""), list(own)))
    heard = sounds_page.Heard(
        pool.path,
        pool.start_s,
        pool.duration_s,
        vectors,
        scores,
        np.where(accepted, scores.argmax(axis=1), sounds_page.NONE),
    )
    with bar("Reading sounds", show=progress) as tell:
        return sounds_page.page(
            words,
            heard,
            out,
            command=f"limbeck sounds correct {shlex.quote(str(folder))}",
            title=title,
            about=_about(learned, origin),
            points=points,
            seed=seed,
            on_progress=tell,
        )


def benchmark(
    recipe: Path | str,
    *,
    out: Path | str,
    data: Path | str | None = None,
    encoder: Encoder | None = None,
    weights: Path | str | None = None,
    offline: bool = False,
    device: str = "auto",
    command: str = "",
    progress: bool = True,
    told: Callable[[str], None] = lambda what: None,
) -> SoundResults:
    """Measure every way to name sounds of a recipe on every fold, and its studies; write tables and figures.

    Args:
        recipe: Name of a recipe that comes with Limbeck, or a TOML file.
        out: Folder of all runs; recipes that share it share embeddings. ``table.md``, ``table.tex``, ``table.csv`` and
            the figures are in ``out/NAME``, where NAME is that of the recipe's file. Stopped and called again, it goes
            on.
        data: Where the recordings are, if not where the recipe says.
        encoder: One that is at hand, instead of the recipe's.
        weights: As in `index`.
        offline: As in `index`.
        device: As in `index`.
        command: How the run was started, for the tables.
        progress: Draw a bar on standard error.
        told: Told what was measured.

    Raises:
        InputError: The recipe or the recordings do not fit.
    """
    facts: dict[str, Any] = {"versions": versions(), "machine": machine()} | ({"command": command} if command else {})
    with bar("Listening", show=progress) as tell:
        results = evaluation_of_sounds.run(
            recipe,
            out=out,
            data=data,
            weights=weights,
            device=str(choose_runtime(device).device),
            offline=offline,
            encoder=encoder,
            facts=facts,
            progress=tell,
            told=told,
        )
    sounds_tables.write(results, Path(out) / results.name)
    return results


def summary(classifier: SoundClassifier) -> dict[str, Any]:
    """What a classifier is, as JSON-able data.

    Args:
        classifier: Learned.
    """
    inner = classifier.classifier
    return {
        "labels": list(classifier.labels),
        "encoder": classifier.encoder.id,
        "space": inner.space_,
        "prompts": list(classifier.prompts),
        "descriptions": dict(classifier.descriptions),
        "neighbours": {label: len(classifier.neighbours(label)) for label in classifier.labels},
        "window_s": classifier.window_s,
        "hop_s": classifier.hop_s,
        "threshold": float(inner.threshold_) if np.isfinite(inner.threshold_) else None,
        "agreement": float(inner.agreement_),
        "settings": {name: _plain(value) for name, value in inner.get_params().items()},
    }


def _about(learned: SoundClassifier, origin: Origin) -> dict[str, Any]:
    told = summary(learned)
    return {
        "encoder": told["encoder"],
        **{
            name: told[name] for name in ("space", "prompts", "window_s", "hop_s", "threshold", "agreement", "settings")
        },
        "corrections": {"taken out": len(origin.corrections.remove), "put in": len(origin.corrections.add)},
        "limbeck": versions()["limbeck"],
    }


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
