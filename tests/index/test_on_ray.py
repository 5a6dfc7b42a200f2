"""Indexing on a real Ray cluster: the rows of one machine, also where machines or the program that asked are lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.helpers.lost import lose_one
from tests.helpers.recordings import recording, recordings
from tests.helpers.spectral_encoder import SpectralEncoder

from limbeck._locations import Location
from limbeck.encoders import Encoder
from limbeck.engine import on_ray
from limbeck.engine.executor import AnyTask, Executor, Here, attempt
from limbeck.errors import FingerprintError, InputError, LimbeckError
from limbeck.index import SoundIndex, Update, _block
from limbeck.index._scan import File

ROOT = Path(__file__).parents[2]
COUNT = 24


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    recordings(tmp_path / "recorded", COUNT)
    (tmp_path / "recorded" / "rotten.wav").write_bytes(b"RIFF no sound")
    (tmp_path / "recorded" / "same.wav").write_bytes((tmp_path / "recorded" / "003.wav").read_bytes())
    return tmp_path / "recorded"


def rows(index: SoundIndex) -> dict[tuple[str, float], bytes]:
    """All windows by name and beginning; none stands there twice."""
    pool = index.pool()
    found = {
        (path.name, start): joint.tobytes() + features.tobytes()
        for path, start, joint, features in zip(pool.path, pool.start_s, pool.joint, pool.features, strict=True)
    }
    assert len(found) == len(pool)
    return found


def updated(place: str | Path, sources: Path, **how: Any) -> tuple[SoundIndex, Update]:
    encoder = SpectralEncoder()
    index = SoundIndex.open(place) if SoundIndex.exists(place) else SoundIndex.create(place, encoder)
    return index, index.update([sources], encoder, **how)


@pytest.mark.slow
def test_a_lost_machine_changes_no_row(
    cluster: Any, recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_block, "_FILES", 4)
    lost: list[Any] = []

    def progress(done: int, total: int) -> None:
        if not lost:
            lost.append(lose_one(cluster))

    with on_ray.connected("auto", folder=tmp_path, tell=lambda said: None) as executor:
        slow = partial(SpectralEncoder, delay_s=0.02)
        index, told = updated(tmp_path / "ray", recorded, executor=executor, load=slow, progress=progress)
        assert lost
        here, said = updated(tmp_path / "here", recorded, workers=1)
        assert rows(index) == rows(here)
        assert told == said
        assert [(path.name, reason) for path, reason in told.rejected] == [("rotten.wav", "not_media")]
        # New, changed, moved and lost ones, and one that is refused now.
        recording(recorded / "new.wav", 3.0, 77)
        recording(recorded / "004.wav", 3.0, 78)
        (recorded / "005.wav").rename(recorded / "moved.wav")
        (recorded / "006.wav").unlink()
        (recorded / "007.wav").write_bytes(b"RIFF no sound any more")
        index, told = updated(tmp_path / "ray", recorded, executor=executor)
        here, said = updated(tmp_path / "here", recorded, workers=1)
        assert told == said
        assert (told.added, told.changed, told.moved) == (1, 1, 1)
        assert rows(index) == rows(here)
        assert not (tmp_path / "ray" / ".parts").exists()


PROGRAM = """
import sys
from functools import partial
from pathlib import Path
from tests.helpers.spectral_encoder import SpectralEncoder
from tests.index.test_on_ray import updated
from limbeck.engine import on_ray
from limbeck.index import _block, _update
_block._FILES, _update._COMMIT_S = 2, 0.0
out, recorded, delay_s = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
with on_ray.connected("auto", folder=out.parent) as executor:
    updated(out, recorded, executor=executor, load=partial(SpectralEncoder, delay_s=delay_s))
