"""``limbeck benchmark``: a whole comparison from one file."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Option

from limbeck.cli import _options, _output

if TYPE_CHECKING:
    from limbeck.comparison import Line

EXAMPLES = (
    "limbeck benchmark playground --out runs/ --processes 2",
    "limbeck benchmark vggsound10k --out runs/ --data VGGSound/ --device cuda",
    "limbeck benchmark vggsound10k --out runs/ --data VGGSound/ --devices cuda:0,cuda:1",
    "limbeck benchmark music21 --out runs/ --dry-run",
    "limbeck benchmark vggsound --out /shared/runs --ray auto --gpus-per-job 0.5",
)


def run(
    recipe: Annotated[str, _options.recipe("", "recipes")],
    *,
    out: _options.Runs = Path("runs"),
    data: _options.Data = None,
    processes: _options.Processes = 1,
    device: _options.Device = "auto",
    devices: _options.Devices = None,
    ray: _options.Ray = None,
    cores_per_job: _options.CoresPerJob = 1.0,
    gpus_per_job: _options.GpusPerJob = 0.0,
    dry_run: Annotated[
        bool,
        Option(
            "--dry-run",
            help="Print the plan with bytes and time, here or with --ray on machines like this one, and do nothing.",
        ),
    ] = False,
    page: Annotated[bool, Option("--page/--no-page", help="Draw figures and the page, which takes seconds.")] = True,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Run every method, budget, seed, head and student of a recipe, and write the tables and a page.

    Finished jobs are never done again; stopped or killed, the same command goes on. The tables are in OUT/NAME.
    """
    from limbeck import _recipes, comparison
    from limbeck.engine import bar

    asked = comparison.Recipe.load(recipe)
    device, bound = _options.device_of(device, devices, processes)
    # Where nothing is done, no folder is made either.
    seen = next(up for up in (out.absolute(), *out.absolute().parents) if up.is_dir()) if dry_run else out
    workers = _options.for_jobs(
        ray=ray, processes=processes, devices=bound, cores=cores_per_job, gpus=gpus_per_job, folder=seen, quiet=quiet
    )
    if dry_run:
        _output.note("Sending a few clips through the networks to estimate the time", quiet=quiet)
        lines = comparison.plan(asked, out=out, data=data, device=device)
        if json:
            _output.as_json([dataclasses.asdict(line) for line in lines])
            return
        with workers as executor:
            _print_plan(asked.title, lines, executor.room if executor else 1)
        return
    with workers as executor, bar(asked.title, show=not quiet) as tell:

        def on_job(what: str, done: int, total: int) -> None:
            tell(done, total)
            if what:
                _output.note(what, quiet=quiet)

        found = comparison.run(
            asked, name=Path(recipe).stem, out=out, data=data, executor=executor,
            device=device, progress=not quiet, on_job=on_job, command=_output.typed(), page=page,
        )  # fmt: skip
    place = _recipes.folder_of(Path(recipe).stem, asked.to_json(), out=out, data=data)
    _output.as_comparison(found, place, json=json, quiet=quiet)


def _print_plan(title: str, lines: "list[Line]", processes: int) -> None:
    from limbeck._words import duration, size
    from limbeck.comparison import Line

    every = Line.total(f"all, {processes} at a time", lines)
    rows = []
    for line in (*lines, every):
        time = f"{'≥ ' * line.at_least}{duration(line.seconds_on(processes if line is every else 1))}"
        stored = "–" if line.stored_bytes is None else size(line.stored_bytes)
        rows.append([line.name, str(line.jobs), str(line.done), time, stored])
    _output.as_table(["row", ">jobs", ">done", ">time", ">on disk"], rows, title=title)
    _output.note(
        "Time is estimated from a few clips sent through the networks here; real clips that rows share are counted "
        "for each of them."
    )
    if every.seconds_on(processes) == every.longest_seconds > 0 and processes > 1:
        _output.note(f"The longest job takes {duration(every.longest_seconds)}: more at a time would not help.")
    if every.stored_bytes is None:
        _output.note("–: how much is stored depends on the clips, which are not prepared yet.")
    if every.at_least:
        _output.note(
            "≥: at least. Of measures only their students are counted, trained as the recipe says: distilling again, "
            "other networks and longer training come on top."
        )
