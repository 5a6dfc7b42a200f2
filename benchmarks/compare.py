"""Compare methods on a prepared dataset: distillations x students, with the controls, as a table.

    python benchmarks/compare.py prepared/ --per-class 1 10 --seeds 3 --repeats 3 --width 64 --out results/

Every finished cell is kept in ``cells/`` and not done again. ``--validate 0.25`` holds that share of the training
clips out and tests on it instead of the test split: for choosing settings.
"""

from __future__ import annotations

import argparse
import itertools
import json
import shlex
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import torch

from limbeck import _files, methods
from limbeck._runtime import choose_runtime, generator
from limbeck.datasets import LabelledClips, Prepared, Scale
from limbeck.engine import machine, versions
from limbeck.evaluation import Protocol, evaluate
from limbeck.methods import Work
from limbeck.methods._contract import merge
from limbeck.networks import Architecture

SGD = {"kind": "sgd", "loop": "joint"}
SCALED = SGD | {"audio_lr": 4.2, "image_lr": 4.2}
ADAM = {"kind": "adam"}
ROWS: dict[str, tuple[str, dict[str, Any]]] = {
    "random": ("random", {}),
    "herding": ("herding", {}),
    "k-center": ("kcenter", {}),
    "random + 2x2": ("random", {"mosaic": 2}),
    "herding + 2x2": ("herding", {"mosaic": 2}),
    "herding + 3x3": ("herding", {"mosaic": 3}),
    "dm, lr 0.2, 2x2": ("dm", {"mosaic": 2, "optimiser": SGD}),
    "dm, lr 4.2, 2x2": ("dm", {"mosaic": 2, "optimiser": SCALED}),
    "avdd, lr 0.2, 2x2": ("avdd", {"mosaic": 2, "optimiser": SGD}),
    "avdd, Adam, 2x2": ("avdd", {"mosaic": 2, "optimiser": ADAM}),
    "dm, Adam, 2x2": ("dm", {"mosaic": 2, "optimiser": ADAM}),
    "dm, Adam, 3x3": ("dm", {"mosaic": 3, "optimiser": ADAM}),
    "avdd, default": ("avdd", {}),
    **{
        f"avdd, bank {k or 'none'}": ("avdd", {"mosaic": 2, "optimiser": SGD, "encoders": {"bank": k}})
        for k in (5, 20, 60, 200, None)
    },
}
WHOLE = "whole"
MODALITIES = ("A", "V", "A+V")


def main() -> None:
    asked = arguments()
    torch.set_num_threads(asked.threads)
    prepared = Prepared.open(asked.prepared)
    train, test = splits(prepared, asked.validate)
    network = Architecture(options={"width": asked.width})
    protocol = Protocol(dtype=asked.student_dtype)
    cells = asked.out / "cells"
    table: dict[tuple[int, str], list[dict[str, float]]] = {}
    for per_class, name, seed in itertools.product(asked.per_class, asked.rows, range(asked.seeds)):
        method, settings = ROWS[name]
        chosen = build(method, settings, per_class, asked, network)
        if min(train.per_class()) < per_class * chosen.mosaic**2:
            continue
        key = _files.digest(
            train.fingerprint, test.fingerprint, chosen.name, chosen.to_json(), protocol.to_json(), seed
        )
        file = cells / f"{key}-{asked.repeats}.json"
        if not file.exists():
            started = time.perf_counter()
            work = Work(choose_runtime("cpu"), asked.prepared / "cache")
            made = chosen.distill(train, seed=seed, work=work)
            seconds = time.perf_counter() - started
            score = evaluate(made, test, network=network, protocol=protocol, repeats=asked.repeats, seed=seed)
            _files.write_json(file, {"row": name, "seconds": seconds, "accuracy": [r.accuracy for r in score.repeats]})
            times = f"{seconds:.0f} s + {score.seconds:.0f} s"
            print(f"{per_class:3d}  {name:22s} seed {seed}: {summary(score.mean)}  {times}", flush=True)
        table.setdefault((per_class, name), []).extend(_files.read_json(file)["accuracy"])
    if asked.whole:
        parts = train.fingerprint, test.fingerprint, asked.sound, network.to_json(), protocol.to_json()
        file = cells / f"whole-{_files.digest(*parts)}-{asked.whole}.json"
        if not file.exists():
            scale = Scale.of(train.statistics, asked.sound)
            score = evaluate(train, test, scale=scale, network=network, protocol=protocol, repeats=asked.whole)
            _files.write_json(file, {"row": WHOLE, "accuracy": [r.accuracy for r in score.repeats]})
            print(f"whole: {summary(score.mean)}  {score.seconds:.0f} s", flush=True)
        table[0, WHOLE] = _files.read_json(file)["accuracy"]
    write(asked, prepared, train, test, table)


