"""An index in object storage, a real S3 server: the rows of a disk, whatever happens on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.helpers.recordings import recordings
from tests.helpers.spectral_encoder import SpectralEncoder

import limbeck
from limbeck.engine.executor import Here
from limbeck.errors import BusyError, InputError
from limbeck.index import SoundIndex, _block, _update

COUNT = 8


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    recordings(tmp_path / "recorded", COUNT)
    (tmp_path / "recorded" / "rotten.wav").write_bytes(b"RIFF no sound")
    return tmp_path / "recorded"


def rows(index: SoundIndex) -> list[tuple[str, float, bytes]]:
    pool = index.pool()
    found = zip(pool.path, pool.start_s, pool.joint, strict=True)
    return [(path.name, start, joint.tobytes()) for path, start, joint in found]


def updated(place: str | Path, sources: Path, **how: Any) -> SoundIndex:
    encoder = SpectralEncoder()
    index = SoundIndex.open(place) if SoundIndex.exists(place) else SoundIndex.create(place, encoder)
    index.update([sources], encoder, workers=1, **how)
    return index


def test_the_rows_are_those_of_a_disk_also_where_it_was_stopped(
    s3: Any, recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(done: int, total: int) -> None:
        if done == COUNT // 2:
            raise KeyboardInterrupt

    address = f"s3://{s3.name}/index"
    monkeypatch.setattr(_update, "_COMMIT_S", 0.0)
    assert not SoundIndex.exists(address)
    with pytest.raises(KeyboardInterrupt):
        updated(address, recorded, progress=stop)
    before = len(rows(SoundIndex.open(address)))
    assert before
    index = updated(address, recorded)
    there = updated(tmp_path / "disk", recorded)
    assert len(rows(index)) > before
    assert rows(index) == rows(there)
    assert [reason for _, reason, _ in index.rejected()] == [reason for _, reason, _ in there.rejected()]
    query = index.pool().joint[:1]
    assert [hit.path for hit in index.search(query)[0]] == [hit.path for hit in there.search(query)[0]]
    assert limbeck.inspect(address)["windows"] == len(index)


def test_other_machines_leave_what_they_heard_there_and_nothing_stays(
    s3: Any, recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_block, "_FILES", 3)
    s3.put_object(Key="index/.parts/killed/000000.arrow", Body=b"of a killed command")
    index = updated(f"s3://{s3.name}/index", recorded, executor=Here())
    assert rows(index) == rows(updated(tmp_path / "disk", recorded))
    assert not [one.key for one in s3.objects.all() if one.key.endswith(".arrow") and ".parts" in one.key]
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.suffix == ".arrow"]


def test_a_second_writer_of_this_machine_and_a_store_that_cannot_be_used_are_refused(
    s3: Any, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"s3://{s3.name}/index"

    def second(done: int, total: int) -> None:
        with pytest.raises(BusyError):
            updated(address, recorded)

    updated(address, recorded, progress=second)
    with pytest.raises(InputError, match="s3://no-such-bucket/a: there is no such bucket"):
        SoundIndex.create("s3://no-such-bucket/a", SpectralEncoder())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    with pytest.raises(InputError, match="who you are is not known there") as caught:
        SoundIndex.open(f"s3://{s3.name}/other")
    assert "not-the-secret" not in str(caught.value)
