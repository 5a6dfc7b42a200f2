"""AudioCLIP: CLIP's text and picture towers trained on with a third one for sound (`audioclip`).

Source:   Guzhov, Raue, Hees and Dengel, *AudioCLIP: Extending CLIP to Image, Text and Audio*, ICASSP 2022
          (https://arxiv.org/abs/2106.13043); weights from https://github.com/AndreyGuzhov/AudioCLIP (MIT).
Differs from the paper: a sound is taken as long as it is; the published evaluation pads or crops to 5 s.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self, final

import torch

from limbeck._files import atomic
from limbeck.encoders._clip_text import TOKENIZER, ClipText, WithClipText, reverted, tokenizer
from limbeck.encoders._esresnext import PREFIX, EsResNext
from limbeck.encoders._module import built, with_random_weights
from limbeck.encoders._state import read_state
from limbeck.encoders._weights import Needed, OfficialFile

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


@final
class AudioClip(WithClipText):
    """AudioCLIP's audio and text towers. The features are what the audio network gives its last layer.

    The space of the checkpoint ``"partial-training"`` is still that of CLIP RN50. A folder of weights holds the
    checkpoint's file, and may hold CLIP's tokenizer in clip-vit-base-patch32/. Any sizes are taken as they are.
    """

    sample_rate = 44100
    window_s = 10.0
    prompt = "This is {label}"
    checkpoints = ("full-training", "partial-training")

    @classmethod
    def _needed(cls, checkpoint: str, folder: Path | None) -> Sequence[Needed]:
        return [Needed(FILES[checkpoint], folder), Needed.near(TOKENIZER, folder)]

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        path, words = found
        state = read_state(path, inside=("state_dict", "model"))
        network = EsResNext.read(state, path)
        return cls(checkpoint, network, ClipText.convert(state, tokenizer(words), source=path), device)

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """A network of 2 to 64 channels and 33 bands, and a text tower of one layer, random."""
        network = built(lambda: EsResNext(base=2, inner=4, groups=2, counts=(1, 1, 1, 1), bands=33, window=52, dim=12))
        return cls("tiny", with_random_weights(network, seed=seed), ClipText.tiny(12, seed=seed))

    def save(self, folder: Path) -> None:
        """Write what `pretrained` takes as its `folder`: the first checkpoint's file, and the tokenizer."""
        (folder / TOKENIZER.name).mkdir(parents=True, exist_ok=True)
        sound = {PREFIX + name: tensor for name, tensor in self._network.state_dict().items()}
        with atomic(folder / FILES[self.checkpoints[0]].name) as path:
            torch.save(sound | reverted(self._text_tower.model.state_dict()), path)
        self._text_tower.tokenizer.save_pretrained(folder / TOKENIZER.name)
