"""The clips of a playground as files: which there are, making them, and reading their truth; and sounds alone."""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from limbeck import _machine
from limbeck._files import digest, read_json, write_json
from limbeck._runtime import derive_seed
from limbeck.engine import Lost, WorkerPool
from limbeck.errors import InputError, LimbeckError, explained
from limbeck.media import write_video, write_wav
from limbeck.playground import stage
from limbeck.playground._voices import coloured_noise
from limbeck.playground.cast import FPS
from limbeck.playground.kinds import KINDS, Kind, draw_cast

_CLIPS_WORTH_A_PROCESS = 24
"""A process takes seconds to start, a clip a tenth of one."""
_SOUND_RATE_HZ = 16_000
_SOUND_S = 4.0
_PEAK = 0.7


class GeneratedClip(NamedTuple):
    """One clip, made or to be made.

    Its files go into a `folder` and have a `name`, without the ending; `kind` is its class, `number` counts the clips
    of that, `seed` is that of the dataset, `size` the height and width in pixels.
    """

    folder: Path
    name: str
    split: str
    kind: Kind
    number: int
    seed: int
    size: int

    @property
    def video(self) -> Path:
        """Where the video goes."""
        return self.folder / f"{self.name}.mp4"

    @property
    def sidecar(self) -> Path:
        """Where its truth goes; written last, so that its presence means that the clip is finished."""
        return self.folder / f"{self.name}.json"

    @property
    def key(self) -> str:
        """What the content depends on, in short."""
        variant = ["tied"] * self.kind.tied + ["alone"] * self.kind.alone
        return digest("playground", stage.VERSION, self.kind.name, self.number, self.seed, self.size, *variant)

    def is_made(self) -> bool:
        """Whether both files exist and are those of this clip."""
        try:
            return self.video.stat().st_size > 0 and bool(read_json(self.sidecar)["key"] == self.key)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def make(self) -> None:
        """Make the video, then the sidecar."""
        scene = stage.draw_scene(self.kind, derive_seed(self.seed, "playground", self.kind.name, self.number))
        images, boxes = zip(*stage.frames(scene, self.size), strict=True)
        self.sidecar.unlink(missing_ok=True)
        write_video(self.video, images, fps=FPS, waveform=stage.mixture(scene), sample_rate_hz=stage.SAMPLE_RATE_HZ)
        write_json(self.sidecar, {"key": self.key, **stage.truth(scene, boxes, self.size)})


def planned(
    root: Path, count: int, *, seed: int, size: int, test_fraction: float, kinds: Sequence[Kind] = KINDS
) -> list[GeneratedClip]:
    """The clips of a playground, `count` in all of some `kinds`, class by class, whether they are made or not.

    Files lie at ``root/<split>/<class>/<name>.mp4`` and ``.json``; `size` is the height and width in pixels,
    `test_fraction` the part of each class that is the test split, at least 0 and below 1. A clip depends on the `seed`,
    its class and its number alone: a smaller playground is a part of a larger one.

    Example:
        >>> [clip.name for clip in planned(Path("videos"), 11, seed=0, size=64, test_fraction=0.25)][:2]
        ['metal-bar-0000', 'metal-bar-0001']
    """
    found = []
    for label, kind in enumerate(kinds):
        for i in range(len(range(label, count, len(kinds)))):
            split = "test" if int((i + 1) * test_fraction) > int(i * test_fraction) else "train"
            name = f"{kind.name.replace(' ', '-')}-{i:04d}"
            found.append(GeneratedClip(root / split / kind.name, name, split, kind, i, seed, size))
    return found


class Makeable(Protocol):
    """A clip that can be made, whose video goes to `video`; it pickles."""

    @property
    def video(self) -> Path: ...

    def is_made(self) -> bool: ...

    def make(self) -> None: ...


def read_truth(sidecar: Path) -> dict[str, Any]:
    """What is known of a clip, by key; `stage.truth` says what the keys are.

    Raises:
        InputError: There is no such file: the clip was not made yet, or its id is wrong.
    """
    if not sidecar.is_file():
        raise InputError(
            f"There is no {sidecar}. Ids look like 'train/harp/harp-0003'; call clips() to make the files first."
        )
    truth: dict[str, Any] = read_json(sidecar)
    return truth


def read_sources(sidecar: Path) -> dict[str, npt.NDArray[np.float32]]:
    """The isolated sounds of a clip, made again from its sidecar, as `stage.sources` gives them.

    Raises:
        InputError: There is no such file, or it is of another version of the generator.
    """
    truth = read_truth(sidecar)
    if truth["version"] != stage.VERSION:
        raise InputError(
            f"The sidecar is of version {truth['version']} of the generator, but this is version {stage.VERSION}. "
            "Call make() to make the clips again."
        )
    return stage.sources(stage.Scene.from_json(truth["scene"]))


def make_missing(
    clips: Sequence[Makeable], workers: int | None = None, on_progress: Callable[[int, int], None] | None = None
) -> int:
    """Make those of some `clips` that are not made, in so many processes (`workers`; every core); says how many.

    After each, `on_progress` is called with the number made and the number to make.

    Raises:
        LimbeckError: A clip could not be made; says why.
    """
    missing = [clip for clip in clips if not clip.is_made()]
    for done, _ in enumerate(make_all(missing, workers or _machine.cores()), 1):
        if on_progress:
            on_progress(done, len(missing))
    return len(missing)


def make_all(clips: Sequence[Makeable], workers: int) -> Iterator[None]:
    """Make `clips`, here or in so many processes (`workers`) at most, yielding once after each.

    Raises:
        LimbeckError: A clip could not be made, or a worker ended early; its own message is on standard error.
    """
    workers = min(workers, len(clips) // _CLIPS_WORTH_A_PROCESS)
    if workers < 2:
        for clip in clips:
            clip.make()
            yield
        return
    pool: WorkerPool[Makeable, None]
    with WorkerPool(_make, workers=workers, patience_s=lambda _: math.inf) as pool:
        pool.submit(*clips)
        while pool.is_busy:
            for clip, message in pool.messages():
                if isinstance(message, Lost):
                    raise LimbeckError(
                        f"The process that made {clip.video} ended early; what it printed above says why. "
                        "What was finished is kept: run it again to go on."
                    )
                yield


def _make(clip: Makeable) -> Iterator[None]:
    """Make a clip in a process, which says one thing: that it is made."""
    try:
        clip.make()
    except Exception as error:
        if (sentence := explained(error)) is None:
            raise
        raise LimbeckError(sentence) from error
    yield


def write_sounds(folder: Path, *, each: int, seed: int = 0, kinds: int = len(KINDS)) -> list[tuple[Path, str]]:
    """Write `each` sounds of every kind as ``folder/kind/number.wav``; gives path and kind of each, kind after kind.

    The `folder` is made if need be, and files that exist are kept. Everything random follows from `seed`; `kinds` takes
    only the first so many kinds.
    """
    made = []
    for kind in KINDS[:kinds]:
        for i in range(each):
            path = folder / kind.name.replace(" ", "_") / f"{i:02d}.wav"
            made.append((path, kind.name))
            if path.exists():
                continue
            rng = np.random.default_rng(derive_seed(seed, "sounds", kind.name, i))
            wave = kind.voice(draw_cast(kind, rng, _SOUND_S), _SOUND_RATE_HZ, _SOUND_S)
            wave = wave + 0.03 * coloured_noise(rng, len(wave), _SOUND_RATE_HZ, 1.0)
            write_wav(path, (wave * (_PEAK / np.abs(wave).max())).astype(np.float32), _SOUND_RATE_HZ)
    return made
