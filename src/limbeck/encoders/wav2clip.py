"""Wav2CLIP: a ResNet-18 taught to put a sound where CLIP puts its picture, with CLIP's text tower (`wav2clip`).

Source:   Wu, Seetharaman, Kumar and Bello, *Wav2CLIP: Learning Robust Audio Representations from CLIP*, ICASSP 2022
          (https://arxiv.org/abs/2110.11499); weights from https://github.com/descriptinc/lyrebird-wav2clip (MIT).
          Texts: CLIP ViT-B/32, which its space comes from.
Differs from the paper: the published code brings the spectrograms of a batch to mean 0 and deviation 1 together; here
          each sound is on its own, as it is there for one sound at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Self, final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck._files import atomic
from limbeck.encoders._clip_text import CLIP_B32, FOLDER, ClipText
from limbeck.encoders._contract import AudioEmbeddings, Encoder
from limbeck.encoders._lengths import by_length
from limbeck.encoders._module import built, with_random_weights
from limbeck.encoders._state import read_state
from limbeck.encoders._tokens import habits
from limbeck.encoders._wav2clip_network import Wav2ClipNetwork
from limbeck.encoders._weights import OfficialFile, known_checkpoint
from limbeck.errors import InputError

NETWORK = OfficialFile(
    "Wav2CLIP.pt",
    "https://github.com/descriptinc/lyrebird-wav2clip/releases/download/v0.1.0-alpha/Wav2CLIP.pt",
)
_SOUNDS_AT_A_TIME = 8


@final
class Wav2Clip(Encoder):
    """Wav2CLIP's audio network and CLIP's text tower. The features are what the ResNet gives.

    Attributes:
        checkpoint: Which weights these are.
    """

    sample_rate = 16000
    window_s = 10.0
    checkpoints = ("v0.1.0-alpha",)

    def __init__(
        self, checkpoint: str, network: Wav2ClipNetwork, text: ClipText, device: torch.device | str = "cpu"
    ) -> None:
        if network.dim != text.dim:
            raise InputError(
                f"The audio network leads into {network.dim} dimensions, but the text tower into {text.dim}. "
                "They must be of one model."
            )
        self.checkpoint = checkpoint
        self.dim, self.features_dim = network.dim, network.features_dim
        self._network, self._text_tower, self._device = network.to(device), text.to(device), device

    @cached_property
    def id(self) -> str:
        """Name, checkpoint and a hash of both towers' weights and of the tokens."""
        return self._id(self._network.state_dict(), self._text_tower.state(), habits(self._text_tower.tokenizer))

    @classmethod
    def pretrained(
        cls,
        checkpoint: str | None = None,
        *,
        folder: Path | None = None,
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

        Raises:
            InputError: A file is not Wav2CLIP's or not CLIP's.
            MissingExtraError: Package transformers is not installed.
            MissingWeightsError: Weights are not there and cannot be had.
            UnknownNameError: No such checkpoint.
        """
        name = known_checkpoint(cls.checkpoints, checkpoint)
        path = NETWORK.find(folder, offline=offline)
        network = Wav2ClipNetwork.read(read_state(path, inside=("state_dict", "model")), path)
        near = folder / FOLDER if folder is not None else None
        text = CLIP_B32.find(near if near is not None and near.is_dir() else None, offline=offline)
        return cls(name, network, ClipText.read(text), device)

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """A ResNet of 2 to 16 channels and a text tower of one layer, random.

        Args:
            seed: Of the weights.

        Raises:
            MissingExtraError: Package transformers is not installed.
        """
        network = built(lambda: Wav2ClipNetwork(base=2, counts=(1, 1, 1, 1), hidden=8, dim=12))
        return cls("tiny", with_random_weights(network, seed=seed), ClipText.tiny(12, seed=seed))

    def save(self, folder: Path) -> None:
        """Write what `pretrained` takes as its `folder`.

        Args:
            folder: Made if it does not exist.
        """
        with atomic(folder / NETWORK.name) as path:
            torch.save(self._network.state_dict(), path)
        self._text_tower.save(folder / FOLDER)

    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        joint, features = by_length(self._network, waveforms, most=_SOUNDS_AT_A_TIME, device=self._device)
        return AudioEmbeddings(F.normalize(joint, dim=1), features)

    def _text(self, texts: Sequence[str]) -> Tensor:
        return self._text_tower(texts)
