"""An invented comparison, as large as a real one."""

from __future__ import annotations

import numpy as np

from limbeck.report.comparison import Cell, Comparison
from limbeck.report.model import Budget

CLASSES = ("rain", "sea waves", "baby", "clock tick", "sneeze", "helicopter", "chainsaw", "rooster", "fire", "dog")
PAIR_BYTES = 4 * (128 * 56 + 3 * 32 * 32)

ROWS: dict[str, tuple[float, float, int, float]] = {
    "random": (0.0, 0.05, 1, 6.0),
    "herding": (9.0, 1.8, 1, 3.0),
    "random + 2x2": (8.0, 0.07, 4, 4.0),
    "herding + 2x2": (17.0, 2.1, 4, 1.6),
    "herding + 3x3": (21.0, 2.3, 9, 1.5),
    "JPEG + Opus": (15.0, 3.9, 24, 1.5),
    "dc": (7.0, 410.0, 4, 1.5),
    "dsa": (11.0, 433.0, 4, 1.5),
    "mtt": (16.0, 980.0, 4, 1.2),
    "dm, lr 0.2, 2x2": (17.5, 62.0, 4, 1.6),
    "dm, lr 4.2, 2x2": (18.0, 62.5, 4, 1.5),
    "dm, Adam, 2x2": (20.0, 63.0, 4, 1.0),
    "dm, Adam, 3x3": (23.0, 98.0, 9, 1.0),
    "idm": (19.0, 205.0, 4, 1.1),
    "m3d": (18.5, 71.0, 4, 1.4),
    "ncfm-joint": (20.5, 88.0, 4, 1.2),
    "mdm": (18.2, 69.0, 4, 1.3),
    "krr": (14.0, 320.0, 1, 1.2),
    "avdd": (18.8, 64.0, 4, 1.2),
    "dm, Adam, soft labels": (27.0, 70.0, 4, 0.9),
}
"""Points above random, seconds at one stored sample per class, samples in a stored one, spread of distillations."""
WHOLE = "whole"
OFFSETS = {"audio": -9.0, "image": -30.0, "attention": -25.0, "concat": -2.0, "sum": -1.0, "ensemble": 0.0}


def invented(
    *,
    per_class: tuple[int, ...] = (1, 10),
    heads: tuple[str, ...] = ("ensemble",),
    seeds: int = 3,
    students: int = 3,
    rows: tuple[str, ...] = tuple(ROWS),
    confusions: bool = True,
) -> Comparison:
    """Numbers drawn around levels that look like the real ones; the same arguments give the same numbers."""
    cells = []
    for head in heads:
        for row in rows:
            for budget in per_class:
                cells += [_cell(row, budget, head, seed, students, confusions) for seed in range(seeds)]
        cells.append(_whole(head))
    return Comparison(
        title="Environmental sounds x photos",
        dataset="paired",
        about={
            "words": "ESC-10 paired by class with photos. Numbers here are *invented*.",
            "classes": len(CLASSES),
            "class_names": list(CLASSES),
            "chance_percent": 100 / len(CLASSES),
            "training_clips": 1200,
            "test_clips": 400,
            "network": {"name": "convnet", "options": {"width": 32}},
            "protocol": {"epochs": 30, "batch": 32},
            "command": "limbeck benchmark paired_small --out runs/",
            "time": {"wall_seconds": 8123.4, "processes": 2},
            "machine": {"cores": 2, "processor": "AMD EPYC"},
            "versions": {"limbeck": "0.1.0", "torch": "2.13.0"},
            "failed": {},
        },
        cells=tuple(cells),
        baseline="herding + 2x2",
        rows=(*rows, WHOLE),
    )


def _cell(row: str, per_class: int, head: str, seed: int, students: int, confusions: bool) -> Cell:
    gain, seconds, cells, spread = ROWS[row]
    draw = np.random.default_rng([*row.encode(), per_class, *head.encode(), seed])
    own = np.random.default_rng([seed, per_class]).normal(0, 1.5) + draw.normal(0, spread)
    steep = 10 * np.log10(per_class)
    levels = {"A": 40 + 0.9 * gain + steep, "V": 16 + 0.3 * gain + steep / 2, "A+V": 44 + gain + steep}
    keys = {"audio": ("A",), "image": ("V",), "ensemble": ("A", "V", "A+V")}.get(head, ("A+V",))
    shift = OFFSETS[head] if keys == ("A+V",) else 0.0
    reached = {key: levels[key] + shift + own + draw.normal(0, 1.5, students) for key in keys}
    accuracy = {key: tuple(((np.clip(x, 2, 98) * 4).round() / 4).tolist()) for key, x in reached.items()}
    stored = len(CLASSES) * per_class * PAIR_BYTES
    return Cell(
        row=row,
        budget=Budget(per_class=per_class),
        head=head,
        seed=seed,
        accuracy=accuracy,
        stored_bytes=stored if row != "JPEG + Opus" else stored * 24 // 25,
        training_samples=len(CLASSES) * per_class * cells,
        hold={4: "mosaic:2", 9: "mosaic:3"}.get(cells, "plain"),
        distill_seconds=seconds * per_class**0.6 * float(draw.uniform(0.95, 1.05)),
        student_seconds=2.0 * (cells * per_class) ** 0.7,
        labels="soft" if "soft" in row else "hard",
        sees_labels=row in ("mtt", "idm", "krr"),
        confusion={key: _confusion(sum(v) / len(v), students) for key, v in accuracy.items()} if confusions else None,
    )


def _whole(head: str) -> Cell:
    levels = {"A": (88.8, 89.5, 88.0), "V": (41.5, 42.25, 41.0), "A+V": (91.2, 92.0, 90.75)}
    keys = {"audio": ("A",), "image": ("V",), "ensemble": ("A", "V", "A+V")}.get(head, ("A+V",))
    return Cell(
        row=WHOLE,
        budget=Budget(),
        head=head,
        seed=0,
        accuracy={key: levels[key] for key in keys},
        stored_bytes=1200 * (4 * 128 * 56 + 3 * 32 * 32),
        training_samples=1200,
        distill_seconds=0.0,
        student_seconds=145.0,
        reference=True,
    )


def _confusion(percent: float, students: int) -> list[list[int]]:
    """Forty test clips of each class for each student, mistakes with the neighbouring classes."""
    count = len(CLASSES)
    clips = 40 * students
    right = round(clips * percent / 100)
    matrix = np.diag([right] * count)
    for true in range(count):
        left = clips - right
        matrix[true, (true + 1) % count] += left - left // 3
        matrix[true, (true + 4) % count] += left // 3
    return [[int(n) for n in row] for row in matrix]
