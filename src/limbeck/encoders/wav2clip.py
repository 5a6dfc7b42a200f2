"""Wav2CLIP: a ResNet-18 taught to put a sound where CLIP puts its picture, with CLIP's text tower (`wav2clip`).

Source:   Wu, Seetharaman, Kumar and Bello, *Wav2CLIP: Learning Robust Audio Representations from CLIP*, ICASSP 2022
          (https://arxiv.org/abs/2110.11499); weights from https://github.com/descriptinc/lyrebird-wav2clip (MIT).
          Texts: CLIP ViT-B/32, which its space comes from.
Differs from the paper: the published code brings the spectrograms of a batch to mean 0 and deviation 1 together; here
          each sound is on its own, as it is there for one sound at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self, final

import torch

from limbeck._files import atomic
from limbeck.encoders._clip_text import CLIP_B32, FOLDER, ClipText
from limbeck.encoders._module import built, with_random_weights
from limbeck.encoders._state import read_state
from limbeck.encoders._wav2clip_network import Wav2ClipNetwork
from limbeck.encoders._weights import Needed, OfficialFile, located
from limbeck.encoders._with_clip_text import WithClipText, clip_in

NETWORK = OfficialFile(
    "Wav2CLIP.pt",
    "https://github.com/descriptinc/lyrebird-wav2clip/releases/download/v0.1.0-alpha/Wav2CLIP.pt",
)


@final
class Wav2Clip(WithClipText):
    """Wav2CLIP's audio network and CLIP's text tower. The features are what the ResNet gives."""

    sample_rate = 16000
    window_s = 10.0
    checkpoints = ("v0.1.0-alpha",)

    @classmethod
    def pretrained(
        cls,
        checkpoint: str | None = None,
        *,
        folder: Path | str | None = None,
        device: torch.device | str = "cpu",
        offline: bool = False,
    ) -> Self:
        """Wav2CLIP with its published weights, and the text tower of CLIP ViT-B/32.

        Args:
            checkpoint: ``"v0.1.0-alpha"``, the only one.
            folder: Holds Wav2CLIP.pt, and may hold CLIP in clip-vit-base-patch32/; without that it comes from the
                hub's cache. Any sizes are taken as they are.
            device: Where both towers run.
            offline: Never ask the network.
        """
        name, near, device = cls._requested(checkpoint, folder, device)
        path, text = located(Needed(NETWORK, near), Needed(CLIP_B32, clip_in(near), or_cache=True), offline=offline)
        network = Wav2ClipNetwork.read(read_state(path, inside=("state_dict", "model")), path)
        return cls(name, network, ClipText.read(text), device)

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """A ResNet of 2 to 16 channels and a text tower of one layer, random."""
        network = built(lambda: Wav2ClipNetwork(base=2, counts=(1, 1, 1, 1), hidden=8, dim=12))
        return cls("tiny", with_random_weights(network, seed=seed), ClipText.tiny(12, seed=seed))

    def save(self, folder: Path) -> None:
        """Write what `pretrained` takes as its `folder`."""
        with atomic(folder / NETWORK.name) as path:
            torch.save(self._network.state_dict(), path)
        self._text_tower.save(folder / FOLDER)
