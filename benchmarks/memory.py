"""Resident memory of distilling a dataset far larger than memory should hold, beside that of a tiny one.

Writes a prepared dataset of 50,000 generated clips at 224 x 224 (some 9 GB, deleted afterwards; its arrays are written
directly in the on-disk form), gathers all of its rows in random order, and distils it with `avdd`: herding and the
real means read every clip. The same run on a tiny dataset shows what the library and the model need by themselves.

    python benchmarks/memory.py                    # an hour or so on two cores
    python benchmarks/memory.py --clips 1000       # minutes: does it run?
    python benchmarks/memory.py --store-only       # a minute or two: the gathers alone
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from limbeck.datasets import ClipRef, Dataset, Prepared
from limbeck.datasets._prepare import Plan, finish
from limbeck.datasets._prepared import shard_path, write_shard
from limbeck.engine import machine, versions
from limbeck.media import ClipRecipe
from limbeck.modalities import Moments

CLASSES = 10
TINY = 200
SPARE_BYTES = 2 * 2**30
LIMIT_GIB = 4.0
RECIPE = ClipRecipe()


class Many(Dataset):
    """Clips without files."""

    title: ClassVar[str] = "Generated arrays"
    licence: ClassVar[str] = "CC0"
    citation: ClassVar[str] = ""

    def __init__(self, count: int) -> None:
        self.count = count

    def clips(self) -> Sequence[ClipRef]:
        """Training clips whose classes take turns."""
        return [ClipRef(id=f"{i:06d}", label=f"class {i % CLASSES}", split="train") for i in range(self.count)]


def write(folder: Path, count: int) -> None:
    """Write a prepared dataset of `count` clips: a class's pattern, moved and brightened from clip to clip."""
    plan = Plan.of(Many(count), RECIPE, None)
    draw = np.random.default_rng(0)
    patterns = draw.integers(0, 256, (CLASSES, 3, RECIPE.image_size, RECIPE.image_size), dtype=np.uint8)
    spectra = draw.normal(-50, 15, (CLASSES, 1, *RECIPE.mel.shape)).astype(np.float32)
    shards = []
    for index in range(plan.shards):
        positions = [*plan.shard(index).clips]
        frames = [np.roll(patterns[p % CLASSES], p // CLASSES % 224, axis=2) + np.uint8(p % 64) for p in positions]
        audio = [np.roll(spectra[p % CLASSES], p // CLASSES % 56, axis=2) for p in positions]
        clips = [{"audio": a, "image": f} for a, f in zip(audio, frames, strict=True)]
        moments = {
            name: Moments.pooled([modality.moments(clip[name]) for clip in clips]).to_json()
            for name, modality in plan.modalities.items()
        }
        rows = [
            {"id": plan.clips[p].id, "repairs": [], "sha256": f"{p:064d}", "digests": {}, "files": {}}
            for p in positions
        ]
        record = plan.identity() | {"clips": rows, "rejected": [], "moments": moments}
        shards.append(write_shard(shard_path(folder, index), plan.modalities, record, clips))
    finish(plan, folder, shards)


def gather_all(folder: Path, batch: int = 128) -> dict[str, float]:
    """Read every row once, in random order; seconds and what this process's memory grew by after the first batch."""
    store = Prepared.open(folder).store
    clips = Prepared.open(folder).clips()
    order = torch.randperm(len(clips), generator=torch.Generator().manual_seed(0))
    batches = torch.split(order, batch)  # type: ignore[no-untyped-call]
    store.read("audio", batches[0]), store.read("image", batches[0])
    before, started = status_gib("VmRSS"), time.perf_counter()
    largest = before
    for rows in batches:
        store.read("audio", rows), store.read("image", rows)
        largest = max(largest, status_gib("VmRSS"))
    seconds = time.perf_counter() - started
    return {"growth_gib": largest - before, "seconds": seconds, "clips_a_second": len(clips) / seconds}


def distil(folder: Path, width: int) -> dict[str, float]:
    """Distil from random clips, with fresh networks and 128 real clips a class and step; this process's peak memory."""
    import limbeck

    started = time.perf_counter()
    encoders = {"network": {"options": {"width": width}}, "bank": None, "batch": 128}
    settings = {"per_class": 1, "steps": 2, "start": "random", "encoders": encoders}
    limbeck.distill(folder, "avdd", **settings, device="cpu", progress=False)
    return {"peak_gib": status_gib("VmHWM"), "seconds": time.perf_counter() - started}


def status_gib(key: str) -> float:
    """A line of this process's status: VmRSS (now) or VmHWM (at most)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 2**20


def measure(count: int, width: int, *, store_only: bool, place: Path | None) -> dict[str, Any]:
    """Write both datasets, and work on each in a process of its own."""
    with tempfile.TemporaryDirectory(dir=place) as name:
        here = Path(name)
        mels, frames = RECIPE.mel.shape
        needed = count * (4 * mels * frames + 3 * RECIPE.image_size**2)
        free = shutil.disk_usage(here).free
        if free < needed + SPARE_BYTES:
            raise SystemExit(
                f"This needs {(needed + SPARE_BYTES) / 2**30:.1f} GiB of disk, but {here.parent} has "
                f"{free / 2**30:.1f} GiB free. Give another place with --place, or fewer --clips."
            )
        started = time.perf_counter()
        write(here / "large", count)
        written = time.perf_counter() - started
        write(here / "tiny", TINY)
        result: dict[str, Any] = {
            "machine": machine(),
            "versions": versions(),
            "clips": count,
            "tiny_clips": TINY,
            "width": width,
            "arrays_gib": needed / 2**30,
            "write_seconds": written,
            "gather": _apart("gather", here / "large", width),
        }
        if not store_only:
            result["distil"] = {size: _apart("distil", here / size, width) for size in ("tiny", "large")}
        return result


def _apart(task: str, folder: Path, width: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--task", task, "--folder", str(folder), "--width", str(width)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def markdown(result: dict[str, Any]) -> str:
    """The result as a page."""
    facts, gather = result["machine"], result["gather"]
    lines = [
        "# Memory",
        "",
        f"{result['clips']} clips at 224 x 224: {result['arrays_gib']:.1f} GiB of arrays. "
        f"Machine: {facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB, {facts['system']}; "
        f"torch {result['versions']['torch']}.",
        "",
        f"Reading all rows in random order, 128 at a time: {gather['clips_a_second']:.0f} clips a second, "
        f"resident memory grew by {gather['growth_gib']:.2f} GiB.",
        "",
    ]
    if "distil" in result:
        tiny, large = result["distil"]["tiny"], result["distil"]["large"]
        lines += [
            "| `avdd`, 2 steps as published | clips | peak resident memory, GiB | s |",
            "|---|---|---|---|",
            f"| tiny | {result['tiny_clips']} | {tiny['peak_gib']:.2f} | {tiny['seconds']:.0f} |",
            f"| large | {result['clips']} | {large['peak_gib']:.2f} | {large['seconds']:.0f} |",
            "",
            f"Width of the networks: {result['width']}. Beyond the tiny run: "
            f"{large['peak_gib'] - tiny['peak_gib']:.2f} GiB; allowed: {LIMIT_GIB:.0f} GiB.",
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=50_000, help="clips of the large dataset")
    parser.add_argument("--width", type=int, default=128, help="channels of the networks")
    parser.add_argument("--store-only", action="store_true", help="only gather rows, do not distil")
    parser.add_argument("--place", type=Path, help="folder for the temporary datasets")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="folder for the results")
    parser.add_argument("--task", choices=("gather", "distil"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        print(json.dumps(gather_all(given.folder) if given.task == "gather" else distil(given.folder, given.width)))
        return
    result = measure(given.clips, given.width, store_only=given.store_only, place=given.place)
    given.out.mkdir(parents=True, exist_ok=True)
    stem = "memory" if given.clips >= 50_000 and not given.store_only else "memory-small"
    (given.out / f"{stem}.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (given.out / f"{stem}.md").write_text(markdown(result), encoding="utf-8")
    print(markdown(result))
    if "distil" in result:
        beyond = result["distil"]["large"]["peak_gib"] - result["distil"]["tiny"]["peak_gib"]
        if beyond > LIMIT_GIB:
            raise SystemExit(f"{beyond:.2f} GiB beyond the tiny run are more than {LIMIT_GIB:.0f} GiB.")


if __name__ == "__main__":
    main()
