"""``limbeck sounds learn``: words and an index to a classifier."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from typer import Option

from limbeck.cli import _options, _output

EXAMPLES = (
    'limbeck sounds learn index/ --labels "dog bark,rain,chainsaw" --out classifier/',
    "limbeck sounds learn index/ --labels labels.txt --out classifier/",
    'limbeck sounds learn index/ --labels "crane: a large bird calling, rain" --out classifier/',
    'limbeck sounds learn index/ --labels "rain,wind" --prompt "{label}" --prompt "hear {label}" --out classifier/',
    'limbeck sounds learn index/ --labels "rain,wind" --neighbours 15 --reject auto --out classifier/',
    "limbeck sounds learn index/ --labels words.txt --examples examples/ --out classifier/",
    "limbeck sounds learn index/ --labels words.txt --out classifier/ --fresh",
)


def run(
    index: _options.Index,
    *,
    labels: Annotated[
        str | None,
        Option(
            help="Words with commas between, each label or label: description, in double quotes if it has a comma; or "
            "a text file with one a line; or a CSV file with a column label. May be left out where there are examples."
        ),
    ] = None,
    examples: Annotated[
        Path | None,
        Option(
            help="Folder with a folder of recordings for each label. They stand for it beside what its word finds; a "
            "label that is none of the words stands for its examples alone."
        ),
    ] = None,
    out: Annotated[Path, Option(help="Folder of the classifier; corrections of an older one are made again.")],
    prompt: Annotated[
        list[str] | None,
        Option(
            metavar="SENTENCE", help="A sentence with {label} in it; may be repeated. The encoder's own by default."
        ),
    ] = None,
    neighbours: Annotated[int | None, Option(min=1, help="Windows a word; from the index by default.")] = None,
    reject: Annotated[
        str | None,
        Option(
            help="Call sounds none of these that are far from every word: auto, or the share of known sounds that may "
            "be lost, such as 0.05. By default everything is named."
        ),
    ] = None,
    preset: Annotated[
        str | None, Option(help="paper: the published method, which knows one space and rejects nothing.")
    ] = None,
    set_: Annotated[list[str] | None, _options.setting("A setting of the classifier")] = None,
    allow_unknown: Annotated[
        bool, Option("--allow-unknown", help="Learn words too that nothing in the index sounds like.")
    ] = False,
    fresh: Annotated[bool, Option("--fresh", help="Forget the corrections of the classifier that is there.")] = False,
    weights: _options.Weights = None,
    offline: _options.Offline = False,
    device: _options.Device = "auto",
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Learn what words sound like from recordings nobody has labelled.

    Each word finds the windows nearest to it; their mean is its prototype, and a sound is named by the nearest one.
    """
    if labels is None and examples is None:
        raise typer.BadParameter("Give words (--labels), recordings (--examples), or both.")
    settings = _options.merged(
        _options.assignments(set_), neighbours=neighbours, reject=None if reject is None else _share(reject)
    )

    from limbeck import sounds

    encoder: dict[str, Any] = {"weights": weights, "offline": offline, "device": device}
    made = sounds.learn(
        index, labels, examples=examples, out=out, prompts=prompt, preset=preset, settings=settings, fresh=fresh,
        refuse_unknown=not allow_unknown,
        told=partial(_output.note, quiet=quiet), **encoder,
    )  # fmt: skip
    told = sounds.summary(made)
    for group in told["alike"]:
        _output.note(
            f"{', '.join(group)} stand for the very same windows, so that no sound will be named by any but the first. "
            "Say them in other words, or index more recordings.",
            quiet=quiet,
        )
    if json:
        _output.as_json({"classifier": str(out), **told})
        return
    counts = ", ".join(f"{label} ({count})" for label, count in told["neighbours"].items())
    _output.note(
        f"{len(told['labels'])} words, each with the windows it stands for: {counts}. The encoder reads English.",
        quiet=quiet,
    )
    if told["probe"]:
        _output.note(told["probe"]["said"], quiet=quiet)
    typer.echo(out)


def _share(text: str) -> str | float:
    if text == "auto":
        return text
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is neither auto nor a share such as 0.05.", param_hint="--reject") from None
