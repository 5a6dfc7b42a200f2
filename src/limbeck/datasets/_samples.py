"""Samples without files: a torch dataset, a sequence, arrays, or a Hugging Face dataset that a program holds.

An item is ``(sample, label)``, a mapping with ``audio``, ``image`` (or ``video``) and ``label``, or, where labels are
given apart, a sample alone. A sample, or what lies under one of these keys, is

- a picture: a PIL image, an array or tensor (height, width), (height, width, channel) or (channel, height, width),
  uint8 or floats from 0 to 1, grey or RGB;
- a video: an array or tensor (time, height, width, channel), (time, channel, height, width) or (channel, time, height,
  width), or under the key ``video`` also (time, height, width), grey; what may be two of these is refused. Its frames
  last as long as the sound beside it;
- a waveform: (sample,) or (channel, sample), with its rate as ``(waveform, rate)`` or by `rate_hz`;
- the path of a file, or the bytes of one, of any kind that is read from folders.
"""

import math
import pickle
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Self, final

import numpy as np
import numpy.typing as npt

from limbeck.datasets._contract import ClipRef, Dataset, check_options
from limbeck.datasets._items import Items, Part, Waveform, digest_of, held, size_of, tracks_of
from limbeck.datasets._labelled import divided
from limbeck.datasets._labels import class_names, in_order, label_of, named, why_unnamed
from limbeck.datasets._listing import duration_s, usual_split
from limbeck.datasets._many import without_one_split
from limbeck.datasets._window import Window, check_window, chosen, part_of, read_part
from limbeck.errors import InputError, MediaError
from limbeck.media import (
    TRACKS,
    ClipRecipe,
    Encoded,
    MelRecipe,
    RawClip,
    Recording,
    channels_of,
    frames_of,
    read_clip,
    read_sound,
    sound_of,
)

_LOOKED_AT = 16
_ASKED_AGAIN = 10
"""A flip at random, one half of the time, is not seen so in 1 of 500 datasets."""
_MOST_BYTES = 64 * 2**20
_LEAST_SIZE = 8


