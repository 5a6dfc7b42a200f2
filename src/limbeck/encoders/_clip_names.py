"""The tensors of CLIP's text tower, from the names of CLIP's own code to those of transformers and back."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from limbeck.errors import InputError

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


def layers(state: Mapping[str, Tensor]) -> int:
    """How many layers a tower has."""
    return len({name[len(_OLD) :].partition(".")[0] for name in state if name.startswith(_OLD)})


def converted(state: Mapping[str, Tensor], *, source: object) -> dict[str, Tensor]:
    """The text tower's tensors under the names of transformers."""
    count = layers(state)
    names, joined = _names(count), _joined(count)
    missing = [old for old in (*names, *joined) if old not in state]
    if missing or not count:
        lacking = missing[0] if missing else f"{_OLD}0"
        raise InputError(f"{source} lacks {lacking}, which CLIP's text tower needs. Is it another model?")
    found = {new: state[old] for old, new in names.items()}
    found["text_projection.weight"] = found["text_projection.weight"].T
    for old, new in joined.items():
        found |= dict(zip(new, state[old].chunk(3), strict=True))
    return found


def reverted(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The inverse of `converted`."""
    count = len({name[len(_NEW) :].partition(".")[0] for name in state if name.startswith(_NEW)})
    found = {old: state[new] for old, new in _names(count).items()}
    found["text_projection"] = found["text_projection"].T.contiguous()
    return found | {old: torch.cat([state[part] for part in new]) for old, new in _joined(count).items()}


def _names(count: int) -> dict[str, str]:
    """CLIP's name to that of transformers, of all tensors that are kept alike."""
    return _WHOLE | {
        f"{_OLD}{number}.{old}.{kind}": f"{_NEW}{number}.{new}.{kind}"
        for number in range(count)
        for old, new in _IN_A_LAYER.items()
        for kind in ("weight", "bias")
    }


def _joined(count: int) -> dict[str, list[str]]:
    """CLIP's name to those of transformers, of query, key and value, which CLIP keeps in one tensor."""
    return {
        f"{_OLD}{number}.attn.in_proj_{kind}": [f"{_NEW}{number}.self_attn.{part}_proj.{kind}" for part in "qkv"]
        for number in range(count)
        for kind in ("weight", "bias")
    }
