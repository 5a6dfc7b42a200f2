"""``limbeck prepare``: recordings to a prepared dataset."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from limbeck.cli import _options, _output

_MOST_REJECTED = 3
"""Rejected clips that are named at once; `inspect` names more."""
_MOST_NOTES = 12

EXAMPLES = (
    "limbeck prepare folder videos/ --out prepared/",
    "limbeck prepare folder clips.csv --out prepared/ --image-size 64 --fit crop",
    "limbeck prepare playground videos/ --out prepared/ --option clips=200 --option seed=1",
)


def run(
    dataset: Annotated[
        str,
        typer.Argument(
            help="Name of a dataset reader; see limbeck list datasets.",
            autocompletion=_options.completer("limbeck.datasets"),
        ),
    ],
    source: Annotated[
        Path | None, typer.Argument(help="Folder or manifest the dataset is read from (its 'root' option).")
    ] = None,
    *,
    out: Annotated[Path, typer.Option(help="Folder of the prepared dataset.")],
    image_size: Annotated[int, typer.Option(min=8, help="Height and width of a frame in pixels.")] = 224,
    sample_rate: Annotated[int, typer.Option(min=1000, help="Rate the sound is resampled to, in Hz.")] = 11000,
    clip_seconds: Annotated[float, typer.Option(help="Length of the sound of a clip, in seconds.")] = 1.0,
    mels: Annotated[int, typer.Option(min=4, help="Mel bands.")] = 128,
    fit: Annotated[
        Literal["stretch", "crop", "letterbox"],
        typer.Option(help="Pictures that are not square: squeeze, cut the middle, add bars."),
    ] = "stretch",
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; as many as there are cores by default.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="An option of the dataset; may be repeated. limbeck explain DATASET shows them.",
        ),
    ] = None,
    quiet: _options.Quiet = False,
) -> None:
    """Decode a dataset's clips once, into arrays that are mapped into memory.

    Clips that cannot be used are left out and listed, with the reason, in rejected.parquet. The same command goes on
    where it was interrupted.
    """
    options = _options.assignments(option or [], typed=False)

    from limbeck import verbs
    from limbeck.media import ClipRecipe

    recipe = ClipRecipe.from_json(
        {
            "mel": {"sample_rate_hz": sample_rate, "clip_seconds": clip_seconds, "mels": mels},
            "image_size": image_size,
            "fit": fit,
        }
    )
    prepared = verbs.prepare(dataset, source, out=out, recipe=recipe, workers=workers, progress=not quiet, **options)
    counts = ", ".join(f"{len(prepared.clips(split))} {split}" for split in prepared.splits)
    _output.note(f"{len(prepared.classes)} classes, clips: {counts}; {len(prepared.rejected)} rejected.", quiet=quiet)
    for line in prepared.why_rejected(_MOST_REJECTED):
        _output.note(f"  {line}", quiet=quiet)
    mended = [f"{count} clips: {kind}." for kind, count in prepared.repairs.items()]
    told = [*mended, *prepared.warnings]
    for line in told[:_MOST_NOTES]:
        _output.note(line, quiet=quiet)
    if len(told) > _MOST_NOTES:
        _output.note(f"... and {len(told) - _MOST_NOTES} notes more: limbeck inspect {out}", quiet=quiet)
    typer.echo(out)
