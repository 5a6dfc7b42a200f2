"""How YAMNet's patches are best put together into one vector a recording: the measurement behind the encoder's rule.

Every way to pool the class scores (for the joint space) with every way to pool the averages (for the audio space), on
ESC-10 in the layout of `LIMBECK_TEST_DATA`: neighbours of the class texts chosen in the joint space among three folds,
means in the standardised audio space, tested on the fourth fold. A pair is judged by its accuracy over all k. The last
lines choose the pair anew for each fold from the other three folds.

    python benchmarks/yamnet_patches.py ESC10-FOLDER --weights FOLDER    # a minute on one core
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr
import torch

from limbeck import encoders
from limbeck.encoders.yamnet import PATCH_HOP_SAMPLES, PATCH_SAMPLES, SAMPLE_RATE_HZ, conse, patches

KS = (5, 8, 10, 12, 15, 20, 24, 30, 35)
K = 15
Pool = Callable[[np.ndarray, np.ndarray], np.ndarray]
POOLS: dict[str, Pool] = {
    "mean": lambda rows, loud: rows.mean(0),
    "best": lambda rows, loud: rows.max(0),
    "three best": lambda rows, loud: np.sort(rows, axis=0)[-3:].mean(0),
    "best third": lambda rows, loud: np.sort(rows, axis=0)[-max(1, -(-len(rows) // 3)) :].mean(0),
    "by amplitude": lambda rows, loud: np.average(rows, axis=0, weights=loud + 1e-8),
    "by power": lambda rows, loud: np.average(rows, axis=0, weights=loud**2 + 1e-8),
}
"""(patch, value) and root mean squares (patch,) to (value,)."""


def main() -> None:
    """Measure, and print tables in Markdown."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path, help="holds manifest.csv and the sounds")
    asked.add_argument("--weights", type=Path, help="folder of YAMNet and its text model; else the cache")
    given = asked.parse_args()
    encoder = encoders.load("yamnet").pretrained(folder=given.weights)
    rows, heard = listen(encoder, given.folder)
    classes, truth = np.unique([row["label"] for row in rows], return_inverse=True)
    folds = np.unique([row["split"] for row in rows], return_inverse=True)[1]
    texts = encoder.embed_text([encoder.prompt.format(label=label) for label in classes]).numpy()
    names = encoder.embed_text(encoder.classes)
    spaces = {way: np.stack([pool(averages, loud) for _, averages, loud in heard]) for way, pool in POOLS.items()}
    accuracy: dict[tuple[str, str], np.ndarray] = {}
    print("| class scores | zero-shot | prototypes, k = 15 |\n|---|---|---|")
    for way, pool in POOLS.items():
        scores = np.stack([pool(scores, loud) for scores, _, loud in heard])
        joint = conse(torch.from_numpy(scores).float(), names).numpy()
        zero_shot = ((joint @ texts.T).argmax(1) == truth).mean()
        one = prototypes(joint, joint, texts, truth, folds)[:, KS.index(K)].mean()
        print(f"| {way} | {zero_shot:.3f} | {one:.3f} |")
        for other, features in spaces.items():
            accuracy[way, other] = prototypes(joint, features, texts, truth, folds, standardise=True)
    print(f"\nTwo spaces, mean over k (in brackets k = {K}); rows: class scores, columns: averages\n")
    print(f"| | {' | '.join(POOLS)} |\n|---|{'---|' * len(POOLS)}")
    for way in POOLS:
        cells = [accuracy[way, other] for other in POOLS]
        print(f"| {way} | {' | '.join(f'{c.mean():.3f} ({c[:, KS.index(K)].mean():.3f})' for c in cells)} |")
    chosen = []
    for fold in range(folds.max() + 1):
        best = max(accuracy, key=lambda pair: np.delete(accuracy[pair], fold, axis=0).mean())
        chosen.append(accuracy[best][fold, KS.index(K)])
        print(f"\nfold {fold + 1}: the others choose {' and '.join(best)}: {chosen[-1]:.3f}", end="")
    print(f"\nmean: {np.mean(chosen):.3f}")


def listen(encoder: encoders.Encoder, folder: Path) -> tuple[list[dict[str, str]], list[tuple[np.ndarray, ...]]]:
    """Rows of the manifest; scores, averages and loudness of each sound's patches."""
    with open(folder / "manifest.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    heard = []
    for row in rows:
        samples, rate = soundfile.read(folder / row["path"], dtype="float32")
        sound = soxr.resample(samples, rate, SAMPLE_RATE_HZ)
        seen = patches(torch.from_numpy(sound)).numpy()
        starts = range(0, len(seen) * PATCH_HOP_SAMPLES, PATCH_HOP_SAMPLES)
        loud = [np.sqrt((sound[start : start + PATCH_SAMPLES] ** 2).sum() / PATCH_SAMPLES) for start in starts]
        heard.append((*encoder._network(seen), np.array(loud)))
    return rows, heard


def prototypes(
    joint: np.ndarray,
    space: np.ndarray,
    texts: np.ndarray,
    truth: np.ndarray,
    folds: np.ndarray,
    *,
    standardise: bool = False,
) -> np.ndarray:
    """Accuracy (fold, k): neighbours of the texts in `joint`, their means in `space`, told by distance or cosine."""
    found = []
    for fold in range(folds.max() + 1):
        pool, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        order = np.argsort(-(joint[pool] @ texts.T), axis=0, kind="stable")
        middle, spread = (space[pool].mean(0), space[pool].std(0) + 1e-6) if standardise else (0.0, 1.0)
        there = (space - middle) / spread
        row = []
        for k in KS:
            means = there[pool][order[:k]].mean(0)
            dots = there[test] @ means.T
            near = dots / np.linalg.norm(means, axis=1) if standardise else dots - (means**2).sum(1) / 2
            row.append((near.argmax(1) == truth[test]).mean())
        found.append(row)
    return np.array(found)


if __name__ == "__main__":
    main()
