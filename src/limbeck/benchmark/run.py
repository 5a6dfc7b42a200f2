"""Work a recipe off in local processes, and write its tables from what is on disk."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context, parent_process
from pathlib import Path
from statistics import fmean
from typing import Any

from limbeck import _files, _machine, _recipes, verbs
from limbeck._runtime import choose_runtime, threads
from limbeck.benchmark.jobs import (
    Job,
    cells,
    changes,
    finished,
    jobs,
    measured,
    measures_of,
    perform,
    students_of,
    tables,
)
from limbeck.benchmark.plan import Line, lines, measure
from limbeck.benchmark.recipe import Recipe, root_of
from limbeck.datasets import Prepared
from limbeck.engine import machine, note, versions
from limbeck.errors import BusyError, InputError, LimbeckError, MissingExtraError, PluginError, explained
from limbeck.networks import keep_freed_memory
from limbeck.report import comparison_page, forms
from limbeck.report.comparison import Comparison
from limbeck.report.table import KEYS

RETRY_SECONDS = 5.0
Told = Callable[[str, int, int], None]
"""Called with what happened, jobs finished and jobs in all."""


def plan(recipe: Recipe, *, out: Path | str, data: Path | str | None = None, device: str = "auto") -> list[Line]:
    """What `run` would do with the same arguments, and how long it would take here. Nothing is written.

    Args:
        recipe: The comparison.
        out: As in `run`.
        data: As in `run`.
        device: As in `run`.

    Raises:
        InputError: The data is not prepared yet, and the recipe does not say how large it is.
    """
    out, clips = Path(out), None
    runtime = choose_runtime(device, recipe.dtype)
    place = prepared_folder(recipe, out, data)
    if (place / "dataset.json").exists():
        prepared = Prepared.open(place)
        clips = prepared.clips("train")
        per_class, test, print_ = clips.per_class(), len(prepared.clips("test")), prepared.fingerprint
    elif recipe.data.expected:
        size = recipe.data.expected
        per_class, test, print_ = (size.train // size.classes,) * size.classes, size.test, "not prepared"
    else:
        raise InputError(
            f"The data is not prepared, so its size is not known. Prepare it first (limbeck benchmark without "
            f"--dry-run does), or write classes, train and test under [data.expected] of {recipe.title!r}."
        )
    asked = jobs(recipe, print_, out, device=device)
    with threads(recipe.threads):
        speed = measure(recipe, recipe.data.clip, runtime, len(per_class))
    return lines(
        recipe, asked, per_class=per_class, test=test, speed=speed, clip=recipe.data.clip, clips=clips,
    )  # fmt: skip


def run(
    recipe: Recipe,
    *,
    name: str,
    out: Path | str,
    data: Path | str | None = None,
    processes: int = 1,
    device: str = "auto",
    progress: bool = True,
    on_job: Told | None = None,
    command: str = "",
) -> Comparison:
    """Do every job of a recipe that is not done, and write its tables and page to ``out/name``.

    Any number of processes, started here or elsewhere on the same folder, share the jobs. Killed and called again, it
    goes on where it was. A job that fails is told at the end and tried again by the next call; the others go on.

    Args:
        recipe: The comparison.
        name: Folder of its tables; one beside it, where another recipe of that name has them (`_recipes.folder_of`).
        out: Folder of prepared data, distilled sets and tables; recipes that share it share their work.
        data: Folder or manifest of the dataset, if it is not where the recipe says.
        processes: Jobs at once, each in a local process with the recipe's number of threads; 1 works in this one.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ...
        progress: Draw a bar while the data is prepared.
        on_job: Called after each job, and with what is to be said before the first.
        command: What was typed to run it, shown below the tables.

    Returns:
        The comparison as far as it is done.

    Raises:
        InputError: The recipe or the data does not fit.
        LimbeckError: A process died.
    """
    out = Path(out)
    prepared = prepare(recipe, out, data=data, progress=progress)
    asked = jobs(recipe, prepared.fingerprint, out, device=device)
    tell: Told = on_job or (lambda what, done, total: None)
    todo = [job for job in asked if not finished(recipe, job)]
    failed: dict[str, str] = {}
    done = len(asked) - len(todo)
    folder = _recipes.folder_of(name, recipe.to_json(), out=out, data=data)
    clock = folder / "time.json"
    tell(_before(asked, todo), done, len(asked))
    started = time.perf_counter()
    try:
        for job, error in _work_off(recipe, todo, prepared.folder, processes, device):
            if error:
                failed[str(job)] = error
            done += not error
            started = _add_seconds(clock, started)
            tell(f"{job}: {error}" if error else summary(recipe, job), done, len(asked))
    finally:
        found = write(recipe, asked, prepared, folder, failed, command)
    return found


def _before(asked: Sequence[Job], todo: Sequence[Job]) -> str:
    """What is to be said before the work; mostly nothing."""
    if not todo:
        return f"Already done: all {len(asked)} jobs were finished before. Nothing was run."
    again = [(job.row, changed) for job in todo if (changed := changes(job))]
    if not again:
        return ""
    told = "; ".join(dict.fromkeys(words for _, changed in again for words in changed))
    rows = ", ".join(dict.fromkeys(row for row, _ in again))
    return f"Done before by other code, and done anew: {rows} ({told}). What was found then stays where it is."


def prepare(recipe: Recipe, out: Path, *, data: Path | str | None = None, progress: bool = True) -> Prepared:
    """The recipe's data, prepared once for all recipes that share `out`.

    What is there is checked against the recordings, so that results of others are never taken for theirs; where they
    have gone, it is taken as it is.

    Args:
        recipe: Says what data.
        out: Folder of all runs.
        data: Folder or manifest of the dataset, if it is not where the recipe says.
        progress: Draw a bar.

    Raises:
        InputError: The data is not where it should be.
        FingerprintError: The recordings have changed since they were prepared.
    """
    folder = prepared_folder(recipe, out, data)
    root = root_of(recipe.data, data) or out / "generated" / folder.name
    if (folder / "dataset.json").exists() and not root.exists():
        note(f"The recordings are not at {root} any more; {folder} is taken as it is.", show=progress)
        return Prepared.open(folder)
    with _files.exclusive(out / "prepared", wait=True):
        return verbs.prepare(
            recipe.data.dataset, root, out=folder, recipe=recipe.data.clip, progress=progress, **recipe.data.options
        )


def prepared_folder(recipe: Recipe, out: Path, data: Path | str | None = None) -> Path:
    """Where the recipe's data is prepared: data from another place, or cut otherwise, has another folder.

    Args:
        recipe: Says what data.
        out: Folder of all runs.
        data: Folder or manifest of the dataset, if it is not where the recipe says.
    """
    asked = recipe.data.model_dump(mode="json", exclude={"root", "expected"})
    root = data or (recipe.data.root and os.path.expandvars(recipe.data.root))
    return out / "prepared" / f"{recipe.data.dataset}-{_files.digest(asked, root and str(Path(root).absolute()))}"


def write(
    recipe: Recipe, asked: Sequence[Job], prepared: Prepared, folder: Path, failed: dict[str, str], command: str
) -> Comparison:
    """Tables in every form, and the page, from what is on disk.

    Args:
        recipe: The comparison.
        asked: Its jobs.
        prepared: The data.
        folder: Where to write.
        failed: Why jobs failed, by job.
        command: What was typed; "" where nothing was.
    """
    train, kinds = prepared.clips("train"), {}
    for form in forms.names():
        try:
            kinds[form] = forms.load(form)
        except PluginError as error:  # the others are written all the same
            failed[f"table as {form}"] = str(error)
    about: dict[str, Any] = {
        "words": recipe.words,
        "classes": len(train.classes),
        "class_names": list(train.classes),
        "chance_percent": 100 / len(train.classes),
        "training_clips": len(train),
        "training_clips_per_class": list(train.per_class()),
        "test_clips": len(prepared.clips("test")),
        "clip": prepared.recipe.to_json(),
        "network": recipe.network.to_json(),
        "protocol": recipe.protocol.to_json(),
        "settings": recipe.settings,
        "settings_at": recipe.at,
        "threads": recipe.threads,
        "command": command,
        "wall_seconds": _files.read_record(clock)["wall_seconds"] if (clock := folder / "time.json").exists() else 0.0,
        "machine": machine(),
        "versions": versions(),
        "failed": failed,
    }
    comparison = Comparison(
        title=recipe.title,
        dataset=prepared.name,
        about=about,
        cells=tuple(cells(recipe, asked)),
        baseline=recipe.baseline,
        rows=tuple(dict.fromkeys(job.row for job in asked)),
        measures=tuple(tables(recipe, asked, prepared.clips("test"))),
    )
    for kind in kinds.values():
        _files.write_text(folder / f"table{kind.suffix}", kind.write(comparison))
    try:
        comparison_page.write(comparison, folder)
    except MissingExtraError as error:  # the numbers are what hours were spent on; the page can be had later
        comparison.about["page"] = f"The page was left out. {error}"
    return comparison


def summary(recipe: Recipe, job: Job) -> str:
    """A finished job in one line: accuracies under the first head, what was measured, and seconds.

    Args:
        recipe: The comparison.
        job: A finished job.
    """
    told, seconds = [], []
    for cell in cells(recipe, [job])[:1]:
        told += [f"{key} {fmean(cell.accuracy[key]):.1f}" for key in KEYS if key in cell.accuracy]
        seconds += [cell.distill_seconds, len(recipe.heads) * students_of(recipe, job) * cell.student_seconds]
    for name in measures_of(recipe, job):
        found = measured(recipe, job, name)
        if found:
            told.append(name)
            seconds.append(found.seconds)
    return f"{job}: {'  '.join(told)}  ({' + '.join(f'{s:.0f} s' for s in seconds)})"


def _work_off(
    recipe: Recipe, todo: Sequence[Job], data: Path, processes: int, device: str
) -> Iterator[tuple[Job, str | None]]:
    """Jobs as they end, each with what went wrong; those another process is busy with are asked for again later."""
    waiting = list(todo)
    if processes == 1:
        while waiting:
            job = waiting.pop(0)
            try:
                yield job, _do(recipe, data, job, device)
            except BusyError:
                _put_back(waiting, job)
        return
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin) as pool:
        running: dict[Future[str | None], Job] = {}
        try:
            while waiting or running:
                while waiting and len(running) < processes:
                    job = waiting.pop(0)
                    with _machine.considerate_children():  # a process starts with the first job it gets
                        running[pool.submit(_do, recipe, data, job, device)] = job
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    job = running.pop(future)
                    try:
                        yield job, future.result()
                    except BusyError:
                        _put_back(waiting, job)
        except BrokenProcessPool as error:
            raise LimbeckError(
                "A working process died (out of memory, or killed). What was finished is kept: give the same command "
                "again, with fewer --processes if memory was short."
            ) from error
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _put_back(waiting: list[Job], job: Job) -> None:
    waiting.append(job)
    if len(waiting) == 1:  # nothing else to do meanwhile
        time.sleep(RETRY_SECONDS)


def _begin() -> None:
    keep_freed_memory()
    # Idle workers of a killed parent would otherwise wait for ever.
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do(recipe: Recipe, data: Path, job: Job, device: str) -> str | None:
    """Do a job; what goes wrong in it is its result, so that the others go on."""
    try:
        with threads(recipe.threads):
            perform(recipe, job, Prepared.open(data), device=device)
    except BusyError:
        raise
    except Exception as error:
        if told := explained(error):
            return told
        traceback.print_exc()
        return f"a fault in Limbeck, please report the lines above ({type(error).__name__}: {error})"
    return None


def _add_seconds(clock: Path, since: float) -> float:
    """Add the seconds since then to those of earlier calls; returns now."""
    now = time.perf_counter()
    before = _files.read_record(clock)["wall_seconds"] if clock.exists() else 0.0
    _files.write_record(clock, {"wall_seconds": before + now - since})
    return now
