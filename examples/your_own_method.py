"""A distillation method of your own: settings, one loop, helpers that do the rest.

Put the class in a package and list it under the entry point group ``limbeck.methods``, and every command knows it:
``limbeck distill DATA --method NAME``, recipes, tables, resumption. Here it is called from Python.

Run:  python examples/your_own_method.py            (about a minute; makes its own small videos)
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import ClassVar, final

import torch
from pydantic import Field

import limbeck
from limbeck.augment import SiameseAugment
from limbeck.datasets import LabelledClips
from limbeck.distilled import DistilledSet
from limbeck.methods import (
    Adam,
    EncoderDraws,
    EncoderSource,
    Method,
    NamedStart,
    Optimiser,
    RunContext,
    Start,
    Steps,
    finished,
    started,
    steps,
)
from limbeck.methods.dm import DM


def squared_gap(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Squared distance of two vectors, ()."""
    return (one - other).square().sum()


@final
class MeanAndSpread(Method):
    """Match the mean of each class's features, and their spread.

    Of `steps`, `start`, `encoders`, `augment` and `optimiser` see `limbeck.methods.Optimised`.

    Attributes:
        spread_weight: Weight of the spreads' distance, >= 0.
    """

    spread_weight: float = Field(1.0, ge=0)
    steps: Steps = 40
    start: NamedStart = Start(method="herding")
    encoders: EncoderSource = EncoderSource(bank=5, batch=64)
    augment: SiameseAugment | None = None
    optimiser: Optimiser = Adam()

    coupling: ClassVar[str] = ""  # a class needs no other's samples: it goes in blocks, too

    def distill(self, real: LabelledClips, *, seed: int = 0, run: RunContext | None = None) -> DistilledSet:
        """Match both, step by step, all modalities alike."""
        run = run or RunContext()
        held = started(self, real, seed, run)
        draws = EncoderDraws(self, real, seed, run)
        for step in steps(held, self, run):
            drawn = draws.at(step.number)
            real_features = draws.samples(drawn)
            for block in held.blocks():
                synthetic = draws.features(drawn, block)
                loss = torch.zeros((), device=run.runtime.device)
                for modality, features in synthetic.items():
                    for clips, samples in zip(real_features[modality][block.classes], features, strict=True):
                        real_clips = clips.to(samples)
                        mean = squared_gap(real_clips.mean(0), samples.mean(0))
                        spread = squared_gap(real_clips.var(0, correction=0), samples.var(0, correction=0))
                        loss = loss + mean + self.spread_weight * spread
                step.descend(loss, block)
        return finished(self, real, held.tensors, seed, run, held.start)


def main(videos: int = 60, steps: int = 200, epochs: int = 30) -> None:
    """Distil with the method and with `dm`, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        data = limbeck.prepare("playground", Path(folder) / "videos", out=Path(folder) / "data",
                               image_size=64, clips=videos, progress=False)  # fmt: skip
        small = EncoderSource.from_json({"network": {"options": {"width": 32}}, "bank": 5, "batch": 64})
        for kind in (MeanAndSpread, DM):
            method = kind(per_class=2, encoders=small, steps=steps)
            made = limbeck.distill(data, method, progress=False)
            score = limbeck.evaluate(made, on=data, repeats=2, epochs=epochs, progress=False)
            print(f"{method.name}: {score.mean[score.together]:.1f} %")


if __name__ == "__main__":
    settings = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    settings.add_argument("--videos", type=int, default=60, help="at least 40: test clips are one in four of a class")
    settings.add_argument("--steps", type=int, default=200)
    settings.add_argument("--epochs", type=int, default=30)
    main(**vars(settings.parse_args()))