def build(
    method: str, settings: dict[str, Any], per_class: int, asked: argparse.Namespace, network: Architecture
) -> methods.Method:
    kind = methods.load(method)
    changes = {"sound": asked.sound, **settings, "per_class": per_class}
    if "steps" in kind.model_fields:
        changes = merge({"steps": asked.steps, "encoders": {"network": network.to_json()}}, changes)
    elif "network" in kind.model_fields:
        changes["network"] = network.to_json()
    return kind.configured(**changes)


def splits(prepared: Prepared, held_out: float) -> tuple[LabelledClips, LabelledClips]:
    train = prepared.clips("train")
    if not held_out:
        return train, prepared.clips("test")
    order = torch.cat(
        [
            i[torch.randperm(len(i), generator=generator(0, "validate"))]
            for i in map(train.of_class, range(len(train.classes)))
        ]
    )
    place = torch.cat([torch.arange(n) / n for n in train.per_class()])
    return train.take(order[place >= held_out]), train.take(order[place < held_out])


def summary(mean: dict[str, float]) -> str:
    return "  ".join(f"{m} {mean[m]:.1f}" for m in MODALITIES)


def write(
    asked: argparse.Namespace,
    prepared: Prepared,
    train: LabelledClips,
    test: LabelledClips,
    table: dict[tuple[int, str], list[dict[str, float]]],
) -> None:
    asked.out.mkdir(parents=True, exist_ok=True)
    lines = [
        f"# {asked.title or prepared.name}",
        "",
        f"{len(train.classes)} classes, {len(train)} training clips, {len(test)} "
        f"{'held-out training' if asked.validate else 'test'} clips; {train.recipe.image_size}-pixel frames, log-mel "
        f"{train.recipe.mel.shape[0]} x {train.recipe.mel.shape[1]}, sound {asked.sound}, ConvNets of width "
        f"{asked.width}, {asked.steps} distillation steps. Accuracy in percent, mean ± sample standard deviation over "
        f"distillations x students (n), last epoch; chance is {100 / len(train.classes):.0f}. Every distillation has "
        "its own clips, encoders and seed.",
        "",
        "| pairs a class | method | A | V | A+V | n |",
        "|---|---|---|---|---|---|",
    ]
    for (per_class, name), rows in table.items():
        cells = []
        for m in MODALITIES:
            values = [r[m] for r in rows]
            spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
            cells.append(f"{statistics.fmean(values):.1f}{spread}")
        lines.append(f"| {per_class or 'all'} | {name} | {' | '.join(cells)} | {len(rows)} |")
    command = shlex.join(["python", "benchmarks/compare.py", *sys.argv[1:]])
    facts = json.dumps({**machine(), **versions()}, sort_keys=True)
    lines += ["", "Made by:", "", "```", *asked.made_by, command, "```", "", f"Machine and versions: `{facts}`", ""]
    _files.write_text(asked.out / "table.md", "\n".join(lines))
    print("\n".join(lines))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--per-class", type=int, nargs="+", default=[1])
    parser.add_argument("--rows", nargs="+", default=[r for r in ROWS if "bank" not in r], choices=list(ROWS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--whole", type=int, default=1, help="students trained on everything; 0 for none")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--sound", choices=["raw", "standardised"], default="standardised")
    parser.add_argument("--student-dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--validate", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--title", default="")
    parser.add_argument("--made-by", nargs="*", default=[], help="commands that made the prepared data, for the record")
    return parser.parse_args()


if __name__ == "__main__":
    main()
