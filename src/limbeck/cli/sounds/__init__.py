"""``limbeck sounds``: from recordings and a list of words to a classifier that can be seen and corrected."""

from limbeck.cli import _output
from limbeck.cli.sounds import (
    benchmark,
    check,
    classify,
    correct,
    cut,
    demo,
    detect,
    index,
    learn,
    page,
    pull,
    push,
    search,
    studio,
    watch,
    weights,
)

__all__ = ["app"]

EXAMPLES = (
    "limbeck sounds index recordings/ --encoder clap --out index/",
    'limbeck sounds search index/ "glass breaking" --top 20',
    'limbeck sounds learn index/ --labels "dog bark,rain,chainsaw" --out classifier/',
    "limbeck sounds classify classifier/ new/a.wav new/b.wav --json",
    "limbeck sounds page classifier/ --out page/",
    "limbeck sounds studio index/ --classifier classifier/",
)

app = _output.group(
    [
        index,
        search,
        learn,
        classify,
        detect,
        check,
        cut,
        page,
        studio,
        correct,
        watch,
        push,
        pull,
        weights,
        benchmark,
        demo,
    ],
    "Name unlabelled sounds: a folder of recordings and a list of words become a classifier.",
    EXAMPLES,
)
