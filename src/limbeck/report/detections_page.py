"""The page of what was found in an archive: how often each word was, when and where, and what a confidence is worth.

One HTML file that opens from disk and asks the network for nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from limbeck._words import duration, number, plural
from limbeck.detections import Summary
from limbeck.errors import package
from limbeck.prototypes import Confidence
from limbeck.report import _detections_figures, _drawing, _kit
from limbeck.report.model import Field, Sheet

_WORDS = 40
_HOUR_S = 3600.0
_NOWHERE = "(not known)"


def page(
    summary: Summary,
    out: Path | str,
    *,
    labels: Sequence[str],
    confidence: Confidence | None,
    explained: str,
    title: str | None = None,
    about: Mapping[str, Any] | None = None,
    remarks: Sequence[str] = (),
) -> Path:
    """Write ``index.html`` and its figures, as PNG and SVG in ``figures/``, into the folder `out`; the page's path.

    The page shows the `summary` by word, hour of the day, day and site, all `labels` that were listened for, how
    reliable the `confidence` is, `explained` in a sentence, and what else is known `about` it. The `title` is made from
    the number of events by default; the `remarks`, a sentence each, are what a reader must know. Names are escaped.

    Raises:
        MissingExtraError: jinja2, matplotlib or Pillow is not installed.
    """
    require()
    folder = Path(out)
    counts = summary.words()
    words = sorted(labels, key=lambda label: (-counts[label], label))
    drawn = [word for word in words if counts[word]][:_WORDS]
    made = {
        "hours": _detections_figures.by_hour(summary, drawn),
        "days": _detections_figures.by_day(summary, drawn),
        "reliability": None if confidence is None else _detections_figures.reliability(confidence),
    }
    figures = {
        name: "" if figure is None else _drawing.publish(figure, folder / "figures" / name)
        for name, figure in made.items()
    }
    left = sum(counts[word] > 0 for word in words) - len(drawn)
    sites = {when.site for when in summary.heard}
    days = {when.day for when in summary.heard if when.day}
    return _kit.write(
        folder,
        "detections",
        title=title or f"{plural(counts.total(), 'event')} in {duration(summary.seconds)} of sound",
        verdict=_verdict(summary, counts, words),
        facts=[
            ("events", number(counts.total())),
            ("words", number(len(words))),
            ("recordings", number(summary.recordings)),
            ("heard", duration(summary.seconds)),
            *([("sites", number(len(sites)))] if sites - {""} else []),
            *([("days", number(len(days)))] if days else []),
        ],
        remarks=[*remarks, *([f"{plural(left, 'rarer word')} have no line in the figures."] if left else [])],
        words=_by_word(summary, counts, words),
        sites=_by_site(summary) if sites - {""} else None,
        figures=figures,
        confidence=explained,
        provenance=_kit.flat(about or {}),
    )


def require() -> None:
    """Refuse a page that cannot be written, before anything is done for it.

    Raises:
        MissingExtraError: jinja2, matplotlib or Pillow is not installed.
    """
    _kit.require()
    package("report", "matplotlib")


def _verdict(summary: Summary, counts: Counter[str], words: Sequence[str]) -> str:
    if not counts.total():
        return f"None of the {plural(len(words), 'word')} was found in {plural(summary.recordings, 'recording')}."
    best = [f"“{word}” ({number(counts[word])})" for word in words[:3] if counts[word]]
    never = sum(not counts[word] for word in words)
    rest = f" {plural(never, 'word was', 'words were')} not found." if never else ""
    return f"Most often heard: {', '.join(best)}.{rest}"


def _by_word(summary: Summary, counts: Counter[str], words: Sequence[str]) -> Sheet:
    lengths: Counter[str] = Counter()
    places: dict[str, set[str]] = {word: set() for word in words}
    days: dict[str, set[str]] = {word: set() for word in words}
    for (when, word), milliseconds in summary.milliseconds.items():
        lengths[word] += milliseconds
        places[word].add(when.site)
        days[word].add(when.day)
    hours, most = summary.seconds / _HOUR_S, max(counts.values(), default=1)
    lines = [
        (
            Field(word),
            Field(number(counts[word]), counts[word], bar=100 * counts[word] / most),
            _rate(counts[word], hours),
            Field.of_number(lengths[word] / 1000 if counts[word] else None, duration),
            Field(number(len(places[word])), len(places[word])),
            Field(number(len(days[word] - {""})), len(days[word] - {""})),
        )
        for word in words
    ]
    columns = ("word", "events", "an hour heard", "together", "sites", "days")
    return Sheet("words", "Events by word", columns, 1, tuple(lines))


def _by_site(summary: Summary) -> Sheet:
    heard, events = Counter[str](), Counter[str]()
    words: dict[str, Counter[str]] = {}
    for when, milliseconds in summary.heard.items():
        heard[when.site] += milliseconds
    for (when, word), count in summary.events.items():
        events[when.site] += count
        words.setdefault(when.site, Counter())[word] += count
    most = max(events.values(), default=1)
    lines = []
    for site in sorted(heard):
        often = ", ".join(f"{word} {number(count)}" for word, count in words.get(site, Counter()).most_common(3))
        lines.append(
            (
                Field(site or _NOWHERE),
                Field(duration(heard[site] / 1000), heard[site]),
                Field(number(events[site]), events[site], bar=100 * events[site] / most),
                _rate(events[site], heard[site] / 1000 / _HOUR_S),
                Field(often) if often else Field(),
            )
        )
    return Sheet("sites", "Events by site", ("site", "heard", "events", "an hour heard", "most often"), 1, tuple(lines))


def _rate(count: int, hours: float) -> Field:
    return Field(f"{count / hours:.3g}", count / hours) if hours > 0 else Field()
