"""AVE, audio-visual events: 28 classes of ten-second YouTube videos, one clip a second of the event.

Official layout, as the authors' archive unpacks::

    AVE_Dataset/trainSet.txt valSet.txt testSet.txt     Category&VideoID&Quality&StartTime&EndTime
    AVE_Dataset/AVE/<VideoID>.mp4

Every whole second between start and end of a video's event is one clip, as in the published distillation protocol;
seconds of one video are near-duplicates and never cross splits. Longer clips follow the event likewise, one behind the
other; a shorter rest is left out, an event that is shorter than a clip gives one. The validation videos keep the split
``val``.

Differs from the paper: the picture is taken from the middle of each second (published: 4th frame of the second at 8
frames a second); six training videos the authors dropped by hand are kept where they can be read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from limbeck._text import portable
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._listing import TEST, TRAIN, existing_folder, located, read_lines, require_some, whole_seconds
from limbeck.errors import InputError
from limbeck.media import ClipRecipe

_LISTS = {TEST: "testSet.txt", "val": "valSet.txt", TRAIN: "trainSet.txt"}
_FIELDS = "Category&VideoID&Quality&StartTime&EndTime"


@final
@dataclass(kw_only=True, eq=False)
class AVE(Dataset):
    """The AVE dataset in its official layout.

    A second that the lists name twice counts once; where they name it for testing and for training, it tests.

    Args:
        root: The folder ``AVE_Dataset``, or the one it lies in.
    """

    title: ClassVar[str] = "AVE: 28 classes of audio-visual events, one clip a second"
    licence: ClassVar[str] = "not stated by the authors, see homepage; videos belong to their YouTube uploaders"
    homepage: ClassVar[str] = "https://github.com/YapengTian/AVE-ECCV18"
    citation: ClassVar[str] = """@inproceedings{tian2018ave,
  title = {Audio-Visual Event Localization in Unconstrained Videos},
  author = {Tian, Yapeng and Shi, Jing and Li, Bochen and Duan, Zhiyao and Xu, Chenliang},
  booktitle = {European Conference on Computer Vision (ECCV)},
  year = {2018}
}"""

    root: str | Path

    def clips(self) -> Sequence[ClipRef]:
        """One clip a second of each event, ordered by class, video and second; missing videos are listed, too."""
        return self.clips_for(self.recipe)

    def clips_for(self, recipe: ClipRecipe) -> Sequence[ClipRef]:
        what = "the AVE dataset (trainSet.txt, testSet.txt and AVE/*.mp4)"
        root = existing_folder(Path(self.root), what, inner="AVE_Dataset")
        found: dict[str, ClipRef] = {}
        for split, name in _LISTS.items():
            if split == "val" and not (root / name).is_file():
                continue
            for ref in _parts_of_events(root / name, root / "AVE", split, whole_seconds(recipe.mel.clip_seconds)):
                found.setdefault(ref.id, ref)
        videos = sorted({r.audio for r in found.values() if r.audio})
        require_some(videos, told=f"{root}/*Set.txt", hint="Put the videos into AVE/ below that folder.")
        return [found[key] for key in sorted(found)]


def _parts_of_events(listed: Path, videos: Path, split: str, seconds: int) -> list[ClipRef]:
    refs = []
    for line, text in enumerate(read_lines(listed, f"AVE's list of {split} videos ({_FIELDS})"), start=1):
        if not text.strip() or text.startswith("Category&"):
            continue
        fields = text.strip().split("&")
        if len(fields) != 5 or not (fields[3].isdecimal() and fields[4].isdecimal()):
            raise InputError(f"{listed.name}, line {line}: {_FIELDS} (whole seconds) was expected, but {text!r} came.")
        label, video = portable(fields[0].strip()), fields[1].strip()
        if not label or not video or int(fields[3]) > int(fields[4]):
            raise InputError(
                f"{listed.name}, line {line}: a category, a video and a start before the end were expected, but "
                f"{text!r} came."
            )
        path, begins, ends = located(videos, f"{video}.mp4"), int(fields[3]), int(fields[4])
        length = min(seconds, max(1, ends - begins))
        refs += [
            ClipRef.second(path, second, id=f"{label}/{video}@{second:02d}", label=label, split=split, length_s=length)
            for second in range(begins, ends - length + 1, length)
        ]
    return refs
