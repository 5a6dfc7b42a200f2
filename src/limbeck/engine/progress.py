"""Progress on standard error, so that standard output stays clean for data."""

import contextlib
import sys
from collections.abc import Callable, Iterator

Progress = Callable[[int, int], None]
"""Called with (done, total)."""


def note(sentence: str, *, show: bool) -> None:
    """Tell people a `sentence` on standard error, if `show`."""
    if show:
        print(sentence, file=sys.stderr)


@contextlib.contextmanager
def bar(title: str, *, show: bool) -> Iterator[Progress]:
    """A progress bar under a `title` with remaining time; a silent stand-in when `show` is false."""
    if not show:
        yield lambda done, total: None
        return
    from rich import progress
    from rich.console import Console

    columns = [progress.TextColumn("{task.description}"), progress.BarColumn(), progress.MofNCompleteColumn()]
    columns += [progress.TimeElapsedColumn(), progress.TextColumn("left"), progress.TimeRemainingColumn()]
    with progress.Progress(*columns, console=Console(stderr=True)) as drawn:
        task = drawn.add_task(title, total=None)
        yield lambda done, total: drawn.update(task, completed=done, total=total)
