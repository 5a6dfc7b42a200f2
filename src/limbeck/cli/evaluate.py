"""``limbeck evaluate``: train from scratch on a distilled set, test on the real one."""

import dataclasses
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from limbeck.cli import _options, _output

if TYPE_CHECKING:
    from limbeck.evaluation import Score

EXAMPLES = (
    "limbeck evaluate distilled/ --on prepared/ --repeats 5",
    "limbeck evaluate distilled/ --on prepared/ --controls --whole-repeats 0",
    "limbeck evaluate --whole --on prepared/ --repeats 1 --out scores/",
    "limbeck evaluate distilled/ --on prepared/ --head concat --epochs 300 --set augment=null --json",
    "limbeck evaluate distilled/ --on prepared/ --measure retrieval --repeats 3 --controls",
    "limbeck evaluate distilled/ --on prepared/ --measure retrieval --set measure.dim=32 --json",
)


def run(
    distilled: Annotated[Path | None, typer.Argument(help="Folder of a distilled set; or give --whole.")] = None,
    *,
    on: Annotated[Path, typer.Option(help="The prepared dataset whose test clips are used.")],
    whole: Annotated[bool, typer.Option("--whole", help="Train on the whole training split.")] = False,
    repeats: Annotated[int, typer.Option(min=1, help="Networks trained from scratch.")] = 5,
    head: Annotated[
        str, _options.named("limbeck.networks.heads", "What joins sound and picture; see limbeck list heads.")
    ] = "ensemble",
    measure: Annotated[
        str | None,
        _options.named(
            "limbeck.evaluation.measures", "What to measure instead of accuracy, see limbeck list measures."
        ),
    ] = None,
    network: Annotated[
        str | None,
        _options.named(
            "limbeck.networks",
            "Architecture, see limbeck list networks; the one the set was distilled with by default.",
        ),
    ] = None,
    preset: Annotated[
        Literal["faithful"] | None, typer.Option(help="Training settings; 'faithful' is the published protocol.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training pairs; 30 by default.")] = None,
    set_: Annotated[
        list[str] | None,
        _options.setting(
            "A setting of the training: epochs, batch, audio_lr, image_lr, head_lr, betas, weight_decay, drop_after, "
            "drop_factor, augment, dtype, least_steps, compile; or of the network, network.NAME=VALUE, or of the "
            "measure, measure.NAME=VALUE"
        ),
    ] = None,
    sound: Annotated[
        Literal["raw", "standardised"], typer.Option(help="With --whole: scale of the sound; a set brings its own.")
    ] = "standardised",
    seed: _options.Seed = 0,
    device: _options.Device = "auto",
    dtype: Annotated[
        str,
        typer.Option(
            help="Number format in which controls are herded and measures distil again: auto (as the set was), "
            "float32, bfloat16. That of the students is --set dtype=NAME."
        ),
    ] = "auto",
    out: Annotated[Path | None, typer.Option(help="Folder of the score; the distilled set's own by default.")] = None,
    controls: Annotated[
        bool,
        typer.Option(
            "--controls",
            help="Score also random, packed and herded clips, and the whole split; with --measure, random and whole.",
        ),
    ] = False,
    whole_repeats: Annotated[
        int, typer.Option(min=0, help="With --controls: networks trained on the whole split; 0 leaves it out.")
    ] = 1,
    title: Annotated[str | None, typer.Option(help="Name in tables; the method's by default.")] = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Train networks from scratch on a distilled set and test them on real clips.

    The accuracy is that of the last epoch, from sound alone (A), picture alone (V) and both (A+V). With --measure,
    another number is taken instead.
    """
    if whole == (distilled is not None):
        raise typer.BadParameter("give the folder of a distilled set, or --whole, and not both.")
    if controls and whole:
        raise typer.BadParameter("--controls compares a distilled set; it does not go with --whole.")
    if measure is not None and head != "ensemble":
        raise typer.BadParameter("a measure trains what it needs; --head does not go with --measure.")
    training = _options.merged(_options.assignments(set_), epochs=epochs)
    options, of_measure = _options.part(training, "network"), _options.part(training, "measure")
    if measure is None and of_measure:
        raise typer.BadParameter("--set measure.NAME=VALUE sets something of a measure; name it with --measure.")

    import limbeck
    from limbeck import report
    from limbeck.evaluation import Protocol
    from limbeck.networks import Architecture, keep_freed_memory
    from limbeck.report.comparison import signs_rule

    keep_freed_memory()
    base = Protocol.faithful() if preset else Protocol()
    shared: dict[str, Any] = {
        "on": on,
        "repeats": repeats,
        "network": Architecture(name=network or "convnet", options=options) if network or options else None,
        "protocol": base.changed(**training),
        "seed": seed,
        "device": device,
        "progress": not quiet,
        "out": out,
    }
    more: dict[str, Any] = {"whole_repeats": whole_repeats, "dtype": dtype}
    name = title or (distilled.resolve().name if distilled else "whole")
    if measure:
        own = {"sound": sound, "dtype": dtype}
        beside = more if controls else None
        _measure(measure, of_measure, name, distilled, shared, own, beside, json=json, quiet=quiet)
        return
    score = limbeck.evaluate(distilled, **shared, head=head, title=title, sound=sound)
    others = {}
    if controls and distilled:

        def tell(control: str, found: "Score") -> None:
            _output.note(_line(control, found), quiet=quiet)

        tell(name, score)
        others = limbeck.evaluate_controls(distilled, **shared, **more, head=head, on_score=tell)
    scores = {_apart(name, others): score} | others
    if json:
        _output.as_json({n: one.to_json() for n, one in scores.items()} if controls else score.to_json())
        return
    helped = distilled is not None and limbeck.DistilledSet.load(distilled).sees_labels
    signs = {n: report.marks(one.trained_on.labels, helped and one is score) for n, one in scores.items()}
    _output.as_scores(report.table.rows({f"{n} {signs[n]}".rstrip(): one for n, one in scores.items()}), quiet=quiet)
    _output.note(signs_rule(signs.values()), quiet=quiet or not any(signs.values()))


def _measure(
    measure: str,
    settings: dict[str, Any],
    row: str,
    distilled: Path | None,
    shared: dict[str, Any],
    own: dict[str, Any],
    controls: dict[str, Any] | None,
    *,
    json: bool,
    quiet: bool,
) -> None:
    """Take a measure of one set, and of its references where they are asked for, and print the table."""
    import limbeck
    from limbeck.datasets import Prepared
    from limbeck.evaluation import measures
    from limbeck.report import measure_sheets
    from limbeck.report.comparison import signs_rule
    from limbeck.report.measures import Entry, table

    prepared = Prepared.open(shared["on"])
    asked = measures.load(measure).from_json(settings)
    shared |= {"on": prepared}
    found = limbeck.measure(distilled, asked, **shared, **own)
    controls_found = limbeck.measure_controls(distilled, asked, **shared, **controls) if controls and distilled else {}
    named = {"random": "random pairs", "whole": "whole"}
    others = {named[name]: one for name, one in controls_found.items()}
    rows = {_apart(row, others): found} | others
    helped = distilled is not None and limbeck.DistilledSet.load(distilled).sees_labels
    budgets = {one.trained_on.per_class for one in rows.values()} - {None}
    made = table(
        asked.name,
        asked,
        prepared.clips("test"),
        [Entry(name, one, sees_labels=helped and one is found) for name, one in rows.items()],
        per_class=budgets.pop() if len(budgets) == 1 else None,
        references={name: [one] for name, one in controls_found.items()} or ({} if distilled else {"whole": [found]}),
    )
    if json:
        _output.as_json({"table": dataclasses.asdict(made), "measured": {n: one.to_json() for n, one in rows.items()}})
        return
    for sheet in measure_sheets(made, list(rows)):
        _output.as_sheet(sheet)
    _output.note(made.about, quiet=quiet)
    signs = [cell.marks for cell in made.cells]
    _output.note(signs_rule(signs), quiet=quiet or not any(signs))
    if distilled and asked.references and not controls:
        compared = " and ".join(named[name] for name in asked.references)
        _output.note(f"Columns that compare with {compared} are left out; --controls measures these too.", quiet=quiet)


def _line(name: str, score: "Score") -> str:
    """A row of the table that is to come."""
    return f"{name}: " + ", ".join(f"{key} {mean:.1f} %" for key, mean in score.mean.items())


def _apart(name: str, others: Collection[str]) -> str:
    """A set's name in a table, where a control may be called the same."""
    return f"{name} (this set)" if name in others else name
