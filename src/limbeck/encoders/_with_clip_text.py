"""What encoders share that put a network for sounds beside CLIP's text tower."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck.encoders._clip_text import FOLDER, ClipText
from limbeck.encoders._contract import AudioEmbeddings, Encoder
from limbeck.encoders._esresnext import EsResNext
from limbeck.encoders._length_buckets import in_length_buckets
from limbeck.encoders._tokens import tokenizer_fingerprint
from limbeck.encoders._wav2clip_network import Wav2ClipNetwork
from limbeck.errors import InputError

_SOUNDS_AT_A_TIME = 8


class WithClipText(Encoder, ABC):
    """A network for sounds that leads into the space of a text tower.

    Raises:
        InputError: The two lead into different spaces.

    Attributes:
        checkpoint: Which weights these are.
    """

    def __init__(
        self,
        checkpoint: str,
        network: EsResNext | Wav2ClipNetwork,
        text: ClipText,
        device: torch.device | str = "cpu",
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
        return self._id(
            self._network.state_dict(), self._text_tower.state(), tokenizer_fingerprint(self._text_tower.tokenizer)
        )

    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        joint, features = in_length_buckets(self._network, waveforms, most=_SOUNDS_AT_A_TIME, device=self._device)
        return AudioEmbeddings(F.normalize(joint, dim=1), features)

    def _text(self, texts: Sequence[str]) -> Tensor:
        return self._text_tower(texts)


def clip_in(folder: Path | None) -> Path | None:
    """Where CLIP's own files lie in a folder of weights, if there is one."""
    return None if folder is None else folder / FOLDER
