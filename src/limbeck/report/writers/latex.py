"""Tables for a paper: one ``table`` each, for the package booktabs."""

import re
from typing import final

from limbeck.report.model import Document, Sheet
from limbeck.report.writers import Writer

_SIGNS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "*": r"\textasteriskcentered{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "−": r"$-$",
    "–": "--",
    "\u2009": r"\,",
    "†": r"\textdagger{}",
    "‡": r"\textdaggerdbl{}",
    "…": r"\dots{}",
} | {sign: rf"\{sign}" for sign in "&%$#_{}"}


@final
class Latex(Writer):
    r"""A fragment to ``\input``."""

    suffix = ".tex"

    @staticmethod
    def write(document: Document) -> str:
        r"""The whole file as text; needs ``\usepackage{booktabs}`` and, for old engines, fontenc with T1."""
        tables = [_table(sheet, document.title) for sheet in document.sheets]
        return "\n".join(["% Needs \\usepackage{booktabs} and \\usepackage[T1]{fontenc}.", *tables]) + "\n"


def escaped(text: str) -> str:
    r"""Text that LaTeX prints as it is.

    Example:
        >>> print(escaped("50 % of {a_b} ± 2"))
        50 \% of \{a\_b\} $\pm$ 2
    """
    line = " ".join("".join(c if c.isprintable() or c in _SIGNS else " " for c in text).split(" "))
    return "".join(_SIGNS.get(sign, sign) for sign in re.sub(r" +", " ", line).strip())


def _table(sheet: Sheet, title: str) -> str:
    """One table with its rules as the caption."""
    caption = " ".join([f"{escaped(title)}: {escaped(sheet.title)}.", *map(escaped, sheet.rules)])
    rows = []
    for line in sheet.lines:
        fields = [rf"\textbf{{{escaped(f.text)}}}" if f.bold else escaped(f.text) for f in line]
        # A bracket at the start of a line would be taken for the argument of the \\ before it.
        opening = "{}" if fields[0].startswith("[") else ""
        rows.append(opening + " & ".join(fields) + r" \\")
    if first := min(sheet.references, default=0):
        rows.insert(first, r"\midrule")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{caption}}}",
            rf"\label{{tab:{sheet.key}}}",
            rf"\begin{{tabular}}{{{'l' * sheet.names}{'r' * (len(sheet.columns) - sheet.names)}}}",
            r"\toprule",
            " & ".join(escaped(c) for c in sheet.columns) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        ]
    )
