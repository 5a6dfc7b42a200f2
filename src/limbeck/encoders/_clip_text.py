"""CLIP's text tower in transformers, from a folder in its form or from tensors under CLIP's own names.

Source:   Radford et al., *Learning Transferable Visual Models From Natural Language Supervision*, ICML 2021
          (https://arxiv.org/abs/2103.00020).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self, final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck._files import write_tensors
from limbeck.encoders._clip_names import converted, layers, reverted
from limbeck.encoders._module import built, filled, with_random_weights
from limbeck.encoders._packages import package
from limbeck.encoders._state import read_state, reading
from limbeck.encoders._tokens import byte_vocabulary
from limbeck.encoders._weights import HubFiles

_REPO = "openai/clip-vit-base-patch32"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
FOLDER = "clip-vit-base-patch32"
"""Name of its folder beside other weights."""
CLIP_B32 = HubFiles(_REPO, files=("config.json", *_TOKENIZER_FILES))
TOKENIZER = HubFiles(_REPO, files=_TOKENIZER_FILES, weights=())
"""All CLIP models read texts alike."""
_HEAD_DIM = 64


@final
class ClipText:
    """Texts to unit vectors of length `dim` in CLIP's space, by a frozen ``CLIPTextModelWithProjection``."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self.dim = int(model.config.projection_dim)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """A model from a folder in the form of transformers (a whole CLIP, or its text tower), without the network."""
        weights = CLIP_B32.weights_in(folder)
        assert weights is not None
        with reading(folder):
            config = package("transformers").CLIPTextConfig.from_pretrained(folder, local_files_only=True)
            return cls(filled(_model(config), read_state(weights), source=weights), tokenizer(folder))

    @classmethod
    def convert(cls, state: Mapping[str, Tensor], tokenizer: Any, *, source: object) -> Self:
        """A model from tensors under the names of CLIP's own code, as large as they are."""
        renamed = converted(state, source=source)
        words, width = renamed["text_model.embeddings.token_embedding.weight"].shape
        config = package("transformers").CLIPTextConfig(
            vocab_size=words,
            hidden_size=width,
            intermediate_size=len(renamed["text_model.encoder.layers.0.mlp.fc1.weight"]),
            projection_dim=len(renamed["text_projection.weight"]),
            num_hidden_layers=layers(state),
            num_attention_heads=max(1, width // _HEAD_DIM),
            max_position_embeddings=len(renamed["text_model.embeddings.position_embedding.weight"]),
            **_special(tokenizer),
        )
        return cls(filled(_model(config), renamed, source=source), tokenizer)

    @classmethod
    def tiny(cls, dim: int, *, seed: int) -> Self:
        """A tower of one layer with random weights, which reads letter by letter."""
        letters = byte_vocabulary(())
        ends = [f"{letter}</w>" for letter in letters] + ["<|startoftext|>", "<|endoftext|>"]
        vocabulary = letters | {token: len(letters) + n for n, token in enumerate(ends)}
        reader = package("transformers").CLIPTokenizer(vocab=vocabulary, merges=[])
        config = package("transformers").CLIPTextConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            intermediate_size=32,
            projection_dim=dim,
            num_hidden_layers=1,
            num_attention_heads=1,
            max_position_embeddings=64,
            **_special(reader),
        )
        return cls(with_random_weights(_model(config), seed=seed), reader)

    def save(self, folder: Path) -> None:
        """Write what `read` takes."""
        folder.mkdir(parents=True, exist_ok=True)
        self.model.config.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        write_tensors(folder / "model.safetensors", self.model.state_dict())

    def to(self, device: torch.device | str) -> Self:
        """The same, moved."""
        self.model.to(device)
        return self

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Rows of length 1 on the CPU, float32, (text, dim)."""
        longest = self.model.config.max_position_embeddings
        tokens = self.tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt")
        with torch.no_grad():
            found: Tensor = self.model(**tokens.to(self.model.device)).text_embeds
        return F.normalize(found.float(), dim=1).cpu()

    def original(self) -> dict[str, Tensor]:
        """Its weights under the names of CLIP's own code."""
        return reverted(self.state())

    def state(self) -> dict[str, Tensor]:
        """Its weights by name."""
        found: dict[str, Tensor] = self.model.state_dict()
        return found


def tokenizer(folder: Path) -> Any:
    """CLIP's tokenizer from a folder, without the network."""
    with reading(folder):
        return package("transformers").CLIPTokenizer.from_pretrained(folder, local_files_only=True)


def _model(config: Any) -> Any:
    return built(lambda: package("transformers").CLIPTextModelWithProjection(config))


def _special(reader: Any) -> dict[str, int]:
    """The numbers of the tokens the tower must know: it gives what it says at the end of the text."""
    return {f"{kind}_token_id": getattr(reader, f"{kind}_token_id") for kind in ("bos", "eos", "pad")}
