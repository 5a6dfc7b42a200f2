"""The clips of a spatial playground as files: which there are, making them, and reading their truth."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tomli_w

from limbeck._files import atomic, digest, read_json, write_json, write_text
from limbeck._runtime import derive_seed
from limbeck.media import write_video
from limbeck.playground import around
from limbeck.playground._voices import total
from limbeck.playground.kinds import Kind


class Drawn(NamedTuple):
    """What is common to the clips of a spatial playground; see `around.draw_surroundings`."""

    width: float | None
    sounding: int
    silent: int
    seed: int
    size: int


class AroundClip(NamedTuple):
    """One clip, made or to be made: a video at ``root/videos/<id>.mp4``, its truth in ``root/truth/<id>/``.

    Its `id` is ``<split>/<class>/<name>``; `number` counts the clips of its `kind`, `drawn` is common to all of them.
    """

    root: Path
    id: str
    split: str
    kind: Kind
    number: int
    drawn: Drawn

    @property
    def video(self) -> Path:
        """Where the video goes."""
        return self.root / "videos" / f"{self.id}.mp4"

    @property
    def folder(self) -> Path:
        """Where its truth goes."""
        return truth_folder(self.root, self.id)

    @property
    def key(self) -> str:
        """What the content depends on, in short."""
        return digest("around", around.VERSION, self.kind.name, self.number, *self.drawn)

    def is_made(self) -> bool:
        """Whether all files exist and are those of this clip."""
        try:
            return self.video.stat().st_size > 0 and bool(read_json(self.folder / "truth.json")["key"] == self.key)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def scene(self) -> around.Surroundings:
        """All that it is made from."""
        width, sounding, silent, seed, _ = self.drawn
        # Pictures of all around and flat ones, with one sounding thing or two, are not of the same things.
        of = ("around", self.kind.name, self.number, sounding, silent, "all" if width is None else f"{width:g}")
        return around.draw_surroundings(
            self.kind, derive_seed(seed, *of), width=width, sounding=sounding, silent=silent
        )

    def make(self) -> None:
        """Make all files, ``truth.json`` last: its presence means that the clip is finished."""
        scene = self.scene()
        shown = list(around.frames(scene, self.drawn.size))
        dry, noise = around.stems(scene)
        (self.folder / "truth.json").unlink(missing_ok=True)
        sound, rate = total([*dry, noise])[None], around.SAMPLE_RATE_HZ
        images = (frame.image for frame in shown)
        write_video(self.video, images, fps=around.FPS, waveform=sound, sample_rate_hz=rate, quality=18)
        names = [f"{number}.flac" for number, _ in enumerate(dry, 1)]
        for name, wave in zip(names, dry, strict=True):
            _write_flac(self.folder / name, wave[None])
        _write_flac(self.folder / "foa.flac", around.ambisonic(scene))
        write_json(self.folder / "foa.flac.json", _ABOUT_FOA)
        write_text(self.folder / "scene.toml", tomli_w.dumps(around.scene_table(scene, names)))
        known = around.truth(scene, [frame.boxes for frame in shown], self.drawn.size)
        write_json(self.folder / "truth.json", {"key": self.key, **known})


def planned_around(root: Path, count: int, *, test_fraction: float, drawn: Drawn) -> list[AroundClip]:
    """The clips of a spatial playground in the folder `root`, `count` in all, whether they are made or not.

    `test_fraction` is the part of each class that is the test split, at least 0 and below 1. A clip depends on its
    class, its number and what is `drawn` alone: a smaller playground is a part of a larger one.
    """
    found = []
    for label, kind in enumerate(around.APART):
        for i in range(len(range(label, count, len(around.APART)))):
            split = "test" if int((i + 1) * test_fraction) > int(i * test_fraction) else "train"
            id = f"{split}/{kind.name}/{kind.name.replace(' ', '-')}-{i:04d}"
            found.append(AroundClip(root, id, split, kind, i, drawn))
    return found


def truth_folder(root: Path, id: str) -> Path:
    """Where the truth of the clip `id` of a spatial playground in the folder `root` lies."""
    return root / "truth" / id


def read_dry(folder: Path, known: dict[str, Any]) -> list[npt.NDArray[np.float32]]:
    """The dry sounds of a clip, of each thing that sounds in order, mono, float32 (sample,).

    They are in the `folder` of its truth, which says that (`known`).
    """
    import soundfile

    heard: Sequence[Any] = [thing for thing in known["things"] if thing["sounds"]]
    return [soundfile.read(folder / f"{number}.flac", dtype="float32")[0] for number, _ in enumerate(heard, 1)]


_ABOUT_FOA = {
    "output": "foa",
    "channels": ["W", "Y", "Z", "X"],
    "rate_hz": around.SAMPLE_RATE_HZ,
    "layout": "ambisonic 1",
    "kind": "ambisonic",
    "order": 1,
    "convention": "ambix",
}
"""What `limbeck spatial` reads beside a file of four channels."""


def _write_flac(path: Path, sound: npt.NDArray[np.float32]) -> None:
    import soundfile

    with atomic(path) as temporary, open(temporary, "wb") as handle:
        soundfile.write(handle, sound.T, around.SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_24")
