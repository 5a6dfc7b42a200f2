"""The page of a classifier learned from words: what each word stands for, a map of the sounds, what to check.

One HTML file that opens from disk and asks the network for nothing. What is wrong can be marked in it; the page then
shows the command, or saves the file, that `limbeck sounds correct` takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from limbeck import _files, _machine
from limbeck.errors import MediaError
from limbeck.report import _encode, _html, _sound_map, figures
from limbeck.report._sound_cells import Cell, cell
from limbeck.report._sound_views import HEIGHT, NONE, WIDTH, Heard, Shower, Word, check, names, to_check, told
from limbeck.report._words import number, plural, size

Progress = Callable[[int, int], None]

__all__ = ["NONE", "SIZE_LIMIT_BYTES", "Heard", "Word", "page", "to_check"]

SIZE_LIMIT_BYTES = 40_000_000
"""Largest sum of the sounds of a page: a browser opens this without trouble."""
_HUES = 12
_OPEN_WORDS = 4
_PLAYERS_A_WORD = 36
_AT_ONCE = 32


def page(
    words: Sequence[Word],
    heard: Heard,
    out: Path | str,
    *,
    command: str = "limbeck sounds correct classifier/",
    title: str | None = None,
    about: Mapping[str, Any] | None = None,
    remarks: Sequence[str] = (),
    recording: Callable[[int], Path] | None = None,
    points: int = 1500,
    uncertain: int = 24,
    size_limit_bytes: int = SIZE_LIMIT_BYTES,
    seed: int = 0,
    on_progress: Progress = lambda done, total: None,
    told_of: Callable[[str], None] = lambda sentence: None,
) -> Path:
    """Write ``index.html``.

    Args:
        words: The words in the order of the columns of `heard.scores`.
        heard: The windows.
        out: Folder; made if need be.
        command: Beginning of the command that corrects this classifier.
        title: Heading; made from the number of words by default.
        about: What else is known (encoder, settings, date); shown at the end.
        remarks: What a reader must know, a sentence each; shown at the top.
        recording: Where the recording of a window lies now, by position; raises `MediaError` where it does not. Its
            path in `heard` by default.
        points: Most windows drawn on the map; those that stand for words and those to check come first.
        uncertain: Most windows offered for checking.
        size_limit_bytes: Most bytes of sounds; players beyond it are left out, and the page says so.
        seed: Of the map.
        on_progress: Told of recordings read, done and total.
        told_of: Told, in a sentence, that recordings cannot be heard on the page.

    Returns:
        Path of ``index.html``.

    Raises:
        InputError: The arrays do not fit each other, or there is no window.
        MissingExtraError: jinja2, matplotlib or Pillow is not installed.
    """
    _html.require()
    _encode.require_pillow("report")
    check(words, heard)
    doubts = to_check(words, heard, uncertain)
    shown = [[int(i) for i in word.neighbours][:_PLAYERS_A_WORD] for word in words]
    wanted = [i for row in shown for i in row] + [i for i, _ in doubts] + [int(i) for w in words for i in w.neighbours]
    drawn = _sound_map.chosen(len(heard.paths), wanted, max(points, 1), seed=seed)
    spots = dict(zip(drawn.tolist(), _sound_map.places(heard.features[drawn], seed=seed).tolist(), strict=True))
    pictured = list(dict.fromkeys([i for row in shown for i in row] + [i for i, _ in doubts]))
    cells, complete = _cells(
        heard, recording or (lambda i: Path(heard.paths[i])), pictured, drawn.tolist(), size_limit_bytes, on_progress
    )
    unheard = _unheard(heard, cells)
    show = Shower(words, heard, spots)
    html = _html.render(
        "sounds_page.html.jinja",
        script="sounds_page.js",
        styles=("page.css", "sounds_page.css"),
        title=title or f"{plural(len(words), 'word')} and what they sound like",
        verdict=_verdict(words, heard, len(doubts)),
        facts=_facts(words, heard, about or {}),
        remarks=[*remarks, *unheard],
        words=[
            {
                "label": word.label,
                "description": word.description,
                "points": [show(i, c) for i in shown[c]],
                "stands": len(word.neighbours),
                "named": int((heard.named == c).sum()),
                "hue": c % _HUES,
                "opened": c < _OPEN_WORDS,
            }
            for c, word in enumerate(words)
        ],
        unnamed=int((heard.named == NONE).sum()),
        map=[show(int(i)) for i in drawn],
        names=names(words, spots),
        width=WIDTH,
        height=HEIGHT,
        left_out=len(heard.paths) - len(drawn),
        check=[show(i, doubt=doubt) for i, doubt in doubts],
        cells=cells,
        complete=complete,
        limit=size(size_limit_bytes),
        facts_for_script={
            "command": command,
            "labels": [word.label for word in words],
            "points": {i: told(show(i)) for i in sorted({*drawn.tolist(), *pictured})},
            "sounds": {i: c.sound for i, c in cells.items() if c.sound},
        },
        provenance=_html.flat(about or {}),
    )
    _files.write_text(Path(out) / "index.html", html)
    for sentence in unheard:
        told_of(sentence)
    return Path(out) / "index.html"


def _cells(
    heard: Heard,
    recording: Callable[[int], Path],
    pictured: Sequence[int],
    drawn: Sequence[int],
    limit: int,
    on_progress: Progress,
) -> tuple[dict[int, Cell], bool]:
    """What can be heard: with pictures first, then the other points of the map while there is room."""
    palette, with_picture = figures.palette(), set(pictured)

    def read(i: int) -> Cell:
        seconds = float(heard.start_s[i]), float(heard.duration_s[i])
        try:
            path = recording(i)
        except MediaError as error:
            return Cell(trouble=str(error))
        return cell(path, *seconds, palette if i in with_picture else None)

    queue = list(dict.fromkeys([*pictured, *drawn]))
    cells: dict[int, Cell] = {}
    spent = 0
    with ThreadPoolExecutor(_machine.cores()) as pool:
        for at in range(0, len(queue), _AT_ONCE):
            on_progress(at, len(queue))
            if spent > limit:
                break
            some = queue[at : at + _AT_ONCE]
            cells |= zip(some, pool.map(read, some), strict=True)
            spent = sum(len(c.sound) + len(c.picture) for c in cells.values())
    on_progress(len(queue), len(queue))
    return {i: cells.get(i, Cell()) for i in queue}, len(cells) == len(queue)


def _unheard(heard: Heard, cells: Mapping[int, Cell]) -> list[str]:
    """That recordings cannot be heard, in a sentence; nothing where all can."""
    lost = {str(heard.paths[i]): cell.trouble for i, cell in cells.items() if cell.trouble}
    if not lost:
        return []
    first = min(lost)
    why = lost[first] if first in lost[first] else f"{first}: {lost[first]}"
    return [
        f"{plural(len(lost), 'recording')} cannot be heard on the page. The first: {why} If they were moved, "
        "name the folder they are in now with --root; if they have changed, bring the index up to date and learn again."
    ]


def _verdict(words: Sequence[Word], heard: Heard, doubts: int) -> str:
    counts = sorted({len(word.neighbours) for word in words})
    nearest = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    rejected = int((heard.named == NONE).sum())
    none = f" {plural(rejected, 'window is', 'windows are')} none of the words." if rejected else ""
    return (
        f"The {nearest} windows nearest to a word, of {number(len(heard.paths))} that nobody has labelled, stand for "
        f"it; a sound is named by the nearest of their means.{none} {plural(doubts, 'window is', 'windows are')} "
        "worth a check by ear below."
    )


def _facts(words: Sequence[Word], heard: Heard, about: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [
        ("words", number(len(words))),
        ("recordings", number(len({str(path) for path in heard.paths}))),
        ("windows", number(len(heard.paths))),
        ("none of the words", number(int((heard.named == NONE).sum()))),
    ]
    encoder = about.get("encoder")
    return [*facts, ("encoder", str(encoder))] if encoder else facts
