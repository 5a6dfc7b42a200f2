"""The page of a distilled set: one HTML file that opens from disk and asks the network for nothing."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from limbeck import _files
from limbeck._words import duration, number, plural, size
from limbeck.datasets import LabelledClips, Prepared
from limbeck.distilled import DistilledSet
from limbeck.engine import RunRecord, note
from limbeck.errors import InputError
from limbeck.evaluation import Score
from limbeck.evaluation.store import by_title, scores_in
from limbeck.report import _drawing, _kit, _samples, figures, table
from limbeck.report._samples import Samples
from limbeck.report.model import budget_words, headline

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIZE_LIMIT_BYTES = 48_000_000
"""Largest page, roughly: a browser opens this without trouble."""
_COMPACT_PIXELS = 128
_TITLES = {"distilled": "Distilled", "start": "Start", "real": "Nearest real"}

Modalities = Mapping[str, Samples]


class Cell(NamedTuple):
    """A sample, or a cell of a mosaic: addresses of what it looks and sounds like (empty if silent), and what it is.

    Of several `frames` the image has them side by side.
    """

    image: str
    sound: str
    note: str
    frames: int


class Plan(NamedTuple):
    """How many classes, and samples of each, are shown; the largest image in pixels, if in few bytes; what is not."""

    classes: int
    per_class: int
    largest: int | None = None
    sentence: str = ""


def page(
    distilled: Path | str,
    *,
    on: Path | str | Prepared | None = None,
    out: Path | str,
    compare: Sequence[Path | str] = (),
    title: str | None = None,
    progress: bool = True,
) -> Path:
    """Write one self-contained page: samples to look at and listen to, curves, the table, provenance.

    The scores kept in the folder of the `distilled` set are shown, and those of its controls; `compare` names folders
    of further scores, or of further distilled sets, for the table. Given the prepared dataset it was distilled from
    (`on`), nearest real neighbours are shown, and scores on other test clips are left out.

    The page, which is given back, is ``index.html`` in the folder `out`, its figures beside it, with a heading, the
    `title`. With `progress`, standard error, like the page, names the folders to compare with that have no score, and
    the command that gives them one.

    Raises:
        InputError: A folder is not what it should be.
        MissingExtraError: The extra ``report`` is not installed.
    """
    made, folder = DistilledSet.load(distilled), Path(distilled)
    prepared = None if on is None else Prepared.open(on)
    test = prepared.clips("test") if prepared and "test" in prepared.splits else None
    notes = [words for place in compare if (words := _unscored(Path(place), prepared, test))]
    scores = by_title(found for place in (folder, *map(Path, compare)) for found in scores_in(place, test))
    train = prepared.clips("train") if prepared else None
    if prepared and train is not None and not made.made_from(train):
        train = None
        notes.append(
            f"Nearest real clips are left out: the set was distilled from other clips than those of {prepared.place}."
        )
    for words in notes:
        note(words, show=progress)
    run = RunRecord.find(folder)
    about: dict[str, Any] = run.facts | run.cost if run else {}
    if about.pop("fingerprint", made.fingerprint) != made.fingerprint:  # another set was put beside the run
        run, about = None, {}
    return write(
        made,
        out,
        scores=scores,
        events=run.events if run else (),
        clips=train,
        about={k: v for k, v in about.items() if k != "asked"},
        title=title,
        unscored=notes,
    )


def write(
    distilled: DistilledSet,
    out: Path | str,
    *,
    scores: table.Scores = (),
    events: Sequence[Mapping[str, Any]] = (),
    clips: LabelledClips | None = None,
    about: Mapping[str, Any] | None = None,
    title: str | None = None,
    unscored: Sequence[str] = (),
    size_limit_bytes: int = SIZE_LIMIT_BYTES,
) -> Path:
    """Write ``index.html``, whose path is given back, ``figures/*.png`` and ``*.svg``, ``table.md``, ``table.json``.

    The page of a `distilled` set, in the folder `out`, holds, class by class, the samples of each modality side by
    side, with players, as distilled, as they were at the start, and their nearest real training `clips`. It holds the
    table of `scores`, by name or in a row, with those of other sets and of real clips as controls, and a sentence for
    each set `unscored`; curves of `events`, rows of ``events.jsonl``: ``{"step": 1, "loss": 3.2, "seconds": 0.1}``; the
    confusion matrix, provenance and cost, with what else is known `about` the run. The `title` is made from method and
    dataset by default.

    What does not fit `size_limit_bytes`, roughly, is left out, and the page says so. All data is escaped.

    Raises:
        InputError: The set holds no samples, or the clips are of another recipe.
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    _kit.require()
    if not distilled.rows:
        raise InputError("This distilled set holds no samples, so there is nothing to show; distil again.")
    if clips is not None and clips.recipe != distilled.recipe:
        raise InputError(
            f"The real clips were made by recipe {clips.recipe.to_json()}, but the distilled set by "
            f"{distilled.recipe.to_json()}; give the dataset it was distilled from."
        )
    out = Path(out)
    provenance = {**distilled.provenance, **(about or {})}
    method = str(provenance.get("method", "unknown method"))
    lines = table.rows(scores)
    every = list(scores.values() if isinstance(scores, Mapping) else scores)
    place = next((i for i, s in enumerate(every) if s.trained_on.fingerprint == distilled.fingerprint), None)
    own = None if place is None else every[place]
    shown = _samples.to_look_at(distilled)
    modalities = _samples.of(shown)
    sides = ["distilled", *["start"] * (shown.start is not None), *["real"] * (clips is not None)]
    plan = _plan(shown, modalities, size_limit_bytes, len(sides))
    seconds = provenance.get("seconds", provenance.get("cost", {}).get("seconds"))
    _files.write_text(out / "table.md", "\n".join([table.markdown(scores), *unscored]))
    _files.write_json(out / "table.json", table.json(scores))
    return _kit.write(
        out,
        "distilled",
        title=title or f"{method} on {provenance.get('dataset', 'unknown data')}",
        verdict=_verdict(distilled, method, lines, None if place is None else lines[place]),
        facts=[
            ("classes", number(len(distilled.classes))),
            ("stored samples", number(distilled.rows)),
            ("training samples", number(len(distilled))),
            ("held as", str(distilled.hold)),
            *((key, samples.size) for key, samples in modalities.items()),
            ("stored size", f"{size(distilled.stored_bytes)} as {distilled.storage.name}"),
            *([("time to make", duration(float(seconds)))] if isinstance(seconds, int | float) else []),
        ],
        scores=table.sheet(lines, place) if lines else None,
        unscored=unscored,
        figures=_figures(shown, modalities, lines, own, events, out / "figures"),
        modalities=modalities,
        classes=_classes(shown, modalities, plan, own, sides, clips),
        plan=plan,
        sides=[(side, _TITLES[side]) for side in sides],
        seen_as_stored=shown is distilled,
        stored_to_look_at=distilled.hold.are_samples,
        moving=any(samples.moves for samples in modalities.values()),
        grid=next(iter(modalities.values())).grid,
        pixelated=distilled.recipe.image_size < 96,
        neighbour_rule=_samples.NEAREST_RULE if clips is not None else "",
        confusions=_confusions(own),
        provenance=_kit.flat(provenance),
    )


def _plan(distilled: DistilledSet, modalities: Modalities, limit: int, sides: int) -> Plan:
    """Show everything losslessly if it fits; else in few bytes, and as much of every class as fits.

    What a stored sample takes is measured on the first.
    """

    def taken(largest: int | None) -> int:
        (row,) = _side(modalities, "distilled", torch.tensor([0]), 1, largest)
        return sides * sum(len(cell.image) + len(cell.sound) for cells in row.values() for cell in cells)

    used = int(torch.unique(distilled.labels).numel())
    if distilled.rows * taken(None) <= limit:
        return Plan(used, distilled.per_class)
    largest = max(8, _COMPACT_PIXELS // max(max(samples.grid) for samples in modalities.values()))
    fitting = max(1, limit // taken(largest))
    per_class = min(distilled.per_class, max(1, fitting // used))
    classes = min(used, fitting)
    left_out = []
    if per_class < distilled.per_class:
        left_out.append(f"{per_class} of up to {plural(distilled.per_class, 'sample')} per class")
    if classes < used:
        left_out.append(f"the first {classes} of {number(used)} classes")
    shown = f"To stay below {size(limit)}, this page shows {' of '.join(left_out)}. " if left_out else ""
    return Plan(
        classes,
        per_class,
        largest,
        f"{shown}On this page, images are JPEG of at most {_COMPACT_PIXELS} pixels a side and sounds MP3. The exact "
        "numbers of every sample are in the distilled set.",
    )


def _classes(
    distilled: DistilledSet,
    modalities: Modalities,
    plan: Plan,
    own: Score | None,
    sides: Sequence[str],
    clips: LabelledClips | None,
) -> list[dict[str, Any]]:
    """The classes and the stored samples of them that are shown: of each side and modality its cells."""
    views: list[dict[str, Any]] = []
    shown = 0
    for label in torch.unique(distilled.labels).tolist()[: plan.classes]:
        members = torch.nonzero(distilled.labels == label).flatten()
        rows, name = members[: plan.per_class], distilled.classes[label]
        made = {side: _side(modalities, side, rows, len(rows), plan.largest) for side in sides if side != "real"}
        if clips is not None and name in clips.classes:
            found = _samples.nearest(
                {key: samples.whole("distilled", rows) for key, samples in modalities.items()},
                lambda index: {key: clips.array(key, index) for key in modalities},
                clips.of_class(clips.classes.index(name)),
            )
            if len(found):
                row_major = found.reshape(-1, len(rows)).T.flatten()
                made["real"] = _side(modalities, "real", row_major, len(rows), plan.largest, clips)
        right = math.nan if own is None or label >= len(own.classes) else own.per_class[headline(own.mean)][label]
        views.append(
            {
                "name": name,
                "anchor": f"class-{label}",
                "count": len(members),
                "accuracy": "" if math.isnan(right) else f"{right:.0f} %",
                "opened": shown < 12,
                "samples": [{side: several[i] for side, several in made.items()} for i in range(len(rows))],
            }
        )
        shown += len(rows)
    return views


def _side(
    modalities: Modalities, side: str, index: Tensor, rows: int, largest: int | None, clips: LabelledClips | None = None
) -> list[dict[str, list[Cell]]]:
    """What is seen and heard of each stored sample, by modality, cell by cell, as the page holds it."""
    found: list[dict[str, list[Cell]]] = [{} for _ in range(rows)]
    for key, samples in modalities.items():
        several = samples.pieces(side, index, clips)
        sounds = samples.play([heard for _, heard in several])
        for i, ((seen, _), sound) in enumerate(zip(several, sounds, strict=True)):
            frames = samples.frames(seen)
            image = _kit.image_uri(samples.show(seen), largest, frames=frames)
            heard = _kit.sound_uri(sound, compact=largest is not None)
            note = clips.ids[int(index[i])] if clips else ""
            found[i * rows // len(several)].setdefault(key, []).append(Cell(image, heard, note, frames))
    return found


def _figures(
    distilled: DistilledSet,
    modalities: Modalities,
    lines: Sequence[table.Row],
    own: Score | None,
    events: Sequence[Mapping[str, Any]],
    folder: Path,
) -> dict[str, dict[str, str]]:
    """Drawings by name, which are written to a folder, each with the text that stands for it where it is not seen."""
    label = distilled.classes[int(distilled.labels[0])]
    drawn: dict[str, tuple[Figure | None, str]] = {
        "samples": (figures.samples(distilled), "First stored sample of the first classes."),
        "accuracy": (figures.accuracy(lines), "Accuracies of the table as points with their standard deviations."),
        "curves": (figures.curves(events), "Loss over the steps of the distillation."),
    }
    for samples in modalities.values():
        text = f"First {samples.noun} of {label}, with its axes and its colours."
        drawn[samples.noun] = figures.sample(samples), text
    if own is not None:
        key = headline(own.mean)
        losses = [
            {"step": epoch + 1, f"student {i + 1}": loss}
            for i, repeat in enumerate(own.repeats)
            for epoch, loss in enumerate(repeat.losses)
        ]
        text = "Training loss of the students over their epochs."
        drawn["students"] = figures.curves(losses, along="epoch"), text
        text = f"Confusion matrix of {key}, in percent of each true class; the numbers are in the scores."
        drawn["confusion"] = figures.confusion(own.confusion[key], own.classes), text
    return {
        name: {"svg": _drawing.publish(figure, folder / name), "text": text}
        for name, (figure, text) in drawn.items()
        if figure is not None
    }


def _verdict(distilled: DistilledSet, method: str, lines: Sequence[table.Row], own: table.Row | None) -> str:
    per_class = budget_words(distilled.per_class)
    if own is None:
        classes = plural(len(distilled.classes), "class", "classes")
        told = f"for {classes} ({per_class})" if distilled.targets.has_classes else "without classes"
        return f"{plural(len(distilled), 'training sample')} {told}, made by {method}; not evaluated yet."
    key = headline(own.accuracy)
    reached = own.accuracy[key]
    verb = "trains" if distilled.per_class == 1 else "train"
    found = [
        f"{per_class}, made by {method}, {verb} a network from scratch to {reached} % on real test clips "
        f"({key}, n = {own.n})."
    ]
    lines = [r for r in lines if key in r.accuracy and not table.asked_otherwise(r, own)]
    if controls := [r for r in lines if not r.reference and r is not own]:
        best = max(controls, key=lambda r: r.accuracy[key].mean)
        unlike = f" with {plural(best.training_samples, 'training sample')} in {table.stored(best)}"
        found.append(
            f"The best other set in the table, {best.name}, reaches {best.accuracy[key]} %"
            f"{unlike if table.unlike([own, best]) else ''}."
        )
    full = max((r for r in lines if r.reference), key=lambda r: r.training_samples, default=None)
    if full is not None:
        kept = 100 * reached.mean / max(full.accuracy[key].mean, 1e-9)
        of_bytes = 100 * distilled.stored_bytes / full.stored_bytes if full.stored_bytes else None
        cost = "" if of_bytes is None else f" at {of_bytes:{'.2g' if of_bytes < 100 else '.0f'}} % of the bytes"
        found.append(
            f"{plural(full.training_samples, 'real clip')} reach {full.accuracy[key]} %. "
            + (
                f"The set keeps {kept:.0f} % of their accuracy{cost}."
                if kept <= 100
                else "That is less than the set does: so few steps teach a network little of all clips. Compare with "
                "more (--epochs)."
            )
        )
    return " ".join(found)


def _confusions(own: Score | None, *, most: int = 5) -> list[tuple[str, str, str]]:
    """The most frequent mistakes: true class, predicted class, percent of the true class's clips."""
    if own is None:
        return []
    counts = own.confusion[headline(own.mean)].astype(float)
    percent = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    np.fill_diagonal(percent, 0)
    order = np.argsort(-percent, axis=None, kind="stable")[:most]
    pairs = zip(*np.unravel_index(order, percent.shape), strict=True)
    return [(own.classes[t], own.classes[p], f"{percent[t, p]:.0f} %") for t, p in pairs if percent[t, p] > 0]


def _unscored(place: Path, on: Prepared | None, test: LabelledClips | None) -> str:
    """What a folder to compare with lacks, and the command that gives it; empty where its scores are there."""
    if not place.is_dir():
        raise InputError(f"There is no folder {place} to compare with; give a distilled set's, or one of scores.")
    if (place / "config.json").exists():
        fingerprint = DistilledSet.load(place).fingerprint
        if any(score.trained_on.fingerprint == fingerprint for _, score in scores_in(place, test)):
            return ""
        data = "PREPARED" if on is None else shlex.quote(str(on.place))
        command = f"limbeck evaluate {shlex.quote(str(place))} --on {data}"
        return f"{place} has no score, so it is not in the table. Score it with: {command}"
    if any(place.glob("*.json")):
        return ""
    return f"{place} holds no scores, so nothing of it is in the table. Scores are written by: limbeck evaluate --out"
