"""``limbeck sounds search``: what sounds like these words."""

from typing import TYPE_CHECKING, Annotated

from typer import Argument, Option

from limbeck.cli import _options, _output

if TYPE_CHECKING:
    from limbeck.index import File

_TOLD = {"missing_file": "have gone", "changed_file": "have changed"}

EXAMPLES = (
    'limbeck sounds search index/ "glass breaking" --top 20',
    'limbeck sounds search index/ "a dog barks far away" --json',
)


def run(
    index: _options.Index,
    words: Annotated[str, Argument(help="What to look for.")],
    *,
    top: Annotated[int, Option(min=1, help="Most windows that are given.")] = 10,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    json: _options.Json = False,
) -> None:
    """List the windows of an index whose sound is nearest to some words, best first."""
    from limbeck import sounds

    hits = sounds.search(index, words, top=top, weights=weights, offline=offline, device=device)
    states = [_state(hit.file) for hit in hits]
    for state, told in _TOLD.items():
        if places := sorted({str(hit.path) for hit, now in zip(hits, states, strict=True) if now == state}):
            _output.note(
                f"{len(places)} of these recordings {told} since they were indexed, the first {places[0]}. Bring the "
                f"index up to date: limbeck sounds index FOLDER --out {index}"
            )
    if json:
        rows = []
        for hit, state in zip(hits, states, strict=True):
            place = {"path": str(hit.path), "start_s": round(hit.start_s, 3), "duration_s": round(hit.duration_s, 3)}
            rows.append(place | {"similarity": round(float(hit.similarity), 6), "state": state})
        _output.as_json(rows)
        return
    _output.as_table(
        ["recording", ">from s", ">long s", ">similarity"],
        [[str(h.path), f"{h.start_s:.1f}", f"{h.duration_s:.1f}", f"{h.similarity:.3f}"] for h in hits],
        unbroken=1,
    )


def _state(file: "File") -> str:
    from limbeck.errors import MediaError

    try:
        file.located()
    except MediaError as error:
        return error.reason
    return "there"
