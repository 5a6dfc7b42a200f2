"""A vocabulary that needs no download: every byte is a token."""

from __future__ import annotations

from collections.abc import Sequence

from limbeck.encoders._packages import package


def byte_vocabulary(special: Sequence[str]) -> dict[str, int]:
    """Tokens of a byte-level tokenizer without merges, by name.

    Args:
        special: Tokens that come first, in this order.
    """
    letters = sorted(package("tokenizers").pre_tokenizers.ByteLevel.alphabet())
    return {token: number for number, token in enumerate([*special, *letters])}
