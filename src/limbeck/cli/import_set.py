"""``limbeck import``: a set that others published, or that Limbeck exported, to a distilled set."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from limbeck.cli import _options, _output

NAME = "import"
EXAMPLES = (
    "limbeck import res_DM_CIFAR10_ConvNet_10ipc.pt --like prepared/ --out dm/",
    "limbeck import logged_files/CIFAR10/run/ --like prepared/ --set step=5000 --out mtt/",
    "limbeck import results/cifar10/data.pt --like prepared/ --set factor=2 --out idc/",
    "limbeck import syn_data/ --form avdd --like prepared/ --out avdd/",
    "limbeck import images/ --classes bell,drip --mean 0.5,0.5,0.5 --std 0.25,0.25,0.25 --out images-set/",
    "limbeck import exported/ --out distilled/",
)


def run(
    path: Annotated[Path, Argument(help="File or folder of the set.")],
    *,
    out: Annotated[Path, Option(help="Folder of the distilled set.")],
    form: Annotated[
        str | None,
        _options.named("limbeck.imports", "Form, see limbeck list imports; by default it is found by what is there."),
    ] = None,
    like: Annotated[
        str | None,
        Option(help="Prepared dataset that the set stands for: gives class names, sizes, and how it is decoded."),
    ] = None,
    classes: Annotated[
        str | None,
        Option(help="Class names in the order of the file's labels, with commas between; or a text file, one a line."),
    ] = None,
    mean: Annotated[
        str | None, Option(help="What was subtracted from each channel of images, 0 to 1, where files do not say it.")
    ] = None,
    std: Annotated[str | None, Option(help="What each channel was divided by.")] = None,
    set_: Annotated[
        list[str] | None, _options.setting("A setting of the form, see limbeck explain FORM --kind imports")
    ] = None,
    json: _options.Json = False,
    quiet: _options.Quiet = False,
) -> None:
    """Import a distilled set that other code published, or that Limbeck exported.

    No code in its files is run. What is assumed of them is told, and kept in the set's provenance.
    """
    settings = _options.assignments(set_)
    numbers = {"mean": _numbers("mean", mean), "std": _numbers("std", std)}

    import limbeck

    made = limbeck.import_set(path, out=out, form=form, like=like, classes=_names(classes), **numbers, **settings)
    if json:
        _output.as_json(limbeck.inspect(out))
        return
    about = made.provenance["imported"]
    _output.note(
        f"{about['form']}: {made.rows} samples stored, {len(made)} to train on, of {len(made.classes)} classes, held "
        f"as {made.hold}.",
        quiet=quiet,
    )
    for line in about["notes"]:
        _output.note(line, quiet=quiet)
    typer.echo(out)


def _numbers(name: str, text: str | None) -> list[float]:
    try:
        return [float(word) for word in text.split(",")] if text else []
    except ValueError:
        raise typer.BadParameter(
            f"{name} is numbers with commas between, as in 0.49,0.48,0.45, not {text!r}."
        ) from None


def _names(text: str | None) -> list[str]:
    """Names with commas between, or those of a text file's lines."""
    if not text:
        return []
    if Path(text).is_file():
        lines = Path(text).read_text(encoding="utf-8").splitlines()
        return [line.strip() for line in lines if line.strip()]
    return [word.strip() for word in text.split(",")]
