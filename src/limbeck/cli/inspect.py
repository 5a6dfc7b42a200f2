"""``limbeck inspect``: what is in a folder Limbeck wrote."""

from typing import Annotated

from typer import Argument

from limbeck.cli import _options, _output

EXAMPLES = ("limbeck inspect prepared/", "limbeck inspect distilled/ --json", "limbeck inspect classifier/")


def run(
    path: Annotated[
        str, Argument(help="A folder that Limbeck wrote, whatever it holds; or the address of a dataset or an index.")
    ],
    *,
    json: _options.Json = False,
) -> None:
    """Say what is in a folder that Limbeck wrote: a dataset, a set, a run, scores, an export, an index or a page.

    Of a folder that holds several of these, such as a demonstration's, each is named.
    """
    import limbeck

    description = limbeck.inspect(path)
    if json:
        _output.as_json(description)
    else:
        _output.as_outline(description)
