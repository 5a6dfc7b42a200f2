"""Work a recipe off, and write its tables from what is on disk."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from limbeck import _files, _recipes
from limbeck.comparison._recipe import Job, Place, Recipe
from limbeck.engine import machine, versions
from limbeck.engine.executor import Executor, local
from limbeck.errors import MissingExtraError, PluginError
from limbeck.networks import keep_freed_memory
from limbeck.report import writers
from limbeck.report.model import Document

OnJob = Callable[[str, int, int], None]
"""Called with what happened, jobs finished and jobs in all."""


def run(
    recipe: Recipe | Path | str,
    *,
    out: Path | str,
    name: str | None = None,
    data: Path | str | None = None,
    processes: int = 1,
    executor: Executor | None = None,
    on_job: OnJob | None = None,
    command: str = "",
    page: bool = True,
    **place: Any,
) -> Any:
    """Do every job of a recipe that is not done, and write its tables and page to ``out/name``.

    Any number of processes, started here or elsewhere on the same folder, share the jobs. Killed and called again, it
    goes on where it was. A job that fails is reported at the end and tried again by the next call; the others go on.

    Args:
        recipe: The comparison, its file, or the name of one that comes with Limbeck.
        out: Folder of data, results and tables; recipes that share it share their work.
        name: Folder of its tables, named as its file by default; one beside it where another recipe has that.
        data: Folder or manifest of the dataset, if it is not where the recipe says.
        processes: Jobs at once, each in a local process with the recipe's number of threads; 1 works in this one.
        executor: What runs the jobs, instead of so many processes.
        on_job: Called after each job, and with what is to be said before the first.
        command: What was typed to run it, shown below the tables.
        page: Whether figures and the page are drawn too, which takes seconds; without them it writes tables alone.
        place: Further fields of `Place`: ``device``, ``progress``, ``weights``, ``offline``, ``encoder``.

    Returns:
        What was found as far as it is done.

    Raises:
        InputError: The recipe or the data does not fit.
        LimbeckError: A process died.
    """
    name = name or ("results" if isinstance(recipe, Recipe) else Path(recipe).stem)
    recipe = recipe if isinstance(recipe, Recipe) else Recipe.load(recipe)
    out = Path(out)
    session = recipe.begin(Place(out=out, data=data, **place))
    left = [job for job in session.jobs if not job.done]
    total, done = len(session.jobs), len(session.jobs) - len(left)
    failed: dict[str, str] = {}
    folder = _recipes.folder_of(name, recipe.to_json(), out=out, data=data)
    tell: OnJob = on_job or (lambda what, done, total: None)
    tell(_before(session.jobs, left), done, total)
    spent, since = folder / "time.json", time.perf_counter()
    try:
        for job, error in (executor or local(processes, keep_freed_memory)).run(left):
            if error:
                failed[str(job)] = error
            done += not error
            now = time.perf_counter()
            _files.write_record(spent, {"wall_seconds": _seconds(spent) + now - since})  # what others spend counts, too
            since = now
            tell(f"{job}: {error}" if error else job.summary, done, total)
    finally:
        about = {
            "command": command,
            "wall_seconds": _seconds(spent),
            "machine": machine(),
            "versions": versions(),
            "failed": failed,
        }
        found = session.results(folder.name, about)
        _write(recipe, found, folder, page=page)
    return found


def _write(recipe: Recipe, found: Any, folder: Path, *, page: bool) -> None:
    """Tables by every writer, then figures and the page, which the tables show where they can."""
    kinds = []
    for name in writers.names():
        try:
            kinds.append(writers.load(name))
        except PluginError as error:  # the others write all the same
            found.about["failed"][f"table as {name}"] = str(error)

    def write(document: Document) -> None:
        for kind in kinds:
            _files.write_text(folder / f"table{kind.suffix}", kind.write(document))

    write(recipe.document(found))
    if not page:
        return
    try:
        write(recipe.document(found, folder))
    except MissingExtraError as error:  # the numbers are what hours were spent on; figures can be had later
        found.about["page"] = f"The page was left out. {error}"


def _seconds(file: Path) -> float:
    """Seconds that all calls on a folder took, up to their last jobs."""
    return float(_files.read_record(file)["wall_seconds"]) if file.exists() else 0.0


def _before(jobs: Sequence[Job], left: Sequence[Job]) -> str:
    """What is to be said before the work; mostly nothing."""
    if not left:
        return f"Already done: all {len(jobs)} jobs were finished before. Nothing was run."
    again = [(job.row, changed) for job in left if (changed := job.code_changes())]
    if not again:
        return ""
    changes = "; ".join(dict.fromkeys(words for _, changed in again for words in changed))
    rows = ", ".join(dict.fromkeys(row for row, _ in again))
    return f"Done before by other code, and done anew: {rows} ({changes}). What was found then stays where it is."
