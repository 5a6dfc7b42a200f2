"""``limbeck prepare``: recordings to a prepared dataset."""

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import typer
from typer import Argument, Option

from limbeck.cli import _options
from limbeck.errors import InputError

EXAMPLES = (
    "limbeck prepare folder videos/ --out prepared/",
    "limbeck prepare folder clips.csv --out prepared/ --image-size 64 --fit crop",
    "limbeck prepare folder barks/ --modality audio --out prepared/",
    "limbeck prepare folder videos/ --modality audio,video --frames 4 --out prepared/",
    "limbeck prepare folder clips/ --unlabelled --out prepared/",
    "limbeck prepare huggingface saved_to_disk/ --out prepared/",
    "limbeck prepare webdataset 'shards/train-{000..009}.tar' --set classes=cat,dog --out prepared/",
    "limbeck prepare vggsound VGGSound/ --out /shared/prepared --ray auto",
    "limbeck prepare vggsound VGGSound/ --out s3://bucket/prepared",
    "limbeck prepare playground videos/ --out prepared/ --set clips=200 --set seed=1",
)


def run(
    dataset: Annotated[
        str, _options.named("limbeck.datasets", "Name of a dataset reader; see limbeck list datasets.", Argument)
    ],
    source: Annotated[
        Path | None, Argument(help="Folder, manifest or pattern the dataset is read from (its 'root' option).")
    ] = None,
    *,
    out: Annotated[str, Option(help="Folder of the prepared dataset, or its address (s3://bucket/name).")],
    modality: Annotated[
        str | None,
        Option(help="What arrays are made of each clip, as in audio,video: see limbeck list modalities."),
    ] = None,
    image_size: Annotated[
        int | None, Option(min=8, help="Height and width of a frame in pixels; 224 by default, or the dataset's own.")
    ] = None,
    frames: Annotated[
        str | None,
        Option(
            help="Frames of a video: how many, evenly spread (8 by default), or when, in parts of the clip: 0.1,0.9."
        ),
    ] = None,
    sample_rate: Annotated[
        int | None,
        Option(min=1000, help="Rate the sound is resampled to, in Hz; 11000 by default, or the dataset's own."),
    ] = None,
    clip_seconds: Annotated[
        float | None, Option(help="Length of a clip, in seconds; 1 by default, or the dataset's own.")
    ] = None,
    segments: Annotated[
        int | None, Option(min=1, help="Equal parts of the sound, each with a log-mel: of segments, 4 by default.")
    ] = None,
    window: Annotated[
        int | None, Option(min=16, help="Window of spectra in samples; 400 by default, or the dataset's own.")
    ] = None,
    hop: Annotated[
        int | None, Option(min=1, help="Step between windows in samples; 200 by default, or the dataset's own.")
    ] = None,
    mels: Annotated[int | None, Option(min=4, help="Mel bands; 128 by default, or the dataset's own.")] = None,
    fit: Annotated[
        Literal["stretch", "crop", "letterbox"] | None,
        Option(help="Pictures that are not square: squeeze (by default), cut the middle, add bars."),
    ] = None,
    unlabelled: Annotated[
        bool, Option("--unlabelled", help="Clips without classes: what belongs together in each is all that is known.")
    ] = False,
    workers: Annotated[
        int | None,
        Option(min=1, help="Processes; by default as many as there are cores, with --ray one for each task."),
    ] = None,
    ray: _options.Ray = None,
    set_: Annotated[list[str] | None, _options.setting("An option of the dataset, see limbeck explain DATASET")] = None,
    quiet: _options.Quiet = False,
) -> None:
    """Decode a dataset's clips once, into arrays that are mapped into memory.

    Clips that cannot be used are left out and listed, with the reason, in rejected.parquet. The same command goes on
    where it was interrupted.
    """
    options = _options.assignments(set_, typed=False)

    import limbeck
    from limbeck import datasets
    from limbeck._config import merge
    from limbeck.media import ClipRecipe

    if ours := sorted(options.keys() & inspect.signature(limbeck.prepare).parameters.keys()):
        raise InputError(
            f"{ours[0]} is said to limbeck prepare itself, as --{ours[0].replace('_', '-')}, not by --set."
        )
    reader = datasets.load(dataset)
    if unlabelled:
        if "unlabelled" not in inspect.signature(reader).parameters:
            raise InputError(
                f"--unlabelled is for folder, whose clips may have no classes, but {dataset} has some. Leave it out: "
                "limbeck distill --pairs forgets classes."
            )
        options["unlabelled"] = True
    _check_taken(modality or reader.modalities, frames=frames, segments=segments)
    mel = _options.merged(
        {}, sample_rate_hz=sample_rate, clip_seconds=clip_seconds, mels=mels, fft_samples=window, hop_samples=hop
    )
    times = None if frames is None else _frames(frames)
    own = _options.merged({"mel": mel}, image_size=image_size, fit=fit, frames=times, segments=segments)
    recipe = ClipRecipe.from_json(merge(reader.recipe.to_json(), own))
    with _options.on_ray(ray, folder=out, quiet=quiet, cores=workers or 1) as executor:
        limbeck.prepare(
            dataset, source, out=out, recipe=recipe, modality=modality, workers=workers, executor=executor,
            progress=not quiet, **options,
        )  # fmt: skip
    typer.echo(out)


def _frames(text: str) -> int | list[str]:
    """``8`` is a number of frames, ``0.25,0.75`` are their times."""
    return int(text) if text.isdigit() else text.split(",")


def _check_taken(chosen: str | Sequence[str], **given: object) -> None:
    """Refuse options that none of the chosen modalities has a use for, and say which would."""
    from limbeck import modalities

    names = [name.strip() for name in (chosen.split(",") if isinstance(chosen, str) else chosen)]
    kinds = {name: modalities.load(name) for name in names}
    for option in (option for option, value in given.items() if value is not None):
        if not any(option in kind.takes for kind in kinds.values()):
            takers = {n: kind for n in modalities.names() if option in (kind := modalities.load(n)).takes}
            name, taker = next(iter(takers.items()))
            better = [*(n for n in names if kinds[n].track != taker.track), name]
            raise InputError(
                f"--{option} is for the modality {' or '.join(takers)}, but {', '.join(names)} would be prepared. Add "
                f"--modality {','.join(better)}, or leave --{option} out."
            )
