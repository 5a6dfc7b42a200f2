"""Peak resident memory of preparing data that is no folder of files, for some items and for ten times as many.

Every way in is prepared in a process of its own, with one worker, from pictures of noise: a torch dataset that makes
them, a memory-mapped array, a folder that `datasets` saved, Parquet files, WebDataset shards. What grows is the list of
clips and what is written down of each; what is decoded must not.

    python benchmarks/own_data.py                  # a minute or two on two cores
    python benchmarks/own_data.py --items 2000     # a quarter of an hour
"""

from __future__ import annotations

import argparse
import io
import json
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

import limbeck
from limbeck.engine import machine, versions

SIZE = 64
TIMES = 10
PER_FILE = 1000


class Noise(torch.utils.data.Dataset[tuple[np.ndarray, int]]):
    """Pictures that are made when they are asked for."""

    def __init__(self, count: int) -> None:
        self.targets = [i % 10 for i in range(count)]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        return picture(index), self.targets[index]


def picture(index: int) -> np.ndarray:
    """Noise, uint8, (height, width, 3)."""
    return np.random.default_rng(index).integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)


def png(index: int) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture(index)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def rows(count: int) -> Iterator[dict[str, Any]]:
    for i in range(count):
        yield {"image": {"bytes": png(i), "path": None}, "label": i % 10}


def write_array(folder: Path, count: int) -> None:
    made = np.lib.format.open_memmap(folder / "x.npy", "w+", np.uint8, (count, SIZE, SIZE, 3))
    for i in range(count):
        made[i] = picture(i)


def write_saved(folder: Path, count: int) -> None:
    import datasets

    datasets.disable_progress_bars()
    features = datasets.Features({"image": datasets.Image(), "label": datasets.Value("int64")})
    with tempfile.TemporaryDirectory() as cache:
        made = datasets.Dataset.from_generator(rows, gen_kwargs={"count": count}, features=features, cache_dir=cache)
        made.save_to_disk(folder / "saved")


def write_parquet(folder: Path, count: int) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    source, group = rows(count), 100
    writer = None
    for _ in range(0, count, group):
        table = pa.Table.from_pylist([next(source) for _ in range(group)])
        writer = writer or parquet.ParquetWriter(folder / "x.parquet", table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def write_shards(folder: Path, count: int) -> None:
    for start in range(0, count, PER_FILE):
        with tarfile.open(folder / f"{start // PER_FILE:04d}.tar", "w") as archive:
            for i in range(start, min(start + PER_FILE, count)):
                for ending, content in (("png", png(i)), ("cls", str(i % 10).encode())):
                    entry = tarfile.TarInfo(f"{i:08d}.{ending}")
                    entry.size = len(content)
                    archive.addfile(entry, io.BytesIO(content))


def of_array(folder: Path, count: int) -> tuple[Any, ...]:
    return ({"image": np.load(folder / "x.npy", mmap_mode="r"), "label": [i % 10 for i in range(count)]},)


WAYS: dict[str, tuple[Callable[[Path, int], None], Callable[[Path, int], tuple[Any, ...]]]] = {
    "torch dataset": (lambda folder, count: None, lambda folder, count: (Noise(count),)),
    "memory-mapped array": (write_array, of_array),
    "saved by `datasets`": (write_saved, lambda folder, count: ("huggingface", folder / "saved")),
    "Parquet": (write_parquet, lambda folder, count: ("huggingface", folder / "x.parquet")),
    "WebDataset": (write_shards, lambda folder, count: ("webdataset", folder)),
}


def prepare(way: str, folder: Path, count: int) -> None:
    """Prepare what was written into `folder`, as the user's script would."""
    started = time.perf_counter()
    limbeck.prepare(*WAYS[way][1](folder, count), out=folder / "out", image_size=32, workers=1, progress=False)
    print(json.dumps({"seconds": time.perf_counter() - started}))


def measured(way: str, count: int) -> dict[str, float]:
    """Peak memory of the process that prepares, and of its worker, in MiB; seconds."""
    with tempfile.TemporaryDirectory() as name:
        WAYS[way][0](Path(name), count)
        command = [sys.executable, __file__, "--task", way, "--folder", name, "--items", str(count)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        peaks: dict[int, float] = {}
        while running.poll() is None:
            peaks |= {pid: max(peak, peaks.get(pid, 0.0)) for pid, peak in session(running.pid).items()}
            time.sleep(0.05)
        if running.returncode:
            raise SystemExit(f"{way} failed.")
        told: dict[str, float] = json.loads((running.stdout or io.StringIO()).read().splitlines()[-1])
        main = peaks.pop(running.pid)
        return {"main_mib": main, "worker_mib": max(peaks.values(), default=0.0), **told}


def session(leader: int) -> dict[int, float]:
    """Peak resident memory in MiB of every process in a session."""
    found = {}
    for place in Path("/proc").iterdir():
        if place.name.isdecimal():
            try:
                stat = (place / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
                if int(stat[3]) == leader:
                    lines = (place / "status").read_text(encoding="utf-8").splitlines()
                    found[int(place.name)] = next(int(x.split()[1]) for x in lines if x.startswith("VmHWM")) / 1024
            except (OSError, StopIteration):  # it has ended
                continue
    return found


def markdown(result: dict[str, Any]) -> str:
    """The result as a page."""
    facts, few, many = result["machine"], result["items"], result["items"] * TIMES
    lines = [
        "# Memory of preparing data that is no folder of files",
        "",
        f"Pictures of noise, {SIZE} x {SIZE} (as PNG some 12 KB each), prepared at 32 x 32 with one worker. Peak "
        f"resident memory in MiB of the process that prepares and of its worker, for {few} items and for {many}. "
        f"Machine: {facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB, {facts['system']}; "
        f"torch {result['versions']['torch']}.",
        "",
        f"| way in | main, {few} | main, {many} | more for an item, KiB | worker, {few} | worker, {many} | items/s |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for way, (small, large) in result["ways"].items():
        more = (large["main_mib"] - small["main_mib"]) * 1024 / (many - few)
        worker = [f"{one['worker_mib']:.0f}" if one["worker_mib"] else "none" for one in (small, large)]
        lines.append(
            f"| {way} | {small['main_mib']:.0f} | {large['main_mib']:.0f} | {more:.1f} | {worker[0]} | {worker[1]} | "
            f"{many / large['seconds']:.0f} |"
        )
    lines += [
        "",
        "What the memory-mapped array adds are pages of its file, which the system takes back when it needs room, and "
        "the copy that the worker is given. Above 64 MiB there is none: the process reads it itself.",
    ]
    return "\n".join([*lines, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200, help="items of the small data; the large has ten times more")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results", help="folder for the results")
    parser.add_argument("--task", choices=tuple(WAYS), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        prepare(given.task, given.folder, given.items)
        return
    ways = {way: [measured(way, given.items), measured(way, given.items * TIMES)] for way in WAYS}
    result = {"machine": machine(), "versions": versions(), "items": given.items, "ways": ways}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "own-data.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    (given.out / "own-data.md").write_text(markdown(result), encoding="utf-8")
    print(markdown(result))


if __name__ == "__main__":
    main()
