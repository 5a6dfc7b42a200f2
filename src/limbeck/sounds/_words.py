"""Changing the words of a classifier: renaming, joining and dropping them."""

from collections.abc import Iterable, Mapping, Sequence

from limbeck.errors import InputError
from limbeck.sounds import _labels


def changed(
    labels: Sequence[str], *, rename: Mapping[str, str], merge: Mapping[str, Sequence[str]], drop: Iterable[str]
) -> dict[str, tuple[str, ...]] | None:
    """New words, each with the `labels` that it takes up; None where nothing is to be changed.

    Raises:
        InputError: A label is unknown or named twice, a new word is empty or there already, or no word is left.

    Example:
        >>> changed(["a", "b", "c", "d"], rename={"a": "x"}, merge={"y": ["b", "c"]}, drop=["d"])
        {'x': ('a',), 'y': ('b', 'c')}
    """
    drop = list(drop)
    named = [*rename, *(old for olds in merge.values() for old in olds), *drop]
    if not named:
        return None
    if unknown := [old for old in named if old not in labels]:
        raise InputError(f"There is no label {unknown[0]!r} in this classifier; known: {', '.join(labels)}.")
    if twice := [old for old in named if named.count(old) > 1]:
        raise InputError(f"The label {twice[0]!r} is changed twice in one command; change it once, or one by one.")
    if alone := [new for new, olds in merge.items() if len(olds) < 2]:
        raise InputError(f"{alone[0]!r} is made of one label; join two or more, or rename it.")
    at = {old: rename[old] for old in rename} | {olds[0]: new for new, olds in merge.items()}
    gone = {*drop, *(old for olds in merge.values() for old in olds[1:])}
    kept = [old for old in labels if old not in gone]
    if not kept:
        raise InputError("No word is left; at least one has to stay.")
    words = [at.get(old, old) for old in kept]
    if there := [word for word in at.values() if words.count(word) > 1]:
        word = there[0]
        olds = [old for old in kept if at.get(old, old) == word]
        olds += [old for old in merge.get(word, ()) if old not in olds]
        raise InputError(
            f"There would be two labels {word!r}. To make one word of several, join them: "
            f'--merge "{"+".join(olds)}={word}".'
        )
    new = list(_labels.read(words))
    groups = {at[olds[0]]: tuple(olds) for olds in merge.values()}
    return {word: groups.get(at.get(old, old), (old,)) for word, old in zip(new, kept, strict=True)}


def thresholds(before: Mapping[str, float], words: Mapping[str, Sequence[str]] | None) -> dict[str, float]:
    """Least scores of new words: those of the words that they take up, of several the lowest.

    Example:
        >>> thresholds({"a": 0.5, "b": 0.3, "c": 0.9}, {"x": ("a", "b"), "c": ("c",), "d": ("d",)})
        {'x': 0.3, 'c': 0.9}
    """
    if words is None:
        return dict(before)
    found = {new: [before[old] for old in olds if old in before] for new, olds in words.items()}
    return {new: min(values) for new, values in found.items() if values}
