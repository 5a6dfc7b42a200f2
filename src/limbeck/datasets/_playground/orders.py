"""Orders for clips, and fulfilling them: here, or in processes that each take a share."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from limbeck import _machine
from limbeck._files import digest, read_json, write_json
from limbeck._runtime import derive_seed
from limbeck.datasets._playground import stage
from limbeck.datasets._playground.canvas import Box
from limbeck.datasets._playground.kinds import KINDS
from limbeck.errors import LimbeckError

_CLIPS_WORTH_A_PROCESS = 24
"""A process takes seconds to start, a clip a tenth of one."""


class Order(NamedTuple):
    """One clip to be made; plain values, so that it travels as JSON.

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

    def finished(self) -> bool:
        """Whether both files exist and are those of this order."""
        try:
            return self.video.stat().st_size > 0 and bool(read_json(self.sidecar)["key"] == self.key)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    def fulfil(self) -> None:
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


def fulfil_all(orders: Sequence[Order], workers: int) -> Iterator[None]:
    """Fulfil orders, yielding once after each.

    Processes are started with `subprocess` rather than `multiprocessing`: forking a process in which torch has run
    threads can hang, and spawning runs the user's script a second time.

    Args:
        orders: The clips to make.
        workers: At most so many processes; one works here.

    Raises:
        LimbeckError: A worker ended early; its own message is on standard error.
    """
    workers = min(workers, len(orders) // _CLIPS_WORTH_A_PROCESS)
    if workers > 1:
        yield from _fulfil_apart(orders, workers)
        return
    for order in orders:
        order.fulfil()
        yield


def _fulfil_apart(orders: Sequence[Order], workers: int) -> Iterator[None]:
    """One pipe back for all workers, a byte a clip; it closes when the last of them ends."""
    command = [sys.executable, "-m", "limbeck.datasets._playground"]
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
        for share, process in enumerate(started):
            with contextlib.suppress(BrokenPipeError):  # it ended already; its exit status is looked at below
                _feed(process, orders[share::workers])
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


def _feed(process: subprocess.Popen[bytes], orders: Sequence[Order]) -> None:
    assert process.stdin is not None
    with process.stdin as stream:
        stream.write(json.dumps(orders).encode())
