"""The page of a distilled set on disk: what its folder holds is gathered, and the page is made of it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from limbeck.datasets import LabelledClips, Prepared
from limbeck.distilled import DistilledSet
from limbeck.engine import RunRecord, note
from limbeck.errors import InputError
from limbeck.evaluation.store import by_title, scores_in
from limbeck.report import distilled_page


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

    Args:
        distilled: Folder of a distilled set; its scores kept there are shown, and those of its controls.
        on: The prepared dataset, for nearest real neighbours; scores on other test clips are then left out. Of a
            dataset that the set was not distilled from no neighbours are shown.
        out: Folder of the page and its figures.
        compare: Folders of further scores, or of further distilled sets, for the table.
        title: Heading of the page.
        progress: Whether standard error names the folders to compare with that have no score, and the command that
            gives them one; the page does it too.

    Returns:
        The page, ``index.html``.

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
            f"Nearest real clips are left out: the set was distilled from other clips than those of {prepared.folder}."
        )
    for words in notes:
        note(words, show=progress)
    run = RunRecord.find(folder)
    about: dict[str, Any] = run.facts | run.cost if run else {}
    if about.pop("fingerprint", made.fingerprint) != made.fingerprint:  # another set was put beside the run
        run, about = None, {}
    return distilled_page.write(
        made,
        Path(out),
        scores=scores,
        events=run.events if run else (),
        clips=train,
        clip_ids=train.ids if train else None,
        about={k: v for k, v in about.items() if k != "asked"},
        title=title,
        unscored=notes,
    )


def _unscored(place: Path, on: Prepared | None, test: LabelledClips | None) -> str:
    """What a folder to compare with lacks, and the command that gives it; empty where its scores are there."""
    if not place.is_dir():
        raise InputError(f"There is no folder {place} to compare with; give a distilled set's, or one of scores.")
    if (place / "config.json").exists():
        fingerprint = DistilledSet.load(place).fingerprint
        if any(score.trained_on.fingerprint == fingerprint for _, score in scores_in(place, test)):
            return ""
        data = "PREPARED" if on is None else shlex.quote(str(on.folder))
        command = f"limbeck evaluate {shlex.quote(str(place))} --on {data}"
        return f"{place} has no score, so it is not in the table. Score it with: {command}"
    if any(place.glob("*.json")):
        return ""
    return f"{place} holds no scores, so nothing of it is in the table. Scores are written by: limbeck evaluate --out"
