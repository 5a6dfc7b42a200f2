"""The table of results: one row a training set, always with spread, number of repeats and cost."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from limbeck._words import duration, size
from limbeck.report.model import Field, Sheet, Spread, in_order
from limbeck.report.writers.markdown import grid

if TYPE_CHECKING:
    from limbeck.evaluation import Score

RULE = (
    "Accuracy on real test clips in percent, mean ± standard deviation (divided by n − 1) over n students trained from "
    "scratch; last epoch. Every row is one distillation: which method is better can only be told over three or more "
    "(limbeck benchmark), so nothing is bold. Rows of real clips are references."
)
COST_RULE = (
    "Stored: all that students are trained on, in the form it is kept in; for real clips, as they are prepared. "
    "Training samples: what a student sees, each cell of a mosaic one. "
    "Time: training and testing all n students."
)

_TOLD = {
    "stored_samples": "stored samples",
    "training_samples": "training samples",
    "stored_bytes": "stored bytes",
    "hold": "how samples are held",
    "sizes": "size of samples",
}
"""What rows may differ in beside how their samples were made."""
Scores = Mapping[str, "Score"] | Sequence["Score"]


@dataclass(frozen=True)
class Row:
    """One line of the table, named by what students were trained on.

    Attributes:
        accuracy: Percent, by modality: "A", "V", "A+V", ...
        n: Repeats; `seconds` is the time of all.
        stored_samples: Samples that are stored, each of which holds one to train on or several, as `hold` says.
        training_samples: Samples a student sees.
        storage: How the numbers are stored.
        reference: Whether these are real clips, a reference that takes no part in the comparison.
        sizes: Size of a sample in words, by modality.
        asked: What students were asked beside the samples they learn from, by name: test clips, training, network, ...
    """

    name: str
    accuracy: dict[str, Spread]
    n: int
    stored_samples: int
    hold: str
    training_samples: int
    stored_bytes: int
    storage: str
    seconds: float
    reference: bool
    sizes: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)


def rows(scores: Scores) -> list[Row]:
    """The table's lines in the order of the scores; those without names are named by what students were trained on."""
    made = []
    for name, score in scores.items() if isinstance(scores, Mapping) else (("", score) for score in scores):
        sd, source = score.sd, score.trained_on
        is_clips = source.kind == "clips"
        about = ": real clips" if is_clips else f", {source.per_class} per class"
        made.append(
            Row(
                name=name or f"{source.name}{about}",
                accuracy={k: Spread(m, None if math.isnan(sd[k]) else sd[k], score.n) for k, m in score.mean.items()},
                n=score.n,
                stored_samples=source.rows,
                hold=source.hold,
                sizes=source.sizes,
                training_samples=source.samples,
                stored_bytes=source.stored_bytes,
                storage=source.storage,
                seconds=score.seconds,
                reference=is_clips,
                asked={
                    "test clips": score.tested_on.fingerprint,
                    "training": score.protocol,
                    "network": score.network,
                    "head": score.head,
                    "device": score.device.partition(":")[0],
                    "code": score.code,
                },
            )
        )
    return made


def unlike(lines: Sequence[Row]) -> str:
    """Says in what rows differ beside how their samples were made; empty where in nothing. Real clips take no part.

    Example:
        >>> from dataclasses import replace
        >>> plain = Row("dm", {}, 5, 10, "plain", 10, 1000, "float32", 1.0, reference=False)
        >>> unlike([plain, plain])
        ''
        >>> unlike([plain, replace(plain, hold="mosaic:2", training_samples=40)])
        'The rows differ in training samples and how samples are held: where two do, it is not the method alone ...'
    """
    made = [line for line in lines if not line.reference]
    differ = [words for name, words in _TOLD.items() if len({str(getattr(line, name)) for line in made}) > 1]
    if not differ:
        return ""
    named = " and ".join([", ".join(differ[:-1]), differ[-1]] if differ[1:] else differ)
    return f"The rows differ in {named}: where two do, it is not the method alone that tells them apart."


