"""The result of a measure: its numbers with every seed, and all that was the same in them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import Field

from limbeck import _files
from limbeck._config import Config
from limbeck._runtime import derive_seed
from limbeck.datasets import Scale
from limbeck.errors import InputError
from limbeck.evaluation._evaluate import source_of
from limbeck.evaluation.measures import Measure, Subject, Values
from limbeck.evaluation.measures._contract import mean
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.score import Source
from limbeck.networks import Architecture

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


class Measured(Config):
    """What a measure found of one set, over repeats.

    Attributes:
        measure: Name of the measure.
        settings: Its settings.
        trained_on: The set.
        tested_on: The test clips.
        network: Architecture of the students.
        protocol: How they were trained.
        scale: What they saw.
        seed: The seed all repeats' seeds come from.
        device: Where it ran.
        formats: Number formats of real and synthetic clips, for measures that distil again; None in files that do not
            say.
        repeats: One entry a seed.
    """

    measure: str
    settings: dict[str, Any]
    trained_on: Source
    tested_on: Source
    network: Architecture
    protocol: Protocol
    scale: Scale
    seed: int
    device: str
    formats: tuple[str, str] | None = None
    repeats: tuple[Taken, ...] = ()

    @property
    def n(self) -> int:
        """Number of repeats."""
        return len(self.repeats)

    @property
    def mean(self) -> dict[str, float]:
        """Means over the repeats, by name."""
        return mean(taken.values for taken in self.repeats)

    @property
    def seconds(self) -> float:
        """Time of all repeats."""
        return sum(taken.seconds for taken in self.repeats)

    def first(self, repeats: int) -> Self:
        """The same with its first repeats alone.

        Args:
            repeats: How many.
        """
        return self.model_copy(update={"repeats": self.repeats[:repeats]})

    def differs(self, other: Measured) -> list[str]:
        """Names of what was not the same in another; where it ran and how often do not count.

        Args:
            other: Another result. Where one of the two does not say its formats, they do not count.
        """
        asked = set(type(self).model_fields) - {"device", "repeats"}
        if None in (self.formats, other.formats):
            asked.remove("formats")
        return sorted(name for name in asked if getattr(self, name) != getattr(other, name))


def title_of(
    measure: Measure, network: Architecture, protocol: Protocol, seed: int, *, formats: tuple[str, str] | None = None
) -> str:
    """Name of the file a result is kept in: what is asked otherwise has another.

    Args:
        measure: With all its settings.
        network: Architecture of the students.
        protocol: How they are trained.
        seed: The seed all repeats' seeds come from.
        formats: Number formats of real and synthetic clips; None where the folder is theirs alone.
    """
    asked = [measure.to_json(), network.to_json(), protocol.to_json(), seed]
    return f"{measure.name}-{_files.digest(*asked, *([formats] if formats else []))}"


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
