"""Tables with their rules, facts and command, for a page of documentation."""

import json
import re
from typing import final

from limbeck.report.model import Document, Sheet
from limbeck.report.writers import Writer

_IN_WORDS = ("words", "command", "failed")


@final
class Markdown(Writer):
    """GitHub's dialect."""

    suffix = ".md"

    @staticmethod
    def write(document: Document) -> str:
        """The whole file as text; a rule of several tables stands once, below the last of all."""
        about = document.about
        blocks = [f"# {escaped(document.title)}"]
        blocks += [str(about["words"]).strip()] if about.get("words") else []
        for sheet in document.sheets:
            blocks += [f"## {escaped(sheet.title)}", grid(sheet)]
            if picture := document.pictures.get(sheet.key):
                blocks.append(f"![{escaped(sheet.title)}]({picture})")
        blocks += [] if document.sheets else ["No results yet."]
        blocks += dict.fromkeys(escaped(rule) for sheet in document.sheets for rule in sheet.rules)
        if about.get("failed"):
            blocks += ["Not done:", "\n".join(f"- {escaped(k)}: {escaped(str(v))}" for k, v in about["failed"].items())]
        if about.get("command"):
            blocks += ["Made by:", _block(str(about["command"]))]
        same = {"dataset": document.dataset} | {k: v for k, v in about.items() if k not in _IN_WORDS}
        told = {
            k: v if isinstance(v, str) else json.dumps(v, sort_keys=True, ensure_ascii=False) for k, v in same.items()
        }
        blocks += ["What was the same in all rows:", _block("\n".join(f"{k}: {v}" for k, v in told.items()))]
        return "\n\n".join(blocks) + "\n"


def grid(sheet: Sheet) -> str:
    """The lines of one table."""
    rule = ["---"] * sheet.names + ["---:"] * (len(sheet.columns) - sheet.names)
    lines = [[f"**{escaped(f.text)}**" if f.bold else escaped(f.text) for f in line] for line in sheet.lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in [[escaped(c) for c in sheet.columns], rule, *lines])


def escaped(text: str) -> str:
    r"""Text on one line that Markdown shows as it is.

    Example:
        >>> print(escaped("a_b | 5 * <i>"))
        a\_b \| 5 \* &lt;i&gt;
    """
    line = re.sub(r"([\\`*_\[\]|~])", r"\\\1", " ".join(text.split(" ")))
    line = "".join(c if c.isprintable() or c == "\u2009" else " " for c in line)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _block(text: str) -> str:
    return f"````\n{text.strip()}\n````"
