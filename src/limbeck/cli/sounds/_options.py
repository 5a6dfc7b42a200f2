"""Options the verbs about sounds have in common."""

from pathlib import Path
from typing import Annotated

import typer

Weights = Annotated[
    Path | None,
    typer.Option(
        envvar="LIMBECK_WEIGHTS",
        help="Folder of the encoder's weights; by default they come from the cache, or are fetched.",
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Never ask the network for weights.")]
Window = Annotated[
    float | None,
    typer.Option(help="Length of a window in seconds; longer recordings are cut. The encoder's by default."),
]
Hop = Annotated[float | None, typer.Option(help="Seconds from one window to the next; the window's length by default.")]
Top = Annotated[int, typer.Option(min=1, help="Words with scores that are given for each sound.")]
Always = Annotated[
    bool, typer.Option("--always", help="Name every sound by its likeliest word, also one that is none of these.")
]
