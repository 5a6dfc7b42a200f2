"""One HTML page of a comparison: tables that sort, plots, confusions, facts; opens from disk, asks for nothing."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from limbeck._words import number, plural
from limbeck.report import _comparison_figures, _drawing, _kit, _samples, comparison_tables, figures
from limbeck.report.comparison import MARKS, Comparison, Section, marks_rule
from limbeck.report.measures import measure_sheets
from limbeck.report.model import Sheet, headline, in_order

_SHOWN_ABOVE = ("words", "command", "failed", "class_names")
_BYTES = (
    "Accuracy against what is stored. Rows that store about the same stand side by side around their place, the better "
    "to the right."
)


def write(comparison: Comparison, out: Path) -> Path:
    """Write a `comparison` as ``index.html``, its figures as PNG and SVG in ``figures/``; the path of the page.

    The page holds every table with its rules, those of measures too; accuracy against bytes and against time and the
    differences to the baseline, by modality, and the confusion matrix of the best row that has one, under the head that
    has most modalities; and what was the same everywhere. Names from data are escaped. `out` is made if need be.

    Raises:
        MissingExtraError: jinja2 or matplotlib is not installed.
    """
    _kit.require()
    head = comparison.heads[-1] if comparison.heads else ""
    sections = [s for s in comparison.sections if s.head == head]
    keys = in_order({key for section in sections for key in section.modalities})
    names = {key: _samples.named(key) for key in keys}
    parts = comparison_tables.parts(comparison)
    overview = comparison_tables.side_by_side(comparison)
    signs = marks_rule(comparison)
    measured = [(table.title, measure_sheets(table, comparison.rows, signs)) for table in comparison.measures]
    return _kit.write(
        out,
        "comparison",
        title=comparison.title,
        words=str(comparison.about.get("words", "")),
        verdict=_verdict(comparison, sections),
        facts=_facts(comparison),
        failed=list(dict(comparison.about.get("failed") or {}).items()),
        baseline=comparison.baseline,
        overview=overview,
        parts=[(*part, section in sections) for section, part in zip(comparison.sections, parts, strict=True)],
        measures=measured,
        rules=_rules(sheet for part in parts for sheet in (overview, *part)),
        measure_rules=_rules(sheet for _, sheets in measured for sheet in sheets),
        head=head,
        keys=list(names.items()),
        first=headline(keys) if keys else "",
        plots=_plots(comparison, sections, names, out / "figures"),
        confusion=_confusion(comparison, sections, out / "figures"),
        command=str(comparison.about.get("command", "")),
        about=_kit.flat({k: v for k, v in comparison.about.items() if k not in _SHOWN_ABOVE}),
    )


def _rules(sheets: Iterable[Sheet | None]) -> list[str]:
    """What tables were made by, each rule once."""
    return list(dict.fromkeys(rule for sheet in sheets if sheet for rule in sheet.rules))


def _plots(
    comparison: Comparison, sections: Sequence[Section], names: Mapping[str, str], folder: Path
) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """Kind and caption of all plots there is something to show in, and for each modality its key, name and drawing."""
    apart = (
        f"Differences to {comparison.baseline} with 95 % intervals. Filled: real at 5 % after the correction. The "
        "widest intervals run out of the drawing. The tables have their ends."
    )
    makers = (
        ("bytes", _comparison_figures.against_bytes, _BYTES),
        ("time", _comparison_figures.against_time, "Accuracy against the time of one distillation."),
        ("differences", _comparison_figures.differences, apart),
    )
    plots = []
    for kind, make, caption in makers:
        drawn = [
            (key, name, _drawing.publish(figure, folder / f"{kind}-{_samples.words(key, '-')}"))
            for key, name in names.items()
            if (figure := make(comparison, sections, key)) is not None
        ]
        plots += [(kind, caption, drawn)] if drawn else []
    return plots


def _confusion(comparison: Comparison, sections: Sequence[Section], folder: Path) -> tuple[str, str] | None:
    """Drawing of the best row's confusion matrix, all students together, and what it shows; None where none is kept."""
    found = []
    for section in sections:
        key = headline(section.modalities)
        for line in section.lines:
            own = [c for c in comparison.cells if (c.row, c.budget, c.head) == (line.row, line.budget, section.head)]
            if counts := [c.confusion[key] for c in own if c.confusion and not c.reference]:
                made = plural(line.distillations, "distillation")
                place = f"{line.row}, {section.budget.words}, {key}, head {section.head}"
                words = f"Confusion matrix of {place}: {made}, all students together."
                found.append((line.values[key].mean, words, np.sum(counts, axis=0)))
    if not found:
        return None
    _, words, matrix = max(found, key=lambda one: one[0])
    names = comparison.about.get("class_names") or [f"class {i}" for i in range(len(matrix))]
    return _drawing.publish(figures.confusion(matrix, [str(n) for n in names]), folder / "confusion"), words


def _verdict(comparison: Comparison, sections: Sequence[Section]) -> str:
    """Who leads, whether that is told from the runner-up, and how many rows differ from the baseline."""
    found = []
    for section in sections:
        key = headline(section.modalities)
        entered = [line for line in section.lines if key in line.values and not line.reference]
        rivals = [line for line in entered if not line.marks]
        if len(rivals) < 2:
            continue
        best, second = sorted(rivals, key=lambda line: -line.values[key].mean)[:2]
        kind = "" if len(rivals) == len(entered) else f" the rows without {' or '.join(MARKS)}"
        apart = "told apart" if key in best.best else "not told apart"
        found.append(
            f"{section.budget.words}: {best.row} leads{kind} with {best.values[key]} % ({key}), {apart} from all "
            f"others. The runner-up is {second.row} ({second.values[key]} %)."
        )
        if tested := [line.difference[key] for line in section.lines if key in line.difference]:
            real = sum(d.adjusted is not None and d.real for d in tested)
            rows = f"{number(real)} of {plural(len(tested), 'row')}"
            found.append(f"{rows} differ from {comparison.baseline} beyond chance.")
    if found:
        return " ".join(found)
    if comparison.measures and not comparison.cells:
        return f"{plural(len(comparison.measures), 'table')} of what was measured beside accuracy."
    return f"{plural(len(comparison.cells), 'result')} so far: nothing to compare yet."


def _facts(comparison: Comparison) -> list[tuple[str, str]]:
    about = comparison.about
    counts = ("classes", "training_clips", "test_clips")
    facts = [("dataset", comparison.dataset)]
    facts += [(k.replace("_", " "), number(about[k])) for k in counts if isinstance(about.get(k), int)]
    if isinstance(about.get("chance_percent"), int | float):
        facts.append(("chance", f"{about['chance_percent']:.1f} %"))
    made = {(c.row, c.budget, c.seed) for c in comparison.cells if not c.reference}
    made |= {(c.row, t.budget, c.seed) for t in comparison.measures for c in t.cells if not c.reference}
    facts += [
        ("rows", number(len(comparison.rows))),
        ("distillations so far", number(len(made))),
        ("students so far", number(sum(c.students for c in comparison.cells))),
    ]
    return facts
