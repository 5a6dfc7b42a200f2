"""``limbeck spatial scene``: a sentence to a scene."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

EXAMPLES = (
    'limbeck spatial scene "a dog barks on the left, close, from 2 s to 5 s; rain all around" --out scene.toml',
    'limbeck spatial scene "a car passes from right to left behind; an owl hoots at 2 o\'clock, 10 m away"',
    'limbeck spatial scene "footsteps approach from behind for 8 s, then a door slams on the right" --json',
    "limbeck spatial scene sentence.txt --strict --out scene.toml",
    "limbeck spatial scene scene.toml",
)


def run(
    sentence: Annotated[
        str, Argument(help="What is heard, and where; or a text file with it; or a scene to be shown.")
    ],
    *,
    out: Annotated[
        Path | None, Option(dir_okay=False, help="File (.toml) of the scene, to be edited and filled.")
    ] = None,
    strict: Annotated[bool, Option("--strict", help="Write nothing where not all of it is understood.")] = False,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Read a sentence as a scene: which sounds are heard, when, from where; say what was not understood."""
    from limbeck.cli.spatial import _table
    from limbeck.spatial import Scene, describe, parse

    told: tuple[str, ...] = ()
    if sentence.endswith(".toml"):
        scene = Scene.load(sentence)
    else:
        scene, told = parse(_text(Path(sentence)) if sentence.endswith(".txt") else sentence)
    if json:
        _output.as_json({"scene": scene.to_json(), "sentence": describe(scene), "not_understood": list(told)})
    else:
        _table.show(scene)
    for one in (*told, *scene.unheard()):
        _output.note(one)
    if told and strict:
        _output.fail(
            "Nothing was written, since not all of it was understood. Say it in other words, or without --strict."
        )
        raise typer.Exit(1)
    if out is not None:
        scene.save(out)
        _output.note(
            f"The scene: {out}. Give its sounds recordings: limbeck spatial fill {out} --from INDEX", quiet=quiet
        )


def _text(file: Path) -> str:
    from limbeck.errors import InputError

    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{file} is no text in UTF-8: {error}.") from error
