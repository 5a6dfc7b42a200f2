"""The clips of a playground as files: which there are, making them (here or in processes), and reading their truth."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from limbeck import _machine
from limbeck._files import digest, read_json, write_json
from limbeck._runtime import derive_seed
from limbeck.errors import InputError, LimbeckError
from limbeck.playground import stage
from limbeck.playground._canvas import Box
from limbeck.playground.kinds import KINDS

_CLIPS_WORTH_A_PROCESS = 24
"""A process takes seconds to start, a clip a tenth of one."""


class GeneratedClip(NamedTuple):
    """One clip, made or to be made; plain values, so that it travels as JSON.

    Attributes:
        folder: Where its files go.
        name: Of its files, without the ending.
        split: The part of the dataset it belongs to.
        label: Index of its class.
        number: Among the clips of its class.
        seed: Of the dataset.
        size: Height and width in pixels.
    """

    folder: str
    name: str
    split: str
    label: int
    number: int
    seed: int
    size: int

    @property
    def video(self) -> Path:
        """Where the video goes."""
        return Path(self.folder) / f"{self.name}.mp4"

    @property
    def sidecar(self) -> Path:
        """Where its truth goes; written last, so that its presence means that the clip is finished."""
        return Path(self.folder) / f"{self.name}.json"

    @property
    def key(self) -> str:
        """What the content depends on, in short."""
        return digest("playground", stage.VERSION, KINDS[self.label].name, self.number, self.seed, self.size)

    @property
    def scene(self) -> stage.Scene:
        """What the clip is made from."""
        kind = KINDS[self.label]
        return stage.draw_scene(kind, derive_seed(self.seed, "playground", kind.name, self.number))

    def is_made(self) -> bool:
        """Whether both files exist and are those of this clip."""
        try:
            return self.video.stat().st_size > 0 and bool(read_json(self.sidecar)["key"] == self.key)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def make(self) -> None:
        """Make the video, then the sidecar."""
        from limbeck.media.write import write_video

        scene = self.scene
        boxes: list[Box] = []

        def pictures() -> Iterator[npt.NDArray[np.uint8]]:
            for image, box in stage.frames(scene, self.size):
                boxes.append(box)
                yield image

        self.sidecar.unlink(missing_ok=True)
        sound = stage.mixture(scene)
        write_video(self.video, pictures(), fps=stage.FPS, waveform=sound, sample_rate_hz=stage.SAMPLE_RATE_HZ)
        write_json(self.sidecar, {"key": self.key, **stage.truth(scene, boxes, self.size)})


def planned(root: Path, count: int, *, seed: int, size: int, test_fraction: float) -> list[GeneratedClip]:
    """The clips of a playground, class by class, whether they are made or not.

    A clip depends on the seed, its class and its number alone: a smaller playground is a part of a larger one.

    Args:
        root: Folder of the playground; files lie at ``root/<split>/<class>/<name>.mp4`` and ``.json``.
        count: Number of clips in all, spread evenly over the classes.
        seed: Everything random follows from it.
        size: Height and width in pixels.
        test_fraction: Part of each class that is the test split, at least 0 and below 1.

    Example:
        >>> [clip.name for clip in planned(Path("videos"), 11, seed=0, size=64, test_fraction=0.25)][:2]
        ['metal-bar-0000', 'metal-bar-0001']
    """
    found = []
    for label, kind in enumerate(KINDS):
        for i in range(len(range(label, count, len(KINDS)))):
            split = "test" if int((i + 1) * test_fraction) > int(i * test_fraction) else "train"
            name = f"{kind.name.replace(' ', '-')}-{i:04d}"
            found.append(GeneratedClip(str(root / split / kind.name), name, split, label, i, seed, size))
    return found


def read_truth(sidecar: Path) -> dict[str, Any]:
    """What is known of a clip, by key; `stage.truth` says what the keys are.

    Raises:
        InputError: There is no such file: the clip was not made yet, or its id is wrong.
    """
    if not sidecar.is_file():
        raise InputError(
            f"There is no {sidecar}. Ids look like 'train/harp/harp-0003'; call clips() to make the files first."
        )
    content: dict[str, Any] = read_json(sidecar)
    return content


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


def make_all(clips: Sequence[GeneratedClip], workers: int) -> Iterator[None]:
    """Make clips, yielding once after each.

    Processes are started with `subprocess` rather than `multiprocessing`: forking a process in which torch has run
    threads can hang, and spawning runs the user's script a second time.

    Args:
        clips: The clips to make.
        workers: At most so many processes; one works here.

    Raises:
        LimbeckError: A worker ended early; its own message is on standard error.
    """
    workers = min(workers, len(clips) // _CLIPS_WORTH_A_PROCESS)
    if workers > 1:
        yield from _make_in_processes(clips, workers)
        return
    for clip in clips:
        clip.make()
        yield


def _make_in_processes(clips: Sequence[GeneratedClip], workers: int) -> Iterator[None]:
    """One pipe back for all workers, a byte a clip; it closes when the last of them ends."""
    command = [sys.executable, "-m", "limbeck.playground"]
    environment = {
        **os.environ,
        **_machine.considerate(),
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
        "OMP_NUM_THREADS": "1",
    }
    reader, writer = os.pipe()
    started: list[subprocess.Popen[bytes]] = []
    try:
        try:
            for _ in range(workers):
                started.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=writer, env=environment))
        finally:
            os.close(writer)
        for first, process in enumerate(started):
            with contextlib.suppress(BrokenPipeError):  # it ended already; its exit status is looked at below
                _feed(process, clips[first::workers])
        while ticks := os.read(reader, 4096):
            yield from (None for _ in ticks)
        failed = [code for code in (process.wait() for process in started) if code]
        if failed:
            raise LimbeckError(
                f"{len(failed)} of {workers} processes that make the playground ended early (exit status {failed[0]}); "
                "what they printed above says why. What was finished is kept: run it again to go on."
            )
    finally:
        os.close(reader)
        for process in started:
            process.kill()
            process.wait()


def _feed(process: subprocess.Popen[bytes], clips: Sequence[GeneratedClip]) -> None:
    assert process.stdin is not None
    with process.stdin as stream:
        stream.write(json.dumps(clips).encode())