@final
class Samples(Dataset):
    """Samples that a program holds or makes.

    Args:
        source: A map-style ``torch.utils.data.Dataset``, a sequence, a ``datasets.Dataset``, or a mapping of arrays
            that have one row a clip (``{"image": pixels, "audio": waveforms, "label": labels}``), or a frame of pandas;
            or a mapping of splits (``"train"``, ``"test"``) to those, as a ``datasets.DatasetDict`` is. Without that, a
            key or column ``split`` says which split each is of.
        labels: Labels of all items, whose own are then not read; where `source` is of splits, a mapping of these. By
            default those that the dataset tells (``targets``, ``labels``); else every item is read once for its own.
        classes: Class names, in whose order labels that are numbers, or words for numbers, count; by default the
            dataset's own ``classes``.
        rate_hz: Samples a second of waveforms that come without.
        audio: Key of the sound in items that are mappings; by default ``audio``, or the only column of sounds.
        image: Key of the picture, likewise.
        label: Key of the label, likewise.
        test: Names of the splits that become ``"test"``, all others becoming ``"train"``; needed where there are
            several and none is called so.
        test_fraction: Part of every class to test on where there is one split only, in (0, 1).
        seed: Draws which items are held out.
        window: Which part of a sound longer than a clip is taken, and of the frames beside it: ``"loudest"``,
            ``"middle"`` or ``"start"``.
        name: What the data is called.
    """

    title: ClassVar[str] = "Your own samples"
    licence: ClassVar[str] = "your own samples: their owners' terms hold"
    citation: ClassVar[str] = ""

    def __init__(
        self,
        source: Any,
        *,
        labels: Any = None,
        classes: str | Sequence[str] | None = None,
        rate_hz: float | None = None,
        audio: str | None = None,
        image: str | None = None,
        label: str | None = None,
        test: str | int | Sequence[str | int] | None = None,
        test_fraction: float = 0.2,
        seed: int = 0,
        window: Window = "loudest",
        name: str = "samples",
    ) -> None:
        check_window(window)
        keys: dict[str, Any] = {"audio": audio, "image": image, "label": label, "rate_hz": rate_hz}
        is_split = isinstance(source, Mapping) and not {audio or "audio", image or "image", "video"} & source.keys()
        _check_shape(source, is_split=is_split, has_labels=labels is not None, test=test)
        if is_split and labels is not None and not (isinstance(labels, Mapping) and labels.keys() == source.keys()):
            raise InputError(f"The labels should be a mapping of the splits, {', '.join(source)}, as the samples are.")
        self._parts = {
            str(split): Items.of(part, labels=None if labels is None else labels[split], **keys)
            for split, part in source.items()
        } if is_split else {"": Items.of(source, labels=labels, **keys)}  # fmt: skip
        told = dict.fromkeys(part.classes for part in self._parts.values() if part.classes)
        if len(told) > 1 and not classes:
            raise InputError(
                f"The splits number other classes, {' and '.join(str(list(names)) for names in told)}, so that a label "
                "means one thing here and another there. Give each split's labels as names."
            )
        self._names = class_names(classes) or next(iter(told), ())
        self._name, self._window = name, window
        self._test, self._test_fraction, self._seed = test, test_fraction, seed

    @property
    def name(self) -> str:
        """What the data is called."""
        return self._name

    @property
    def reads_every_item(self) -> bool:
        """Whether all items are read once for their labels before any is prepared."""
        return any((part.labels is None or part.say_splits) and len(part) for part in self._parts.values())

    @property
    def classes(self) -> tuple[str, ...]:
        """The class names that were given, or the dataset's own; else the labels, in order."""
        if self._names:
            return self._names
        return in_order(ref.label for ref in self.clips() if ref.refused is None)

    def clips(self) -> Sequence[ClipRef]:
        """One clip an item, in order; ``train/000007`` is the eighth of its split."""
        return self._refs

    def usual_modalities(self) -> tuple[str, ...]:
        """What the first items that can be read have."""
        return self._looked[0]

    def usual_recipe(self) -> ClipRecipe:
        """The usual one, at the size of the first picture if that is an array and a square."""
        size = self._looked[1]
        return ClipRecipe() if size is None else ClipRecipe(image_size=size)

    def content(self) -> str:
        """A digest of all that is held in memory but for caches, of the first and the last items, and of the window."""
        parts = [part for part in self._parts.values() if len(part)]
        ends = [_digest(part, index) for part in parts for index in (0, len(part) - 1)]
        return " ".join([self._window, *ends, *(digest_of(held(part.source, part.is_cache)) for part in parts)])

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        """Read one item; a part that is the path or the bytes of a file is decoded like any file."""
        split, _, number = clip.id.rpartition("/")
        part = self._parts[split]
        parts, label = part.read(int(number))
        if not part.are_given and named(label, self._names) != clip.label:
            raise MediaError(
                "other_label", f"The item says that its label is {label!r}, where {clip.label!r} was expected."
            )
        sound, picture = (parts.get(track) if track in recipe.tracks else None for track in TRACKS)
        if isinstance(sound, np.ndarray) or (sound is None and "audio" in recipe.tracks):
            raise MediaError("no_audio_track", "The item has no sound.")
        if isinstance(picture, Waveform) or (picture is None and "image" in recipe.tracks):
            raise MediaError("no_picture_track", "The item has no picture.")
        if not isinstance(sound, Waveform) and not isinstance(picture, np.ndarray):
            return read_part(sound, picture, self._window, recipe)
        heard = _Heard() if sound is None else _Heard.of(sound, self._window, recipe.mel)
        if picture is None:
            return RawClip(heard.waveform, None, heard.repairs)
        if isinstance(picture, np.ndarray):
            shown = heard.part if picture.ndim == 4 else (0.0, 1.0)
            return RawClip(heard.waveform, frames_of(picture, recipe, shown), heard.repairs)
        pictures = recipe.model_copy(update={"tracks": ("image",)})
        seen = read_clip(None, picture, start_s=heard.start_s, length_s=heard.length_s, recipe=pictures)
        return RawClip(heard.waveform, seen.frames, (*heard.repairs, *seen.repairs))

    def __getstate__(self) -> dict[str, Any]:
        """What another process is given: bytes, for of many tensors each would be shared by an open file."""
        size = sum(part.nbytes if isinstance(part, np.ndarray) else len(part)
                   for items in self._parts.values() for part in held(items.source))  # fmt: skip
        if size > _MOST_BYTES:
            raise pickle.PicklingError(f"it holds {size / 2**20:.0f} MiB in memory, which each would have to hold too")
        state = {name: value for name, value in vars(self).items() if name not in ("_refs", "_looked")}
        return {"pickled": pickle.dumps(state)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(pickle.loads(state["pickled"]))  # of the process that started this one, never of a file

    @cached_property
    def _refs(self) -> list[ClipRef]:
        refs = [ref for split, part in self._parts.items() for ref in self._listed(split, part)]
        return divided(
            without_one_split(refs, by_row=any(part.are_divided for part in self._parts.values())),
            source="The data",
            test=self._test,
            test_fraction=self._test_fraction,
            seed=self._seed,
        )

    def _listed(self, split: str, part: Items) -> Iterator[ClipRef]:
        for index in range(len(part)):
            label, refused, own = None, None, split
            try:
                own = split or part.split(index)
                label = label_of(part.labels[index]) if part.labels is not None else part.label(index)
            except Exception as error:  # whatever a user's dataset may raise
                refused = _reason(error)
            name = named(label, self._names)
            if name is None and refused is None:
                refused = why_unnamed(label, self._names)
            number = f"{split}/{index:06d}" if split else f"{index:06d}"
            yield ClipRef(id=number, label=name or "", split=own, refused=refused)

    @cached_property
    def _looked(self) -> tuple[tuple[str, ...], int | None]:
        """Tracks of the first item that can be read, and the size of its picture, if that is small and square."""
        why = "there are none"
        for part in self._parts.values():
            for index in range(min(len(part), _LOOKED_AT)):
                try:
                    parts = part.read(index)[0]
                    has = {track for track, what in parts.items() if track in tracks_of(what)}
                    height, width = size_of(parts["image"]) if "image" in has else (0, 0)
                except Exception as error:  # whatever a user's dataset may raise
                    why = why if index else "the first is not: {1} ({0})".format(*_reason(error))
                    continue
                if len({_digest(part, index) for _ in range(_ASKED_AGAIN)}) > 1:
                    raise InputError(
                        f"Item {index} is another one each time it is asked for: the dataset draws at random. Take its "
                        "random transforms off; networks see augmented samples anyway, drawn by a seed."
                    )
                fits = height == width and _LEAST_SIZE <= height <= ClipRecipe().image_size
                return tuple(track for track in TRACKS if track in has), height if fits else None
        raise InputError(f"Not one of the first items is a sound or a picture that can be used; {why}.")


class _Heard(NamedTuple):
    """The sound of an item, what was mended, and which part of all the item's time it is of.

    That begins at `start_s` and is `length_s` long (None: to the end) of `whole_s` (None: unknown).
    """

    waveform: npt.NDArray[np.float32] | None = None
    repairs: tuple[str, ...] = ()
    start_s: float = 0.0
    length_s: float | None = None
    whole_s: float | None = None

    @classmethod
    def of(cls, sound: Waveform | Recording, window: Window, recipe: MelRecipe) -> Self:
        if not isinstance(sound, Waveform):
            start_s, length_s, told = chosen(window, sound, 0.0, None, recipe)
            waveform, mended = read_sound(sound, start_s=start_s, length_s=length_s, recipe=recipe)
            return cls(waveform, (*told, *mended), start_s, length_s, duration_s(sound))
        samples, rate_hz = channels_of(sound.samples), round(sound.rate_hz) if math.isfinite(sound.rate_hz) else 0
        taken, told = part_of(window, samples, rate_hz, recipe)
        waveform, mended = sound_of(samples[:, taken], sound.rate_hz, recipe)
        start_s, end_s, whole_s = (count / rate_hz for count in (taken.start, taken.stop, samples.shape[1]))
        return cls(waveform, (*told, *mended), start_s, end_s - start_s, whole_s)

    @property
    def part(self) -> tuple[float, float]:
        """Where it begins and ends in an array of frames, as parts of its length: frames last as long as the sound."""
        if self.length_s is None:
            return 0.0, 1.0
        if not self.whole_s:
            raise MediaError("unknown_length", "How long the sound is cannot be told, nor so when frames are shown.")
        return self.start_s / self.whole_s, (self.start_s + self.length_s) / self.whole_s


def _check_shape(source: Any, *, is_split: bool, has_labels: bool, test: Any) -> None:
    """Refuse arrays under keys that mean nothing, and pairs of all samples with all labels."""
    form = '{"image": pixels, "label": labels}, or "audio" for sounds'
    if is_split and test is None and len(source) > 1 and not any(map(usual_split, map(str, source))):
        raise InputError(
            f"The keys of the data are {', '.join(map(repr, source))}, which are neither splits ('train', 'test'; or "
            f"say by the option 'test' which to test on) nor those of arrays. Give arrays as {form}; or say by the "
            "options 'audio', 'image' and 'label' what they are called."
        )
    if isinstance(source, tuple) and len(source) == 2 and not has_labels:
        counts = [len(part) if hasattr(part, "__len__") else 0 for part in source]
        if counts[0] == counts[1] > 2 and np.ndim(source[1]) == 1:
            raise InputError(
                f"Two items came, of {counts[0]} rows each. If these are all samples and all labels, give them as "
                f"{form}."
            )


def samples(source: Any, options: Mapping[str, Any]) -> Samples:
    """Samples that a program holds, with options by name; refused if one is not known."""
    check_options("Samples", Samples, {"source": source, **options})
    return Samples(source, **options)


def _digest(part: Items, index: int) -> str:
    """What tells an item from another in its place."""
    try:
        found = part.read(index)[0]
    except Exception as error:  # whatever a user's dataset may raise
        return type(error).__name__
    return digest_of(_plain(what) for what in found.values())


def _plain(part: Part) -> Any:
    """What stands for a part where parts are compared."""
    if isinstance(part, Waveform):
        return np.append(part.samples.reshape(-1), part.rate_hz)
    return part.content if isinstance(part, Encoded) else next(held(part)) if isinstance(part, Path) else part


def _reason(error: Exception) -> tuple[str, str]:
    """Why an item cannot be used, by what reading it raised."""
    if isinstance(error, MediaError):
        return error.reason, error.detail
    return "unreadable", f"{type(error).__name__}: {error}"
