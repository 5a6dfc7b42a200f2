"""``limbeck spatial fill``: recordings for the sounds of a scene."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

if TYPE_CHECKING:
    from limbeck.spatial import Choice

EXAMPLES = (
    "limbeck spatial fill scene.toml --from index/",
    "limbeck spatial fill scene.toml --from index/ --alternatives 3",
    "limbeck spatial fill scene.toml --from index/ --take 1:2 --take 3:5",
    "limbeck spatial fill scene.toml --from index/ --at-least 1 --out filled.toml",
)


def run(
    scene: Annotated[Path, Argument(help="File (.toml) of a scene.")],
    *,
    from_: Annotated[str, Option("--from", metavar="INDEX", help="Folder of an index of sounds, or its address.")],
    out: Annotated[
        Path | None, Option(dir_okay=False, help="File (.toml) of the filled scene; the same file by default.")
    ] = None,
    alternatives: Annotated[int, Option(min=0, help="Further recordings that are shown for each sound.")] = 0,
    take: Annotated[
        list[str] | None,
        Option(metavar="SOUND:RANK", help="Number of a sound and the rank of its recording, 2:3 say; may be repeated."),
    ] = None,
    at_least: Annotated[
        float,
        Option(help="Least score of a recording: how far it is above what everyday words that are not meant find."),
    ] = 0.0,
    again: Annotated[bool, Option("--again", help="Look for recordings of sounds that have one, too.")] = False,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Give each sound of a scene the recording of an index that sounds most like its words; refuse bad ones."""
    from limbeck.spatial import Scene, fill

    filled, choices = fill(
        Scene.load(scene),
        from_,
        at_least=at_least,
        alternatives=alternatives,
        ranks=_ranks(take or []),
        again=again,
        weights=weights,
        offline=offline,
        device=device,
    )
    if json:
        _output.as_json([_facts(choice) for choice in choices])
    elif choices:
        _output.as_table(
            [">", "sound", ">rank", "", "recording", ">from s", ">score", ">similarity", "licence"],
            [line for choice in choices for line in _lines(choice)],
        )
    else:
        _output.note("Every sound has its recording; --again looks for others.", quiet=quiet)
    for choice in choices:
        if choice.refused:
            _output.note(f"{choice.words!r} has no recording: {choice.refused}.")
    filled.save(out or scene)
    missing = [source.words for source in filled.sources if source.recording is None]
    if missing:
        _output.fail(
            f"{len(missing)} of {len(filled.sources)} sounds have no recording. In {out or scene}, say them in other "
            "words or put a recording there by hand, or lower --at-least."
        )
        raise typer.Exit(1)
    _output.note(f"The scene with its recordings: {out or scene}", quiet=quiet)


def _ranks(texts: list[str]) -> dict[int, int]:
    ranks = {}
    for text in texts:
        number, colon, rank = text.partition(":")
        if not (colon and number.isdecimal() and rank.isdecimal()):
            raise typer.BadParameter(
                f"{text!r} is not of the form SOUND:RANK, as 2:3 for the third recording of sound 2."
            )
        ranks[int(number)] = int(rank)
    return ranks


def _lines(choice: "Choice") -> list[list[str]]:
    return [
        [
            str(choice.number) if place == 1 else "",
            choice.words if place == 1 else "",
            str(place),
            "taken" if found is choice.taken else "",
            str(found.recording),
            f"{found.offset:.1f}",
            f"{found.above:+.1f}",
            f"{found.similarity:.3f}",
            found.licence or "unknown",
        ]
        for place, found in enumerate(choice.found, 1)
    ]


def _facts(choice: "Choice") -> dict[str, object]:
    found = [
        {
            "recording": str(one.recording),
            "from_s": round(one.offset, 3),
            "score": round(one.above, 3),
            "similarity": round(float(one.similarity), 6),
            "licence": one.licence,
        }
        for one in choice.found
    ]
    taken = choice.rank if choice.taken is not None else None
    return {"sound": choice.number, "words": choice.words, "taken": taken, "refused": choice.refused, "found": found}
