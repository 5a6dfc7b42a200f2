"""Checksums of rows: Lance keeps none of what is in its files, and a changed number in a vector is found by nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_WORDS_AT_MOST = 65_536
_START = np.uint64(0x9E3779B97F4A7C15)


def of_vectors(vectors: npt.NDArray[np.float16]) -> npt.NDArray[np.int64]:
    """A checksum of each vector, (row,), of float16 vectors (row, dim): one changed bit always changes it.

    Sums of products with odd numbers, modulo 2^64, which NumPy makes as fast as it reads.

    Example:
        >>> sums = of_vectors(np.array([[1, 2], [2, 1], [0, 0], [1, 2]], np.float16)).tolist()
        >>> sums[0] == sums[3], len(set(sums)), 0 in sums
        (True, 3, False)
    """
    halves = np.ascontiguousarray(vectors, np.float16)
    halves = np.pad(halves, ((0, 0), (0, -halves.shape[1] % 4)))
    words = halves.view(np.uint64)
    with np.errstate(over="ignore"):
        sums: npt.NDArray[np.uint64] = (words * _FACTORS[: words.shape[1]]).sum(axis=1, dtype=np.uint64) + _START
    return sums.view(np.int64)


def of_rows(columns: Sequence[Sequence[Any]]) -> list[int]:
    """A checksum of each row of the columns: what is said of windows beside their vectors.

    Example:
        >>> of_rows([["a", "a"], [1.5, 2.5]])[0] == of_rows([["a"], [1.5]])[0]
        True
    """
    return [_of_row(row) for row in zip(*columns, strict=True)]


def _of_row(row: tuple[Any, ...]) -> int:
    total = hashlib.blake2b(repr(row).encode("utf-8", "surrogateescape"), digest_size=8)
    return int.from_bytes(total.digest(), "little", signed=True)


_FACTORS = np.random.default_rng(0).integers(0, 2**64, _WORDS_AT_MOST, np.uint64) | np.uint64(1)
