"""What every way to classify is: settings, and scores of a fold's test recordings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

from limbeck._config import Config
from limbeck._discover import Listed
from limbeck.evaluation.sounds._fold import Array, Fold, Rows


@dataclass(frozen=True)
class Answer:
    """What a way found.

    Attributes:
        scores: Highest is best, float32, (test recording, class).
        neighbours: For each class the positions in the pool it was made of; empty where there are none.
        facts: Further numbers by name: how many neighbours were chosen, say.
    """

    scores: Array
    neighbours: list[Rows] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)


class Way(Config, Listed, ABC):
    """Settings of a way to classify. One module of the room defines one.

    Attributes:
        supervised: Whether it sees the pool's labels; from the others they are hidden.
        draws: How often it is repeated with another seed.
    """

    room: ClassVar[str] = "limbeck.evaluation.sounds.ways"

    supervised: ClassVar[bool] = False
    draws: ClassVar[int] = 1

    @abstractmethod
    def answer(self, fold: Fold, *, seed: int) -> Answer:
        """Learn from the pool and score the test recordings.

        Args:
            fold: With the test recordings' labels hidden.
            seed: Of every random draw, >= 0.
        """

    def check(self) -> None:
        """Refuse settings that only what they are handed to can judge; most ways have none.

        Raises:
            ValueError: One does not fit.
        """
