r"""Sounds of one collection joined with pictures of another, class by class (how AV-MNIST-like sets are made).

Sounds and pictures are each a folder of classes, a folder of splits of classes, or a CSV manifest, exactly as for
`folder`. Within a class and a split, sound and picture are joined by a seeded draw; splits never mix.

For instance, with sounds in four folds and pictures in ``photos/train`` and ``photos/test``::

    limbeck prepare paired DATA --out prepared/ --set sounds=esc10/manifest.csv --set images=photos \
        --set mapping=in_order --set test_sounds=fold4 --set sound_reuse=20

Sound and picture of such a pair know nothing of each other but their class, so this data cannot judge methods that
match the two (joint and gap terms, retrieval of instances).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, final

from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._labelled import LabelledFiles, Layout
from limbeck.datasets._listing import TEST, TRAIN, parse_pairs, shuffled
from limbeck.datasets._window import Window, check_window, chosen
from limbeck.errors import InputError
from limbeck.media import ClipRecipe, RawClip, Track, read_clip

IN_ORDER = "in_order"


@final
@dataclass(kw_only=True, eq=False)
class Paired(Dataset):
    """Any folder of sounds with any folder of pictures.

    A class and split gives as many pairs as its sounds and pictures, each used as often as it may be, allow. Sounds are
    taken in turn, so that all are used about equally often, and no pair comes twice.

    Args:
        root: Folder that `sounds` and `images` are relative to; by default where you are.
        sounds: Folder of sounds, or a CSV manifest (path,label[,split,start,end]).
        images: Folder of pictures, or a CSV manifest (path,label[,split]); of a video the first frame is taken.
        mapping: Which class of sounds goes with which class of pictures: ``{"dog bark": "dog"}`` or
            ``"dog bark:dog,rain:frog"``; classes not named are left out. ``"in_order"`` joins the sorted names one by
            one. By default names must be equal.
        test_sounds: Splits of the sounds that become ``"test"``, the others becoming ``"train"``: ``"fold4"``.
        test_images: The same for the pictures.
        where_sounds: Keep only the rows of the sounds' manifest with these values, ``"column:value"``.
        where_images: The same for the pictures.
        layout_sounds: What the folders of sounds are: ``"class"``, ``"split/class"`` or ``"class/split"``; by default
            their names tell.
        layout_images: The same for the pictures.
        test_fraction: Part of every class to test on where a collection has no splits, in (0, 1).
        clips_per_class: At most this many pairs of a class in each split; as many as there are by default.
        sound_reuse: How often a sound may be used, each time with another picture.
        image_reuse: How often a picture may be used.
        window: Which part of a sound longer than the recipe's clip is taken: the one with most energy
            (``"loudest"``, searched in the first ten minutes), the ``"middle"`` or the ``"start"``.
        seed: Draws the pairs, and the test files where a collection has no splits.
    """

    title: ClassVar[str] = "Sounds and pictures of two collections, paired by class"
    licence: ClassVar[str] = "your own files: the terms of both collections hold"
    citation: ClassVar[str] = ""

    root: str | Path = "."
    sounds: str | Path = "sounds"
    images: str | Path = "images"
    mapping: str | Mapping[str, str] | None = None
    test_sounds: str | int | Sequence[str | int] | None = None
    test_images: str | int | Sequence[str | int] | None = None
    where_sounds: str | Mapping[str, str] | None = None
    where_images: str | Mapping[str, str] | None = None
    layout_sounds: Layout | None = None
    layout_images: Layout | None = None
    test_fraction: float = 0.2
    clips_per_class: int | None = None
    sound_reuse: int = 1
    image_reuse: int = 1
    window: Window = "loudest"
    seed: int = 0

    def clips(self) -> Sequence[ClipRef]:
        """One clip a pair, ordered by id (``class/sound@window+picture``).

        A class is named after both its parts (``"dog bark + dog"``), once where they are equal.
        """
        for option in ("clips_per_class", "sound_reuse", "image_reuse"):
            value = getattr(self, option)
            if value is not None and value < 1:
                raise InputError(f"{option} must be 1 or more, but is {value}.")
        check_window(self.window)
        sounds, images = self._files("sounds", "audio"), self._files("images", "image")
        if timed := next((r.id for r in images if r.start_s or r.length_s), None):
            raise InputError(f"Pictures have no start and end, but {timed} in {self.images} has; leave them out.")
        sound_classes, image_classes = (sorted({r.label for r in refs}) for refs in (sounds, images))
        joined = _joined_classes(sound_classes, image_classes, self.mapping)
        by_sound, by_image = _by_split_and_class(sounds), _by_split_and_class(images)
        refs: list[ClipRef] = []
        for split in sorted({s for s, _ in by_sound} & {s for s, _ in by_image}):
            for sound_class, image_class in joined:
                refs += self._pairs(by_sound[split, sound_class], by_image[split, image_class])
        trained = {r.label for r in refs if r.split == TRAIN}
        if untrained := [name for name in (_joint_name(*both) for both in joined) if name not in trained]:
            raise InputError(
                f"No training pair for {', '.join(map(repr, untrained))}: the class has no training sounds or no "
                "training pictures. Add some, or leave the class out of 'mapping'."
            )
        if all(r.split != TEST for r in refs):
            raise InputError("No test pair: sounds and pictures have no test clips of a common class.")
        return sorted(refs, key=lambda r: r.id)

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        """Decode one pair, or the side of it that is wanted: the chosen window of the sound, and the picture."""
        start_s, length_s = clip.start_s, clip.length_s
        told: tuple[str, ...] = ()
        if clip.audio is not None:
            start_s, length_s, told = chosen(self.window, clip.audio, start_s, length_s, recipe.mel)
        raw = read_clip(clip.audio, clip.image, start_s=start_s, length_s=length_s, recipe=recipe, frame_at_s=0.0)
        return replace(raw, repairs=(*told, *raw.repairs))

    def _files(self, kind: str, track: Track) -> list[ClipRef]:
        return LabelledFiles(
            source=Path(self.root, getattr(self, kind)),
            where=getattr(self, f"where_{kind}"),
            test=getattr(self, f"test_{kind}"),
            layout=getattr(self, f"layout_{kind}"),
            tracks=[track],
            suffix=f"_{kind}",
            test_fraction=self.test_fraction,
            seed=self.seed,
        ).refs()

    def _pairs(self, sounds: Sequence[ClipRef], images: Sequence[ClipRef]) -> list[ClipRef]:
        """Pairs of one class and split: each sound takes the next drawn picture that it has not had yet."""
        most = len(sounds) * self.sound_reuse if self.clips_per_class is None else self.clips_per_class
        left = self._passes(images, "image", self.image_reuse)[::-1]
        pairs: dict[str, ClipRef] = {}
        for sound in self._passes(sounds, "sound", self.sound_reuse):
            for i in reversed(range(len(left))):
                label = _joint_name(sound.label, left[i].label)
                key = f"{label}/{sound.id}@{self.window}+{left[i].id}"
                if key not in pairs:
                    pairs[key] = replace(sound, id=key, label=label, image=left.pop(i).image)
                    break
            if len(pairs) == most:
                break
        return list(pairs.values())

    def _passes(self, refs: Sequence[ClipRef], kind: str, turns: int) -> list[ClipRef]:
        """All clips in a drawn order, then all in another, and so on."""
        by_id = {r.id: r for r in refs}
        orders = (shuffled(by_id, seed=self.seed, path=("pair", kind, turn)) for turn in range(turns))
        return [by_id[id] for order in orders for id in order]


def _joined_classes(
    sounds: Sequence[str], images: Sequence[str], mapping: str | Mapping[str, str] | None
) -> list[tuple[str, str]]:
    if mapping == IN_ORDER:
        if len(sounds) != len(images):
            raise InputError(
                f"mapping='in_order' joins equally many classes, but {len(sounds)} classes of sounds "
                f"({', '.join(sounds)}) and {len(images)} of pictures ({', '.join(images)}) came."
            )
        return list(zip(sounds, images, strict=True))
    pairs = parse_pairs(mapping, "mapping")
    if not pairs:
        if only := _absent(sounds, images, "sounds") + _absent(images, sounds, "pictures"):
            raise InputError(
                f"Sounds and pictures have different classes; on one side only: {', '.join(only)}. Say which go "
                "together with mapping='sound class:picture class,...', or mapping='in_order' for the sorted names."
            )
        return [(c, c) for c in sounds]
    if unknown := _absent(pairs, sounds, "sounds") + _absent(pairs.values(), images, "pictures"):
        raise InputError(
            f"'mapping' names unknown classes: {', '.join(unknown)}. Sounds have {', '.join(sounds)}; "
            f"pictures have {', '.join(images)}."
        )
    if len(pairs) < 2:
        raise InputError(f"A dataset needs two classes or more, but 'mapping' has only {pairs}.")
    return sorted(pairs.items())


def _absent(names: Iterable[str], known: Sequence[str], side: str) -> list[str]:
    return [f"{name!r} ({side})" for name in names if name not in known]


def _joint_name(sound: str, image: str) -> str:
    return sound if sound == image else f"{sound} + {image}"


def _by_split_and_class(refs: Sequence[ClipRef]) -> defaultdict[tuple[str, str], list[ClipRef]]:
    groups: defaultdict[tuple[str, str], list[ClipRef]] = defaultdict(list)
    for r in refs:
        groups[r.split, r.label].append(r)
    return groups
