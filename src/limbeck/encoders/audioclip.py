"""AudioCLIP: CLIP's text and picture towers trained on with a third one for sound (`audioclip`).

Source:   Guzhov, Raue, Hees and Dengel, *AudioCLIP: Extending CLIP to Image, Text and Audio*, ICASSP 2022
          (https://arxiv.org/abs/2106.13043); weights from https://github.com/AndreyGuzhov/AudioCLIP (MIT).
Differs from the paper: a sound is taken as long as it is; the published evaluation pads or crops to 5 s.
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
from limbeck.encoders._clip_text import FOLDER, TOKENIZER, ClipText, tokenizer
from limbeck.encoders._contract import AudioEmbeddings, Encoder
from limbeck.encoders._esresnext import PREFIX, EsResNext
from limbeck.encoders._lengths import by_length
from limbeck.encoders._module import built, with_random_weights
from limbeck.encoders._state import read_state
from limbeck.encoders._tokens import habits
from limbeck.encoders._weights import OfficialFile, known_checkpoint
from limbeck.errors import InputError

_RELEASE = "https://github.com/AndreyGuzhov/AudioCLIP/releases/download/v0.1/"
FILES = {
    "full-training": OfficialFile(
        "AudioCLIP-Full-Training.pt",
        f"{_RELEASE}AudioCLIP-Full-Training.pt",
        "2441d35b353352c8b1bbfb8f7c687f46314c3d2909e940eaf763b8c17f632c44",
    ),
    "partial-training": OfficialFile(
        "AudioCLIP-Partial-Training.pt",
        f"{_RELEASE}AudioCLIP-Partial-Training.pt",
        "1921885b6c3b5de0619f2ef4a9700ecbade758a398b34eb064230c30baef0c75",
    ),
}
_SOUNDS_AT_A_TIME = 8


@final
class AudioClip(Encoder):
    """AudioCLIP's audio and text towers. The features are what the audio network gives its last layer.

    Attributes:
        checkpoint: Which weights these are.
    """

    sample_rate = 44100
    window_s = 10.0
    prompt = "This is {label}"
    checkpoints = ("full-training", "partial-training")

    def __init__(self, checkpoint: str, network: EsResNext, text: ClipText, device: torch.device | str = "cpu") -> None:
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
        """AudioCLIP with its published weights.

        Args:
            checkpoint: ``"full-training"``, or ``"partial-training"``, whose space is still that of CLIP RN50.
            folder: Holds the checkpoint's file, and may hold CLIP's tokenizer in clip-vit-base-patch32/; without that
                it comes from the hub's cache. Any sizes are taken as they are.
            device: Where both towers run.
            offline: Never ask the network.

        Raises:
            InputError: The file is not AudioCLIP's.
            MissingExtraError: Package transformers is not installed.
            MissingWeightsError: Weights are not there and cannot be had.
            UnknownNameError: No such checkpoint.
        """
        name = known_checkpoint(cls.checkpoints, checkpoint)
        path = FILES[name].find(folder, offline=offline)
        near = folder / FOLDER if folder is not None else None
        words = tokenizer(TOKENIZER.find(near if near is not None and near.is_dir() else None, offline=offline))
        state = read_state(path, inside=("state_dict", "model"))
        network = EsResNext.read(state, path)
        return cls(name, network, ClipText.convert(state, words, source=path), device)

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """A network of 2 to 64 channels and 33 bands, and a text tower of one layer, random.

        Args:
            seed: Of the weights.

        Raises:
            MissingExtraError: Package transformers is not installed.
        """
        network = built(lambda: EsResNext(base=2, inner=4, groups=2, counts=(1, 1, 1, 1), bands=33, window=52, dim=12))
        return cls("tiny", with_random_weights(network, seed=seed), ClipText.tiny(12, seed=seed))

    def save(self, folder: Path) -> None:
        """Write what `pretrained` takes as its `folder`: the first checkpoint's file, and the tokenizer.

        Args:
            folder: Made if it does not exist.
        """
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        sound = {PREFIX + name: tensor for name, tensor in self._network.state_dict().items()}
        with atomic(folder / FILES[self.checkpoints[0]].name) as path:
            torch.save(sound | self._text_tower.original(), path)
        self._text_tower.tokenizer.save_pretrained(folder / FOLDER)

    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        joint, features = by_length(self._network, waveforms, most=_SOUNDS_AT_A_TIME, device=self._device)
        return AudioEmbeddings(F.normalize(joint, dim=1), features)

    def _text(self, texts: Sequence[str]) -> Tensor:
        return self._text_tower(texts)