"""


@pytest.mark.slow
def test_the_program_that_asked_is_killed_and_started_again(cluster: Any, recorded: Path, tmp_path: Path) -> None:
    out = tmp_path / "ray"

    def begin(delay_s: float) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", PROGRAM, str(out), str(recorded), str(delay_s)], cwd=ROOT)

    first = begin(0.2)
    while not (SoundIndex.exists(out) and len(SoundIndex.open(out))):
        assert first.poll() is None
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    here, _ = updated(tmp_path / "here", recorded, workers=1)
    there = rows(SoundIndex.open(out))
    assert 0 < len(there) < len(rows(here))
    assert begin(0).wait() == 0
    assert rows(SoundIndex.open(out)) == rows(here)
    assert not (out / ".parts").exists()


@pytest.mark.slow
def test_another_encoder_there_is_refused_and_the_rest_is_kept(cluster: Any, recorded: Path, tmp_path: Path) -> None:
    load = partial(SpectralEncoder, 1)
    with on_ray.connected("auto", folder=tmp_path, tell=lambda said: None) as executor:
        with pytest.raises(LimbeckError, match=r"1 part of the recordings could not be heard: The encoder of this"):
            updated(tmp_path / "ray", recorded, executor=executor, load=load)
        index, _ = updated(tmp_path / "ray", recorded, executor=executor)
    assert len(rows(index)) > COUNT


def test_a_block_says_what_is_not_as_it_should_be(recorded: Path, tmp_path: Path) -> None:
    index, _ = updated(tmp_path / "index", recorded, workers=1)
    load: partial[Encoder] = partial(SpectralEncoder, 1)
    (task,) = _block.blocks(index.recordings(), [], index.settings, load, batch=8, folder=Location.of(tmp_path))
    with pytest.raises(FingerprintError, match="Give every machine the same weights"):
        task.run()
    (task,) = _block.blocks(
        index.recordings(), [], index.settings, SpectralEncoder, batch=8, folder=Location.of(tmp_path)
    )
    task.run()
    whole = task.out.path.read_bytes()
    assert len(list(task.heard())) == len(index.recordings())
    at = whole.index(index.pool().joint[0].astype(np.float16).tobytes())
    task.out.path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(InputError, match="is not what was written to it"):
        list(task.heard())
    for file in recorded.iterdir():
        file.unlink()
    with pytest.raises(InputError, match=r"None of \d+ files is in .* any more"):
        task.run()


def test_a_link_to_nothing_is_refused_as_on_one_machine(recorded: Path, tmp_path: Path) -> None:
    for index in ("ray", "here"):
        updated(tmp_path / index, recorded, workers=1)
    (recorded / "nowhere.wav").symlink_to(tmp_path / "nothing")
    _, told = updated(tmp_path / "ray", recorded, executor=Here())
    _, said = updated(tmp_path / "here", recorded, workers=1)
    assert told == said
    assert (recorded / "nowhere.wav", "missing_file") in told.rejected


class Outlived(Executor):
    """Runs tasks after a killed program, for which a machine still works: it ends its tasks as late as it can."""

    def __init__(self) -> None:
        self._of_killed: list[Any] = []

    def run(self, tasks: Iterable[AnyTask]) -> Iterator[tuple[AnyTask, str | None]]:
        if not self._of_killed:
            self._of_killed = list(tasks)
            raise KeyboardInterrupt
        for task, error in Here().run(tasks):
            for old in self._of_killed:
                attempt(old)
            yield task, error


def test_what_is_heard_for_a_killed_program_is_not_taken_for_another_recording(recorded: Path, tmp_path: Path) -> None:
    executor = Outlived()
    with pytest.raises(KeyboardInterrupt):
        updated(tmp_path / "ray", recorded, executor=executor)
    recording(recorded / "000-before.wav", 5.0, 79)
    index, _ = updated(tmp_path / "ray", recorded, executor=executor)
    here, _ = updated(tmp_path / "here", recorded, workers=1)
    assert rows(index) == rows(here)


def test_blocks_of_one_size_share_what_the_index_knows(tmp_path: Path) -> None:
    settings = SoundIndex.create(tmp_path / "index", SpectralEncoder()).settings
    known = [File(str(tmp_path), f"{i}.wav", 2**29, i, f"{i:064x}", i) for i in range(3)]
    files = [File(str(tmp_path), f"new{i}.wav", 2**29, i, "", i) for i in range(3)]
    first, *others = _block.blocks(files, known, settings, SpectralEncoder, batch=8, folder=Location.of(tmp_path))
    assert len(others) == 2
    assert all(other.known[0] is first.known[0] for other in others)
    assert len(first.known[0]) == 3
