"""The result of a measure: its numbers with every seed, and all that was the same in them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from limbeck import _code
from limbeck._config import Config
from limbeck._runtime import derive_seed
from limbeck.errors import InputError
from limbeck.evaluation._evaluate import source_of
from limbeck.evaluation.measures import Measure, Subject, Values
from limbeck.evaluation.measures._contract import mean
from limbeck.evaluation.score import Result

Number = Annotated[float, Field(allow_inf_nan=False)]


class Taken(Config):
    """Numbers found with one seed.

    Attributes:
        seed: Of the students and all that was drawn.
        seconds: Time it took.
        values: Numbers by name, finite.
    """

    seed: int
    seconds: float = Field(ge=0)
    values: dict[str, Number]


class Measured(Result):
    """What a measure found of one set, over repeats.

    Attributes:
        measure: Name of the measure.
        settings: Its settings.
        formats: Number formats of real and synthetic clips, for measures that distil again.
        repeats: One entry a seed.
    """

    measure: str
    settings: dict[str, Any]
    formats: tuple[str, str]
    repeats: tuple[Taken, ...] = ()

    @property
    def mean(self) -> dict[str, float]:
        """Means over the repeats, by name."""
        return mean(taken.values for taken in self.repeats)


def question(measure: Measure, subject: Subject, seed: int) -> Measured:
    """What is asked, before any answer.

    Args:
        measure: With all its settings.
        subject: What is measured, and with what.
        seed: The seed all repeats' seeds come from.
    """
    return Measured(
        measure=measure.name,
        settings=measure.to_json(),
        trained_on=source_of(subject.train),
        tested_on=source_of(subject.test),
        network=subject.network,
        protocol=subject.protocol,
        scale=subject.scale,
        seed=seed,
        device=str(subject.device),
        formats=subject.formats,
        code=_code.of(measure, subject.network),
    )


def take(
    measure: Measure,
    subject: Subject,
    *,
    repeats: int = 3,
    seed: int = 0,
    done: Measured | None = None,
    on_repeat: Callable[[Measured], None] | None = None,
) -> Measured:
    """Measure several times, each time with a seed of its own.

    Args:
        measure: With all its settings.
        subject: What is measured, and with what.
        repeats: How often, >= 1.
        seed: Repeat number r depends on ``(seed, r)`` alone, as students of `evaluate` do.
        done: What was found earlier with the same arguments, which is taken over.
        on_repeat: Called after each repeat with all that is there.

    Raises:
        InputError: `done` answers another question, or the measure refused the subject.
        DivergedError: Training diverged.
    """
    if repeats < 1:
        raise InputError(f"At least one repeat is needed, but {repeats} came.")
    found = question(measure, subject, seed)
    if done is not None:
        if differ := found.differs(done):
            raise InputError(f"What was measured before is another ({', '.join(differ)} differ); measure anew.")
        found = done
    for number in range(found.n, repeats):
        own = derive_seed(seed, "repeat", number)
        started = time.perf_counter()
        values = measure.take(subject, seed=own)
        taken = Taken(seed=own, seconds=time.perf_counter() - started, values=values)
        found = found.model_copy(update={"repeats": (*found.repeats, taken)})
        if on_repeat:
            on_repeat(found)
    return found.first(repeats)


def shown(measure: Measure, found: Measured, references: Mapping[str, Sequence[Measured]]) -> list[dict[str, float]]:
    """Columns of a measure's table, for each repeat.

    Args:
        measure: With all its settings.
        found: What it found of one set.
        references: What it found of the references, see `Measure.show`; the mean over all their repeats is shown to it.
    """
    means: dict[str, Values] = {
        name: mean(taken.values for one in several for taken in one.repeats)
        for name, several in references.items()
        if several
    }
    return [dict(measure.show(taken.values, means)) for taken in found.repeats]
