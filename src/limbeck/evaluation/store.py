"""Where scores lie on disk, and how they are told apart.

The folder of a distilled set keeps its scores in ``scores/``, and there what the set is compared with in
``controls/<fingerprint>/``. A file's name is a title and the key of a question.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from limbeck import _files
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation.score import Score

SCORES = "scores"
"""Folder, inside a distilled set's, of its scores."""
CONTROLS = "controls"
"""Folder, inside that of a set's scores, of the scores of what it is compared with, in one for each set."""
ACCURACY = "accuracy"


def file_of(question: Score, folder: Path, title: str) -> Path:
    """The file of a `question`, a score without repeats, in a `folder`; the `title` begins its name."""
    if Path(title).name != title:
        raise InputError(f"A title becomes part of a file's name, but {title!r} is a path. Leave slashes out.")
    return folder / f"{title}-{question.key}.json"


def keep(file: Path, found: Score) -> None:
    """Keep what was `found` in a `file`, unless another process has kept a score of more repeats there meanwhile."""
    if not (file.exists() and Score.read(file).n >= found.n):
        _files.write_record(file, found.to_json())


def scores_in(
    folder: Path, test: LabelledClips | None = None, measure: str | None = ACCURACY
) -> list[tuple[str, Score]]:
    """Scores in a `folder` of scores or in that of a distilled set, with their titles.

    Of a distilled set those that were made with what is in the folder now, and its controls'; of scores alone all. Left
    out are those on other `test` clips, and of another `measure`, where these are not None.
    """
    ours = (folder / "config.json").exists()
    place = folder / SCORES if ours else folder
    fingerprint = DistilledSet.load(folder).fingerprint if ours else None
    found = []
    for file in [*sorted(place.glob("*.json")), *sorted((place / CONTROLS).glob(f"{fingerprint or '*'}/*.json"))]:
        score = Score.read(file)
        if measure not in (None, score.measure):
            continue
        own = file.parent != place or fingerprint in (None, score.trained_on.fingerprint)
        if own and (test is None or score.tested_on.fingerprint == test.fingerprint):
            found.append((file.stem.removesuffix(f"-{score.key}"), score))
    return found


def by_title(scores: Iterable[tuple[str, Score]]) -> dict[str, Score]:
    """Scores by title, each question once; where titles agree and questions do not, the odd ones say what differs."""
    once: dict[str, tuple[str, Score]] = {}
    for title, score in scores:
        once.setdefault(score.key, (title, score))
    every: dict[str, Score] = {}
    for title in dict.fromkeys(title for title, _ in once.values()):
        group = [score for other, score in once.values() if other == title]
        usual = min(group, key=lambda one: sum(len(one.differs(other)) for other in group))
        for score in group:
            differ = (n for n in score.differs(usual) if n not in ("classes", "truth", "scales", "letters"))
            odd = f"{title} (other {', '.join(n.replace('_', ' ') for n in differ)}: {score.key[:4]})"
            every[title if score is usual else odd] = score
    return every


def summary(folder: Path) -> dict[str, Any]:
    """Mean, deviation and number of repeats of every score in a folder (or a set's), by title; JSON-able."""
    return {
        name: {
            "measure": score.measure,
            "mean": score.mean,
            "sd": {k: v for k, v in score.sd.items() if score.n > 1},
            "n": score.n,
        }
        for name, score in by_title(scores_in(folder, measure=None)).items()
    }
