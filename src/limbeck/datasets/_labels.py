"""Labels as data has them, numbers or words, and the class names that they mean."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch

from limbeck._text import portable
from limbeck.errors import InputError

Label = int | str | None
"""A number that counts in class names, a class name, or neither."""


def label_of(value: Any) -> Label:
    """A label as a number or a word; None where it can be neither.

    Example:
        >>> [label_of(x) for x in (3, np.int64(3), torch.tensor([3]), 3.0, " dog ", None, "", 0.5, [1, 0])]
        [3, 3, 3, 3, 'dog', None, None, None, None]
    """
    if isinstance(value, np.ndarray | torch.Tensor | np.generic):
        value = value.item() if np.prod(value.shape) == 1 else None
    if isinstance(value, str):
        return portable(value.strip()) or None
    if isinstance(value, int):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else None


def named(label: Label, classes: Sequence[str]) -> str | None:
    """The class name of a label; None where it has none. Without `classes`, numbers are names.

    A number that is written as a word counts like one, unless classes are called by numbers.

    Example:
        >>> named(1, ["cat", "dog"]), named(2, ["cat", "dog"]), named("cow", ["cat", "dog"]), named(7, [])
        ('dog', None, None, '7')
        >>> named("1", ["cat", "dog"]), named("1", ["1", "2"]), named("0", ["1", "2"])
        ('dog', '1', None)
    """
    if isinstance(label, str) and _is_number(label) and not any(map(_is_number, classes)):
        label = int(label)
    if isinstance(label, int):
        if classes:
            return classes[label] if 0 <= label < len(classes) else None
        return str(label) if label >= 0 else None
    return label if not classes or label in classes else None


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdecimal()


def why_unnamed(label: Label, classes: Sequence[str]) -> tuple[str, str]:
    """Reason and sentence for a label without class name."""
    if label is None:
        return "no_label", "It has no label that is a whole number or a word."
    if not classes:
        return "bad_label", f"Labels count from 0, but this one is {label}."
    return "bad_label", f"Its label is {label!r}, but the classes are {', '.join(classes)}."


def in_order(names: Iterable[str]) -> tuple[str, ...]:
    """Class names, each once: numbers by what they count, before words.

    Example:
        >>> in_order(["10", "9", "dog", "9"])
        ('9', '10', 'dog')
    """
    return tuple(sorted(set(names), key=lambda n: (not n.isdecimal(), int(n) if n.isdecimal() else 0, n)))


def class_names(given: str | Sequence[str] | None) -> tuple[str, ...]:
    """Class names from an option, ``"cat,dog"`` or a sequence; refused if one came twice."""
    names = tuple(n.strip() for n in given.split(",")) if isinstance(given, str) else tuple(map(str, given or ()))
    if len(set(names)) < len(names) or "" in names:
        raise InputError(f"'classes' names each class once, but got: {', '.join(names)}.")
    return names
