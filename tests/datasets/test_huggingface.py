"""Layouts of Hugging Face on disk, and its datasets in memory."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet
from tests.datasets.test_samples import SMALL, images, pixels, png, reasons
from tests.helpers import layouts
from tests.helpers.generated import contents

import datasets as hub
from limbeck.datasets import Prepared, Samples, prepare
from limbeck.datasets.huggingface import HuggingFace
from limbeck.errors import FingerprintError, InputError

NAMES = ["even", "odd"]


@pytest.fixture(autouse=True)
def _offline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub.disable_progress_bars()


def rows(count: int = 12) -> list[dict[str, Any]]:
    return [{"image": {"bytes": png(x), "path": None}, "label": i % 2} for i, x in enumerate(pixels(count))]


def pictures(count: int = 12) -> hub.Dataset:
    features = hub.Features({"image": hub.Image(), "label": hub.ClassLabel(names=NAMES)})
    return hub.Dataset.from_list(rows(count), features=features)


def sounds(root: Path, count: int = 6) -> hub.Dataset:
    files = [layouts.sound(root / f"{i}.wav", [layouts.tone(400 + 50 * i, 0.5)]) for i in range(count)]
    table = {
        "audio": [{"bytes": f.read_bytes(), "path": f.name} for f in files],
        "word": [f"w{i % 2}" for i in range(count)],
    }
    features = hub.Features({"audio": hub.Audio(), "word": hub.Value("string")})
    return hub.Dataset(pa.Table.from_pydict(table, schema=features.arrow_schema))


def made(tmp_path: Path, root: Any, **options: Any) -> Prepared:
    return prepare("huggingface", root, out=tmp_path / "out", progress=False, workers=1, recipe=SMALL, **options)


@pytest.mark.parametrize("layout", ["saved", "saved, splits", "parquet", "folder of parquet"])
def test_tables_are_read_in_every_layout(tmp_path: Path, layout: str) -> None:
    data, root = pictures(), tmp_path / "data"
    match layout:
        case "saved":
            data.save_to_disk(root, num_shards=2)
        case "saved, splits":
            hub.DatasetDict({"train": data.select(range(8)), "test": data.select(range(8, 12))}).save_to_disk(root)
        case "parquet":
            root = tmp_path / "data.parquet"
            data.to_parquet(root)
        case "folder of parquet":
            root.mkdir()
            data.select(range(8)).to_parquet(root / "train-00000-of-00001.parquet")
            data.select(range(8, 12)).to_parquet(root / "validation-00000-of-00001.parquet")
    prepared = made(tmp_path, root, **({"test": "validation"} if layout == "folder of parquet" else {}))
    assert tuple(prepared.modalities) == ("image",)
    assert prepared.classes == tuple(NAMES)
    assert prepared.rejected == []
    assert sum(len(prepared.clips(s)) for s in prepared.splits) == 12
    assert {x.tobytes() for x in images(prepared).values()} == {x.tobytes() for x in pixels(12)}
    clips = prepared.clips()
    again = clips.originals(torch.arange(len(clips)))
    assert all(np.array_equal(clips.array("image")[i].permute(1, 2, 0), raw.picture) for i, raw in enumerate(again))


def test_sounds_and_named_columns(tmp_path: Path) -> None:
    sounds(tmp_path).save_to_disk(tmp_path / "data")
    with pytest.raises(InputError, match=r"no column of labels.*word \(string\).*label=COLUMN"):
        HuggingFace(tmp_path / "data").clips()
    prepared = made(tmp_path, tmp_path / "data", label="word")
    assert tuple(prepared.modalities) == ("audio",)
    assert prepared.classes == ("w0", "w1")
    assert prepared.rejected == []


def test_objects_are_read_like_what_they_save(tmp_path: Path) -> None:
    data = pictures()
    data.save_to_disk(tmp_path / "data")
    saved = images(made(tmp_path, tmp_path / "data"))
    for number, source in enumerate((data, hub.load_from_disk(tmp_path / "data"), data.with_format("torch"))):
        prepared = prepare(source, out=tmp_path / str(number), progress=False, workers=1)
        assert prepared.classes == tuple(NAMES)
        assert prepared.rejected == []
        assert {x.tobytes() for x in images(prepared).values()} == {x.tobytes() for x in saved.values()}
    both = hub.DatasetDict({"train": data.select(range(8)), "test": data.select(range(8, 12))})
    prepared = prepare(both, out=tmp_path / "both", progress=False, workers=1)
    assert {s: len(prepared.clips(s)) for s in prepared.splits} == {"train": 8, "test": 4}
    heard = prepare(sounds(tmp_path), out=tmp_path / "heard", label="word", recipe=SMALL, progress=False, workers=1)
    assert tuple(heard.modalities) == ("audio",)
    assert heard.rejected == []


def test_other_objects_are_noticed(tmp_path: Path) -> None:
    prepare(pictures(), out=tmp_path / "out", progress=False, workers=1)
    prepare(pictures(), out=tmp_path / "out", progress=False, workers=1)
    other = pictures().map(lambda row, i: row if i != 5 else {"image": {"bytes": png(pixels()[19]), "path": None}},
                           with_indices=True)  # fmt: skip
    with pytest.raises(FingerprintError):
        prepare(other, out=tmp_path / "out", progress=False, workers=1)


def test_streams_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be asked for its item"):
        prepare(pictures().to_iterable_dataset(), out=tmp_path / "out")


def test_tables_of_others_are_told_by_what_their_cells_hold(tmp_path: Path) -> None:
    clip = layouts.video(tmp_path / "v.mp4").read_bytes()
    layouts.parquet(
        tmp_path / "0.parquet",
        [{"id": i, "data": clip, "still": png(pixels()[i]), "label": "ab"[i % 2]} for i in range(6)],
    )
    refs = HuggingFace(tmp_path / "0.parquet").clips()
    assert {r.audio for r in refs} == {tmp_path / "0.parquet" / str(i) / "data" for i in range(6)}
    assert {r.image for r in refs} == {tmp_path / "0.parquet" / str(i) / "still" for i in range(6)}
    assert [r.image.parent for r in HuggingFace(tmp_path / "0.parquet", image="data").clips() if r.image] == [
        tmp_path / "0.parquet" / str(i) for i in range(6)
    ]


def test_lists_of_numbers_are_refused_with_the_way_that_takes_them(tmp_path: Path) -> None:
    waves = [layouts.tone(400 + 50 * i, 0.5).tolist() for i in range(10)]
    data = hub.Dataset.from_dict({"audio": waves, "label": [0, 1] * 5})
    with pytest.raises(
        InputError, match=r'limbeck\.prepare\({"audio": data\["audio"\], "label": data\["label"\]}, rate'
    ):
        prepare(data, out=tmp_path / "out")
    arrays = {"audio": data["audio"], "label": data["label"]}
    prepared = prepare(arrays, rate_hz=layouts.RATE_HZ, out=tmp_path / "out", progress=False, workers=1, recipe=SMALL)
    assert len(prepared.clips()) + len(prepared.clips("test")) == 10


def test_several_columns_of_a_kind_are_asked_for(tmp_path: Path) -> None:
    layouts.parquet(
        tmp_path / "0.parquet", [{"a": png(x), "b": png(x), "label": i % 2} for i, x in enumerate(pixels(4))]
    )
    with pytest.raises(InputError, match=r"several columns to take image from: a, b.*image=a"):
        HuggingFace(tmp_path / "0.parquet").clips()
    with pytest.raises(InputError, match=r"names the column 'c'.*a \(Image\)"):
        HuggingFace(tmp_path / "0.parquet", image="c").clips()


def test_folders_of_files(tmp_path: Path) -> None:
    root = tmp_path / "photos"
    for split in ("train", "test"):
        for i in range(4):
            path = root / split / NAMES[i % 2] / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(png(pixels()[i]))
    prepared = made(tmp_path, root)
    assert tuple(prepared.modalities) == ("image",)
    assert {s: prepared.clips(s).per_class() for s in prepared.splits} == {"train": (2, 2), "test": (2, 2)}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_folders_with_metadata(tmp_path: Path, kind: str) -> None:
    root = tmp_path / "words"
    listed = [{"file_name": f"deep/ä{i}.wav", "label": f"w{i % 2}"} for i in range(6)]
    for i in range(6):
        layouts.sound(root / f"deep/ä{i}.wav", [layouts.tone(400 + 50 * i, 0.5)])
    listed += [{"file_name": "gone.wav", "label": "w1"}, {"file_name": "../out.wav", "label": "w1"}]
    listed += [{"file_name": "deep/ä0.wav.bak", "label": ""}]
    path = root / f"metadata.{kind}"
    match kind:
        case "csv":
            layouts.table(path, [[row["file_name"], row["label"]] for row in listed], ["file_name", "label"])
        case "jsonl":
            path.write_text("\n".join(map(json.dumps, listed)), encoding="utf-8")
        case "parquet":
            layouts.parquet(path, listed)
    prepared = made(tmp_path, root)
    assert tuple(prepared.modalities) == ("audio",)
    assert sum(len(prepared.clips(s)) for s in prepared.splits) == 6
    assert reasons(prepared) == {"gone.wav": "missing_file", "../out.wav": "bad_name", "deep/ä0.wav.bak": "no_label"}


SPLITS = ["Training"] * 7 + ["test"] * 4


@pytest.mark.parametrize("form", ["parquet", "classes", "metadata.csv", "object", "arrays", "rows", "pandas"])
def test_a_column_of_splits_is_kept(tmp_path: Path, form: str) -> None:
    x = [row | {"split": split} for row, split in zip(rows(11), SPLITS, strict=True)]
    features = {"image": hub.Image(), "label": hub.ClassLabel(names=NAMES), "split": hub.Value("string")}
    table = pa.Table.from_pylist([row | {"image": row["image"]["bytes"]} for row in x])
    root = tmp_path / "train-0.parquet"
    match form:
        case "parquet":
            parquet.write_table(table, root)
        case "classes":
            kinds = features | {"split": hub.ClassLabel(names=["test", "Training"])}
            hub.Dataset.from_list(
                [row | {"split": int(row["split"] == "Training")} for row in x], features=hub.Features(kinds)
            ).to_parquet(root)
        case "metadata.csv":
            root = tmp_path / "files"
            root.mkdir()
            lines = [f"{i}.png,{row['label']},{row['split']}\n" for i, row in enumerate(x)]
            (root / "metadata.csv").write_text("file_name,label,split\n" + "".join(lines))
            for i, row in enumerate(x):
                (root / f"{i}.png").write_bytes(row["image"]["bytes"])
    found = {
        "object": lambda: hub.Dataset.from_list(x, features=hub.Features(features)),
        "arrays": lambda: {"image": pixels(11), "label": np.arange(11) % 2, "split": np.array(SPLITS)},
        "rows": lambda: x,
        "pandas": lambda: table.to_pandas().iloc[::-1].iloc[::-1],
    }
    prepared = (
        prepare(found[form](), out=tmp_path / "out", progress=False, workers=1, recipe=SMALL)
        if form in found
        else made(tmp_path, root)
    )
    assert {s: len(prepared.clips(s)) for s in prepared.splits} == {"train": 7, "test": 4}
    assert all(clip.rpartition("/")[2].removesuffix(".png").lstrip("0") in ("7", "8", "9", "10")
               for clip in prepared.clips("test").ids)  # fmt: skip


def test_splits_of_rows_go_by_the_rules_of_manifests(tmp_path: Path) -> None:
    x: dict[str, Any] = {"image": pixels(12), "label": np.arange(12) % 2}
    with pytest.raises(InputError, match="2 clips of The data have no split, while others have"):
        Samples(x | {"split": [*SPLITS[:10], None, ""]}).clips()
    with pytest.raises(InputError, match=r"has the splits 'fold1' \(6\), 'fold2' \(6\); none is left for 'train'"):
        Samples(x | {"split": ["fold1", "fold2"] * 6}).clips()
    tested = Samples(x | {"split": ["fold1"] * 6 + ["fold2"] * 6}, test="fold2").clips()
    assert [c.split for c in tested] == ["train"] * 6 + ["test"] * 6
    assert Counter(c.split for c in Samples(x | {"split": ["train"] * 12}).clips()) == {"train": 10, "test": 2}
    by_word = Samples({"image": x["image"], "split": ["a", "b"] * 6, "class": [*SPLITS, "test"]}, label="split").clips()
    assert {c.label for c in by_word} == {"a", "b"}


def test_rot_is_rejected_with_its_reasons(tmp_path: Path) -> None:
    found = rows(16)
    found[1]["image"]["bytes"] = b"rotten" * 9
    found[2]["image"]["bytes"] = None
    found[3]["image"] = None
    found[4]["label"] = None
    found[5]["label"] = -1
    found[6]["label"] = 7
    found[7]["image"] = {"bytes": None, "path": "gone.png"}
    found[8]["image"]["bytes"] = b""
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": NAMES}}
    layouts.parquet(tmp_path / "d" / "0.parquet", found, features)
    (tmp_path / "d" / "1.parquet").write_bytes(b"PAR1 rotten")
    whole = layouts.parquet(tmp_path / "d" / "2.parquet", found, features)
    whole.write_bytes(whole.read_bytes()[:-40])
    prepared = made(tmp_path, tmp_path / "d")
    assert reasons(prepared) == {
        "0.parquet/000001": "not_media",
        "0.parquet/000002": "empty_file",
        "0.parquet/000003": "empty_file",
        "0.parquet/000004": "no_label",
        "0.parquet/000005": "bad_label",
        "0.parquet/000006": "bad_label",
        "0.parquet/000007": "missing_file",
        "0.parquet/000008": "empty_file",
        "1.parquet": "not_a_table",
        "2.parquet": "not_a_table",
    }


def test_a_cut_saved_table_keeps_its_whole_pieces(tmp_path: Path) -> None:
    pictures(3000).save_to_disk(tmp_path / "data")
    path = tmp_path / "data" / "data-00000-of-00001.arrow"
    path.write_bytes(path.read_bytes()[:-3000])
    clips = HuggingFace(tmp_path / "data").clips()
    assert 0 < sum(c.refused is None for c in clips) < 3000
    assert [c.refused[0] for c in clips if c.refused] == ["truncated_table"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("dataset_dict.json", "[]", "is damaged"),
        ("dataset_dict.json", "{}", "names no splits"),
        ("dataset_dict.json", '{"splits": ["train"]}', "missing or damaged"),
        ("state.json", "{", "missing or damaged"),
        ("state.json", '{"_data_files": 1}', "names no tables"),
        ("metadata.jsonl", "{", "line 1, is no JSON"),
        ("metadata.jsonl", "[1]", "should be a JSON object"),
        ("metadata.csv", "file,label\na,b", "should have the columns file_name and label"),
        ("metadata.parquet", "x", "metadata.parquet"),
        ("script.py", "raise SystemExit(3)", "holds no media files"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, name: str, content: str, told: str) -> None:
    root = tmp_path / "data"
    root.mkdir()
    (root / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=told):
        HuggingFace(root).clips()


def test_changes_are_noticed(tmp_path: Path) -> None:
    pictures().save_to_disk(tmp_path / "data")
    made(tmp_path, tmp_path / "data")
    before = contents(tmp_path / "out")
    made(tmp_path, tmp_path / "data")
    assert contents(tmp_path / "out") == before
    path = tmp_path / "data" / "data-00000-of-00001.arrow"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(FingerprintError, match="changed since"):
        made(tmp_path, tmp_path / "data")


def test_our_own_export_is_read(tmp_path: Path) -> None:
    from tests.helpers.clips import toy_clips

    from limbeck import distill, export

    set_ = distill(toy_clips(), "random", per_class=2, progress=False)
    out = export(set_, out=tmp_path / "made", to="huggingface")
    found = HuggingFace(out, image="image_image")
    assert len(found.clips()) == len(set_)
    assert found.classes == set_.classes
    assert found.usual_modalities() == ("audio", "image")
