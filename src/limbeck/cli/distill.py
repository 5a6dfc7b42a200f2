"""``limbeck distill``: a prepared dataset to a distilled set."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck distill prepared/ --method avdd --per-class 10 --out distilled/",
    "limbeck distill prepared/ --method herding --hold mosaic:2 --out herding/",
    "limbeck distill prepared/ --method dm --set optimiser.kind=adam --set optimiser.lr=0.1 --out dm/",
    "limbeck distill prepared/ --method avdd --storage coded --bytes 400KB --out distilled/",
    "limbeck distill prepared/ --method coded --bytes 400KB --out control/",
    "limbeck distill prepared/ --method best --per-class 10 --out best/",
    "limbeck distill prepared/ --method kmedoids --pairs 50 --out pairs/",
    "limbeck distill prepared/ --method best --bytes 60KB --out best/ --dry-run",
    "limbeck distill prepared/ --method avdd --preset faithful --out distilled/ --dry-run",
    "limbeck distill prepared/ --method avdd --blocks 4 --processes 4 --out distilled/",
    "limbeck distill /shared/prepared --method avdd --per-class 20 --out /shared/distilled --ray auto",
)


def run(
    data: Annotated[str, Argument(metavar="PREPARED", help=_options.PREPARED)],
    *,
    out: Annotated[Path, Option(help="Folder of the run and of the distilled set.")],
    method: Annotated[
        str | None, _options.named("limbeck.methods", "Name of a method, see limbeck list methods; avdd by default.")
    ] = None,
    preset: Annotated[str | None, Option(help="Named settings: faithful, a method's published recipe.")] = None,
    per_class: Annotated[int | None, Option(min=1, help="Samples stored per class (the literature's IPC).")] = None,
    pairs: Annotated[
        int | None,
        Option(
            min=1, help="Instead of samples per class: so many pairs in all; classes, if there are any, are forgotten."
        ),
    ] = None,
    bytes_: Annotated[
        str | None,
        Option(
            "--bytes",
            metavar="SIZE",
            help="Instead of samples per class: as many as fit in this size, 400KB or 1.5MB, for all classes together.",
        ),
    ] = None,
    storage: Annotated[
        str | None, _options.named("limbeck.storage", "How the numbers are kept: float32, uint8 or coded.")
    ] = None,
    labels: Annotated[
        str | None, Option(help="What students learn of a sample: hard, its class, or soft, a teacher's probabilities.")
    ] = None,
    hold: Annotated[
        str | None,
        Option(
            help="How samples are held in a stored one: plain, mosaic:2, mosaic:audio=1x16,image=4x4, frequencies:36."
        ),
    ] = None,
    start: Annotated[
        str | None,
        _options.named(
            "limbeck.methods",
            "What optimisation starts from: noise, or a method that chooses clips, as herding, random, kmedoids.",
        ),
    ] = None,
    steps: Annotated[int | None, Option(min=0, help="Optimisation steps.")] = None,
    sound: Annotated[
        str | None, Option(help="Scale that networks see: raw decibels, or standardised per band.")
    ] = None,
    set_: Annotated[
        list[str] | None,
        _options.setting("Another setting of the method, see limbeck explain METHOD; dots lead into parts"),
    ] = None,
    seed: _options.Seed = 0,
    device: _options.Device = "auto",
    devices: _options.Devices = None,
    dtype: Annotated[str, Option(help="auto, float32, bfloat16.")] = "auto",
    blocks: Annotated[
        str | None,
        Option(
            metavar="NUMBER",
            help="Distil the classes in so many blocks, each apart, or each class; the number is part of the result.",
        ),
    ] = None,
    processes: Annotated[int, Option(min=1, help="Blocks at once, each in a process of its own.")] = 1,
    threads: Annotated[
        int | None,
        Option(min=1, help="Threads on a CPU, which are part of the result: in blocks 1, else as many as there are."),
    ] = None,
    ray: _options.Ray = None,
    cores_per_job: _options.CoresPerJob = 1.0,
    gpus_per_job: _options.GpusPerJob = 0.0,
    compile: Annotated[bool, Option("--compile", help="Compile the networks: pays on long runs.")] = False,
    dry_run: Annotated[bool, Option("--dry-run", help="Print the plan as JSON and do nothing.")] = False,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Distil a prepared dataset's training clips into a few samples per class.

    A run that was interrupted goes on, to the same bits, when the same command is given again.
    """
    flags: dict[str, Any] = {"per_class": per_class, "bytes": bytes_, "storage": storage, "labels": labels}
    flags |= {"pairs": pairs, "hold": hold, "start": start, "steps": steps, "sound": sound}
    parameters = _options.merged(_options.assignments(set_), **flags)
    device, bound = _options.device_of(device, devices, processes)
    parameters |= {"preset": preset, "seed": seed, "device": device, "dtype": dtype, "compile": compile}
    apart = blocks or ("each" if ray or bound or processes > 1 else None)
    parameters |= {"threads": threads, "blocks": apart if apart in (None, "each") else _count(apart)}

    import limbeck

    if dry_run:
        _output.as_json(limbeck.plan(data, method, **parameters))
        return
    from limbeck.networks import keep_freed_memory

    keep_freed_memory()
    if apart:
        limbeck.plan(data, method, **parameters)  # refuses before any machine is asked
    if apart and not blocks:
        _output.note("Every class is a block; --blocks makes them fewer.", quiet=quiet)
    with _options.for_jobs(
        ray=ray, processes=processes, devices=bound, cores=cores_per_job, gpus=gpus_per_job, folder=out, quiet=quiet
    ) as executor:
        made = limbeck.distill(data, method, out=out, executor=executor, progress=not quiet, **parameters)
    if json:
        _output.as_json(limbeck.inspect(out))
    else:
        of = "per class" if made.targets.has_classes else "in all"
        _output.note(
            f"{made.rows} samples stored, {len(made)} to train on: {made.per_class} stored {of}, "
            f"{made.stored_bytes:,} bytes as {made.storage.name}.",
            quiet=quiet,
        )
        typer.echo(out)


def _count(blocks: str) -> int:
    if not blocks.isdigit():
        raise typer.BadParameter(f"--blocks is a number, or each for one of every class, but {blocks!r} came.")
    return int(blocks)
