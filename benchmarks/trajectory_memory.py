"""Peak memory of one step of trajectory matching against the number of steps its student takes.

A form runs in a process of its own and differentiates through the same descent: `mtt`'s, which leaves the weights of
each inner step on disk and walks back, and plain unrolling, which keeps the graph of all of them. Both start after a
first, short descent, so that what libraries load and reserve is in both.

    python benchmarks/trajectory_memory.py                   # a minute or two
    python benchmarks/trajectory_memory.py --steps 5 20      # seconds: does it run?
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.engine import machine, versions
from limbeck.methods._branch import Branch
from limbeck.methods._losses import trajectory_distance
from limbeck.methods._unrolled import Inner, descend
from limbeck.networks import Student, heads, load

STEPS = (5, 20, 80, 320)
PLAIN_LIMIT = 80
CLASSES = 10
PIXELS = 32


def unrolled(
    inner: Inner,
    outer: Callable[[Tensor], Tensor],
    *,
    start: Tensor,
    rate: Tensor,
    inputs: Tensor,
    batches: list[Tensor],
) -> Tensor:
    """What `descend` computes, by plain reverse differentiation; the gradient with respect to the inputs."""
    inputs, rate, weights = inputs.clone().requires_grad_(), rate.clone().requires_grad_(), start.requires_grad_()
    for step, index in enumerate(batches):
        (gradient,) = torch.autograd.grad(inner(weights, inputs[index], step), weights, create_graph=True)
        weights = weights - rate * gradient
    to_inputs, _ = torch.autograd.grad(outer(weights), [inputs, rate])
    return to_inputs


def task(form: str, steps: int, width: int, pairs: int) -> dict[str, float]:
    """One step of one branch in this process; its peak, and time."""
    draw = torch.Generator().manual_seed(0)
    network, shapes = load("convnet")(width=width), {"audio": (1, 128, 56), "image": (3, PIXELS, PIXELS)}  # type: ignore[call-arg]
    encoders = network.encoders(shapes, generator=draw)
    dims = {name: encoder.dim for name, encoder in encoders.items()}
    student = Student(encoders, heads.load("ensemble")(dims, CLASSES, {"audio": "A", "image": "V"}, generator=draw))
    branch = Branch(student, "image")
    inputs = torch.randn(pairs, 3, PIXELS, PIXELS, generator=draw)
    labels = torch.arange(pairs) % CLASSES
    start = branch.flat()
    target = start + 0.01 * torch.randn(start.shape, generator=draw)

    def inner(weights: Tensor, x: Tensor, step: int) -> Tensor:
        return F.cross_entropy(branch.with_weights(weights, x), labels)

    def run(count: int) -> Tensor:
        settings = {
            "start": start.clone(),
            "rate": torch.tensor(0.01),
            "inputs": inputs,
            "batches": [torch.arange(pairs)] * count,
        }
        outer = partial(trajectory_distance, target=target, departed=start)
        if form == "plain":
            return unrolled(inner, outer, **settings)  # type: ignore[arg-type]
        with tempfile.TemporaryDirectory() as folder:
            return descend(inner, outer, **settings, folder=Path(folder)).inputs  # type: ignore[arg-type]

    run(2)
    before, started = status_mib("VmRSS"), time.perf_counter()
    gradient = run(steps)
    return {
        "before_mib": before,
        "peak_mib": status_mib("VmHWM"),
        "disk_mib": steps * start.nbytes / 2**20 if form == "ours" else 0.0,
        "seconds": time.perf_counter() - started,
        "gradient": float(gradient.double().norm()),
    }


def status_mib(key: str) -> float:
    """A line of this process's status: VmRSS (now) or VmHWM (at most)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 2**10


def apart(form: str, steps: int, width: int, pairs: int) -> dict[str, float]:
    """The task in a process of its own."""
    command = [sys.executable, __file__, "--task", form, "--steps", str(steps)]
    done = subprocess.run(
        [*command, "--width", str(width), "--pairs", str(pairs)], stdout=subprocess.PIPE, text=True, check=True
    )
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def markdown(result: dict[str, Any]) -> str:
    """The result as a page."""
    facts = result["machine"]
    lines = [
        "# Memory of trajectory matching",
        "",
        f"One step of one branch (pictures, {PIXELS} x {PIXELS}, width {result['width']}, {result['pairs']} pairs a "
        "batch), in a process of its own: the exact gradient through so many inner steps.",
        f"Machine: {facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB, {facts['system']}; "
        f"torch {result['versions']['torch']}, one thread.",
        "",
        "| inner steps | `mtt`: peak, MiB | weights on disk, MiB | s | plain unrolling: peak, MiB | s | "
        "norms of the gradients differ by |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in result["rows"]:
        ours, plain = row["ours"], row["plain"]
        cells = [str(row["steps"]), f"{ours['peak_mib']:.0f}", f"{ours['disk_mib']:.0f}", f"{ours['seconds']:.1f}"]
        if plain:
            differ = abs(ours["gradient"] / plain["gradient"] - 1)
            cells += [f"{plain['peak_mib']:.0f}", f"{plain['seconds']:.1f}", f"{differ:.0e}"]
        else:
            cells += ["not run", "", ""]
        lines.append(f"| {' | '.join(cells)} |")
    peaks = [row["ours"]["peak_mib"] for row in result["rows"]]
    lines += [
        "",
        f"Between the fewest and the most inner steps the peak of `mtt` grows by {peaks[-1] - peaks[0]:.0f} MiB.",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=list(STEPS), help="numbers of inner steps")
    parser.add_argument("--plain-limit", type=int, default=PLAIN_LIMIT, help="most inner steps for plain unrolling")
    parser.add_argument("--width", type=int, default=32, help="channels of the networks")
    parser.add_argument("--pairs", type=int, default=20, help="pairs in an inner step")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="folder for the results")
    parser.add_argument("--task", choices=("ours", "plain"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.task:
        print(json.dumps(task(given.task, given.steps[0], given.width, given.pairs)))
        return
    rows = [
        {
            "steps": steps,
            "ours": apart("ours", steps, given.width, given.pairs),
            "plain": apart("plain", steps, given.width, given.pairs) if steps <= given.plain_limit else None,
        }
        for steps in sorted(given.steps)
    ]
    result = {
        "machine": machine(), "versions": versions(), "width": given.width, "pairs": given.pairs, "rows": rows
    }  # fmt: skip
    given.out.mkdir(parents=True, exist_ok=True)
    stem = "trajectory-memory" if tuple(sorted(given.steps)) == STEPS else "trajectory-memory-small"
    (given.out / f"{stem}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (given.out / f"{stem}.md").write_text(markdown(result), encoding="utf-8")
    print(markdown(result))
    first, last = rows[0]["ours"], rows[-1]["ours"]
    if last["peak_mib"] > 1.1 * first["peak_mib"]:
        raise SystemExit(f"{last['peak_mib']:.0f} MiB are more than a tenth above {first['peak_mib']:.0f} MiB.")


if __name__ == "__main__":
    main()
