"""The README of a repository of the hub: a head that programs read, and Markdown."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """How well something does, as its card says it.

    Attributes:
        dataset: Name of the data it was tested on.
        measure: What was measured, as ``"accuracy (A+V)"``.
        value: The mean over repeats, in percent.
        spread: Their sample standard deviation, in percent; None for one repeat.
        repeats: How many.
        about: In how it was measured, as the networks that were trained.
    """

    dataset: str
    measure: str
    value: float
    spread: float | None = None
    repeats: int = 1
    about: str = ""

    @property
    def words(self) -> str:
        """Mean and deviation in percent.

        Example:
            >>> Result(dataset="toy", measure="accuracy", value=71.25, spread=2.04, repeats=3).words
            '71.2 ± 2.0 %'
        """
        return f"{self.value:.1f}" + ("" if self.spread is None else f" ± {self.spread:.1f}") + " %"


def card(head: Mapping[str, Any], *parts: str) -> str:
    """A card: the `head` as YAML, without what is empty, and `parts` of Markdown with a line between.

    Example:
        >>> print(card({"license": "cc0-1.0", "tags": ["a: b"], "datasets": []}, "# Title", "Text."))
        ---
        license: "cc0-1.0"
        tags: ["a: b"]
        ---
        # Title
        <BLANKLINE>
        Text.
        <BLANKLINE>
    """
    # JSON is YAML, and needs no package to be written.
    lines = [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in head.items() if value]
    return "\n".join(["---", *lines, "---", "\n\n".join(part.strip("\n") for part in parts if part), ""])


def results_table(results: Sequence[Result]) -> str:
    """A section of Markdown with a line for each of some `results`; empty where there are none."""
    if not results:
        return ""
    rows = [[one.dataset, one.measure, one.words, str(one.repeats), one.about] for one in results]
    lines = [["tested on", "measure", "mean ± standard deviation", "repeats", "how"], ["---"] * 5, *rows]
    return "## How well it does\n\n" + "\n".join("| " + " | ".join(map(plain_text, line)) + " |" for line in lines)


def model_index(name: str, task: str, results: Sequence[Result]) -> list[dict[str, Any]]:
    """The `results` of a model of a `name` for the head of its card, where the hub looks for them; of a `task`."""
    found = [
        {
            "task": {"type": task},
            "dataset": {"name": one.dataset, "type": one.dataset},
            "metrics": [{"type": "accuracy", "name": one.measure, "value": round(one.value, 2)}],
        }
        for one in results
    ]
    return [{"name": name.rpartition("/")[2], "results": found}] if found else []


def plain_text(text: str) -> str:
    r"""A text of one line that Markdown shows as it is.

    Example:
        >>> print(plain_text("a_b | <i>\n# c"))
        a\_b \| \<i\> # c
    """
    return re.sub(r"([\\`*_{}\[\]<>|~$])", r"\\\1", " ".join(text.split()))
