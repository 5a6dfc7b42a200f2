"""An index in object storage, filled by machines of a Ray cluster: the rows of one machine, whatever is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.helpers.lost import lose_one
from tests.helpers.recordings import recordings
from tests.helpers.spectral_encoder import SpectralEncoder
from tests.index.test_on_ray import rows, updated

from limbeck.engine import on_ray
from limbeck.index import SoundIndex, _block

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("s3_machines")]


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    recordings(tmp_path / "recorded", 24)
    (tmp_path / "recorded" / "rotten.wav").write_bytes(b"RIFF no sound")
    return tmp_path / "recorded"


def left_of_parts(s3: Any) -> list[str]:
    return [one.key for one in s3.objects.all() if ".parts" in one.key and one.key.endswith(".arrow")]


def test_a_lost_machine_changes_no_row(
    cluster: Any, s3: Any, recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_block, "_FILES", 4)
    lost: list[Any] = []

    def progress(done: int, total: int) -> None:
        if not lost:
            lost.append(lose_one(cluster))

    address = f"s3://{s3.name}/index"
    with on_ray.connected("auto", folder=address, tell=lambda said: None) as executor:
        slow = partial(SpectralEncoder, delay_s=0.02)
        index, told = updated(address, recorded, executor=executor, load=slow, progress=progress)
    assert lost
    here, said = updated(tmp_path / "here", recorded, workers=1)
    assert rows(index) == rows(here)
    assert told == said
    assert not left_of_parts(s3)


PROGRAM = """
import sys
from functools import partial
from pathlib import Path
from tests.helpers.spectral_encoder import SpectralEncoder
from tests.index.test_on_ray import updated
from limbeck.engine import on_ray
from limbeck.index import _block, _update
_block._FILES, _update._COMMIT_S = 2, 0.0
with on_ray.connected("auto", folder=sys.argv[1]) as executor:
    load = partial(SpectralEncoder, delay_s=float(sys.argv[3]))
    updated(sys.argv[1], Path(sys.argv[2]), executor=executor, load=load)
"""


def test_the_program_that_asked_is_killed_and_started_again(
    cluster: Any, s3: Any, recorded: Path, tmp_path: Path
) -> None:
    address = f"s3://{s3.name}/index"

    def begin(delay_s: float) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", PROGRAM, address, str(recorded), str(delay_s)], cwd=ROOT)

    first = begin(0.2)
    while not (SoundIndex.exists(address) and len(SoundIndex.open(address))):
        assert first.poll() is None
        time.sleep(0.2)
    first.send_signal(signal.SIGKILL)
    first.wait()
    here, _ = updated(tmp_path / "here", recorded, workers=1)
    assert 0 < len(rows(SoundIndex.open(address))) < len(rows(here))
    assert begin(0).wait() == 0
    assert rows(SoundIndex.open(address)) == rows(here)
    assert not left_of_parts(s3)
