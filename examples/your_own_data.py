"""Your own data: a folder of files, of sound alone or pictures alone, and tensors that you have in memory.

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
from limbeck.datasets import LabelledClips
from limbeck.media import ClipRecipe, MelRecipe

RATE_HZ = 11000
PITCHES = {"low": 220.0, "middle": 660.0, "high": 1980.0}


def write_sounds(folder: Path, each: int) -> None:
    """Write tones in noise as ``FOLDER/CLASS/NUMBER.wav``: the layout that `limbeck prepare folder` reads."""
    draw = np.random.default_rng(0)
    time = np.arange(RATE_HZ) / RATE_HZ
    for name, pitch in PITCHES.items():
        (folder / name).mkdir(parents=True)
        for number in range(each):
            tone = 0.3 * np.sin(2 * np.pi * pitch * draw.uniform(0.9, 1.1) * time)
            soundfile.write(folder / name / f"{number}.wav", tone + 0.1 * draw.standard_normal(RATE_HZ), RATE_HZ)


def main(each: int = 20) -> None:
    """Distil both, and train on the result."""
    small = {"encoders": {"network": {"options": {"width": 16}}, "bank": 3}, "steps": 10, "progress": False}
    with tempfile.TemporaryDirectory() as folder:
        # 1. A folder of sounds, one folder a class. Of pictures: modality="image"; of videos: leave it out.
        write_sounds(Path(folder) / "sounds", each)
        data = limbeck.prepare("folder", Path(folder) / "sounds", out=Path(folder) / "data", modality="audio",
                               progress=False)  # fmt: skip
        made = limbeck.distill(data, "dm", out=Path(folder) / "set", **small)
        score = limbeck.evaluate(made, on=data, repeats=2, progress=False)
        print(f"sounds: {len(made)} samples, {score.mean}")

    # 2. Tensors: pictures that you loaded yourself, uint8 (clip, 3, height, width), and a label for each.
    labels = torch.arange(2).repeat(each)
    pictures = torch.randint(0, 100, (len(labels), 3, 32, 32), dtype=torch.uint8)
    pictures[labels == 1] += 100
    clips = LabelledClips.from_arrays(
        {"image": pictures}, labels, ["dark", "bright"], recipe=ClipRecipe(mel=MelRecipe(), image_size=32)
    )
    made = limbeck.distill(clips, "dm", **small)

    # 3. Train any network on the result: a set is a torch Dataset of ({modality: array}, label).
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 2))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for _ in range(50):
        for sample, label in torch.utils.data.DataLoader(made, batch_size=8, shuffle=True):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(network(sample["image"]), label).backward()
            optimiser.step()
    image = clips.modalities["image"].to_network(clips.array("image"), made.scales["image"])
    right = (network(image).argmax(1) == clips.labels).float().mean()
    print(f"pictures: {len(made)} samples, {100 * float(right):.0f} % of the clips they were made of")


if __name__ == "__main__":
    settings = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    settings.add_argument("--each", type=int, default=20)
    main(**vars(settings.parse_args()))
