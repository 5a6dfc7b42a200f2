"""VGGSound: 309 classes of ten-second YouTube clips, of which one second is used.

Official layout::

    vggsound.csv                              YouTube ID, start seconds, label, train/test split; no header
    videos/<YouTube ID>_<start, 6 digits>.mp4
    vggss.json                                boxes of what sounds in some test clips (VGG-SS), if one has them

The published distillation protocol takes second 4 of each clip ([4 s, 5 s)). Longer clips begin there, too, or as late
as they fit into the ten seconds. Differs from the paper: mel bands are computed for the rate the sound has (the
released code built them for the file's rate after resampling to 11 kHz), and two clips of one YouTube video are told
apart by their start.
"""

import csv
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, final

from limbeck._files import read_json
from limbeck._text import portable
from limbeck.datasets._annotations import Annotation
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._listing import TEST, TRAIN, by_stem, existing_file, existing_folder, read_lines, require_some
from limbeck.errors import InputError
from limbeck.media import Box, ClipRecipe, fitted_box, probe

_VIDEO_SECONDS = 10.0
_TABLE = "VGGSound's table (YouTube ID, start seconds, label, split)"


@dataclass(kw_only=True, eq=False)
class VGGSoundTable(Dataset):
    """Clips that VGGSound's table lists, in its official layout.

    Args:
        root: Folder with the table and the folder of videos.
        csv: VGGSound's table, relative to `root`.
        videos: Folder of the videos, relative to `root`; folders within it are searched too.
        second: Where the clip starts in each ten-second video, in seconds, 0 to 9; earlier where it would not fit.
        boxes: VGG-SS's file of boxes around what sounds, relative to `root`, where there is one: of Chen et al.,
            *Localizing Visual Sounds the Hard Way*, CVPR 2021. They are of the frame in the middle of a video, which a
            clip of one second shows in its middle from second 4.5 on, and are taken for all its pictures.
    """

    licence: ClassVar[str] = "CC BY 4.0 (annotations); videos belong to their YouTube uploaders"
    homepage: ClassVar[str] = "https://www.robots.ox.ac.uk/~vgg/data/vggsound/"
    citation: ClassVar[str] = """@inproceedings{chen2020vggsound,
  title = {VGGSound: A Large-scale Audio-Visual Dataset},
  author = {Chen, Honglie and Xie, Weidi and Vedaldi, Andrea and Zisserman, Andrew},
  booktitle = {International Conference on Acoustics, Speech, and Signal Processing (ICASSP)},
  year = {2020}
}"""

    root: str | Path
    csv: str = "vggsound.csv"
    videos: str = "videos"
    second: float = 4
    boxes: str = "vggss.json"

    @property
    @abstractmethod
    def only(self) -> tuple[str, ...]:
        """Labels that are kept; all where it is empty."""

    def clips(self) -> Sequence[ClipRef]:
        """One clip a row of the table, ordered by id. Missing videos are listed; they are rejected when read."""
        return self.clips_for(self.recipe)

    def clips_for(self, recipe: ClipRecipe) -> Sequence[ClipRef]:
        if not 0 <= self.second <= 9:
            raise InputError(f"second must lie in 0..9 (the clips last ten seconds), but is {self.second}.")
        root = existing_folder(Path(self.root), "VGGSound (vggsound.csv and videos/)")
        table = existing_file(root / self.csv, _TABLE)
        folder = existing_folder(root / self.videos, "VGGSound's videos (<YouTube ID>_<start>.mp4)")
        files = by_stem(folder, recipe.tracks)
        length_s = min(max(1.0, recipe.mel.clip_seconds), _VIDEO_SECONDS)
        start_s = min(self.second, _VIDEO_SECONDS - length_s)
        refs: dict[str, ClipRef] = {}
        for line, (video, start, label, split) in _rows(table):
            if self.only and label not in self.only:
                continue
            if (stem := f"{video}_{start:06d}") in refs:
                raise InputError(
                    f"{table.name}, line {line}: {video} from {start} s came before. Remove one of the two."
                )
            path = files.get(portable(stem), folder / f"{stem}.mp4")
            refs[stem] = ClipRef.second(path, start_s, id=stem, label=label, split=split, length_s=length_s)
        if not refs:
            raise InputError(f"{table} lists no clip" + (f" of {', '.join(sorted(self.only))}." if self.only else "."))
        hint = f"Put the videos into {folder} as <YouTube ID>_<start, 6 digits>.mp4."
        require_some((r.audio for r in refs.values() if r.audio), told=str(table), hint=hint)
        return [refs[key] for key in sorted(refs)]

    def annotations(self, clip: ClipRef, recipe: ClipRecipe) -> Sequence[Annotation]:
        """What sounds in a clip, and where, of the clips that VGG-SS has boxes of."""
        if clip.image is None or (told := _boxes(Path(self.root) / self.boxes).get(clip.id)) is None:
            return []
        info = None if recipe.fit == "stretch" else probe(clip.image)
        width, height = (info.width or 1, info.height or 1) if info else (1, 1)
        fitted = (fitted_box(box, width, height, recipe) for box in told)
        return [Annotation(clip.label, True, (tuple(box for box in fitted if box),) * len(recipe.times))]


@final
class VGGSound(VGGSoundTable):
    """All classes of VGGSound."""

    title: ClassVar[str] = "VGGSound: 309 classes of sounds seen and heard, one second of each clip"
    only: ClassVar[tuple[str, ...]] = ()


def _rows(table: Path) -> list[tuple[int, tuple[str, int, str, str]]]:
    rows = []
    reader = csv.reader(read_lines(table, _TABLE), skipinitialspace=True)
    for fields in reader:
        video, start, label, split = plain = ([f.strip() for f in fields] + [""] * 4)[:4]
        if not any(plain) or video.startswith("#"):
            continue
        if len(fields) != 4 or not video or not start.isdecimal() or not label or split not in (TRAIN, TEST):
            raise InputError(
                f"{table.name}, line {reader.line_num}: YouTube ID, start seconds, label, train or test was "
                f"expected, but {','.join(fields)!r} came."
            )
        rows.append((reader.line_num, (video, int(start), portable(label), split)))
    return rows


@lru_cache(maxsize=1)
def _boxes(file: Path) -> dict[str, list[Box]]:
    """Boxes of VGG-SS by the name of the video, without its ending; none where there is no such file."""
    if not file.exists():
        return {}
    try:
        return {each["file"]: [_box(*box) for box in each["bbox"]] for each in read_json(file)}
    except (TypeError, KeyError, ValueError) as error:
        raise InputError(
            f"{file} is not VGG-SS's file of boxes ({type(error).__name__}: {error}): a list of objects was expected, "
            "each with the video's name as file, and as bbox lists of left, top, right and bottom as parts of the "
            "picture. Name another with the option 'boxes', or remove it."
        ) from error


def _box(left: float, top: float, right: float, bottom: float) -> Box:
    return float(left), float(top), float(right), float(bottom)
