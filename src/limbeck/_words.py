"""Numbers as people read them, always with a unit, and values of settings as people write them."""

import re
from typing import Any

from limbeck.errors import InputError

_UNITS = {"": 1, "B": 1} | {
    f"{letter}{kind}": base**power
    for kind, base in (("B", 1000), ("IB", 1024))
    for power, letter in enumerate("KMGT", 1)
}


def number(value: int) -> str:
    r"""A whole number with thin spaces between thousands.

    Example:
        >>> number(1234567).replace("\u2009", "_")
        '1_234_567'
    """
    return f"{value:,}".replace(",", "\u2009")


def size(count: int) -> str:
    """Bytes in decimal units.

    Example:
        >>> size(999), size(28_672), size(1_500_000_000)
        ('999 B', '28.7 kB', '1.5 GB')
    """
    if count < 1000:
        return f"{count} B"
    amount, unit = float(count), "B"
    for bigger in ("kB", "MB", "GB", "TB"):
        if amount < 999.5:
            break
        amount, unit = amount / 1000, bigger
    return f"{amount:.3g} {unit}"


def duration(seconds: float) -> str:
    """A time span.

    Example:
        >>> duration(0.0312), duration(7.26), duration(75), duration(7300), duration(200000)
        ('31 ms', '7.3 s', '1 min 15 s', '2 h 1 min', '2 d 7 h')
    """
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    if (whole := round(seconds)) < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def plain(value: Any) -> str:
    """A value of a setting, or of JSON.

    Example:
        >>> plain(True), plain([]), plain((1, 0.25, None)), plain({"kind": "sgd", "lr": 0.1})
        ('true', 'none', '1, 0.25, none', 'kind sgd, lr 0.1')
    """
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value)) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{name} {plain(one)}" for name, one in value.items()) or "none"
    if hasattr(type(value), "model_fields"):
        return plain(value.to_json())
    return f"{value:g}" if isinstance(value, float) else str(value).removeprefix("torch.")


def plural(count: int, one: str, many: str | None = None) -> str:
    """A number with its noun.

    Example:
        >>> plural(1, "pair"), plural(2, "class", "classes")
        ('1 pair', '2 classes')
    """
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def parse_size(text: int | str) -> int:
    """Bytes > 0 of words, as in ``400KB``, ``1.5 MB``, ``64KiB`` or ``250000``: decimal units, binary with an ``i``.

    Example:
        >>> parse_size("400KB"), parse_size("1.5 MB"), parse_size("64KiB"), parse_size(250)
        (400000, 1500000, 65536, 250)
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", str(text), re.I)
    count = int(float(match[1]) * _UNITS.get(match[2].upper(), 0)) if match else 0
    if count < 1:
        raise InputError(f"A size is a number above 0 with a unit, as 400KB, 1.5MB or 64KiB, but {text!r} came.")
    return count