def asked_otherwise(line: Row, first: Row) -> list[str]:
    """Names of what students of `line` were asked otherwise than those of `first`, so that the two do not compare.

    Example:
        >>> from dataclasses import replace
        >>> short = Row("dm", {}, 5, 10, "plain", 10, 9, "uint8", 1, False, {}, {"training": 3, "head": 1, "code": 1})
        >>> asked_otherwise(short, short)
        []
        >>> asked_otherwise(replace(short, asked={"training": 30, "head": 2, "code": 2}), short)
        ['training', 'head']
    """
    differ = [name for name, value in line.asked.items() if value != first.asked.get(name)]
    return [name for name in differ if name != "code" or not {"network", "head"} & set(differ)]


def apart(lines: Sequence[Row]) -> str:
    """Says which rows were asked otherwise than the first, and in what; empty where none was."""
    told = [f"{line.name} (other {', '.join(other)})" for line in lines if (other := asked_otherwise(line, lines[0]))]
    return f"Not asked as {lines[0].name} was, and not to be compared with it: {'; '.join(told)}." if told else ""


def markdown(scores: Scores) -> str:
    """The table as Markdown, with the rules it was made by."""
    made = sheet(rows(scores))
    return "\n\n".join([grid(made), *made.rules]) + "\n"


def modalities(lines: Sequence[Row]) -> tuple[str, ...]:
    """What accuracies the rows have, in the order of columns."""
    return in_order({key for line in lines for key in line.accuracy})


def sheet(lines: Sequence[Row], baseline: int | None = None) -> Sheet:
    """The table of `lines` as writers and pages print it; the row at `baseline`, if any, stands out."""
    keys = modalities(lines)
    columns = ("n", "stored samples", "held as", "training samples", "stored", "time")
    return Sheet(
        key="scores",
        title="Scores",
        columns=("trained on", *(f"{key} (%)" for key in keys), *columns),
        names=1,
        lines=tuple(
            (
                Field(line.name),
                *(Field.of_spread(line.accuracy.get(key), bar=True) for key in keys),
                Field.of_number(line.n),
                Field.of_number(line.stored_samples),
                Field(held(line, lines)),
                Field.of_number(line.training_samples),
                Field(stored(line), line.stored_bytes),
                Field.of_number(line.seconds, duration),
            )
            for line in lines
        ),
        references=frozenset(i for i, line in enumerate(lines) if line.reference),
        baseline=baseline,
        rules=(RULE, unlike(lines), apart(lines), COST_RULE),
    )


def held(line: Row, lines: Sequence[Row]) -> str:
    """How the samples of a `line` are held, and how large they are where `lines` differ in it.

    Example:
        >>> from dataclasses import replace
        >>> many = Row("dm", {}, 5, 8, "plain", 8, 1000, "float32", 1.0, False, {"audio": "1 s", "video": "8 frames"})
        >>> held(many, [many, replace(many, sizes={"audio": "1 s", "video": "4 frames"})])
        'plain, video: 8 frames'
    """
    apart = [f"{m}: {words}" for m, words in line.sizes.items() if {one.sizes.get(m) for one in lines} != {words}]
    return ", ".join([line.hold, *apart])


def stored(line: Row) -> str:
    """What a row stores, in words.

    Example:
        >>> stored(Row("dm", {}, 5, 10, "plain", 10, 28_672, "uint8", 1.0, reference=False))
        '28.7 kB, uint8'
    """
    return f"{size(line.stored_bytes)}, {line.storage}"


def json(scores: Scores) -> list[dict[str, Any]]:
    """The table as JSON-able data: percent, seconds and bytes as numbers."""
    lines = rows(scores)
    return [
        {name: value for name, value in vars(line).items() if name not in ("accuracy", "asked")}
        | {"accuracy_percent": {key: asdict(spread) for key, spread in line.accuracy.items()}}
        | {"asked_otherwise_than_the_first": asked_otherwise(line, lines[0])}
        for line in lines
    ]
