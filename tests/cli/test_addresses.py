"""Addresses are taken where they can be used, and refused wherever a path on a disk is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

import limbeck
from limbeck import cli
from limbeck._files import write_text
from limbeck.errors import InputError

COMMANDS = [
    "prepare folder s3://bucket/videos --out prepared",
    "distill prepared --out s3://bucket/distilled",
    "evaluate s3://bucket/distilled --on prepared",
    "evaluate distilled --on prepared --out s3://bucket/scores",
    "benchmark vggsound --out s3://bucket/runs",
    "report distilled --out s3://bucket/page",
    "export distilled --to folder --out s3://bucket/export",
    "import set.pt --out s3://bucket/distilled",
    "pull owner/name --out s3://bucket/distilled",
    "demo --out s3://bucket/demo",
    "sounds index s3://bucket/sounds --out index",
    "sounds learn index --out s3://bucket/classifier",
    "sounds classify classifier s3://bucket/sounds",
    "sounds detect classifier sounds --out s3://bucket/detections",
    "sounds weights yamnet --to s3://bucket/weights",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_folder_of_its_name_is_made(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as caught:
        cli.main(command.split())
    assert caught.value.code == 1
    assert "s3://bucket/" in (told := capsys.readouterr().err)
    assert "is an address, but a path on a disk was expected" in told
    assert list(tmp_path.iterdir()) == []


def test_nor_in_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for place in (Path("s3://me:secret@bucket/a"), Path("s3://bucket/a").absolute()):
        with pytest.raises(InputError, match="is an address") as caught:
            write_text(place / "file", "")
        assert "secret" not in str(caught.value)
    with pytest.raises(InputError, match="is an address"):
        limbeck.prepare("playground", tmp_path / "v", out=Path("s3://bucket/a"), clips=10)
    assert [path.name for path in tmp_path.iterdir()] in ([], ["v"])
