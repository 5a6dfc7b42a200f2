"""Distribution matching in plain PyTorch, on Limbeck's parts: what `limbeck distill --method dm` does, in one loop.

Run:  python examples/distill_by_hand.py            (about a minute; makes its own small videos)
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from pathlib import Path

import torch

import limbeck
from limbeck.augment import SiameseAugment
from limbeck.evaluation import Protocol, Subject, evaluate
from limbeck.networks import load


def main(videos: int = 60, steps: int = 40, width: int = 32, epochs: int = 30) -> None:
    """Distil one sample per class and compare it with the random clips it started from."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = limbeck.prepare("playground", Path(folder) / "videos", out=Path(folder) / "data",
                                   image_size=64, clips=videos, progress=False)  # fmt: skip
        real, test = prepared.clips("train"), prepared.clips("test")

        # Start from random clips in the scale networks see; a set holds tensors, labels and all that decodes them.
        begun = limbeck.distill(real, "random", progress=False)
        synthetic = {name: x.clone().requires_grad_() for name, x in begun.tensors.items()}
        optimiser = torch.optim.SGD(synthetic.values(), lr=5.0, momentum=0.5)

        network, augment, draw = load("convnet")(width=width), SiameseAugment(), torch.Generator().manual_seed(0)
        for step in range(steps):
            encoders = network.encoders(real.shapes, generator=draw)  # new random weights in every step
            change = augment.draw(draw, None)  # one augmentation, for real and synthetic samples alike
            loss = torch.zeros(())
            for name, modality in real.modalities.items():
                encoder, scale = encoders[name].requires_grad_(False), begun.scales[name]
                for label in range(len(real.classes)):
                    with torch.no_grad():
                        clips = modality.to_network(real.array(name, real.of_class(label)), scale)
                        wanted = encoder(augment.apply(clips, change)).mean(0)
                    own = synthetic[name][label : label + 1]
                    reached = encoder(augment.apply(own, change)).mean(0)
                    loss = loss + (wanted - reached).square().sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if step % 10 == 0:
                print(f"step {step}: loss {loss.item():.1f}")

        made = dataclasses.replace(begun, tensors={name: x.detach() for name, x in synthetic.items()})
        for title, distilled in (("random clips", begun), ("distilled", made)):
            score = evaluate(Subject.of(distilled, test, protocol=Protocol(epochs=epochs)), repeats=2)
            print(f"{title}: {score.mean[score.together]:.1f} % of {len(test)} test clips")


if __name__ == "__main__":
    settings = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    settings.add_argument("--videos", type=int, default=60, help="at least 40: test clips are one in four of a class")
    settings.add_argument("--steps", type=int, default=40)
    settings.add_argument("--width", type=int, default=32)
    settings.add_argument("--epochs", type=int, default=30)
    main(**vars(settings.parse_args()))
