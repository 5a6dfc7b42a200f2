"""The command line: one file a verb. Each parses, calls a verb of `limbeck`, prints; nothing here computes.

Data goes to stdout, all else to stderr. Exit codes: 0 done, 1 an error that is explained in one sentence,
2 a command that cannot be understood, 130 stopped with Ctrl-C.

The help must come at once. So modules are imported where they are used, help is not drawn with rich, and the modules
of the verbs, whose annotations typer evaluates again and again where they are text, do without
``from __future__ import annotations``.
"""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from limbeck import __version__, _machine
from limbeck.cli import (
    _output,
    benchmark,
    cluster,
    demo,
    distill,
    evaluate,
    explain,
    export,
    import_set,
    inspect,
    listing,
    prepare,
    pull,
    push,
    recipe,
    report,
    sample,
    sounds,
    spatial,
)
from limbeck.errors import explained

app = _output.app(
    [
        *(prepare, distill, sample, evaluate, benchmark, report, export, import_set),
        *(push, pull, inspect, listing, explain, cluster, demo),
    ],
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\n\n".join(
        [
            "To see it all on videos it makes itself, in minutes:",
            "limbeck demo --out demo/",
            "From a folder of videos to a page:",
            "limbeck prepare folder videos/ --out prepared/",
            "limbeck distill prepared/ --method avdd --per-class 10 --out distilled/",
            "limbeck evaluate distilled/ --on prepared/",
            "limbeck report distilled/ --on prepared/ --out page/",
        ]
    ),
)
app.add_typer(_output.group([recipe], recipe.ABOUT, recipe.EXAMPLES), name="recipe")
app.add_typer(sounds.app, name="sounds")
app.add_typer(spatial.app, name="spatial")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"limbeck {__version__}")
        raise typer.Exit


@app.callback()
def _limbeck(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    """Distil a labelled dataset of sounds, images or both into a few synthetic samples per class."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line with the words after the program's name, those of the process by default, and leave."""
    if sys.platform == "win32":
        _output.fail(
            "Limbeck runs on Linux and macOS; Windows itself lacks the processes it forks. "
            "There, run it in the Windows Subsystem for Linux (wsl --install)."
        )
        sys.exit(1)
    os.environ.update(_machine.considerate())
    for stream in (sys.stdout, sys.stderr):
        # Names of files need not be text.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        app(args=None if arguments is None else list(arguments), prog_name="limbeck")
    except KeyboardInterrupt:
        _stopped()
        sys.exit(130)
    except SystemExit as leave:
        if leave.code == 130:
            _stopped()
        raise
    except Exception as error:
        told = explained(error)
        if told is None:
            traceback.print_exc()
        _output.fail(
            told
            or "This is a fault in Limbeck, not in your input. Please open an issue with the lines above, "
            f"the command you gave, and the version (limbeck {__version__})."
        )
        sys.exit(1)


def _stopped() -> None:
    _output.note("Stopped. What was finished is kept: give the same command again and it goes on from there.")
