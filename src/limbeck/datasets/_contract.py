"""What every dataset is: a list of references to clips, a way to read one, a licence and a citation."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from limbeck import _discover
from limbeck._discover import Listed
from limbeck.datasets._annotations import Annotation
from limbeck.errors import InputError, MediaError, UnknownNameError
from limbeck.media import TRACKS, ClipRecipe, RawClip, Track, read_clip, read_clips


@dataclass(frozen=True, kw_only=True)
class ClipRef:
    """Where one labelled clip is; small, picklable, nothing decoded.

    Attributes:
        id: Unique in the dataset and stable between machines (a relative path with the start time, say).
        split: ``"train"``, ``"test"``, or another name the dataset's authors gave.
        audio: File whose sound track is used; None where the dataset makes the sound itself, or it is not read.
        image: File whose picture is used (often the same); None where the dataset makes it itself, or it is not read.
        start_s: Where the clip starts in the file, in seconds.
        length_s: How long the clip is, in seconds; None means to the end of the file.
        refused: Why it cannot be used, where that is known before it is read: a reason in a word, a sentence. Its label
            may then be any.
        is_drawn: Whether its split was drawn, and not told.
    """

    id: str
    label: str
    split: str
    audio: Path | None = None
    image: Path | None = None
    start_s: float = 0.0
    length_s: float | None = None
    refused: tuple[str, str] | None = None
    is_drawn: bool = False

    @classmethod
    def second(cls, path: Path, start_s: float, *, id: str, label: str, split: str, length_s: float = 1.0) -> "ClipRef":
        """A second of the video at `path` from `start_s` on, both tracks, with its `id`, `label` and `split`.

        It may have another length, `length_s`.
        """
        start_s, length_s = float(start_s), float(length_s)
        return cls(id=id, label=label, split=split, audio=path, image=path, start_s=start_s, length_s=length_s)

    def only(self, tracks: Collection[Track]) -> "ClipRef":
        """The reference without the files of other tracks."""
        unread: dict[str, Any] = dict.fromkeys(set(TRACKS) - set(tracks))
        return replace(self, **unread)

    def absolute(self) -> "ClipRef":
        """The reference with files that are found from whatever folder a process is in."""
        audio, image = (path and path.absolute() for path in (self.audio, self.image))
        return replace(self, audio=audio, image=image)


class Dataset(Listed, ABC):
    """A labelled dataset of sounds, images or both that can be prepared. One module of this room defines one.

    Class attributes carry what a user must know before using the data.

    Attributes:
        title: One line for people.
        licence: Licence of the data, or what the user has to find out.
        citation: BibTeX entry or plain reference; empty only for a user's own files.
        homepage: Where it comes from; empty for a user's own files.
        modalities: What is prepared of it unless one asks for others.
        recipe: How its recordings are decoded unless one asks otherwise; its tracks are those of the modalities.
    """

    room: ClassVar[str] = "limbeck.datasets"

    title: ClassVar[str]
    licence: ClassVar[str]
    citation: ClassVar[str]
    homepage: ClassVar[str] = ""
    modalities: ClassVar[tuple[str, ...]] = ("audio", "image")
    recipe: ClassVar[ClipRecipe] = ClipRecipe()

    @abstractmethod
    def clips(self) -> Sequence[ClipRef]:
        """All clips in a stable order, the same on every machine.

        Raises:
            InputError: The folder or manifest is not of the expected layout; says what is missing.
        """

    def clips_for(self, recipe: ClipRecipe) -> Sequence[ClipRef]:
        """All clips as they are decoded by a `recipe`; `clips`, unless which there are depends on it.

        It does where recordings are cut into clips of its length, and where a clip has several files to choose from, by
        its tracks. A reference may name a file for a track that is not read.
        """
        return self.clips()

    def notes(self, recipe: ClipRecipe) -> Sequence[str]:
        """What a user should know of how a `recipe`'s clips were made of the recordings, in sentences."""
        return ()

    def annotations(self, clip: ClipRef, recipe: ClipRecipe) -> Sequence[Annotation]:
        """What is known of the things in a `clip`, as a `recipe` decodes it; nothing by default."""
        return ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in label order; sorted unless the dataset defines an order."""
        return tuple(sorted({c.label for c in self.clips() if c.refused is None}))

    def usual_modalities(self) -> tuple[str, ...]:
        """What is prepared unless one asks for others: `modalities`, or those of them that this very data has."""
        return self.modalities

    def usual_recipe(self) -> ClipRecipe:
        """How recordings are decoded unless one asks otherwise: `recipe`, or what suits this very data."""
        return self.recipe

    def content(self) -> str:
        """What tells the data from other data beside its clips and files: by default the `window`, where it has one."""
        return str(getattr(self, "window", ""))

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        """Decode one `clip` by a `recipe`, whose tracks are those that are needed. Called in worker processes.

        Raises:
            MediaError: The clip cannot be used; it will be listed in ``rejected.parquet``.
        """
        return read_clip(clip.audio, clip.image, start_s=clip.start_s, length_s=clip.length_s, recipe=recipe)

    def read_many(self, clips: Sequence[ClipRef], recipe: ClipRecipe) -> list[RawClip | MediaError]:
        """Decode some `clips` by a `recipe`, often neighbours in one file; what cannot be used comes back as its error.

        The result must not depend on which clips are asked for together.
        """

        def files_of(clip: ClipRef) -> set[Path | None]:
            return set() if self._is_read_alone(clip) else {getattr(clip, track) for track in recipe.tracks}

        results: list[RawClip | MediaError] = []
        for files, group in groupby(clips, key=files_of):
            neighbours, file = list(group), next(iter(files), None)
            if file is not None and len(files) == 1 and len(neighbours) > 1:
                results += read_clips(file, [(c.start_s, c.length_s) for c in neighbours], recipe=recipe)
            else:
                results += [self._read_or_error(clip, recipe) for clip in neighbours]
        return results

    def _is_read_alone(self, clip: ClipRef) -> bool:
        """Whether `read` takes another part of a file than the clip says."""
        return type(self).read is not Dataset.read

    def _read_or_error(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip | MediaError:
        try:
            return self.read(clip, recipe)
        except MediaError as error:
            return error


_READERS = {".parquet": "huggingface", ".arrow": "huggingface", ".tar": "webdataset"}


def load(name: str) -> type[Dataset]:
    """The class of one of the room's names.

    Raises:
        UnknownNameError: Nothing has this name; the message gives the nearest one, or of a file or folder its reader.
        PluginError: A plug-in of that name cannot be loaded, is no such thing, or has the name of another one.
    """
    try:
        return _discover.load(Dataset, name)
    except UnknownNameError:
        if not Path(name).exists():
            raise
        kind = _READERS.get(Path(name).suffix.lower(), "folder")
        raise UnknownNameError(
            f"{name} is a file or folder; say before it which reader reads it: limbeck prepare {kind} {name}, or "
            f"limbeck.prepare({kind!r}, {name!r}, out=...). Readers are: {', '.join(_discover.names(Dataset.room))}."
        ) from None


def construct(name: str, options: Mapping[str, Any]) -> Dataset:
    """The reader of a name. Text and numbers become what an option wants: 2024 is a path where a path is."""
    reader = load(name)
    check_options(f"Dataset {name!r}", reader, options)
    try:
        hints = get_type_hints(reader.__init__)
    except NameError:  # names that only a type checker sees
        hints = {}
    return reader(**{o: _fitted(f"Dataset {name!r}, option {o!r}", hints.get(o, Any), v) for o, v in options.items()})


def check_options(told: str, reader: type[Dataset], options: Mapping[str, Any]) -> None:
    """Refuse options that a reader does not have, and those missing that it needs; the message begins with `told`."""
    signature = inspect.signature(reader)
    try:
        signature.bind(**options)
    except TypeError as error:
        known = ", ".join(str(p) for p in signature.parameters.values())
        raise InputError(f"{told}: {error}. It takes: {known}.") from error


def _fitted(where: str, kind: Any, value: Any) -> Any:
    if not isinstance(value, str | int | float):
        return value
    wanted: TypeAdapter[Any] = TypeAdapter(kind, config=ConfigDict(arbitrary_types_allowed=True))
    try:
        return wanted.validate_python(value)
    except ValidationError as error:
        first = error.errors()[0]["msg"]
    try:
        return wanted.validate_python(str(value))
    except ValidationError:
        raise InputError(f"{where}: {first[0].lower()}{first[1:]}, but {value!r} came.") from None
