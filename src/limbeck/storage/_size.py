"""Bytes as people write them."""

from __future__ import annotations

import re

from limbeck.errors import InputError

_UNITS = {"": 1, "B": 1} | {
    f"{letter}{kind}": base**power
    for kind, base in (("B", 1000), ("IB", 1024))
    for power, letter in enumerate("KMGT", 1)
}


def parse_size(text: int | str) -> int:
    """Bytes from words, as in ``400KB``, ``1.5 MB``, ``64KiB`` or ``250000``: decimal units, binary with an ``i``.

    Raises:
        InputError: It is no size above 0.

    Example:
        >>> parse_size("400KB"), parse_size("1.5 MB"), parse_size("64KiB"), parse_size(250)
        (400000, 1500000, 65536, 250)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", str(text), re.I)
    count = int(float(match[1]) * _UNITS.get(match[2].upper(), 0)) if match else 0
    if count < 1:
        raise InputError(f"A size is a number above 0 with a unit, as 400KB, 1.5MB or 64KiB, but {text!r} came.")
    return count
