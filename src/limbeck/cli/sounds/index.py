"""``limbeck sounds index``: recordings to vectors that can be searched."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    "limbeck sounds index recordings/ --encoder clap --out index/",
    "limbeck sounds index recordings/ more/rain.wav --encoder yamnet --weights weights/ --offline --out index/",
    "limbeck sounds index recordings/ --window 5 --hop 2.5 --out index/",
    "limbeck sounds index /shared/archive --encoder yamnet --weights /shared/weights --out /shared/index --ray auto",
    "limbeck sounds index recordings/ --encoder clap --out s3://bucket/index",
)


def run(
    sources: Annotated[list[Path], Argument(help="Folders and files; any media file with a sound track will do.")],
    *,
    out: Annotated[str, Option(help="Folder of the index, or its address; one that is there is updated.")],
    encoder: Annotated[
        str | None,
        _options.named(
            "limbeck.encoders", "Which encoder hears them; by default that of the index, or clap for a new one."
        ),
    ] = None,
    checkpoint: Annotated[str | None, Option(help="Which of the encoder's weights; its default if not given.")] = None,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    window: _options.Window = None,
    hop: _options.Hop = None,
    device: _options.Device = "auto",
    workers: Annotated[
        int | None, Option(min=1, help="Decoding at once; as many as there are cores by default.")
    ] = None,
    ray: _options.Ray = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Embed recordings window by window. Given again, only new and changed files are heard, and lost ones leave.

    Files that cannot be read are listed with the reason and never fatal. Killed, the same command goes on.
    """
    from limbeck import sounds

    settings: dict[str, Any] = {"encoder": encoder, "checkpoint": checkpoint, "weights": weights, "offline": offline}
    settings |= {"window": window, "hop": hop, "device": device, "workers": workers}
    with _options.on_ray(ray, folder=out, quiet=quiet) as executor:
        found = sounds.index(sources, out=out, progress=not quiet, executor=executor, **settings)
    for path, reason in found.rejected:
        _output.note(f"{path}: {reason}", quiet=quiet)
    counts = {name: getattr(found, name) for name in ("added", "changed", "moved", "removed", "unchanged")}
    if json:
        rejected = [{"path": str(path), "reason": reason} for path, reason in found.rejected]
        _output.as_json({"index": out, **counts, "rejected": rejected})
        return
    told = ", ".join(f"{count} {name}" for name, count in counts.items())
    _output.note(f"Recordings: {told}, {len(found.rejected)} that cannot be read.", quiet=quiet)
    typer.echo(out)
