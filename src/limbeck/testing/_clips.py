"""Small labelled clips in memory that carry their class in both tracks."""

from __future__ import annotations

import torch

from limbeck.datasets import LabelledClips
from limbeck.media import ClipRecipe, MelRecipe

RECIPE = ClipRecipe(
    mel=MelRecipe(sample_rate_hz=4000, clip_seconds=0.4, mels=16, fft_samples=200, hop_samples=100), image_size=16
)


def toy_clips(classes: int = 3, per_class: int = 12, *, seed: int = 0, recipe: ClipRecipe = RECIPE) -> LabelledClips:
    """Clips whose class shows as a bright band of the log-mel and a tint of the picture, under noise drawn by `seed`.

    There are `per_class` of each of up to 10 `classes`; the `recipe` gives the shapes.
    """
    source = torch.Generator().manual_seed(seed)
    labels = torch.arange(classes).repeat_interleave(per_class)
    mels, frames = recipe.mel.shape
    audio = torch.randn(len(labels), 1, mels, frames, generator=source) * 10 - 60
    pictures = torch.randint(40, 160, (len(labels), 3, recipe.image_size, recipe.image_size), generator=source)
    for i, label in enumerate(labels.tolist()):
        audio[i, :, label * mels // classes : (label + 1) * mels // classes] += 25
        pictures[i, label % 3] += 60 + 10 * label
    return LabelledClips.from_arrays(
        {"audio": audio, "image": pictures.clamp(0, 255).to(torch.uint8)},
        labels,
        [f"class {c}" for c in "abcdefghij"[:classes]],
        recipe=recipe,
        name="toy",
    )
