"""Your own data: a torch dataset, arrays, a folder of files; and a plain network trained on what is distilled of it.

Run:  python examples/your_own_data.py              (about a minute; writes its own small files)
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import torch

import limbeck

RATE_HZ = 11000
PITCHES = {"low": 220.0, "middle": 660.0, "high": 1980.0}


class Shades(torch.utils.data.Dataset[tuple[torch.Tensor, int]]):
    """Dark and bright pictures, made when they are asked for: ten lines are a dataset."""

    classes = ("dark", "bright")

    def __init__(self, count: int) -> None:
        self.targets = [i % 2 for i in range(count)]

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        draw = torch.Generator().manual_seed(index)
        return (torch.rand(3, 32, 32, generator=draw) + self.targets[index]) / 2, self.targets[index]


def tones(each: int) -> tuple[np.ndarray, list[str]]:
    """Tones in noise, float32 (clip, sample), and the class of each."""
    draw = np.random.default_rng(0)
    time = np.arange(RATE_HZ) / RATE_HZ
    pitches = [pitch * draw.uniform(0.9, 1.1) for pitch in PITCHES.values() for _ in range(each)]
    sounds = [0.3 * np.sin(2 * np.pi * pitch * time) + 0.1 * draw.standard_normal(RATE_HZ) for pitch in pitches]
    return np.array(sounds, np.float32), [name for name in PITCHES for _ in range(each)]


def main(each: int = 20) -> None:
    """Distil all three, and train on a result."""
    small = {"encoders": {"network": {"options": {"width": 16}}, "bank": 3}, "steps": 10, "progress": False}
    sounds, names = tones(each)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)

        # 1. A torch dataset of (sample, label). A fifth of every class is held out for tests.
        data = limbeck.prepare(Shades(2 * each), out=folder / "shades", progress=False)
        made = limbeck.distill(data, "dm", **small)
        score = limbeck.evaluate(made, on=data, repeats=2, progress=False)
        print(f"torch dataset: {len(made)} samples of {', '.join(data.modalities)}, {score.mean}")

        # 2. Arrays with one row a clip, here waveforms and what they are.
        data = limbeck.prepare({"audio": sounds, "label": names}, rate_hz=RATE_HZ, out=folder / "tones", progress=False)
        heard = limbeck.distill(data, "dm", **small)
        print(f"arrays: {len(heard)} samples of {', '.join(data.modalities)}, classes {', '.join(heard.classes)}")

        # 3. Files, a folder a class. Of pictures: modality="image"; of videos: leave it out.
        for number, (sound, name) in enumerate(zip(sounds, names, strict=True)):
            (folder / "sounds" / name).mkdir(parents=True, exist_ok=True)
            soundfile.write(folder / "sounds" / name / f"{number}.wav", sound, RATE_HZ)
        data = limbeck.prepare("folder", folder / "sounds", out=folder / "data", modality="audio", progress=False)
        heard = limbeck.distill(data, "dm", out=folder / "set", **small)
        score = limbeck.evaluate(heard, on=data, repeats=2, progress=False)
        print(f"sounds: {len(heard)} samples, {score.mean}")

    # 4. Train any network on a result: a set is a torch Dataset of ({modality: array}, label).
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 2))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(50):
        for sample, label in torch.utils.data.DataLoader(made, batch_size=8, shuffle=True):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network(sample["image"]), label).backward()
            optimiser.step()
    pictures, labels = zip(*(Shades(40)[i] for i in range(40)), strict=True)
    image = made.modalities["image"].to_network((torch.stack(pictures) * 255).byte(), made.scales["image"])
    right = (network(image).argmax(1) == torch.tensor(labels)).float().mean()
    print(f"plain network: {100 * float(right):.0f} % of forty pictures")


if __name__ == "__main__":
    settings = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    settings.add_argument("--each", type=int, default=20)
    main(**vars(settings.parse_args()))
