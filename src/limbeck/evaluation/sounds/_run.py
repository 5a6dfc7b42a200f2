"""Work a recipe off: embed what is new, measure every row on every fold, then every study."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from limbeck import _code, _files, _recipes, encoders
from limbeck._runtime import derive_seed, threads
from limbeck.datasets import sounds
from limbeck.datasets.sounds import SoundDataset
from limbeck.encoders import Encoder
from limbeck.errors import InputError
from limbeck.evaluation.sounds import metrics
from limbeck.evaluation.sounds._bench import Bench
from limbeck.evaluation.sounds._fold import Fold
from limbeck.evaluation.sounds._hear import Noise
from limbeck.evaluation.sounds.embeddings import Embedded, Progress, digests, embed
from limbeck.evaluation.sounds.recipe import SoundRecipe
from limbeck.evaluation.sounds.results import Cell, SoundResults, StudyFacts
from limbeck.evaluation.sounds.studies import Point, Study
from limbeck.evaluation.sounds.ways import Way

Told = Callable[[str], None]
"""Called with what was just finished."""


def run(
    recipe: SoundRecipe | Path | str,
    *,
    out: Path | str,
    data: Path | str | None = None,
    weights: Path | str | None = None,
    device: str = "cpu",
    offline: bool = False,
    encoder: Encoder | None = None,
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
    told: Told | None = None,
) -> SoundResults:
    """Everything a recipe asks for. Killed and called again, it goes on where it was.

    Embeddings are kept in ``out/embeddings``, what was measured in ``out/cells``: recipes that share `out` share both.
    The whole is in ``out/NAME/results.json``; in a folder beside it, where another recipe of that name has its own.

    Args:
        recipe: The comparison, its file, or the name of one that comes with Limbeck; NAME is its stem, or ``results``.
        out: Folder of the run; recipes can share it.
        data: Where the recordings are, if not where the recipe says.
        weights: Folder of the encoder's weights; by default they come from the cache, or from their official address.
        device: Where the encoder runs.
        offline: Never ask the network for weights.
        encoder: One that is at hand, instead of the recipe's.
        facts: Further facts to keep with the results, JSON-able: command, versions, machine.
        progress: Told how many recordings are embedded.
        told: Told what was measured.

    Raises:
        InputError: The recipe or the recordings do not fit.
        MissingWeightsError: The encoder's weights are not there.
        BusyError: Another process works in `out`.
    """
    name = "results" if isinstance(recipe, SoundRecipe) else Path(recipe).stem
    if not isinstance(recipe, SoundRecipe):
        recipe = SoundRecipe.load(recipe)
    out = Path(out)
    dataset = opened(recipe, data)
    with _files.exclusive(out), threads(recipe.threads):
        encoder = encoder or encoders.load(recipe.encoder.name).pretrained(
            recipe.encoder.checkpoint,
            folder=None if weights is None else Path(weights),
            device=device,
            offline=offline,
        )
        bench = _bench(recipe, dataset, encoder, out, progress)
        cells = tuple(_cells(recipe, bench, out / "cells", told or (lambda what: None)))
        folder = _recipes.folder_of(name, recipe.to_json(), out=out, data=data)
        results = SoundResults(
            name=folder.name,
            title=recipe.title,
            dataset=dataset.name,
            baseline=recipe.baseline,
            rows=tuple(recipe.rows),
            supervised=tuple(row for row in recipe.rows if recipe.way(row).supervised),
            studies=tuple(_facts(recipe, name) for name in recipe.studies),
            cells=cells,
            about=_about(recipe, bench) | dict(facts or {}),
        )
        _files.write_json(folder / "results.json", results.to_json())
    return results


def opened(recipe: SoundRecipe, data: Path | str | None = None) -> SoundDataset:
    """The recipe's recordings, with its words for classes.

    Args:
        recipe: Says which.
        data: Where they are, if not where the recipe says.

    Raises:
        InputError: They are not there.
    """
    kind: Any = sounds.load(recipe.data.dataset)
    dataset: SoundDataset = kind.open(recipe.root(data), **recipe.data.options)
    if unknown := sorted(recipe.data.words.keys() - dataset.words.keys()):
        raise InputError(
            f"data.words: {dataset.title} has no class {', '.join(map(repr, unknown))}; it has: "
            f"{', '.join(dataset.words)}."
        )
    dataset.words |= recipe.data.words
    return dataset


def _bench(recipe: SoundRecipe, dataset: SoundDataset, encoder: Encoder, out: Path, progress: Progress | None) -> Bench:
    @cache
    def embedded(noise: Noise | None) -> Embedded:
        return embed(dataset.recordings, encoder, out / "embeddings", noise=noise, progress=progress)

    return Bench(dataset, encoder, recipe.encoder.prompts or (encoder.prompt,), embedded)


def _cells(recipe: SoundRecipe, bench: Bench, folder: Path, told: Told) -> Iterator[Cell]:
    """The main table, then every study; each row at each point is kept once it is measured."""
    recordings = bench.dataset.recordings
    contents = digests(recordings, folder.parent / "embeddings")
    base = [
        version("limbeck"),
        bench.encoder.id,
        bench.encoder.arithmetic,
        [
            (r.id, r.labels, r.split, r.group, r.start_s, r.duration_s, content)
            for r, content in zip(recordings, contents, strict=True)
        ],
        bench.dataset.words,
        bench.prompts,
        recipe.seed,
        recipe.data.to_json(),
    ]
    folds = bench.folds()
    for row in recipe.rows:
        way = recipe.way(row)
        point = Point("", lambda seed: folds, draws=way.draws)
        asked = [*base, "", row, recipe.rows[row].to_json(), _made_by(way, bench)]
        yield from _kept(folder, asked, way, point, recipe.seed, "", row)
        told(row)
    for name in recipe.studies:
        study = recipe.study(name)
        for point in study.points(bench):
            for row in recipe.rows_of(study):
                way = recipe.way(row, point.settings)
                asked = [*base, recipe.studies[name].to_json(), way.to_json(), point.name, point.variant, point.draws]
                asked += [_made_by(way, bench, study)]
                yield from _kept(folder, asked, way, point, recipe.seed, name, row)
            told(f"{name}: {' '.join(filter(None, (point.name, point.variant)))}")


def _made_by(way: Way, bench: Bench, *more: Study) -> _code.Code:
    """The code a number comes from: once it is changed, the number is measured anew."""
    from limbeck.prototypes import PrototypeClassifier

    return _code.of(way, *more, type(bench.encoder), Bench, PrototypeClassifier)


def _kept(folder: Path, asked: list[Any], way: Way, point: Point, seed: int, study: str, row: str) -> list[Cell]:
    file = folder / f"{_files.digest(*asked)}.json"
    if file.exists():
        return [Cell(**(cell | {"study": study, "row": row})) for cell in _files.read_record(file)["cells"]]
    cells: list[Cell] = []
    for draw in range(point.draws):
        for fold in point.folds(derive_seed(seed, "draw", draw)):
            started = time.perf_counter()
            values = measured(way, fold, seed=derive_seed(seed, "way", draw, fold.name))
            seconds = time.perf_counter() - started
            where = (point.name, point.variant, point.x)
            cells.append(Cell(study, row, fold.name, draw, values, *where, round(seconds, 4)))
    _files.write_record(file, {"cells": [asdict(cell) for cell in cells]})
    return cells


def measured(way: Way, fold: Fold, *, seed: int) -> dict[str, float]:
    """Numbers of one way on one fold; the way sees no test labels, and those of the pool only if it is supervised.

    Args:
        way: With its settings.
        fold: With all labels.
        seed: Of the way's draws.
    """
    answer = way.answer(fold.seen(labels=way.supervised), seed=seed)
    values = metrics.measure(answer.scores, fold.test.known, multi_label=fold.multi_label)
    if answer.neighbours:
        values[metrics.PURITY] = metrics.purity(answer.neighbours, fold.pool.known)
    return values | answer.facts


def _facts(recipe: SoundRecipe, name: str) -> StudyFacts:
    study = recipe.study(name)
    return StudyFacts(name, study.title, study.axis, study.log, study.about)


def _about(recipe: SoundRecipe, bench: Bench) -> dict[str, Any]:
    dataset, rejected = bench.dataset, bench.embedded(None).rejected
    folds = bench.folds()
    return {
        "words": recipe.words,
        "recordings": len(dataset.recordings),
        "classes": {c: dataset.words[c] for c in dataset.classes},
        "multi_label": dataset.multi_label,
        "folds": {f.name: {"pool": len(f.pool), "test": len(f.test)} for f in folds},
        "licence": dataset.licence,
        "encoder": bench.encoder.id,
        "arithmetic": bench.encoder.arithmetic,
        "prompts": list(bench.prompts),
        "rows": {name: row.to_json() for name, row in recipe.rows.items()},
        "studies": {name: recipe.study(name).to_json() for name in recipe.studies},
        "seed": recipe.seed,
        "threads": recipe.threads,
        "rejected": {dataset.recordings[i].id: why for i, why in rejected.items()},
    }
