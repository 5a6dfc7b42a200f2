"""``limbeck cluster``: what a Ray cluster would bring to the work."""

import dataclasses
from typing import Annotated

from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck cluster",
    "limbeck cluster ray://head:10001 --folder /shared/runs",
    "limbeck cluster --json",
)


def run(
    address: Annotated[
        str, Argument(help="Its address; auto is the one RAY_ADDRESS names, or else one of this machine.")
    ] = "auto",
    *,
    folder: Annotated[
        str | None,
        Option(help="A folder, or an address (s3://...), that every machine has to see, such as --out."),
    ] = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Ask the machines of a Ray cluster what they have and which versions, and do nothing.

    What --ray would refuse is said before a long work begins: other versions than here, a folder they do not see.
    """
    from limbeck._words import plural, size
    from limbeck.engine import on_ray

    found = on_ray.machines(address, folder=folder)
    if json:
        _output.as_json([dataclasses.asdict(one) for one in found])
        return
    seen = {True: "yes", False: "no", None: "–"}
    rows = [
        [
            *(one.name, f"{one.cores:g}", f"{one.gpus:g}", size(one.memory_bytes)),
            *(one.versions[name] for name in on_ray.COMPARED),
            seen[one.sees],
        ]
        for one in found
    ]
    columns = ["machine", ">cores", ">GPUs", ">memory", *on_ray.COMPARED, "sees the folder"]
    _output.as_table(columns, rows, title=plural(len(found), "machine"))
    for one in found:
        if why := one.unfit(folder):
            _output.note(f"Refused with --ray: {why}", quiet=quiet)
