"""What is said of a sound: its word, or why there is none."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limbeck.sounds._nature import Nature


@dataclass(frozen=True)
class Prediction:
    """The word predicted for a sound, which begins at a second of a recording and lasts so many.

    Attributes:
        label: Its word; None for none of these.
        scores: The likeliest words with their scores from 0 to 1, best first, also where `label` is None.
        nature: Where `label` is None, ``"silence"``, ``"noise"`` (steady, of any colour), ``"unsure"`` (the score is
            too low) or ``"unknown"`` (far from every word).
    """

    path: Path
    start_s: float
    duration_s: float
    label: str | None
    scores: tuple[tuple[str, float], ...]
    nature: Nature | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {
            "path": str(self.path),
            "start_s": round(self.start_s, 3),
            "duration_s": round(self.duration_s, 3),
            "label": self.label,
            "nature": self.nature,
            "scores": [{"label": label, "score": round(score, 6)} for label, score in self.scores],
        }


@dataclass(frozen=True)
class Unread:
    """A recording that could not be used, and the reason in a sentence."""

    path: Path
    reason: str

    def sentence(self) -> str:
        """The file and the reason, in one sentence."""
        return self.reason if self.reason.startswith(str(self.path)) else f"{self.path}: {self.reason}"

    def to_json(self) -> dict[str, Any]:
        """As JSON-able data."""
        return {"path": str(self.path), "error": self.reason}
