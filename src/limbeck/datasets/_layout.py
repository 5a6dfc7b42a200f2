"""What the folders above labelled files mean: classes, splits of classes, or classes of splits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Literal, get_args

from limbeck.errors import InputError

Layout = Literal["class", "split/class", "class/split"]
_NAMED = 4


def layout_of(parts: Sequence[tuple[str, ...]], is_split: Callable[[str], bool], *, source: str, option: str) -> Layout:
    """The layout that the folders' names tell.

    Top folders are splits if one has a split's name and holds folders only. They are classes if there are files in
    them, or if all their sub-folders have names of splits.

    Example:
        >>> kaggle = [("train", "cat", "1.mp4"), ("test", "cat", "1.mp4")]
        >>> layout_of(kaggle, {"train", "test"}.__contains__, source="videos", option="layout")
        'split/class'
    """
    least: dict[str, int] = {}
    below: defaultdict[str, set[str]] = defaultdict(set)
    for p in parts:
        least[p[0]] = min(least.get(p[0], len(p)), len(p))
        below[p[0]].update(p[1:2] if len(p) > 2 else ())
    if any(is_split(top) and depth > 2 for top, depth in least.items()):
        return "split/class"
    if min(least.values(), default=0) < 3:
        return "class"
    if all(map(is_split, set().union(*below.values()))):
        return "class/split"
    common = set.intersection(*below.values())
    if len(below) > 1 and len(common) > 1:
        raise InputError(
            f"In {source}, the folders {_some(below)} hold the same sub-folders ({_some(common)}): the upper may be "
            f"splits or classes. Say which with the option {option!r}: {option}=split/class, or {option}=class."
        )
    return "class"


def checked(layout: str | None, option: str) -> Layout | None:
    """A layout that was asked for, if there is such a one."""
    known = get_args(Layout)
    if layout is None:
        return None
    for name in known:
        if layout == name:
            return name  # type: ignore[no-any-return]
    raise InputError(f"The option {option!r} must be one of {', '.join(known)}, but is {layout!r}.")


def places(layout: Layout) -> tuple[int, int | None]:
    """Which of the folders above a file is its class, and which its split.

    Example:
        >>> places("split/class"), places("class")
        ((1, 0), (0, None))
    """
    names = layout.split("/")
    return names.index("class"), names.index("split") if "split" in names else None


def _some(names: set[str] | defaultdict[str, set[str]]) -> str:
    ordered = sorted(names)
    return ", ".join([*ordered[:_NAMED], *(["..."] if len(ordered) > _NAMED else [])])
