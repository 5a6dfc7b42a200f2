"""``limbeck evaluate``: train from scratch on a distilled set, test on the real one."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

if TYPE_CHECKING:
    from limbeck.datasets import Prepared
    from limbeck.evaluation import Score
    from limbeck.evaluation.measures import Measure

EXAMPLES = (
    "limbeck evaluate distilled/ --on prepared/ --repeats 5",
    "limbeck evaluate distilled/ --on prepared/ --controls --whole-repeats 0",
    "limbeck evaluate --whole --on prepared/ --repeats 1 --out scores/",
    "limbeck evaluate --whole --on prepared/ --repeats 5 --out scores/ --processes 4 --threads 1",
    "limbeck evaluate distilled/ --on prepared/ --head concat --epochs 300 --set augment=null --json",
    "limbeck evaluate distilled/ --on prepared/ --measure retrieval --repeats 3 --controls",
    "limbeck evaluate distilled/ --on prepared/ --measure retrieval --set measure.dim=32 --json",
)


def run(
    distilled: Annotated[Path | None, Argument(help="Folder of a distilled set; or give --whole.")] = None,
    *,
    on: Annotated[
        str, Option(help="The prepared dataset whose test clips are used: its folder or address (s3://bucket/name).")
    ],
    whole: Annotated[bool, Option("--whole", help="Train on the whole training split.")] = False,
    repeats: Annotated[int, Option(min=1, help="Networks trained from scratch.")] = 5,
    head: Annotated[
        str | None, _options.named("limbeck.networks.heads", "What joins the modalities; ensemble by default.")
    ] = None,
    modality: Annotated[
        str | None, Option(help="What the networks see, as audio or audio,image; all of the set by default.")
    ] = None,
    measure: Annotated[
        str, _options.named("limbeck.evaluation.measures", "What to measure, see limbeck list measures.")
    ] = "accuracy",
    network: Annotated[
        str | None,
        _options.named(
            "limbeck.networks",
            "Architecture, see limbeck list networks; the one the set was distilled with by default.",
        ),
    ] = None,
    preset: Annotated[
        Literal["faithful"] | None,
        Option(
            help="Training settings; 'faithful' is the published protocol: of images alone, or of sound and images."
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        Option(min=1, help="Passes over the training samples; 30 by default (images alone, faithful: 1000)."),
    ] = None,
    set_: Annotated[
        list[str] | None,
        _options.setting(
            "A setting of the training: epochs, batch, optimiser, lr, betas, momentum, weight_decay, drop_after, "
            "drop_factor, augment, dtype, least_steps, compile; or of the network, network.NAME=VALUE, or of the "
            "measure, measure.NAME=VALUE"
        ),
    ] = None,
    sound: Annotated[
        Literal["raw", "standardised"], Option(help="With --whole: scale of the sound; a set brings its own.")
    ] = "standardised",
    seed: _options.Seed = 0,
    device: _options.Device = "auto",
    devices: _options.Devices = None,
    dtype: Annotated[
        str,
        Option(
            help="Number format in which controls are herded and measures distil again: auto (as the set was), "
            "float32, bfloat16. That of the students is --set dtype=NAME."
        ),
    ] = "auto",
    threads: Annotated[
        int | None,
        Option(min=1, help="Threads of a network on a CPU; last digits depend on it. As torch has them by default."),
    ] = None,
    processes: Annotated[int, Option(min=1, help="Repeats at once, each in a process of its own.")] = 1,
    ray: _options.Ray = None,
    cores_per_job: _options.CoresPerJob = 1.0,
    gpus_per_job: _options.GpusPerJob = 0.0,
    out: Annotated[Path | None, Option(help="Folder of the score; the distilled set's own by default.")] = None,
    controls: Annotated[
        bool,
        Option(
            "--controls",
            help="Score also random, packed and herded clips, and the whole split; with --measure, random and whole.",
        ),
    ] = False,
    whole_repeats: Annotated[
        int, Option(min=0, help="With --controls: networks trained on the whole split; 0 leaves it out.")
    ] = 1,
    title: Annotated[
        str | None, Option(help="Name in tables; by default the set's folder here, and its method on pages.")
    ] = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Train networks from scratch on a distilled set and test them on real clips.

    The accuracy is that of the last epoch, by each modality (A: audio, V: image) and by all together (A+V). With
    --measure, another number is taken instead.
    """
    if whole == (distilled is not None):
        raise typer.BadParameter("give the folder of a distilled set, or --whole, and not both.")
    if controls and whole:
        raise typer.BadParameter("--controls compares a distilled set; it does not go with --whole.")
    if not (kept_in := out or distilled) and (ray or devices or processes > 1):
        raise typer.BadParameter(
            "--processes, --devices and --ray leave repeats in a folder: with --whole give --out, too."
        )
    training = _options.merged(_options.assignments(set_), epochs=epochs)
    options = _options.part(training, "network")
    of_measure = _options.merged(_options.part(training, "measure"), head=head)

    import limbeck
    from limbeck.datasets import Prepared
    from limbeck.evaluation import Protocol, measures
    from limbeck.networks import Architecture, keep_freed_memory

    keep_freed_memory()
    device, bound = _options.device_of(device, devices, processes)
    prepared, asked = Prepared.open(on), measures.load(measure).from_json(of_measure)
    made = limbeck.DistilledSet.load(distilled) if distilled else None
    seen = modality.split(",") if modality else [*(made or prepared).modalities]
    usual = Protocol.faithful(seen) if preset else Protocol()
    shared: dict[str, Any] = {
        "on": prepared,
        "repeats": repeats,
        "modalities": seen if modality else None,
        "network": Architecture(name=network or "convnet", options=options) if network or options else None,
        "protocol": usual.changed(**training),
        "seed": seed,
        "device": device,
        "dtype": dtype,
        "threads": threads,
        "progress": not quiet,
        "out": out,
    }
    name = title or (distilled.resolve().name if distilled else "whole")
    others = {}
    with _options.for_jobs(
        ray=ray,
        processes=processes,
        devices=bound,
        cores=cores_per_job,
        gpus=gpus_per_job,
        folder=kept_in or on,
        quiet=quiet,
    ) as executor:
        shared["executor"] = executor
        score = limbeck.evaluate(distilled, asked, **shared, title=title, sound=sound)
        if controls and distilled:

            def tell(control: str, found: "Score") -> None:
                accuracies = (f"{key} {found.mean[key]:.1f} %" for key in found.looked_at if key in found.mean)
                _output.note(f"{control}: {', '.join(accuracies)}".rstrip(": "), quiet=quiet)

            tell(name, score)
            others = limbeck.evaluate_controls(distilled, asked, **shared, whole_repeats=whole_repeats, on_score=tell)
    scores = {f"{name} (this set)" if name in others else name: score} | others  # a control may be called as the set
    helped = score if made and made.sees_labels else None
    if measure == "accuracy":
        _accuracies(scores, helped, json=json, quiet=quiet)
    else:
        _table(scores, helped, asked, prepared, json=json, quiet=quiet)


