"""``limbeck sounds search``: what sounds like these words, or like an example."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from limbeck.cli import _options, _output

if TYPE_CHECKING:
    from limbeck.index import File

_TOLD = {"missing_file": "have gone", "changed_file": "have changed"}

EXAMPLES = (
    'limbeck sounds search index/ "glass breaking" --top 20',
    'limbeck sounds search index/ "a dog barks far away" --json',
    "limbeck sounds search index/ --like clip.wav",
    'limbeck sounds search index/ "a dog barks" --like night.flac --at 12.5 --not wind.wav --save barks.json',
    "limbeck sounds search index/ --like barks.json --top 100 --exact",
)


def run(
    index: _options.Index,
    words: Annotated[str, Argument(help="What to look for; may be left out where there are examples.")] = "",
    *,
    like: Annotated[
        list[Path] | None,
        Option(help="A recording that sounds like it, or a set of windows (.json) saved before; may be repeated."),
    ] = None,
    at: Annotated[
        float | None, Option(min=0, help="Second at which the sound begins in the recording; all of it by default.")
    ] = None,
    not_: Annotated[
        list[Path] | None, Option("--not", help="A recording or a set that does not sound like it; may be repeated.")
    ] = None,
    top: Annotated[int, Option(min=1, help="Most windows that are given.")] = 10,
    exact: Annotated[
        bool | None,
        Option("--exact/--approximate", help="Look at every window, or go by the index for fast search if it has one."),
    ] = None,
    save: Annotated[
        Path | None, Option(dir_okay=False, help="File (.json) to keep what is found in, as examples for --like.")
    ] = None,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    json: _options.Json = False,
) -> None:
    """List the windows of an index whose sound is nearest to some words, to examples, or to both, best first."""
    from limbeck import sounds

    hits = sounds.search(
        index,
        words,
        like=like or (),
        at=at,
        unlike=not_ or (),
        top=top,
        exact=exact,
        standing=True,
        weights=weights,
        offline=offline,
        device=device,
    )
    if save is not None:
        sounds.ExampleSet.of(hits).write(save)
    states = [_state(hit.file) for hit in hits]
    for state, told in _TOLD.items():
        if places := sorted({str(hit.path) for hit, now in zip(hits, states, strict=True) if now == state}):
            _output.note(
                f"{len(places)} of these recordings {told} since they were indexed, the first {places[0]}. Bring the "
                f"index up to date: limbeck sounds index FOLDER --out {index}"
            )
    if hits and hits[0].above is not None and hits[0].above < 0:
        _output.note(
            f"Nothing stands out: everyday words that are not meant find as much in this index as {words!r} does. "
            "Either no such sound is in it, or the encoder does not know the words; it reads English."
        )
    if json:
        rows = []
        for hit, state in zip(hits, states, strict=True):
            place = {"path": str(hit.path), "start_s": round(hit.start_s, 3), "duration_s": round(hit.duration_s, 3)}
            above = None if hit.above is None else round(hit.above, 3)
            rows.append(place | {"similarity": round(float(hit.similarity), 6), "above": above, "state": state})
        _output.as_json(rows)
        return
    cells = [[str(h.path), f"{h.start_s:.1f}", f"{h.duration_s:.1f}", f"{h.similarity:.3f}"] for h in hits]
    stands = [[f"{h.above:+.1f}"] for h in hits if h.above is not None]
    _output.as_table(
        ["recording", ">from s", ">long s", ">similarity", *([">above usual"] if stands else [])],
        [row + above for row, above in zip(cells, stands or [[]] * len(cells), strict=True)],
        unbroken=1,
    )


def _state(file: "File") -> str:
    from limbeck.errors import MediaError

    try:
        file.located()
    except MediaError as error:
        return error.reason
    return "there"
