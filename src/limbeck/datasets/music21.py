"""MUSIC-21: solo performances on 21 instruments from YouTube, cut into windows of one second.

Layout::

    MUSIC21_solo_videos.json        {"videos": {instrument: [YouTube ID, ...]}}
    videos/<YouTube ID>.mp4         or in folders, videos/<instrument>/<YouTube ID>.mp4 say

The dataset comes without splits: `test_fraction` of each instrument's videos is held out, or a table (columns vid,
split and label) says which. Windows of one video never cross splits. The published distillation protocol counts about
150,000 training windows from 754 videos; which seconds those are is not documented, so every whole second is taken.
Longer clips lie one behind the other likewise.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, NamedTuple, final

from limbeck._text import portable, read_table
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets._labelled import trained_or_tested
from limbeck.datasets._listing import (
    TEST,
    TRAIN,
    by_stem,
    duration_s,
    existing_file,
    existing_folder,
    hold_out,
    require_some,
    whole_seconds,
)
from limbeck.errors import InputError
from limbeck.media import ClipRecipe


class _Video(NamedTuple):
    label: str
    id: str
    split: str


@final
@dataclass(kw_only=True, eq=False)
class Music21(Dataset):
    """MUSIC-21 solos in the layout of the released list. A video that is listed for two instruments counts for both.

    Args:
        root: Folder with the list and the folder of videos.
        json: The list of videos, relative to `root`.
        videos: Folder of the videos, relative to `root`; folders within it are searched too.
        splits: A CSV table with the columns vid, split and label, relative to `root`, used instead of the list;
            by default videos are held out.
        windows: At most this many clips of each video, spread evenly; as many as it holds by default.
        test_fraction: Part of each instrument's videos to test on where there is no table, in (0, 1).
        seed: Draws which videos those are.
    """

    title: ClassVar[str] = "MUSIC-21: solos on 21 instruments, windows of one second"
    licence: ClassVar[str] = "not stated by the authors, see homepage; videos belong to their YouTube uploaders"
    homepage: ClassVar[str] = "https://github.com/roudimit/MUSIC_dataset"
    citation: ClassVar[str] = """@inproceedings{zhao2018sound,
  title = {The Sound of Pixels},
  author = {Zhao, Hang and Gan, Chuang and Rouditchenko, Andrew and Vondrick, Carl and McDermott, Josh and
            Torralba, Antonio},
  booktitle = {European Conference on Computer Vision (ECCV)},
  year = {2018}
}
@inproceedings{zhao2019sound,
  title = {The Sound of Motions},
  author = {Zhao, Hang and Gan, Chuang and Ma, Wei-Chiu and Torralba, Antonio},
  booktitle = {International Conference on Computer Vision (ICCV)},
  year = {2019}
}"""

    root: str | Path
    json: str = "MUSIC21_solo_videos.json"
    videos: str = "videos"
    splits: str | None = None
    windows: int | None = None
    test_fraction: float = 0.2
    seed: int = 0

    def clips(self) -> Sequence[ClipRef]:
        """One-second windows, ordered by instrument, video and second.

        The length of every video is asked for once. A video that is missing or cannot be opened is listed with one
        window, to be rejected when read.
        """
        return self.clips_for(self.recipe)

    def clips_for(self, recipe: ClipRecipe) -> Sequence[ClipRef]:
        if self.windows is not None and self.windows < 1:
            raise InputError(f"windows must be 1 or more, but is {self.windows}.")
        root = existing_folder(Path(self.root), "MUSIC-21 (MUSIC21_solo_videos.json and videos/)")
        folder = existing_folder(root / self.videos, "MUSIC-21's videos (<YouTube ID>.mp4)")
        listed = self._from_table(root) if self.splits else self._from_json(root)
        files, seconds = by_stem(folder, recipe.tracks), whole_seconds(recipe.mel.clip_seconds)
        paths = {v.id: files.get(portable(v.id), folder / f"{v.id}.mp4") for v in listed}
        require_some(paths.values(), told=f"{root}'s list", hint=f"Put videos into {folder} as <YouTube ID>.mp4.")
        return [
            ClipRef.second(
                paths[id], second, id=f"{label}/{id}@{second:05d}", label=label, split=split, length_s=seconds
            )
            for label, id, split in sorted(listed)
            for second in window_starts(duration_s(paths[id]), self.windows, seconds)
        ]

    def _from_json(self, root: Path) -> list[_Video]:
        listed = existing_file(root / self.json, 'the list of videos ({"videos": {instrument: [ids]}})')
        try:
            videos = json.loads(listed.read_text(encoding="utf-8"))["videos"]
            listed_as: dict[str, dict[str, int]] = {}
            for label, ids in videos.items():
                for video in ids:
                    if not (isinstance(video, str) and video and label):
                        raise ValueError(f"instrument {label!r} has the video {video!r}")
                    listed_as.setdefault(portable(video), {})[portable(label)] = 1
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InputError(
                f'{listed} is not of the form {{"videos": {{instrument: [YouTube ID, ...]}}}}: {error!r}.'
            ) from error
        tested = hold_out(listed_as, fraction=self.test_fraction, seed=self.seed)
        return [_Video(label, v, TEST if v in tested else TRAIN) for v, labels in listed_as.items() for label in labels]

    def _from_table(self, root: Path) -> list[_Video]:
        table = existing_file(root / str(self.splits), "the table of splits (vid, split, label)")
        columns, rows = read_table(table)
        if missing := [c for c in ("vid", "split", "label") if c not in columns]:
            raise InputError(f"{table} lacks the column {' and '.join(missing)}; it has {', '.join(columns)}.")
        found: dict[_Video, None] = {}
        home: dict[str, str] = {}
        for line, row in rows:
            video = _Video(portable(row["label"]), row["vid"], trained_or_tested(row["split"]))
            if not (video.label and video.id and video.split):
                raise InputError(f"{table.name}, line {line}: vid, split and label are needed, but one is empty.")
            if home.setdefault(video.id, video.split) != video.split:
                raise InputError(
                    f"{table.name}, line {line}: {video.id} is in {video.split!r}, but came before in "
                    f"{home[video.id]!r}. A video belongs to one split."
                )
            found[video] = None
        return list(found)


def window_starts(length_s: float | None, windows: int | None, seconds: int = 1) -> list[int]:
    """Whole seconds at which `windows` windows of a video, of so many `seconds`, start, spread evenly; all by default.

    The first window alone where its length (`length_s`) is not known, or holds none.

    Example:
        >>> window_starts(3.9, None), window_starts(100.0, 5), window_starts(None, 5), window_starts(0.4, None)
        ([0, 1, 2], [10, 30, 50, 70, 90], [0], [0])
        >>> window_starts(60.0, 2, seconds=10), window_starts(25.0, None, seconds=10)
        ([10, 40], [0, 10])
    """
    whole = max(1, int(((length_s or 0.0) + 1e-3) / seconds))
    if windows is None or windows >= whole:
        return list(range(0, whole * seconds, seconds))
    return [int((i + 0.5) * whole / windows) * seconds for i in range(windows)]
