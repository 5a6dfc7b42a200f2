"""Recordings in memory and inside of other files give what files of their own give, and rot is told."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.helpers import layouts

from limbeck.errors import MediaError
from limbeck.media import ClipRecipe, Encoded, RawClip, holder, probe, read_clip, read_clips, read_sound, table, tar

RECIPE = ClipRecipe(image_size=24)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A video, a sound and a picture."""
    root = tmp_path_factory.mktemp("files")
    return {
        "clip.mp4": layouts.video(root / "clip.mp4", 1),
        "tone.wav": layouts.sound(root / "tone.wav", [layouts.tone(700, 1.5)]),
        "red.png": layouts.picture(root / "red.png", (200, 10, 10)),
    }


def packed(path: Path, members: dict[str, bytes]) -> Path:
    """A tar archive."""
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def tabled(path: Path, columns: dict[str, Any], rows: int = 2) -> Path:
    """A table in pieces of some rows."""
    found = pa.table(columns)
    if path.suffix == ".parquet":
        parquet.write_table(found, path, row_group_size=rows)
    else:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, found.schema) as writer:
            writer.write_table(found, max_chunksize=rows)
    return path


def same(one: RawClip, other: RawClip) -> bool:
    return (
        np.array_equal(one.sound, other.sound)
        and np.array_equal(one.picture, other.picture)
        and one.repairs == other.repairs
    )


def test_bytes_are_read_as_the_file_they_came_from(files: dict[str, Path]) -> None:
    video = files["clip.mp4"]
    held = Encoded(video.read_bytes(), "held.mp4")
    assert same(read_clip(held, held, start_s=0.5, recipe=RECIPE), read_clip(video, video, start_s=0.5, recipe=RECIPE))
    assert probe(held) == probe(video)
    sound, picture = (Encoded(files[name].read_bytes(), name) for name in ("tone.wav", "red.png"))
    apart = read_clip(sound, picture, recipe=RECIPE)
    assert same(apart, read_clip(files["tone.wav"], files["red.png"], recipe=RECIPE))


@pytest.mark.parametrize("content", [b"", b"no media at all" * 20, b"\x89PNG\r\n\x1a\n" + bytes(50)])
def test_rotten_bytes_are_refused_by_name(content: bytes) -> None:
    held = Encoded(content, "row 7")
    with pytest.raises(MediaError, match="row 7"):
        read_clip(held, held, recipe=RECIPE)


@pytest.mark.parametrize("place", ["tar", "parquet", "arrow"])
def test_paths_go_on_inside_of_files(files: dict[str, Path], tmp_path: Path, place: str) -> None:
    contents = [path.read_bytes() for path in files.values()]
    if place == "tar":
        path = packed(tmp_path / "many.tar", dict(zip(("a/clip.mp4", "tone.wav", "red.png"), contents, strict=True)))
        inside = [path / "a/clip.mp4", path / "tone.wav", path / "red.png"]
    else:
        cells = [{"bytes": content, "path": None} for content in contents]
        path = tabled(tmp_path / f"many.{place}", {"media": cells, "plain": contents})
        inside = [path / "0/media", path / "1/plain", path / "2/media"]
    video, tone, red = inside
    assert all(holder(one) == path for one in (*inside, path))
    assert same(read_clip(video, video, recipe=RECIPE), read_clip(files["clip.mp4"], files["clip.mp4"], recipe=RECIPE))
    assert same(read_clip(tone, red, recipe=RECIPE), read_clip(files["tone.wav"], files["red.png"], recipe=RECIPE))
    several = read_clips(video, [(0.0, 1.0), (1.0, 1.0)], recipe=RECIPE)
    alone = [read_clip(video, video, start_s=s, length_s=1.0, recipe=RECIPE) for s in (0.0, 1.0)]
    assert all(isinstance(one, RawClip) and same(one, two) for one, two in zip(several, alone, strict=True))


def test_a_cell_may_name_a_file_beside_the_table(files: dict[str, Path], tmp_path: Path) -> None:
    shutil.copy(files["tone.wav"], tmp_path / "tone.wav")
    path = tabled(tmp_path / "named.parquet", {"audio": [{"bytes": None, "path": "tone.wav"}], "text": ["gone.wav"]})
    assert np.array_equal(read_sound(path / "0/audio", recipe=RECIPE.mel)[0],
                          read_sound(files["tone.wav"], recipe=RECIPE.mel)[0])  # fmt: skip
    with pytest.raises(MediaError, match="missing_file"):
        read_sound(path / "0/text", recipe=RECIPE.mel)


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("many.parquet/2/media", "missing_file"),
        ("many.parquet/0/gone", "missing_file"),
        ("many.parquet/media", "missing_file"),
        ("many.parquet/1/media", "empty_file"),
        ("many.parquet/0/number", "empty_file"),
        ("many.tar/gone.wav", "missing_file"),
        ("many.tar/twice.wav", "doubled_name"),
        ("broken.arrow/0/media", "not_a_table"),
        ("gone.tar/a.wav", "missing_file"),
    ],
)
def test_what_is_not_inside_is_told(tmp_path: Path, inside: str, reason: str) -> None:
    tabled(tmp_path / "many.parquet", {"media": [b"x", None], "number": [1, 2]})
    with tarfile.open(packed(tmp_path / "many.tar", {"twice.wav": b"1"}), "a") as archive:
        archive.addfile(tarfile.TarInfo("twice.wav"))
    (tmp_path / "broken.arrow").write_bytes(b"no table" * 10)
    with pytest.raises(MediaError, match=reason):
        read_sound(tmp_path / inside, recipe=RECIPE.mel)


def test_an_archive_is_indexed_without_what_leads_out_of_it(tmp_path: Path) -> None:
    path = packed(
        tmp_path / "odd.tar", {"./a.wav": b"12", "../b.wav": b"3", "/c.wav": b"4", ".hidden.wav": b"5", "é.wav": b"6"}
    )
    found = tar.index(path)
    assert list(found.members) == ["a.wav", "c.wav", "é.wav"]
    assert found.flaw is None
    assert tar.content(path, "é.wav") == b"6"


def test_a_truncated_archive_keeps_what_lies_before(tmp_path: Path) -> None:
    path = packed(tmp_path / "cut.tar", {"a.wav": bytes(3000), "b.wav": bytes(3000)})
    path.write_bytes(path.read_bytes()[:6000])
    found = tar.index(path)
    assert found.flaw
    assert tar.content(path, "a.wav") == bytes(3000)
    with pytest.raises(MediaError, match="truncated_archive"):
        tar.content(path, "b.wav")


def test_tables_are_read_in_pieces(tmp_path: Path) -> None:
    for ending in table.ENDINGS:
        found = table.opened(tabled(tmp_path / f"t{ending}", {"n": list(range(7)), "text": list("abcdefg")}, rows=3))
        assert (found.rows, found.lengths, found.flaw) == (7, [3, 3, 1], None)
        assert list(found.values(["text", "n"])) == list(zip("abcdefg", range(7), strict=True))
        assert [found.cell(row, "n") for row in (0, 2, 3, 6)] == [0, 2, 3, 6]


def test_a_cut_arrow_file_keeps_its_whole_pieces(tmp_path: Path) -> None:
    path = tabled(tmp_path / "cut.arrow", {"n": list(range(4000))}, rows=1000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size - 9000])
    found = table.opened(path)
    assert 0 < found.rows < 4000
    assert found.flaw
    assert found.cell(0, "n") == 0
