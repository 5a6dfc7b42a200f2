"""Your own videos, sounds or pictures: a folder of classes, or a CSV manifest.

Four layouts are understood::

    videos/<split>/<class>/*.mp4          splits are named train and test (or say which with `test`)
    videos/<class>/*.mp4                  a part of every class is held out
    videos/**/*.mp4                       with `unlabelled`: clips without classes, a part of them held out
    manifest.csv                          path,label[,split,start,end]; more columns are fine

Any media file ffmpeg reads will do; a folder of sounds alone is prepared as ``--modality audio``, one of pictures alone
as ``--modality image``. Hidden files and text, tables and archives are skipped, and so is what lies beside a video
under its name, a thumbnail say; everything else is tried, and what cannot be read is listed with the reason when the
dataset is prepared. Of a file without start and end the loudest part is taken (`window`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, final

from limbeck._words import plural
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._labelled import LabelledFiles, Layout, clip_id, file_of
from limbeck.datasets._listing import duration_s
from limbeck.datasets._window import CUT, Window, check_window, read_part
from limbeck.media import ClipRecipe, RawClip, Track

_TOLD_S = 0.05


@final
@dataclass(kw_only=True, eq=False)
class Folder(Dataset):
    """A folder of videos, sounds or pictures, or a manifest of clips.

    Without splits, `test_fraction` of every class is held out, drawn by `seed` from the file names, and all clips of
    one file stay on one side.

    Args:
        root: The folder, or the CSV manifest. A folder with a ``manifest.csv`` in it is read through that.
        base: Folder that a manifest's paths are relative to; by default the manifest's own, or the one that absolute
            paths share.
        where: Keep only a manifest's rows with these values: ``{"slot": "adverb"}`` or ``"slot:adverb"``.
        test: Names of the splits that become ``"test"``, all others becoming ``"train"``: ``("fold4",)`` or
            ``"fold4"``. By default the splits keep their names, and one must be called ``test``.
        layout: What the folders are: ``"class"``, ``"split/class"`` or ``"class/split"``; by default their names tell.
        test_fraction: Part of every class to test on where there are no splits, in (0, 1).
        seed: Draws which files are held out.
        cut: Cut each file, or each row of a manifest, into clips of the recipe's length, one behind the other, leaving
            out a shorter rest; what is shorter from the start stays as it is. By default each gives one clip.
        window: Which part of a file longer than the recipe's clip is taken where neither start and end nor `cut` say:
            the one with most energy (``"loudest"``, searched in the first ten minutes), the ``"middle"`` or the
            ``"start"``. Where no sound is read, the middle is taken for the loudest.
        unlabelled: Clips without classes, which only what belongs together of a clip is known of: folders mean nothing,
            and a manifest needs no labels.
    """

    title: ClassVar[str] = "Your own videos, sounds or pictures, from a folder or a manifest"
    licence: ClassVar[str] = "your own files: their owners' terms hold"
    citation: ClassVar[str] = ""

    root: str | Path
    base: str | Path | None = None
    where: str | Mapping[str, str] | None = None
    test: str | int | Sequence[str | int] | None = None
    layout: Layout | None = None
    test_fraction: float = 0.2
    seed: int = 0
    cut: bool = False
    window: Window = "loudest"
    unlabelled: bool = False

    def clips(self) -> Sequence[ClipRef]:
        """One clip a file or manifest row, or several where they are `cut`, ordered by path and start."""
        return self.clips_for(self.recipe)

    def clips_for(self, recipe: ClipRecipe) -> Sequence[ClipRef]:
        refs = self._refs(recipe.tracks)
        return [piece for ref in refs for piece in _pieces(ref, recipe.mel.clip_seconds)] if self.cut else refs

    def notes(self, recipe: ClipRecipe) -> Sequence[str]:
        """What was cut into how many clips, and what was left out or stayed whole."""
        if not self.cut:
            return ()
        seconds, refs = recipe.mel.clip_seconds, self._refs(recipe.tracks)
        counts = {ref.id: _count(ref, seconds) for ref in refs}
        cut = [ref for ref in refs if counts[ref.id]]
        rest_s = sum(_length_s(ref) - counts[ref.id] * seconds for ref in cut)
        told = f"{plural(len(cut), 'recording')} became {plural(sum(counts.values()), 'clip')} of {seconds:g} s"
        told += f"; rests of {rest_s:.1f} s in all were left out" if rest_s >= _TOLD_S else "; nothing was left over"
        whole = len(refs) - len(cut)
        return (f"{told}." + (f" {plural(whole, 'recording')} shorter than that stayed whole." if whole else ""),)

    def _refs(self, tracks: Collection[Track]) -> list[ClipRef]:
        """One clip a file or manifest row."""
        check_window(self.window)
        return LabelledFiles(
            source=Path(self.root),
            base=None if self.base is None else Path(self.base),
            where=self.where,
            test=self.test,
            layout=self.layout,
            test_fraction=self.test_fraction,
            seed=self.seed,
            tracks=tracks,
            unlabelled=self.unlabelled,
        ).refs()

    def read(self, clip: ClipRef, recipe: ClipRecipe) -> RawClip:
        """Decode one clip: what the manifest says, or the chosen part of a file."""
        if not self._is_read_alone(clip):
            return super().read(clip, recipe)
        return read_part(clip.audio, clip.image, self.window, recipe, advice=f"; {CUT} takes all of it")

    def _is_read_alone(self, clip: ClipRef) -> bool:
        return clip.length_s is None and clip.id == file_of(clip)


def _pieces(ref: ClipRef, seconds: float) -> list[ClipRef]:
    """Consecutive clips of a length; the clip itself where it is shorter or its length cannot be told."""
    starts = [ref.start_s + i * seconds for i in range(_count(ref, seconds))]
    pieces = [replace(ref, id=clip_id(file_of(ref), s, s + seconds), start_s=s, length_s=seconds) for s in starts]
    return pieces or [ref]


def _count(ref: ClipRef, seconds: float) -> int:
    """How many clips of a length fit in one."""
    return int(_length_s(ref) / seconds + 1e-6)


def _length_s(ref: ClipRef) -> float:
    """Length of a clip in seconds; 0 where it cannot be told."""
    path = ref.audio or ref.image
    if ref.length_s is not None or path is None:
        return ref.length_s or 0.0
    return max((duration_s(path) or 0.0) - ref.start_s, 0.0)
