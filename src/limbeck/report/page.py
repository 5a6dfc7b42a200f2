"""One HTML page that holds everything: opens from disk, asks the network for nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck import _files
from limbeck.augment import Frequencies, mosaic
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.media import invert_log_mel
from limbeck.report import _encode, _html, figures, neighbours, table
from limbeck.report._words import duration, number, plural, size

if TYPE_CHECKING:
    from limbeck.evaluation import Score

SIZE_LIMIT_BYTES = 48_000_000
"""Largest page, roughly: a browser opens this without trouble."""
_COMPACT_PIXELS = 128
_OPEN_PAIRS = 12
_PEAK = 0.9
_BASE64 = 4 / 3


@dataclass(frozen=True)
class Cell:
    """One picture next to one sound, as addresses a page can hold."""

    name: str
    picture: str
    spectrogram: str
    sound: str
    note: str = ""


@dataclass(frozen=True)
class Face:
    """One side of a pair: as distilled, at the start, or its nearest real clips."""

    kind: str
    title: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class PairView:
    """A stored pair."""

    title: str
    faces: tuple[Face, ...]


@dataclass(frozen=True)
class ClassView:
    """A class and the pairs of it that are shown."""

    name: str
    anchor: str
    count: int
    accuracy: str
    opened: bool
    pairs: tuple[PairView, ...]


@dataclass(frozen=True)
class Plan:
    """How much is shown and how it is coded.

    Attributes:
        classes: Only the first so many classes are shown.
        per_class: Only the first so many pairs of a class are shown.
        compact: Whether pictures are JPEG of at most 128 pixels and sounds MP3 instead of PNG and WAV.
        sentence: What is left out, for people; empty if nothing is.
    """

    classes: int
    per_class: int
    compact: bool
    sentence: str


def page(
    distilled: DistilledSet,
    out: Path | str,
    *,
    scores: table.Scores = (),
    events: Sequence[Mapping[str, Any]] = (),
    clips: LabelledClips | None = None,
    clip_ids: Sequence[str] | None = None,
    about: Mapping[str, Any] | None = None,
    title: str | None = None,
    unscored: Sequence[str] = (),
    size_limit_bytes: int = SIZE_LIMIT_BYTES,
) -> Path:
    """Write ``index.html``, ``figures/*.png`` and ``*.svg``, ``table.md`` and ``table.json``.

    The page holds, class by class, pictures next to spectrograms with players, as distilled, as they were at the
    start, and their nearest real clips; the table; curves; the confusion matrix; provenance and cost. What does not
    fit `size_limit_bytes` is left out, and the page says so. Class names, ids and all other data are escaped.

    Args:
        distilled: The set.
        out: Folder; made if need be.
        scores: Results for the table, by name or in a row; those of other sets and of the whole are its controls.
        events: Rows of the run's ``events.jsonl``: ``{"step": 1, "loss": 3.2, "seconds": 0.1, ...}``.
        clips: Real training clips, for nearest neighbours.
        clip_ids: Their ids, for people; positions by default.
        about: What else is known of the run (machine, versions, command, seconds); joins the provenance.
        title: Heading; made from method and dataset by default.
        unscored: A sentence for each set that was to be compared but has no score.
        size_limit_bytes: Rough limit of the page's size.

    Returns:
        Path of ``index.html``.

    Raises:
        InputError: The set holds no pairs, or the clips' shapes or ids do not fit.
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    _html.require()
    _encode.require_pillow("report")
    _check(distilled, clips, clip_ids)
    out = Path(out)
    provenance = {**distilled.provenance, **(about or {})}
    method = str(provenance.get("method", "unknown method"))
    lines = table.rows(scores)
    own = _own(distilled, scores)
    place = _own_row(scores, own)
    shown = distilled.apart() if isinstance(distilled.mosaic, Frequencies) else distilled
    limits = figures.decibel_range(x for x in (shown.scale.to_db(shown.audio), *_start_db(shown)))
    plan = _plan(shown, size_limit_bytes, faces=1 + (shown.start is not None) + (clips is not None))
    drawn = _figures(shown, lines, own, events, limits)
    for name, (figure, _) in drawn.items():
        figures.save(figure, out / "figures" / name)
    _files.write_text(out / "table.md", "\n".join([table.markdown(scores), *unscored]))
    _files.write_json(out / "table.json", table.json(scores))

    html = _html.render(
        "page.html.jinja",
        script="page.js",
        styles=("page.css",),
        title=title or f"{method} on {provenance.get('dataset', 'unknown data')}",
        verdict=_verdict(distilled, method, lines, None if place is None else lines[place]),
        facts=_facts(distilled, provenance),
        lines=lines,
        own_row=place,
        rules=table.rules(lines) if lines else (),
        unscored=unscored,
        stored=table.stored,
        keys=table.KEYS,
        figures={k: {"svg": figures.inline(f, k), "text": text} for k, (f, text) in drawn.items() if k != "pairs"},
        classes=_classes(shown, plan, limits, own, clips, clip_ids),
        plan=plan,
        faces=_face_titles(distilled, clips),
        cells=mosaic.count(shown.mosaic),
        grid=mosaic.grids(shown.mosaic).image,
        pixelated=distilled.recipe.image_size < 96,
        neighbour_rule=neighbours.RULE if clips is not None else "",
        confusions=_confusions(own),
        provenance=_html.flat(provenance),
    )
    _files.write_text(out / "index.html", html)
    return out / "index.html"


def _check(distilled: DistilledSet, clips: LabelledClips | None, clip_ids: Sequence[str] | None) -> None:
    if not distilled.pairs:
        raise InputError("This distilled set holds no pairs, so there is nothing to show; distil again.")
    if clips is not None and clips.recipe != distilled.recipe:
        raise InputError(
            f"The real clips were made by recipe {clips.recipe.to_json()}, but the distilled set by "
            f"{distilled.recipe.to_json()}; give the dataset it was distilled from."
        )
    if clip_ids is not None and (clips is None or len(clip_ids) != len(clips)):
        raise InputError(
            f"{len(clip_ids)} ids came for {0 if clips is None else len(clips)} clips; the numbers must agree."
        )


def _plan(distilled: DistilledSet, limit: int, *, faces: int) -> Plan:
    """Show everything losslessly if it fits; else code it compactly and show as much of every class as fits."""
    mel, cells = distilled.recipe.mel, mosaic.count(distilled.mosaic)
    side = distilled.recipe.image_size
    spectrograms = math.prod(mel.shape)
    whole = _BASE64 * faces * (3 * side**2 + spectrograms + cells * 2 * mel.samples)
    used = int(torch.unique(distilled.labels).numel())
    if distilled.pairs * whole <= limit:
        return Plan(used, distilled.per_class, False, "")
    coded = (
        _BASE64
        * faces
        * (1.2 * min(side, _COMPACT_PIXELS) ** 2 + spectrograms + cells * (1000 + 4500 * mel.clip_seconds))
    )
    fitting = max(1, int(limit / coded))
    per_class = min(distilled.per_class, max(1, fitting // used))
    classes = min(used, fitting)
    left_out = []
    if per_class < distilled.per_class:
        left_out.append(f"{per_class} of up to {plural(distilled.per_class, 'pair')} a class")
    if classes < used:
        left_out.append(f"the first {classes} of {number(used)} classes")
    shown = f"To stay below {size(limit)}, this page shows {' of '.join(left_out)}. " if left_out else ""
    return Plan(
        classes,
        per_class,
        True,
        f"{shown}Pictures on this page are JPEG of at most {_COMPACT_PIXELS} pixels a side and sounds MP3; the exact "
        "numbers of every pair are in the distilled set.",
    )


def _classes(
    distilled: DistilledSet,
    plan: Plan,
    limits: figures.Range,
    own: Score | None,
    clips: LabelledClips | None,
    clip_ids: Sequence[str] | None,
) -> list[ClassView]:
    views: list[ClassView] = []
    shown = 0
    for label in torch.unique(distilled.labels).tolist()[: plan.classes]:
        members = torch.nonzero(distilled.labels == label).flatten()
        index = members[: plan.per_class]
        name = distilled.classes[label]
        sides = _sides(distilled, index, limits, plan.compact, name, clips, clip_ids)
        pairs = tuple(
            PairView(f"Pair {i + 1}", tuple(Face(kind, text, cells[i]) for kind, text, cells in sides))
            for i in range(len(index))
        )
        opened = shown < _OPEN_PAIRS
        shown += len(pairs)
        views.append(ClassView(name, f"class-{label}", len(members), _class_accuracy(own, label), opened, pairs))
    return views


def _sides(
    distilled: DistilledSet,
    index: Tensor,
    limits: figures.Range,
    compact: bool,
    name: str,
    clips: LabelledClips | None,
    clip_ids: Sequence[str] | None,
) -> list[tuple[str, str, list[tuple[Cell, ...]]]]:
    """Every face of the pairs at `index`: kind, title, and the cells pair by pair."""
    coder = _Coder(distilled, limits, compact, name)
    made = [("distilled", "distilled", distilled.audio[index], distilled.image[index])]
    if distilled.start is not None:
        made.append(("start", "start", distilled.start[0][index], distilled.start[1][index]))
    sides = [(kind, text, coder.stored(audio, image, text)) for kind, text, audio, image in made]
    if clips is not None and name in clips.classes:
        grids = mosaic.grids(distilled.mosaic)
        audio = mosaic.unpack(distilled.audio[index], grids.audio)
        image = mosaic.unpack(distilled.image[index], grids.image)
        decibels, pixels = distilled.scale.to_db(audio), distilled.scale.to_pixels(image)
        found = neighbours.nearest(decibels, pixels, clips, clips.classes.index(name))
        if len(found):
            ids = [clip_ids[i] if clip_ids is not None else f"clip {i}" for i in found.tolist()]
            sides.append(("real", "nearest real", coder.real(clips.audio(found), clips.frames(found), ids, len(index))))
    return sides


class _Coder:
    """Turns arrays of one class into the cells of a page."""

    def __init__(self, distilled: DistilledSet, limits: figures.Range, compact: bool, name: str) -> None:
        self._set, self._limits, self._compact, self._name = distilled, limits, compact, name
        self._palette = figures.palette()

    def stored(self, audio: Tensor, image: Tensor, kind: str) -> list[tuple[Cell, ...]]:
        """Cells, pair by pair, of stored pairs in network scale: pictures and spectrograms at the size they have."""
        grids = mosaic.grids(self._set.mosaic)
        decibels, pixels = self._set.scale.to_db(audio), self._set.scale.to_pixels(image)
        sound = self._sounds(self._set.scale.to_db(mosaic.unpack(audio, grids.audio)))
        both = (audio, grids.audio), (image, grids.image)
        boxes = zip(*(mosaic.cells(x.shape[-2], x.shape[-1], grid) for x, grid in both), strict=True)
        columns = []
        for cell, ((bands, frames), (rows, places)) in enumerate(boxes):
            made = zip(
                pixels[..., rows, places],
                decibels[:, 0, bands, frames],
                sound[cell * len(audio) :],
                strict=False,
            )
            columns.append([self._cell(p, d, s, i, cell, kind) for i, (p, d, s) in enumerate(made)])
        return list(zip(*columns, strict=True))

    def real(self, decibels: Tensor, pixels: Tensor, ids: Sequence[str], pairs: int) -> list[tuple[Cell, ...]]:
        """Cells, pair by pair, of real clips given cell-major, reduced to the size of a cell."""
        sound = self._sounds(decibels)
        rows, columns = mosaic.cells(pixels.shape[-2], pixels.shape[-1], mosaic.grids(self._set.mosaic).image)[0]
        small = F.interpolate(pixels.float(), (rows.stop, columns.stop), mode="bilinear", antialias=True)
        small = small.round().clamp(0, 255).to(torch.uint8)
        cells = [
            self._cell(small[i], decibels[i, 0], sound[i], i % pairs, i // pairs, "nearest real clip", note)
            for i, note in enumerate(ids)
        ]
        return [tuple(cells[pair::pairs]) for pair in range(pairs)]

    def _cell(
        self, pixels: Tensor, log_mel: Tensor, sound: Tensor, pair: int, cell: int, kind: str, note: str = ""
    ) -> Cell:
        where = f", cell {cell + 1}" if mosaic.count(self._set.mosaic) > 1 else ""
        colours = pixels.permute(1, 2, 0).numpy()
        largest = max(8, _COMPACT_PIXELS // max(mosaic.grids(self._set.mosaic).image))
        picture = (
            _encode.data_uri(_encode.jpeg(colours, largest=largest), "image/jpeg")
            if self._compact
            else _encode.data_uri(_encode.png(colours), "image/png")
        )
        spectrogram = _encode.png(figures.levels(log_mel, self._limits), self._palette)
        return Cell(
            name=f"{self._name}, pair {pair + 1}{where}, {kind}",
            picture=picture,
            spectrogram=_encode.data_uri(spectrogram, "image/png"),
            sound=self._sound_address(sound),
            note=note,
        )

    def _sounds(self, decibels: Tensor) -> Tensor:
        """Sounds of log-mels (clip, 1, mel, frame), each brought to the same peak; (clip, sample)."""
        sound = invert_log_mel(decibels[:, 0], self._set.recipe.mel)
        peak = sound.abs().amax(-1, keepdim=True)
        return torch.where(peak > 1e-4, sound * _PEAK / peak.clamp(min=1e-4), sound)

    def _sound_address(self, waveform: Tensor) -> str:
        rate = self._set.recipe.mel.sample_rate_hz
        if self._compact:
            return _encode.data_uri(_encode.mp3(waveform.numpy(), rate), "audio/mpeg")
        return _encode.data_uri(_encode.wav(waveform.numpy(), rate), "audio/wav")


def _figures(
    distilled: DistilledSet,
    lines: Sequence[table.Row],
    own: Score | None,
    events: Sequence[Mapping[str, Any]],
    limits: figures.Range,
) -> dict[str, tuple[Any, str]]:
    """Figures by name, each with the sentence that stands for it where it cannot be seen."""
    first = distilled.scale.to_db(distilled[0][0])[0]
    label = distilled.classes[int(distilled.labels[0])]
    drawn: dict[str, tuple[Any, str]] = {
        "spectrogram": (
            figures.spectrogram(first, distilled.recipe.mel, limits),
            f"Spectrogram of the first pair of {label}: time in seconds to the right, frequency in hertz upwards, "
            f"level from {limits[0]:g} dB (dark) to {limits[1]:g} dB (bright).",
        ),
        "pairs": (figures.pairs(distilled, limits=limits), "First pair of the first classes."),
    }
    optional = {
        "accuracy": (
            figures.accuracy(lines),
            "Accuracies of the table as points with their standard deviations.",
        ),
        "curves": (figures.curves(events), "Loss over the steps of the distillation."),
    }
    if own is not None:
        key = _headline_key(own)
        optional["students"] = (
            figures.curves(
                [
                    {"step": e + 1, f"student {i + 1}": x}
                    for i, r in enumerate(own.repeats)
                    for e, x in enumerate(r.losses)
                ],
                along="epoch",
            ),
            "Training loss of the students over their epochs.",
        )
        optional["confusion"] = (
            figures.confusion(own.confusion[key], own.classes),
            f"Confusion matrix of {key}, in percent of each true class; the numbers are in the scores.",
        )
    return drawn | {k: (f, text) for k, (f, text) in optional.items() if f is not None}


def _own(distilled: DistilledSet, scores: table.Scores) -> Score | None:
    """The first score whose students were trained on this very set."""
    every = scores.values() if isinstance(scores, Mapping) else scores
    fingerprint = distilled.fingerprint
    return next((score for score in every if score.trained_on.fingerprint == fingerprint), None)


def _own_row(scores: table.Scores, own: Score | None) -> int | None:
    every = list(scores.values() if isinstance(scores, Mapping) else scores)
    return next((i for i, score in enumerate(every) if score is own), None)


def _headline_key(score: Score) -> str:
    return "A+V" if "A+V" in score.modalities else score.modalities[0]


def _verdict(distilled: DistilledSet, method: str, lines: Sequence[table.Row], own: table.Row | None) -> str:
    a_class = f"{plural(distilled.per_class, 'stored pair')} a class"
    if own is None:
        return (
            f"{plural(len(distilled), 'training pair')} for {plural(len(distilled.classes), 'class', 'classes')} "
            f"({a_class}), made by {method}; not evaluated yet."
        )
    key = "A+V" if "A+V" in own.accuracy else next(iter(own.accuracy))
    reached = own.accuracy[key]
    verb = "trains" if distilled.per_class == 1 else "train"
    sentence = (
        f"{a_class}, made by {method}, {verb} a network from scratch to {reached} % on real test clips "
        f"({key}, n = {own.n})"
    )
    lines = [r for r in lines if key in r.accuracy and not table.asked_otherwise(r, own)]
    controls = [r for r in lines if not r.reference and r is not own]
    if controls:
        best = max(controls, key=lambda r: r.accuracy[key].mean)
        sentence += f"; the best other set in the table, {best.name}, reaches {best.accuracy[key]} %"
        if table.unlike([own, best]):
            sentence += f" with {plural(best.training_pairs, 'training pair')} in {table.stored(best)}"
    whole = max((r for r in lines if r.reference), key=lambda r: r.training_pairs, default=None)
    if whole is not None:
        all_bytes = whole.stored_bytes or 0
        share = f" at {100 * distilled.stored_bytes / all_bytes:.2g} % of the bytes" if all_bytes else ""
        sentence += (
            f"; {plural(whole.training_pairs, 'real clip')} reach {whole.accuracy[key]} %, so the set keeps "
            f"{100 * reached.mean / max(whole.accuracy[key].mean, 1e-9):.0f} % of their accuracy{share}"
        )
    return sentence + "."


def _facts(distilled: DistilledSet, provenance: Mapping[str, Any]) -> list[tuple[str, str]]:
    mel = distilled.recipe.mel
    facts = [
        ("classes", number(len(distilled.classes))),
        ("stored pairs", number(distilled.pairs)),
        ("training pairs", number(len(distilled))),
        ("mosaic", mosaic.words(distilled.mosaic) if mosaic.count(distilled.mosaic) > 1 else "none"),
        ("picture", f"{distilled.recipe.image_size} × {distilled.recipe.image_size} px"),
        ("sound", f"{mel.clip_seconds:g} s, {mel.sample_rate_hz / 1000:g} kHz"),
        ("stored size", f"{size(distilled.stored_bytes)} as {distilled.storage.name}"),
    ]
    seconds = provenance.get("seconds", provenance.get("cost", {}).get("seconds"))
    if isinstance(seconds, int | float):
        facts.append(("time to make", duration(float(seconds))))
    return facts


def _face_titles(distilled: DistilledSet, clips: LabelledClips | None) -> list[tuple[str, str]]:
    found = [("distilled", "Distilled")]
    if distilled.start is not None:
        found.append(("start", "Start"))
    if clips is not None:
        found.append(("real", "Nearest real"))
    return found


def _class_accuracy(own: Score | None, label: int) -> str:
    if own is None or label >= len(own.classes):
        return ""
    value = own.per_class[_headline_key(own)][label]
    return "" if math.isnan(value) else f"{value:.0f} %"


def _confusions(own: Score | None, *, most: int = 5) -> list[tuple[str, str, str]]:
    """The most frequent mistakes: true class, predicted class, share of the true class's clips."""
    if own is None:
        return []
    counts = own.confusion[_headline_key(own)].astype(float)
    share = 100 * counts / np.maximum(counts.sum(1, keepdims=True), 1)
    np.fill_diagonal(share, 0)
    order = np.argsort(-share, axis=None, kind="stable")[:most]
    pairs = zip(*np.unravel_index(order, share.shape), strict=True)
    return [(own.classes[t], own.classes[p], f"{share[t, p]:.0f} %") for t, p in pairs if share[t, p] > 0]


def _start_db(distilled: DistilledSet) -> list[Tensor]:
    return [] if distilled.start is None else [distilled.scale.to_db(distilled.start[0])]
