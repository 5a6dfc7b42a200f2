"""What a user should know about a prepared dataset, in sentences: lost classes, repairs, one content on two sides."""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from limbeck.datasets._clips import PAIRS
from limbeck.datasets._contract import ClipRef
from limbeck.datasets._labelled import file_of
from limbeck.datasets._listing import TEST, TRAIN

_NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?")
_SLOT = "\0"
_TOUCHING_S = 1e-6
_INVISIBLE = ("Cf", "Cc")
_ADVICE = {
    "no_picture_track": "These files have no picture. Prepare their sound alone with --modality audio; or the reader "
    "'paired' joins sounds with pictures, class by class.",
    "no_audio_track": "These files have no sound. Prepare their pictures alone with --modality image; or the reader "
    "'paired' joins pictures with sounds, class by class.",
    "no_label": "Labels are whole numbers or words (of one-hot rows their argmax, y.argmax(1)); say "
    "by the option 'label' where they are, or give them apart.",
    "bad_label": "Name all classes with the option 'classes', or leave it out.",
    "missing_file": "Look whether the paths are those of this machine.",
}
Clip = Mapping[str, Any]
"""What is written down about a clip."""


def lost(
    classes: Sequence[str],
    splits: Sequence[str],
    listed: Mapping[tuple[str, str], int],
    kept: Mapping[tuple[str, str], int],
) -> list[str]:
    """Classes and splits that are empty, by the clips that are `listed` and `kept` of each split and class."""
    told = []
    for place in ((split, label) for split in splits for label in classes):
        if not kept.get(place):
            why = f"all {listed[place]} were rejected" if listed.get(place) else "the dataset lists none"
            told.append(f"Class {place[1]!r} has no usable clip in {place[0]!r}: {why}.")
    if len(classes) == 1 and classes[0] != PAIRS:
        told.append(f"There is one class only, {classes[0]!r}: whatever is trained on this is right always.")
    if not any(split != TRAIN for split in splits):
        told.append("There are no test clips: nothing trained on this can be evaluated on it.")
    return told


def halved(clips: Iterable[ClipRef]) -> list[str]:
    """Classes of which one half was held out, for there are two files or items of them.

    Example:
        >>> halved(ClipRef(id=f"{i}.wav", label="dog", split=s, is_drawn=True) for i, s in enumerate(["train", "test"]))
        ["Half of 'dog' is held out to test on: there are two of it, and every class is tested on one at least."]
    """
    holds: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for clip in clips:
        if clip.is_drawn and clip.refused is None:
            holds[clip.label][file_of(clip)] = clip.split
    names = [label for label, files in holds.items() if len(files) == 2 and TEST in files.values()]
    if not names:
        return []
    which = repr(names[0]) if len(names) == 1 else f"{len(names)} classes"
    return [
        f"Half of {which} is held out to test on: there are two of {'it' if len(names) == 1 else 'each'}, and every "
        "class is tested on one at least."
    ]


def lookalikes(classes: Iterable[str]) -> list[str]:
    """Classes whose names differ in nothing that one would see as another class.

    Example:
        >>> lookalikes(["dog", "Dog ", "cat"])
        ["The classes 'Dog ' and 'dog' differ in case, spaces or signs that are not seen only: is it one class?"]
        >>> lookalikes(["dog 1", "dog 2"])
        []
    """
    return [
        f"The classes {_listed(names)} differ in case, spaces or signs that are not seen only: is it one class?"
        for names in alike({name: name for name in classes})
    ]


