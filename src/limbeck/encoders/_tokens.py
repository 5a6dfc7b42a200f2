"""A vocabulary that needs no download, where every byte is a token, and how a tokenizer reads, for `Encoder.id`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from limbeck.encoders._packages import package

_SAMPLE = "A dog's bark, 24 cafés & RAIN"


def byte_vocabulary(special: Sequence[str]) -> dict[str, int]:
    """Tokens of a byte-level tokenizer without merges, by name."""
    letters = sorted(package("tokenizers").pre_tokenizers.ByteLevel.alphabet())
    return {token: number for number, token in enumerate([*special, *letters])}


def tokenizer_fingerprint(tokenizer: Any) -> str:
    """How a tokenizer reads: its vocabulary, and the tokens of a sentence with capitals, digits, accents and marks.

    Not the file itself, which packages write a little differently from version to version.
    """
    inner = getattr(tokenizer, "backend_tokenizer", tokenizer)
    read = inner.encode(_SAMPLE)
    tokens = [token for token, counts in zip(read.ids, read.attention_mask, strict=True) if counts]  # without filling
    return json.dumps([sorted(inner.get_vocab().items()), tokens])
