"""WebDataset shards: labels, endings, splits, and what is rotten in them."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.datasets.test_samples import SMALL, png, reasons
from tests.helpers import layouts
from tests.helpers.generated import contents

from limbeck.datasets import Prepared, prepare
from limbeck.datasets.webdataset import WebDataset
from limbeck.errors import FingerprintError, InputError


def picture(number: int) -> bytes:
    return png(np.random.default_rng(number).integers(0, 256, (16, 16, 3), dtype=np.uint8))


def shard(path: Path, count: int = 8, first: int = 0, **more: bytes) -> Path:
    """Pictures with labels that count."""
    members = {}
    for i in range(first, first + count):
        members |= {f"{i:04d}.png": picture(i), f"{i:04d}.cls": str(i % 2).encode()}
    return layouts.archive(path, members | {name.replace("_", "."): content for name, content in more.items()})


def made(tmp_path: Path, root: Any, **options: Any) -> Prepared:
    return prepare("webdataset", root, out=tmp_path / "out", progress=False, workers=1, recipe=SMALL, **options)


def test_samples_are_members_of_one_name(tmp_path: Path) -> None:
    shard(tmp_path / "shards" / "0.tar", 10)
    prepared = made(tmp_path, tmp_path / "shards" / "0.tar", classes="even,odd")
    assert tuple(prepared.modalities) == ("image",)
    assert prepared.classes == ("even", "odd")
    assert {s: prepared.clips(s).per_class() for s in prepared.splits} == {"train": (4, 4), "test": (1, 1)}
    clips = prepared.clips()
    for i, name in enumerate(clips.ids):
        expected = np.asarray(Image.open(io.BytesIO(picture(int(name[-4:])))))
        assert name.startswith("0.tar/")
        assert np.array_equal(clips.array("image")[i].permute(1, 2, 0).numpy(), expected)


@pytest.mark.parametrize("pattern", ["shards", "shards/*.tar", "shards/train-{000..001}.tar", "shards/train-*.tar"])
def test_patterns_name_shards(tmp_path: Path, pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(2):
        shard(tmp_path / "shards" / f"train-{i:03d}.tar", first=8 * i)
    monkeypatch.chdir(tmp_path)
    for root in (pattern, str(tmp_path / pattern)):
        assert len(WebDataset(root).clips()) == 16
    assert WebDataset(pattern).clips()[8].id == "train-001.tar/0008"


def test_names_tell_splits(tmp_path: Path) -> None:
    for name in ("digits-train-000.tar", "val/000.tar", "a_test.tar"):
        shard(tmp_path / name)
    splits = [c.split for c in WebDataset(tmp_path).clips()]
    assert {s: splits.count(s) for s in splits} == {"train": 8, "validation": 8, "test": 8}
    assert {c.split for c in WebDataset(tmp_path, test="validation,test").clips()} == {"train", "test"}


LABELS: dict[str, tuple[dict[str, bytes], dict[str, Any]]] = {
    "cls, a number": ({"cls": b"1\n"}, {"classes": ["cat", "dog"]}),
    "cls, a word": ({"cls": "dog".encode("utf-8-sig")}, {}),
    "json": ({"json": b'{"label": "dog", "x": 1}'}, {}),
    "json, another field": ({"json": b'{"animal": "dog"}'}, {"label": "json.animal"}),
    "txt": ({"txt": b" dog \n"}, {}),
    "txt, a number": ({"txt": b"1"}, {"classes": ["cat", "dog"]}),
    "which of them": ({"cls": b"0", "json": b'{"class": "dog"}'}, {"label": "json"}),
}


@pytest.mark.parametrize("kind", LABELS)
def test_labels_stand_in_members(tmp_path: Path, kind: str) -> None:
    ends, options = LABELS[kind]
    path = layouts.archive(tmp_path / "0.tar", {"a/1.png": picture(1)} | {f"a/1.{e}": text for e, text in ends.items()})
    (clip,) = WebDataset(path, **options).clips()
    assert (clip.id, clip.label, clip.refused) == ("0.tar/a/1", "dog", None)


def test_sounds_pictures_and_videos_are_told_by_their_endings(tmp_path: Path) -> None:
    clip = layouts.video(tmp_path / "v.mp4").read_bytes()
    tone = layouts.sound(tmp_path / "t.wav", [layouts.tone(500, 0.5)]).read_bytes()
    path = layouts.archive(
        tmp_path / "0.tar",
        {"1.mp4": clip, "1.cls": b"0", "2.WAV": tone, "2.JPG": picture(2), "2.cls": b"1"}
        | {"3.seg.png": picture(3), "3.png": picture(4), "3.flac": tone, "3.cls": b"1"}
        | {"4.left.wav": tone, "4.right.wav": tone, "4.png": picture(5), "4.cls": b"0"},
    )
    one, two, three, four = WebDataset(path).clips()
    assert one.audio == one.image == path / "1.mp4"
    assert (two.audio, two.image) == (path / "2.WAV", path / "2.JPG")
    assert three.image == path / "3.png"
    assert four.refused is not None
    assert "audio=left.wav" in four.refused[1]
    assert WebDataset(path, audio="left.wav").clips()[3].audio == path / "4.left.wav"


def test_rot_is_rejected_with_its_reasons(tmp_path: Path) -> None:
    path = shard(tmp_path / "s" / "0.tar", 8)
    members = {f"{i:04d}.{e}": c for i in range(8) for e, c in (("png", picture(i)), ("cls", str(i % 2).encode()))}
    del members["0000.cls"]
    members |= {"0001.cls": b"7", "0002.cls": b"\xff\xfe", "0003.png": b"no picture", "0004.png": b""}
    members |= {"0008.json": b"{", "0008.png": picture(8), "0009.csv": b"x", "0009.cls": b"1", "README": b"x"}
    members |= {
        "0010.cls": b"x" * 100_000,
        "0010.png": picture(9),
        "0011.png": picture(3),
        "0011.cls": b"",
        "é.png": picture(11),
        "é.cls": b"0",
    }
    layouts.archive(path, members)
    (tmp_path / "s" / "1.tar").write_bytes(b"no archive" * 100)
    (tmp_path / "s" / "2.tar").write_bytes(b"")
    whole = shard(tmp_path / "s" / "3.tar", 4, first=20)
    whole.write_bytes(whole.read_bytes()[:-11_000])
    prepared = made(tmp_path, tmp_path / "s", classes="even,odd")
    found = reasons(prepared)
    cut = {name: reason for name, reason in found.items() if name.startswith("3.tar/")}
    assert set(cut.values()) <= {"truncated_archive", "no_label"}
    assert len(cut) < 4
    assert {name: reason for name, reason in found.items() if name not in cut} == {
        "0.tar/0000": "no_label",
        "0.tar/0001": "bad_label",
        "0.tar/0002": "no_label",
        "0.tar/0003": "not_media",
        "0.tar/0004": "empty_file",
        "0.tar/0008": "no_label",
        "0.tar/0009": "no_member",
        "0.tar/0010": "no_label",
        "0.tar/0011": "no_label",
        "1.tar": "not_an_archive",
        "2.tar": "not_an_archive",
        "3.tar": "truncated_archive",
    }
    assert "0.tar/é" in {i for s in prepared.splits for i in prepared.clips(s).ids}


def test_a_doubled_member_is_rejected(tmp_path: Path) -> None:
    import tarfile

    path = shard(tmp_path / "0.tar", 6)
    with tarfile.open(path, "a") as archive:
        entry = tarfile.TarInfo("0002.png")
        entry.size = len(picture(9))
        archive.addfile(entry, io.BytesIO(picture(9)))
    assert [c.id for c in WebDataset(path).clips() if c.refused] == ["0.tar/0002"]


def test_names_that_differ_in_case_alone_are_one(tmp_path: Path) -> None:
    path = layouts.archive(
        tmp_path / "0.tar",
        {"1.jpg": picture(1), "1.JPG": picture(2), "1.cls": b"0", "2.PNG": picture(3), "2.cls": b"1", "2.CLS": b"0"}
        | {"3.png": picture(4), "3.cls": b"1"},
    )
    refused = {clip.id: clip.refused for clip in WebDataset(path).clips()}
    assert refused == {
        "0.tar/1": ("doubled_name", f"{path} has 1.jpg and 1.JPG: which is meant cannot be known."),
        "0.tar/2": ("doubled_name", f"{path} has 2.cls and 2.CLS: which is meant cannot be known."),
        "0.tar/3": None,
    }


def test_what_is_not_read_of_shards_is_told(tmp_path: Path) -> None:
    array = io.BytesIO()
    np.save(array, np.zeros((16, 16, 3), np.uint8))
    path = layouts.archive(tmp_path / "0.tar", {"1.npy": array.getvalue(), "1.cls": b"0"})
    for name, pack in (("1.tar", gzip.compress), ("2.tar", bz2.compress), ("3.tar", lzma.compress)):
        (tmp_path / name).write_bytes(pack(path.read_bytes()))
    refused = {clip.id: clip.refused for clip in WebDataset(tmp_path).clips()}
    assert refused["0.tar/1"] is not None
    assert refused["0.tar/1"][0] == "no_member"
    assert "Arrays are not read from shards: store pictures as .png" in refused["0.tar/1"][1]
    for name in ("1.tar", "2.tar", "3.tar"):
        assert refused[name] == (
            "not_an_archive",
            f"{tmp_path / name} is compressed, whatever it is called; unpack it first.",
        )


@pytest.mark.parametrize(("packed", "tool"), [("1.tar.gz", "gunzip"), ("1.tgz", "gunzip"), ("1.tar.zst", "unzstd")])
def test_shards_that_are_compressed_are_not_passed_over(tmp_path: Path, packed: str, tool: str) -> None:
    shard(tmp_path / "0.tar")
    (tmp_path / packed).write_bytes(b"x")
    with pytest.raises(InputError, match=f"{tool} {packed}"):
        WebDataset(tmp_path).clips()
    shard(tmp_path / "1.tar")
    assert len(WebDataset(tmp_path).clips()) == 16, "it lies there unpacked"


@pytest.mark.parametrize(
    ("root", "told"),
    [
        ("gone", "gone should be a folder with shards"),
        ("0.tar.gz", "gunzip"),
        ("pipe:curl x", "no place on this machine"),
        ("https://host/0.tar", "no place on this machine"),
        ("{0..999999999}{0..999}.tar", "more than"),
        ("empty", "none is there"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, root: str, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "0.tar.gz").write_bytes(b"x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=told):
        WebDataset(Path(root)).clips()


def test_it_says_where_labels_may_stand(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"json\.FIELD"):
        WebDataset(shard(tmp_path / "0.tar"), label="csv").clips()


def test_recordings_are_read_again_and_changes_noticed(tmp_path: Path) -> None:
    path = shard(tmp_path / "s" / "0.tar")
    prepared = made(tmp_path, tmp_path / "s")
    clips = prepared.clips()
    again = clips.originals(torch.arange(len(clips)))
    assert all(np.array_equal(clips.array("image")[i].permute(1, 2, 0), raw.picture) for i, raw in enumerate(again))
    before = contents(tmp_path / "out")
    made(tmp_path, tmp_path / "s")
    assert contents(tmp_path / "out") == before
    data = bytearray(path.read_bytes())
    data[600] ^= 1
    path.write_bytes(data)
    with pytest.raises(FingerprintError, match=r"changed since \(0.tar\)"):
        made(tmp_path, tmp_path / "s")


def test_our_own_export_is_read(tmp_path: Path) -> None:
    from tests.helpers.clips import toy_clips

    from limbeck import distill, export

    clips = toy_clips()
    set_ = distill(clips, "random", per_class=2, progress=False)
    out = export(set_, out=tmp_path / "made", to="webdataset")
    refs = WebDataset(out / "shards", label="json.class", image="image.png", audio="audio.wav").clips()
    assert len(refs) == len(set_)
    assert {r.label for r in refs} == set(set_.classes)
    assert all(r.refused is None for r in refs)
    label = json.loads('{"class": "x"}')["class"]
    assert label == "x"