def alike(said: Mapping[str, str]) -> list[list[str]]:
    """Groups of names whose words are alike in letters and the spaces between, whatever their case and Unicode form."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for name, words in said.items():
        plain = unicodedata.normalize("NFKC", words)
        seen = "".join(c for c in plain if c.isspace() or unicodedata.category(c) not in _INVISIBLE)
        groups[" ".join(seen.casefold().split())].append(name)
    return [sorted(names) for names in groups.values() if len(names) > 1]


def shared(clips: Iterable[Clip]) -> list[str]:
    """Content that is in several splits, or in several classes, by the digests of each clip's arrays.

    Example:
        >>> row = {"label": "dog", "digests": {"audio": "1f"}}
        >>> shared([row | {"id": f"{split}.mp4", "split": split} for split in ("train", "test")])
        ["The same audio is in 'train' and 'test' (2 clips, 'train.mp4' and 'test.mp4' among them): that is no test."]
    """
    holders: defaultdict[tuple[str, str], list[Clip]] = defaultdict(list)
    for clip in clips:
        for what, digest in clip["digests"].items():
            holders[what, digest].append(clip)
    across: defaultdict[tuple[str, str, tuple[str, ...]], list[Sequence[Clip]]] = defaultdict(list)
    for (what, _), same in holders.items():
        for kind in ("split", "label"):
            if len(names := {c[kind] for c in same}) > 1:
                across[kind, what, tuple(sorted(names, key=lambda n: (n != TRAIN, n)))].append(same)
    told = []
    for (kind, what, places), groups in across.items():
        one = groups[0][0]
        other = next(c for c in groups[0] if c[kind] != one[kind])
        where, so = ("", "that is no test") if kind == "split" else ("the classes ", "one label at most is right")
        told.append(
            f"The same {what} is in {where}{_listed(places)} ({sum(map(len, groups))} clips, {one['id']!r} and "
            f"{other['id']!r} among them): {so}."
        )
    return told


def overlaps(clips: Iterable[Clip]) -> list[str]:
    """Clips of one file that share some of its time and are in different splits; a ``length_s`` of None is to the end.

    Clips of one span are left out: either they are the same, which `shared` finds, or the file is an archive of many.

    Example:
        >>> rows = [{"id": s, "audio": "a.mp4", "image": None, "split": s, "start_s": i, "length_s": 1.5}
        ...         for i, s in enumerate(["train", "test"])]
        >>> overlaps(rows)
        ["Clips of one file share some time, but are in 'train' and 'test' ('train' and 'test', say): that is no test."]
    """
    files: defaultdict[str, list[Clip]] = defaultdict(list)
    for clip in clips:
        if file := clip["audio"] or clip["image"]:
            files[file].append(clip)
    pairs = [
        (one, other)
        for parts in files.values()
        for one, other in _overlapping(sorted(parts, key=lambda c: c["start_s"]))
    ]
    if not pairs:
        return []
    one, other = pairs[0]
    splits = sorted({c["split"] for pair in pairs for c in pair}, key=lambda s: (s != TRAIN, s))
    return [
        f"Clips of one file share some time, but are in {_listed(splits)} ({one['id']!r} and {other['id']!r}, say): "
        "that is no test."
    ]


def _overlapping(parts: Sequence[Clip]) -> Iterator[tuple[Clip, Clip]]:
    """Pairs of a clip and the one that reaches furthest of those before it in another split, where they overlap."""
    latest: dict[str, tuple[float, Clip]] = {}
    for clip in parts:
        for split, (end_s, earlier) in latest.items():
            is_other_span = (clip["start_s"], clip["length_s"]) != (earlier["start_s"], earlier["length_s"])
            if split != clip["split"] and is_other_span and clip["start_s"] < end_s - _TOUCHING_S:
                yield earlier, clip
        end_s = math.inf if clip["length_s"] is None else clip["start_s"] + clip["length_s"]
        if clip["split"] not in latest or latest[clip["split"]][0] < end_s:
            latest[clip["split"]] = end_s, clip


def repairs(told: Iterable[Sequence[str]]) -> dict[str, int]:
    """How many clips were mended in which way, the commonest first; of their numbers the least and the most.

    Example:
        >>> repairs([["sound ended 0.20 s early: padded with silence"], ["sound ended 3 s early: padded with silence"]])
        {'sound ended 0.20 to 3 s early: padded with silence': 2}
    """
    counts: Counter[str] = Counter()
    spans: dict[str, list[tuple[str, str]]] = {}
    for clip in told:
        mended = {_NUMBER.sub(_SLOT, text): [found[0] for found in _NUMBER.finditer(text)] for text in clip}
        for kind, numbers in mended.items():
            counts[kind] += 1
            before = spans.get(kind) or [(n, n) for n in numbers]
            spans[kind] = [
                (min(least, n, key=float), max(most, n, key=float))
                for (least, most), n in zip(before, numbers, strict=True)
            ]

    def readable(kind: str) -> str:
        words = (least if float(least) == float(most) else f"{least} to {most}" for least, most in spans[kind])
        return re.sub(_SLOT, lambda _: next(words), kind)

    return {readable(kind): n for kind, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))}


def reasons(rejected: Sequence[Clip]) -> str:
    """Why clips were rejected, the commonest reason first: ``"3 silent_audio, 1 not_media"``."""
    return ", ".join(f"{n} {reason}" for reason, n in Counter(r["reason"] for r in rejected).most_common())


def advice(rejected: Sequence[Clip]) -> str:
    """What to do where clips were rejected, by the commonest reason; there must be some."""
    commonest = Counter(r["reason"] for r in rejected).most_common(1)[0][0]
    return _ADVICE.get(commonest, "Mend the files, or leave them out.")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:-1])) + f" and {names[-1]!r}"
