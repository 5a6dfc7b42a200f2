"""Tables with their rules, facts and command, for a page of documentation."""

from __future__ import annotations

import json
import re
from typing import final

from limbeck.report import _sheets
from limbeck.report._sheets import Field, Heads, Sheet
from limbeck.report.comparison import Comparison
from limbeck.report.forms._contract import Form

_IN_WORDS = ("words", "command", "failed")


@final
class Markdown(Form):
    """GitHub's dialect."""

    suffix = ".md"

    @staticmethod
    def write(comparison: Comparison, heads: Heads = "columns") -> str:
        """The whole file as text.

        Args:
            comparison: The results.
            heads: Whether heads, where there are several, are columns or rows of the table that holds them all.
        """
        about = comparison.about
        blocks = [f"# {escaped(comparison.title)}"]
        blocks += [str(about["words"]).strip()] if about.get("words") else []
        sheets = list(_sheets.every(comparison, heads))
        blocks += [block for sheet in sheets for block in _table(sheet)] or ["No results yet."]
        blocks += dict.fromkeys(escaped(rule) for sheet in sheets for rule in sheet.rules)
        if about.get("failed"):
            blocks += ["Not done:", "\n".join(f"- {escaped(k)}: {escaped(str(v))}" for k, v in about["failed"].items())]
        if about.get("command"):
            blocks += ["Made by:", _block(str(about["command"]))]
        facts = {"dataset": comparison.dataset} | {k: v for k, v in about.items() if k not in _IN_WORDS}
        blocks += ["What was the same in all rows:", _block(_lines(facts))]
        return "\n\n".join(blocks) + "\n"


def escaped(text: str) -> str:
    r"""Text on one line that Markdown shows as it is.

    Example:
        >>> print(escaped("a_b | 5 * <i>"))
        a\_b \| 5 \* &lt;i&gt;
    """
    line = re.sub(r"([\\`*_\[\]|~])", r"\\\1", " ".join(text.split(" ")))
    line = "".join(c if c.isprintable() or c == "\u2009" else " " for c in line)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _table(sheet: Sheet) -> list[str]:
    rule = ["---"] * sheet.names + ["---:"] * (len(sheet.columns) - sheet.names)
    rows = [[escaped(c) for c in sheet.columns], rule, *([_field(f) for f in line] for line in sheet.lines)]
    return [f"## {escaped(sheet.title)}", "\n".join(f"| {' | '.join(row)} |" for row in rows)]


def _field(field: Field) -> str:
    return f"**{escaped(field.text)}**" if field.bold else escaped(field.text)


def _block(text: str) -> str:
    return f"````\n{text.strip()}\n````"


def _lines(facts: dict[str, object]) -> str:
    return "\n".join(
        f"{key}: {value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)}"
        for key, value in facts.items()
    )
