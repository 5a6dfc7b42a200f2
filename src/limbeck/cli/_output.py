"""What the verbs print: data on stdout, everything else on stderr."""

from __future__ import annotations

import functools
import json
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import typer

from limbeck._addresses import refuse_address
from limbeck._words import plain, size

if TYPE_CHECKING:
    from rich.console import JustifyMethod

    from limbeck.hub import Upload
    from limbeck.report import Sheet
    from limbeck.report.table import Row

_PIPE_WIDTH = 100_000
"""As wide as any table: programs read it, and want no cell cut or broken."""


def app(modules: Iterable[ModuleType], **settings: Any) -> typer.Typer:
    """Commands: in lists of them the first line of each one's help, uncut, and its examples at its end.

    Each of the `modules` has a function `run`, `EXAMPLES`, and the command's name or else `NAME`; the `settings` are
    those of the group.
    """
    # The help that typer draws with rich costs more time than all the rest of it.
    made = typer.Typer(no_args_is_help=True, rich_markup_mode=None, **settings)
    for module in modules:
        name = getattr(module, "NAME", module.__name__.rpartition(".")[2])
        short = module.run.__doc__.partition("\n")[0]
        made.command(name, short_help=short, epilog=_examples(module.EXAMPLES))(_on_disk(module.run))
    return made


def _on_disk(run: Callable[..., None]) -> Callable[..., None]:
    """A verb that refuses addresses for whatever it takes as a path."""

    @functools.wraps(run)
    def checked(**given: Any) -> None:
        for value in given.values():
            for path in value if isinstance(value, list) else [value]:
                if isinstance(path, Path):
                    refuse_address(path)
        run(**given)

    return checked


def group(modules: Iterable[ModuleType], about: str, lines: Sequence[str]) -> typer.Typer:
    """Commands that belong together, with what they are for and `lines` of examples."""
    return app(modules, help=about, short_help=about, epilog=_examples(lines))


def _examples(lines: Sequence[str]) -> str:
    return "\n\n".join(["Examples:", *lines])


def typed() -> str:
    """The command this process was started with, as a shell takes it."""
    return shlex.join(["limbeck", *sys.argv[1:]])


def note(text: str, *, quiet: bool = False) -> None:
    """Tell people something on stderr."""
    if not quiet:
        typer.echo(text, err=True)


def fail(text: str) -> None:
    """Say in red, on stderr, what went wrong."""
    typer.secho(f"Error: {text}", fg="red", err=True)


def as_json(content: Any) -> None:
    typer.echo(json.dumps(content, indent=2, allow_nan=False))


def as_table(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str | None = None, unbroken: int = 0
) -> None:
    """Print data for people; columns whose heading begins with ``>`` are flush right, the first `unbroken` unbroken."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, column in enumerate(columns):
        side: JustifyMethod = "right" if column.startswith(">") else "left"
        table.add_column(column.removeprefix(">"), justify=side, no_wrap=place < unbroken)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _PIPE_WIDTH, highlight=False)
    # A column is padded to its widest cell, the last one too: a screenful of spaces a line where a cell is a sentence.
    with console.capture() as printed:
        console.print(table)
    typer.echo("\n".join(line.rstrip() for line in printed.get().splitlines()))


def as_scores(rows: Sequence[Row], *, title: str | None = None, quiet: bool = False) -> None:
    """Print accuracies in percent, mean ± standard deviation, a line a training set; say in what else rows differ."""
    from limbeck.report import table

    keys = table.modalities(rows)
    facts = [">n", ">stored samples", "held as", ">training samples", ">stored"]
    lines = []
    for row in rows:
        told = [str(row.n), str(row.stored_samples), row.hold, str(row.training_samples), table.stored(row)]
        lines.append([row.name, *(str(row.accuracy.get(key, "")) for key in keys), *told])
    as_table(["trained on", *(f">{k} %" for k in keys), *facts], lines, title=title)
    for difference in filter(None, (table.unlike(rows), table.apart(rows))):
        note(difference, quiet=quiet)


def as_comparison(found: Any, folder: Path, *, json: bool, quiet: bool) -> None:
    """Print the table of a comparison, which is in a folder, and say where; leave with 1 where something failed."""
    typer.echo((folder / ("table.json" if json else "table.md")).read_text(encoding="utf-8"))
    note(f"Tables and figures: {folder}", quiet=quiet)
    if "page" in found.about:
        note(found.about["page"], quiet=quiet)
    if found.about["failed"]:
        raise typer.Exit(1)


def as_upload(upload: Upload, *, json: bool, quiet: bool) -> None:
    """Print what went to the hub, or would go: files, what people may want to keep to themselves, and where it is.

    Where nothing goes, the list is the result, and is printed whether or not others should be quiet.
    """
    if json:
        as_json(upload.to_json())
        return
    quiet = quiet and bool(upload.revision)
    for file, count in upload.files.items():
        note(f"{file}: {size(count)}", quiet=quiet)
    for remark in upload.remarks:
        note(remark, quiet=quiet)
    if not upload.revision:
        note("Nothing was sent. Without --dry-run this goes to:")
    typer.echo(f"{upload.url}/tree/{upload.revision}" if upload.revision else upload.url)


def as_sheet(sheet: Sheet) -> None:
    """Print a table of a comparison: names on the left, numbers flush right."""
    columns = [c if i < sheet.names else f">{c}" for i, c in enumerate(sheet.columns)]
    as_table(columns, [[field.text for field in line] for line in sheet.lines], title=sheet.title, unbroken=sheet.names)


def as_outline(content: dict[str, Any]) -> None:
    """Print nested data as indented ``name: value`` lines."""
    for line in _outline(content, 0):
        typer.echo(line)


def _outline(content: dict[str, Any], depth: int) -> list[str]:
    lines: list[str] = []
    for name, value in content.items():
        if isinstance(value, dict) and value:
            lines += [f"{'  ' * depth}{name}:", *_outline(value, depth + 1)]
        elif isinstance(value, list | tuple) and any(isinstance(v, str) and v.endswith(".") for v in value):
            lines += [f"{'  ' * depth}{name}:", *(f"{'  ' * (depth + 1)}{sentence}" for sentence in value)]
        else:
            lines.append(f"{'  ' * depth}{name}: {_brief(value)}")
    return lines


def _brief(value: Any) -> str:
    if isinstance(value, list | tuple) and len(value) > 12:
        return f"{plain(value[:10])}, ... ({len(value)} in all)"
    return plain(value) or "none"
