"""What is in a folder that Limbeck wrote, whatever wrote it; `limbeck inspect` shows it."""

import json
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from limbeck import _files
from limbeck._addresses import is_address
from limbeck._locations import Location
from limbeck.datasets import Prepared, unusable
from limbeck.distilled import DistilledSet
from limbeck.engine import RunRecord
from limbeck.errors import InputError
from limbeck.evaluation import store

Contents = dict[str, Any]


def inspect(path: Path | str) -> Contents:
    """What is in a folder, or at an address, that Limbeck wrote, as JSON-able data whose ``kind`` says what it is.

    A prepared dataset, a distilled set, a run, scores, an export, an index or a classifier of sounds, what a recipe
    or a demonstration left, or a page.

    Raises:
        InputError: There is no such folder, it is none of these, or is damaged.
    """
    if is_address(path):
        return _at_address(str(path))
    folder = Path(path)
    if not folder.is_dir():
        state = "is a file" if folder.exists() else "does not exist"
        raise InputError(f"{folder} {state}; a folder that Limbeck wrote was expected.")
    if (found := _found(folder)) is None:
        here = ", ".join(sorted(path.name for path in folder.iterdir())[:6]) or "nothing"
        raise InputError(
            f"{folder} is nothing that Limbeck wrote: no prepared dataset, distilled set, run, scores, export, index "
            f"or classifier of sounds, comparison or page. It holds {here}. Make a dataset with limbeck prepare, or an "
            "index of sounds with limbeck sounds index."
        )
    return found


def _at_address(address: str) -> Contents:
    """A prepared dataset or an index of sounds: nothing else is in object storage."""
    if "windows.lance" in Location.of(address).files():
        return _index(address)
    return Prepared.open(address).summary()


def _found(folder: Path, deepest: int = 2) -> Contents | None:
    """Folders of folders are looked into so deep: what a demonstration or a comparison leaves."""
    for marker, look in _LOOKS:
        if (folder / marker).exists() and (found := look(folder)) is not None:
            return found
    return _several(folder, deepest)


def _named_by_config(folder: Path) -> Contents | None:
    """A distilled set, a classifier of sounds or an export: ``config.json`` or ``limbeck.json`` says which."""
    file = next(file for name in ("config.json", "limbeck.json") if (file := folder / name).exists())
    try:
        config = _files.read_json(file)
    except (ValueError, RecursionError):
        config = None
    form = str(config.get("format", "")) if isinstance(config, dict) else ""
    if form.startswith("limbeck-sound-classifier-"):
        return _classifier(folder)
    if (data := folder / "data.safetensors").is_file():
        return DistilledSet.load(folder).summary() | {"bytes": data.stat().st_size, "scores": store.summary(folder)}
    return {"kind": "export", **config} if isinstance(config, dict) and form.startswith("limbeck-") else None


def _classifier(folder: Path) -> Contents:
    from limbeck import sounds
    from limbeck.prototypes import SoundClassifier

    origin = sounds.Origin.read(folder)
    return {
        "kind": "classifier of sounds",
        **sounds.summary(SoundClassifier.load(folder)),
        "index": origin.index,
        "corrections": origin.corrections.to_json(),
    }


def _index(folder: Path | str) -> Contents:
    from limbeck.index import SoundIndex

    return {"kind": "index of sounds", **SoundIndex.open(folder).describe()}


def _run(folder: Path) -> Contents | None:
    """A run, or the folder of a set whose run has not ended."""
    run = RunRecord.find(folder)
    return run.summary() if run else None


def _comparison(folder: Path) -> Contents:
    """A comparison; what is wrong with its files is one sentence."""
    file = folder / "recipe.json"
    try:
        recipe = _files.read_json(file)
        if isinstance(recipe, dict) and recipe.get("kind") == "sounds" and (folder / "table.json").is_file():
            from limbeck.evaluation.sounds import SoundResults

            file = folder / "table.json"
            results = SoundResults.from_json(_files.read_json(file))
            return {
                "kind": "comparison of classifiers of sounds",
                "title": results.title,
                "dataset": results.dataset,
                "rows": list(results.rows),
                "ablations": [one.name for one in results.ablations],
                "files": _names(folder),
                **results.about,
            }
    except (ValueError, RecursionError) as error:
        raise InputError(f"{file} is damaged. Give the command again that made it.") from error
    return {"kind": "comparison", "files": _names(folder), "recipe": recipe}


def _page(folder: Path) -> Contents | None:
    file = folder / "index.html"
    with file.open("rb") as handle:
        head = handle.read(65_536).decode("utf-8", "replace")  # more than a page's head takes
    if '<meta name="generator" content="limbeck">' not in head:
        return None
    title = re.search(r"<title>(.*?)</title>", head, re.DOTALL)
    return {"kind": "page", "title": title[1].strip() if title else "", "open": str(file), "files": _names(folder)}


def _scores(folder: Path) -> Contents | None:
    """Scores, where there is nothing else."""
    files = [path for path in folder.iterdir() if not path.name.startswith(".") and path.name != store.CONTROLS]
    if not files or not all(path.is_file() and path.suffix == ".json" for path in files):
        return None
    for file in files:
        with suppress(ValueError, RecursionError):  # a damaged one may have been a score
            content = json.loads(file.read_bytes())
            if not (isinstance(content, dict) and "trained_on" in content):
                return None
    return {"kind": "scores", "scores": store.summary(folder)}


def _several(folder: Path, deepest: int) -> Contents | None:
    """What lies in the folders of a folder: of a demonstration, of a comparison."""
    below = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    found = {path.name: _found(path, deepest - 1) for path in below} if deepest else {}
    if not (holds := {name: what for name, what in found.items() if what is not None}):
        return None
    return {"kind": "several", "holds": {name: what.get("holds", what["kind"]) for name, what in holds.items()}}


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))


_LOOKS: tuple[tuple[str, Callable[[Path], Contents | None]], ...] = (
    ("dataset.json", lambda folder: Prepared.open(folder).summary()),
    ("config.json", _named_by_config),
    ("limbeck.json", _named_by_config),
    ("shards", unusable),
    (".", _run),
    ("windows.lance", _index),
    ("recipe.json", _comparison),
    ("index.html", _page),
    (".", _scores),
)
"""Files that tell what a folder is, and what looks closer; the first that finds something is right."""
