"""CLIP's text tower in transformers, read in either form, and encoders that put a network for sounds beside it.

Source:   Radford et al., *Learning Transferable Visual Models From Natural Language Supervision*, ICML 2021
          (https://arxiv.org/abs/2103.00020).
"""

import itertools
from abc import ABC
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self, final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck._files import write_tensors
from limbeck.encoders._contract import AudioEmbeddings, Encoder
from limbeck.encoders._module import (
    built,
    byte_vocabulary,
    filled,
    numbered,
    package,
    tokenizer_fingerprint,
    with_random_weights,
)
from limbeck.encoders._weights import HubFiles, read_state, reading
from limbeck.errors import InputError

_REPO = "openai/clip-vit-base-patch32", "3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268"
_TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")
CLIP_B32 = HubFiles(*_REPO, files=("config.json", *_TOKENIZER_FILES))
TOKENIZER = HubFiles(*_REPO, files=_TOKENIZER_FILES, weights=())
"""All CLIP models read texts alike."""
_HEAD_DIM = 64

_OLD = "transformer.resblocks."
_NEW = "text_model.encoder.layers."
_WHOLE = {
    "token_embedding.weight": "text_model.embeddings.token_embedding.weight",
    "positional_embedding": "text_model.embeddings.position_embedding.weight",
    "ln_final.weight": "text_model.final_layer_norm.weight",
    "ln_final.bias": "text_model.final_layer_norm.bias",
    "text_projection": "text_projection.weight",
}
_IN_A_LAYER = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}


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
            num_hidden_layers=numbered(state, _OLD),
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

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Rows of length 1 on the CPU, float32, (text, dim)."""
        longest = self.model.config.max_position_embeddings
        tokens = self.tokenizer(list(texts), padding=True, truncation=True, max_length=longest, return_tensors="pt")
        with torch.no_grad():
            found: Tensor = self.model(**tokens.to(self.model.device)).text_embeds
        return F.normalize(found.float(), dim=1).cpu()


def tokenizer(folder: Path) -> Any:
    """CLIP's tokenizer from a folder, without the network."""
    with reading(folder):
        return package("transformers").CLIPTokenizer.from_pretrained(folder, local_files_only=True)


def _model(config: Any) -> Any:
    return built(lambda: package("transformers").CLIPTextModelWithProjection(config))


def _special(reader: Any) -> dict[str, int]:
    """The numbers of the tokens the tower must know: it gives what it says at the end of the text."""
    return {f"{kind}_token_id": getattr(reader, f"{kind}_token_id") for kind in ("bos", "eos", "pad")}


def converted(state: Mapping[str, Tensor], *, source: object) -> dict[str, Tensor]:
    """The text tower's tensors under the names of transformers."""
    names = _names(numbered(state, _OLD))
    # A tower without layers lacks the first.
    if missing := [old for old in (*names, f"{_OLD}0.ln_1.weight") if old not in state]:
        raise InputError(f"{source} lacks {missing[0]}, which CLIP's text tower needs. Is it another model?")
    pieces = {old: zip(new, state[old].chunk(len(new)), strict=True) for old, new in names.items()}
    found = {name: piece for several in pieces.values() for name, piece in several}
    return found | {"text_projection.weight": found["text_projection.weight"].T}


def reverted(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `converted`."""
    found = {old: torch.cat([state[name] for name in new]) for old, new in _names(numbered(state, _NEW)).items()}
    return found | {"text_projection": found["text_projection"].T.contiguous()}


def _names(count: int) -> dict[str, list[str]]:
    """CLIP's name to those of transformers; query, key and value are one tensor in CLIP."""
    names = {old: [new] for old, new in _WHOLE.items()}
    for number, kind in itertools.product(range(count), ("weight", "bias")):
        old, new = f"{_OLD}{number}", f"{_NEW}{number}"
        names |= {f"{old}.{theirs}.{kind}": [f"{new}.{ours}.{kind}"] for theirs, ours in _IN_A_LAYER.items()}
        names[f"{old}.attn.in_proj_{kind}"] = [f"{new}.self_attn.{part}_proj.{kind}" for part in "qkv"]
    return names


class WithClipText(Encoder, ABC):
    """A network for sounds that leads into the space of a text tower; if it does not, that is refused."""

    def __init__(self, checkpoint: str, network: Any, text: ClipText, device: torch.device | str = "cpu") -> None:
        if network.dim != text.dim:
            raise InputError(
                f"The audio network leads into {network.dim} dimensions, but the text tower into {text.dim}. "
                "They must be of one model."
            )
        super().__init__(checkpoint, network.dim, network.features_dim, device)
        self._network, self._text_tower = network.to(device), text
        text.model.to(device)

    @cached_property
    def id(self) -> str:
        """Name, checkpoint and a hash of both towers' weights and of the tokens."""
        text = self._text_tower
        return self._id(self._network.state_dict(), text.model.state_dict(), tokenizer_fingerprint(text.tokenizer))

    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        joint, features = in_length_buckets(self._network, waveforms, most=8, device=self._device)
        return AudioEmbeddings(F.normalize(joint, dim=1), features)

    def _text(self, texts: Sequence[str]) -> Tensor:
        return self._text_tower(texts)


def in_length_buckets(
    network: Callable[[Tensor], tuple[Tensor, Tensor]],
    waveforms: Sequence[Tensor],
    *,
    most: int,
    device: torch.device | str = "cpu",
) -> tuple[Tensor, Tensor]:
    """Two vectors of each sound (sample,), in order, on the CPU; at `most` so many of one length go in together.

    Nothing is padded to a common length, so that a sound's vectors do not depend on its neighbours.

    Example:
        >>> sounds = [torch.ones(2), torch.ones(3), torch.zeros(2)]
        >>> in_length_buckets(lambda x: (x.sum(1), x[:, 0]), sounds, most=8)
        (tensor([2., 3., 0.]), tensor([1., 1., 0.]))
    """
    places = defaultdict(list)
    for place, waveform in enumerate(waveforms):
        places[len(waveform)].append(place)
    found: dict[int, tuple[Tensor, Tensor]] = {}
    for group in [same[start : start + most] for same in places.values() for start in range(0, len(same), most)]:
        with torch.no_grad():
            first, second = network(torch.stack([waveforms[place].to(device, torch.float32) for place in group]))
        found |= zip(group, zip(first.cpu(), second.cpu(), strict=True), strict=True)
    firsts, seconds = zip(*(found[place] for place in range(len(waveforms))), strict=True)
    return torch.stack(firsts), torch.stack(seconds)
