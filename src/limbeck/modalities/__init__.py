"""Kinds of arrays that are made of recordings. One module a modality; `names()` lists them without importing any."""

from collections.abc import Collection, Iterable, Mapping

from limbeck import _discover
from limbeck.errors import InputError
from limbeck.media import TRACKS, ClipRecipe
from limbeck.modalities._contract import Batch, Modality, Moments, Scale, ScaleKind, Separable, Statistics, Ticks
from limbeck.modalities._frames import each_frame, side_by_side

__all__ = [
    "Batch",
    "Modality",
    "Moments",
    "Scale",
    "ScaleKind",
    "Separable",
    "Statistics",
    "Ticks",
    "bound",
    "by_letter",
    "completed",
    "each_frame",
    "label",
    "letters",
    "load",
    "looked_at",
    "names",
    "only",
    "side_by_side",
    "together",
]

names = _discover.lister(Modality)
load = _discover.loader(Modality)

Modalities = Mapping[str, Modality]


def by_letter() -> dict[str, str]:
    """Names of all modalities by the letters that tables call them by.

    Example:
        >>> by_letter()
        {'A': 'audio', 'V': 'image', 'S': 'segments', 'F': 'spectrum', 'M': 'video'}
    """
    return {load(name).letter: name for name in names()}


def bound(chosen: Iterable[str], recipe: ClipRecipe) -> dict[str, Modality]:
    """Modalities by their `chosen` names, in the order of these, each with the `recipe` by which its arrays are made.

    Raises:
        InputError: No name came, or one came twice.
        UnknownNameError: No modality has a name.

    Example:
        >>> {name: modality.shape for name, modality in bound(["image", "audio"], ClipRecipe(image_size=32)).items()}
        {'audio': (1, 128, 56), 'image': (3, 32, 32)}
    """
    listed = sorted(chosen)
    if not listed or len(set(listed)) < len(listed):
        raise InputError(f"Modalities are named once each, as in audio,image, but got: {', '.join(listed) or 'none'}.")
    return {name: load(name)(recipe) for name in listed}


def completed(chosen: Iterable[str], recipe: ClipRecipe) -> ClipRecipe:
    """The `recipe` with the tracks, and the times of frames, that the `chosen` modalities are made of.

    Example:
        >>> completed(["image"], ClipRecipe()).tracks
        ('image',)
    """
    kinds = bound(chosen, recipe).values()
    tracks = tuple(track for track in TRACKS if track in {kind.track for kind in kinds})
    times = tuple(sorted({at for kind in kinds for at in kind.times}))
    return recipe.model_copy(update={"tracks": tracks, "times": times or recipe.times})


def only(modalities: Modalities, chosen: Collection[str], whose: str) -> dict[str, Modality]:
    """Those of some modalities whose names are `chosen`, in their order; messages begin with `whose` they are."""
    if not chosen or not set(chosen) <= set(modalities):
        raise InputError(f"{whose} {', '.join(modalities)}, but got: {', '.join(chosen) or 'none'}.")
    return {name: modality for name, modality in modalities.items() if name in chosen}


def letters(modalities: Modalities) -> dict[str, str]:
    """What tables call each modality, by name.

    Example:
        >>> letters(bound(["audio", "image"], ClipRecipe()))
        {'audio': 'A', 'image': 'V'}
    """
    return {name: modality.letter for name, modality in modalities.items()}


def together(letters: Iterable[str]) -> str:
    """What tables call several modalities, by their letters, that are seen together.

    Example:
        >>> together(["A", "V"])
        'A+V'
    """
    return "+".join(letters)


def looked_at(letters: Iterable[str]) -> tuple[str, ...]:
    """What scores can be by, as their keys: each letter of a modality by itself, then all together.

    Example:
        >>> looked_at(["A", "V"]), looked_at(["A"])
        (('A', 'V', 'A+V'), ('A',))
    """
    each = tuple(letters)
    return each if len(each) == 1 else (*each, together(each))


def label(modalities: Modalities) -> str:
    """What tables call what is seen by all `modalities`; see `together`."""
    return together(letters(modalities).values())
