"""Reading a set of real clips back, by how it is stored: float32, levels, pictures, JPEG and Opus, coefficients.

    python benchmarks/storage.py                    # 100 clips, a minute or so
    python benchmarks/storage.py --clips 1000 --out benchmarks/results/storage.json

Videos are generated and prepared at the size of the recipe `playground`, and the same clips held in every form. Reading
is what a loaded set does once: decoding all, until samples are in network scale. Forms come in turns; processor
seconds, medians, one thread.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import torch

import limbeck
from limbeck.distilled import DistilledSet, meanings_of
from limbeck.engine import machine, versions

FORMS = {
    "float32": {},
    "uint8": {"storage": "uint8"},
    "coded": {"storage": "coded"},
    "quantised, step 1": {
        "hold": "frequencies:1",
        "storage": {"name": "quantised", "options": {"step": 1.0}},
    },
    "quantised, step 4": {
        "hold": "frequencies:1",
        "storage": {"name": "quantised", "options": {"step": 4.0}},
    },
}


def read(made: DistilledSet) -> None:
    """Decode what is stored to samples."""
    meanings = meanings_of(made.hold, made.modalities, made.scales)
    tensors = made.tensors if made.payload is None else made.storage.decode(made.payload, meanings)
    made.hold.decode(tensors, made.modalities)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clips", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        data = limbeck.datasets.load("playground")(Path(folder) / "videos", clips=options.clips * 5 // 4)
        prepared = limbeck.prepare(data, out=Path(folder) / "prepared", image_size=32)
        each = min(prepared.clips("train").per_class())
        sets = {name: limbeck.distill(prepared, "random", per_class=each, **how) for name, how in FORMS.items()}
        sets["JPEG + Opus"] = limbeck.distill(prepared, "coded", per_class=each, chosen_by="random")
        seconds: dict[str, list[float]] = {name: [] for name in sets}
        for _ in range(options.repeats + 1):
            for name, made in sets.items():
                began = time.process_time()
                read(made)
                seconds[name].append((time.process_time() - began) / len(made))
    rows = {
        name: {
            "clips": len(made),
            "bytes": made.stored_bytes / len(made),
            "ms": 1e3 * statistics.median(seconds[name][1:]),
        }
        for name, made in sets.items()
    }
    print("| stored as | clips | bytes a clip | ms a clip | times JPEG + Opus |\n|---|---:|---:|---:|---:|")
    for name, row in rows.items():
        ratio = rows["JPEG + Opus"]["ms"] / row["ms"]
        print(f"| {name} | {row['clips']} | {row['bytes']:.0f} | {row['ms']:.3f} | {ratio:.1f} |")
    if options.out:
        options.out.write_text(
            json.dumps({"machine": machine(), "versions": versions(), "rows": rows}, indent=1) + "\n"
        )


if __name__ == "__main__":
    main()