def _accuracies(scores: dict[str, "Score"], helped: "Score | None", *, json: bool, quiet: bool) -> None:
    from limbeck import report
    from limbeck.report.comparison import signs_rule

    if json:
        found = {n: one.to_json() for n, one in scores.items()}
        _output.as_json(found if len(found) > 1 else next(iter(found.values())))
        return
    signs = {n: report.marks(one.trained_on.labels, one is helped) for n, one in scores.items()}
    _output.as_scores(report.table.rows({f"{n} {signs[n]}".rstrip(): one for n, one in scores.items()}), quiet=quiet)
    _output.note(signs_rule(signs.values()), quiet=quiet or not any(signs.values()))


def _table(
    scores: dict[str, "Score"],
    helped: "Score | None",
    asked: "Measure",
    prepared: "Prepared",
    *,
    json: bool,
    quiet: bool,
) -> None:
    from limbeck.report import measure_sheets
    from limbeck.report.comparison import signs_rule
    from limbeck.report.measures import table
    from limbeck.report.model import Budget

    others = list(scores.items())[1:]
    stored = [one.trained_on for one in scores.values()]
    # Where all rows are of one class there are none to count by.
    budgets = {None if one.per_class == one.rows else one.per_class for one in stored} - {None}
    real = [one for one in scores.values() if one.trained_on.kind == "clips"]
    made = table(
        asked.name,
        asked,
        prepared.clips("test"),
        [(name, one, one is helped) for name, one in scores.items()],
        budget=Budget(per_class=budgets.pop() if len(budgets) == 1 else None),
        references={name: [one] for name, one in others} or ({"whole": real} if real else {}),
    )
    if json:
        found = {n: one.to_json() for n, one in scores.items()}
        _output.as_json({"table": dataclasses.asdict(made), "measured": found})
        return
    for sheet in measure_sheets(made, list(scores)):
        _output.as_sheet(sheet)
    _output.note(made.about, quiet=quiet)
    signs = [cell.marks for cell in made.cells]
    _output.note(signs_rule(signs), quiet=quiet or not any(signs))
    if asked.references and not others and not real:
        compared = " and ".join(asked.references)
        _output.note(f"Columns that compare with {compared} are left out; --controls measures these too.", quiet=quiet)
