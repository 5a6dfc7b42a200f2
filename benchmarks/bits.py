"""Whether a change leaves every method's sets, and its students' predictions, the same to the bit.

Run it before a change and after it, on the same machine, with one thread:

    OMP_NUM_THREADS=1 python benchmarks/bits.py --out before.json
    OMP_NUM_THREADS=1 python benchmarks/bits.py --out after.json --against before.json

Bits depend on the processor and on library versions, so a file compares with those of the same machine alone; both are
written into it. Two hundred and forty small videos are made for it (some minutes in all).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import torch

import limbeck
from limbeck.engine import machine, versions
from limbeck.evaluation import Protocol, Subject, evaluate
from limbeck.networks import Architecture

SMALL = {"options": {"width": 8}}
BANK = {"network": SMALL, "bank": 3, "batch": 8}
FRESH = {"network": SMALL, "bank": None, "batch": 8}
TRAINED = {"network": SMALL, "bank": 2, "batch": 8, "training": {"epochs": 2, "batch": 16, "momentum": 0.9}}
DC = {"steps": 3, "encoders": FRESH, "updates": 2, "network_epochs": 1}
CONFIGURATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "random": ("random", {}),
    "herding": ("herding", {"network": SMALL, "per_class": 2}),
    "kcenter": ("kcenter", {"network": SMALL}),
    "kmedoids": ("kmedoids", {"network": SMALL, "per_class": 2}),
    "forgetting": ("forgetting", {"training": {"epochs": 3}}),
    "dm": ("dm", {"steps": 4, "encoders": BANK}),
    "dm, from noise, adam": ("dm", {"steps": 4, "encoders": BANK, "start": "noise", "optimiser": {"kind": "adam"}}),
    "dm, mosaics of other grids": ("dm", {"steps": 3, "encoders": FRESH, "hold": "mosaic:audio=1x16,image=4x4"}),
    "dm, frequencies": ("dm", {"steps": 3, "encoders": BANK, "hold": "frequencies:4"}),
    "dm, as uint8": ("dm", {"steps": 2, "encoders": BANK, "storage": "uint8"}),
    "dm, coded": ("dm", {"steps": 2, "encoders": BANK, "storage": "coded"}),
    "dm, soft labels": (
        "dm",
        {"steps": 2, "encoders": BANK, "labels": {"kind": "soft", "network": SMALL, "training": TRAINED["training"]}},
    ),
    "avdd, joint loop, mosaic": (
        "avdd",
        {"steps": 4, "encoders": FRESH, "hold": "mosaic:2", "gap_weight": 3.0, "sound": "raw"}
        | {"optimiser": {"kind": "sgd", "loop": "joint"}},
    ),
    "dc": ("dc", DC),
    "dsa, mosaic": ("dsa", DC | {"hold": "mosaic:2"}),
    "mtt": ("mtt", {"steps": 3, "encoders": TRAINED, "student_steps": 3, "expert_epochs": 1, "max_start_epoch": 1}),
    "idm, mosaic": ("idm", {"steps": 3, "encoders": TRAINED | {"age": "any"}, "hold": "mosaic:2"}),
    "davdd": ("davdd", {"steps": 3, "encoders": TRAINED, "common": 4}),
    "m3d": ("m3d", {"steps": 3, "encoders": BANK}),
    "mdm": ("mdm", {"steps": 3, "encoders": BANK}),
    "ncfm": ("ncfm", {"steps": 3, "encoders": BANK, "frequencies": 32}),
    "krr": ("krr", {"steps": 3, "encoders": BANK}),
    "best": ("best", {}),
    "coded": ("coded", {"network": SMALL, "class_bytes": 6000}),
    "coded, log-mels as images": ("coded", {"network": SMALL, "class_bytes": 3000, "sound_codec": "webp"}),
}


def bits(tensor: torch.Tensor) -> str:
    """Digest of a tensor's bytes."""
    return hashlib.sha256(tensor.contiguous().numpy().tobytes()).hexdigest()[:16]


def measured() -> dict[str, dict[str, str]]:
    """Digests of what each configuration makes, and of what a student trained on it predicts."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        data = limbeck.prepare(
            "playground",
            Path(folder) / "videos",
            out=Path(folder) / "data",
            image_size=32,
            clips=240,
            size=32,
            progress=False,
        )
        for name, (method, settings) in CONFIGURATIONS.items():
            made = limbeck.distill(data, method, seed=3, device="cpu", dtype="float32", progress=False, **settings)
            settings = {"network": Architecture.from_json(SMALL), "protocol": Protocol(epochs=3)}
            score = evaluate(Subject.of(made, data.clips("test"), **settings), repeats=1)
            tensors = made.samples() | {"labels": made.targets.to_learn}
            tensors |= {f"predicted {k}": torch.tensor(v) for k, v in score.repeats[0].predictions.items()}
            found[name] = {key: bits(tensor) for key, tensor in tensors.items()}
            print(name, found[name], flush=True)
    return found


def main() -> None:
    """Write the digests, and say what differs from those of another run."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--out", type=Path, required=True, help="File to write.")
    asked.add_argument("--against", type=Path, help="File of an earlier run on this machine.")
    given = asked.parse_args()
    torch.set_num_threads(1)
    found = measured()
    given.out.write_text(json.dumps({"machine": machine(), "versions": versions(), "bits": found}, indent=1) + "\n")
    if given.against:
        before = json.loads(given.against.read_text())["bits"]
        changed = {name: [k for k in found[name] if before.get(name, {}).get(k) != found[name][k]] for name in found}
        changed = {name: keys for name, keys in changed.items() if keys}
        print("the same bits" if not changed else f"other bits: {changed}")


if __name__ == "__main__":
    main()
